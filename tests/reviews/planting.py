"""Blind tests, made and let stand, and the real ones they are beside."""

from datetime import date
from typing import Any

from django.utils.timezone import now

from accounts.models import Client
from handoffs.models import Run
from handoffs.rulings import Proposed
from handoffs.states import Verb
from reviews import plants
from reviews.caught import Wrong
from reviews.meeting import A_DAY, BETWEEN, Met
from reviews.models import Plant
from reviews.plants import Sown
from tests import factories

NAMED = {"name": "Kim Li", "locale": "en"}
COHORT = "retail-support / refund approvers"
SOWN = Sown(
    cohort=COHORT,
    kind="wrong amount|easy|wrongly allows",
    wrong=Wrong(verb=Verb.APPROVE, values=((("amount",), 3125.0),)),
    told={"what": "The order was for 312.50 USD."},
    known_to=(),
)


def begin(shop: factories.Shop, bot: Client, sown: Sown = SOWN, **changes: Any) -> Plant:
    """Start a test's run, that does not ask yet."""
    given: dict[str, Any] = {
        "external_id": factories.external_id(),
        "input": factories.run_payload()["input"],
        **changes,
    }
    return plants.begin(shop.workflow, sown, client=bot, now=now(), **given)


def planted(shop: factories.Shop, bot: Client, sown: Sown = SOWN, **changes: Any) -> Plant:
    """Let a test stand in the queue of refunds, with a payload as real ones have."""
    begun = begin(shop, bot, sown)
    Run.objects.filter(id=begun.run_id).update(requester=NAMED)
    payload = {**factories.proposal_payload(begun.run_id), **changes}
    payload["checkpoint"] = '{"step": 3}'
    plants.stand(begun, Proposed(**payload), queue_id=shop.queue.pk, now=now())
    begun.refresh_from_db()
    return begun


def house_run(shop: factories.Shop, bot: Client) -> Run:
    """A run of the house, whatever is then written into it."""
    return begin(shop, bot).run


def too_often(met: Met, *, today: date, reviewed: int) -> bool:
    """Say the rule without a database; `reviewed`: what they decided since they met the last."""
    twice = met.day == today and met.times >= A_DAY
    return met.times > 0 and (twice or reviewed < BETWEEN)
