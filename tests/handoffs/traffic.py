"""Ordinary traffic of an agent, made from a seed: skewed amounts, rare values, days, nights."""

import json
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from handoffs.histories import Seen

START = datetime(2026, 3, 2, tzinfo=UTC)
COUNTRIES = ["DE", "AT", "CH", "FR", "IT", "ES", "SE", "NL", "PL", "CZ", "PT", "IE"]


def ordinary(seed: int, *, days: int, per_day: int = 300) -> Iterator[Seen]:
    """Yield proposals in the order of time; nothing about them is out of the ordinary."""
    chance = random.Random(seed)
    at, end = START, START + timedelta(days=days)
    number, run = 0, 0
    while at < end:
        at += timedelta(seconds=chance.expovariate(per_day * _busy(at) / 86_400))
        number += 1
        run += chance.random() < 0.4
        yield proposal(number, f"run_{run}", at, *_action(chance))


def _busy(at: datetime) -> float:
    """Days are busier than nights, weekdays than weekends."""
    daily = 1 + 0.8 * math.sin((at.hour - 8) / 24 * 2 * math.pi)
    return daily * (0.4 if at.weekday() > 4 else 1.2)


def _action(chance: random.Random) -> tuple[str, dict[str, Any]]:
    name = chance.choices(["issue_refund", "send_voucher", "look_up", "tag"], [4, 2, 3, 1])[0]
    match name:
        case "issue_refund":
            return name, {
                "order": f"W{chance.randrange(10**7)}",
                "amount": round(chance.lognormvariate(3.9, 0.8), 2),
                "country": chance.choices(COUNTRIES, [1 / (n + 1) for n in range(12)])[0],
                "note": " ".join(chance.choices("abcdefghij", k=8)),
            }
        case "send_voucher":
            return name, {
                "value": {"amount": chance.choice([5, 10, 10, 10, 10, 20]), "currency": "EUR"},
                "items": ["x"] * min(40, int(chance.paretovariate(1.6))),
                "urgent": chance.random() < 0.03,
            }
        case "look_up":
            return name, {"limit": 10, "page": 1 if chance.random() < 0.9 else 2}
        case _:
            return name, {"score": chance.gauss(0, 1), "label": f"l{chance.randrange(60)}"}


def proposal(
    number: int, run: str, at: datetime, action_type: str, arguments: dict[str, Any]
) -> Seen:
    text = json.dumps(arguments, sort_keys=True)
    return Seen(
        id=f"prop_{number:026d}",
        action_type=action_type,
        arguments=arguments,
        digest=text,
        run=run,
        at=at,
    )
