"""Histories to try maps on: recorded proposals in the database, and files of the same form."""

import json
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Client
from handoffs import ids
from handoffs.models import ActionType, Proposal, Run
from handoffs.states import Impact, Reversibility, Tier
from tests import factories, walks

START = timezone.now().replace(microsecond=0) - timedelta(days=14)
TYPES = {
    "cancel_order": (Impact.LOW, Reversibility.REVERSIBLE),
    "refund_order": (Impact.HIGH, Reversibility.IRREVERSIBLE),
    "note_order": (Impact.LOW, Reversibility.IRREVERSIBLE),
}


def draft_body(**changes: Any) -> dict[str, Any]:
    """A map whose rules read arguments, values, scores and flags."""
    return {
        "default": "autonomous",
        "rules": [
            rule("unsure", "soft_review", {"signal": "confidence", "op": "<", "value": 0.7}),
            rule("large", "hard_approval", {"signal": "values.amount", "op": ">", "value": 100}),
            rule("legal", "hard_stop", {"signal": "flags", "op": "contains_any", "value": ["law"]}),
            rule("told", "notify", {"signal": "arguments.order_id", "op": "==", "value": "A"}),
        ],
    } | changes


def rule(id: str, tier: str, when: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": id,
        "tier": tier,
        "when": when,
        "because": f"Because of {id}",
        "if_missing": "does_not_fire",
    }


def some_signals(chance: random.Random) -> dict[str, Any]:
    given: dict[str, Any] = {"values": {"amount": chance.choice([5, 99.5, "100.01", 4000])}}
    if chance.random() < 0.8:
        given["confidence"] = round(chance.random(), 2)
    if chance.random() < 0.2:
        given["flags"] = chance.sample(["law", "vip", "late"], 2)
    return given


def add_type(shop: factories.Shop) -> ActionType:
    return factories.ActionTypeFactory(
        workflow=shop.workflow,
        name="note_order",
        impact=Impact.LOW.value,
        reversibility=Reversibility.IRREVERSIBLE.value,
        arguments_schema=factories.CANCEL_SCHEMA,
    )


def record(
    shop: factories.Shop,
    bot: Client,
    count: int,
    *,
    seed: int = 0,
    start: datetime = START,
    every: timedelta = timedelta(minutes=1),
    run: Run | None = None,
) -> list[Proposal]:
    """Put `count` proposals into the history, one every so often, with tiers drawn at random."""
    chance = random.Random(seed)
    run = run or walks.start_run(shop, bot)
    return Proposal.objects.bulk_create(
        Proposal(
            id=ids.at("prop", start + number * every)[:-10] + f"{chance.getrandbits(40):010x}",
            run=run,
            action_type=chance.choice(list(TYPES)),
            arguments=json.dumps({"order_id": chance.choice("ABC")}),
            arguments_digest="sha-256=",
            signals=some_signals(chance),
            tier=chance.choice(list(Tier)).value,
            act="proceed",
            map_version=1,
            created_at=start + number * every,
        )
        for number in range(count)
    )


def lines(count: int, *, seed: int = 0) -> list[dict[str, Any]]:
    """The lines of a file of recorded proposals."""
    chance = random.Random(seed)
    return [
        {
            "key": f"case-{number}",
            "run": {"external_id": f"run-{number // 3}", "input": {"text": "Where is it?"}},
            "proposal": {
                "action_type": chance.choice(list(TYPES)),
                "arguments": {"order_id": chance.choice("ABC")},
                "signals": some_signals(chance),
            },
        }
        for number in range(count)
    ]


def truth(keys: Iterable[str], *, seed: int = 0) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [{"key": key, "is_correct": chance.choice([True, True, False, None])} for key in keys]


def jsonl(records: Sequence[Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)
