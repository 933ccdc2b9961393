"""Ruling by a map of 200 rules: under a millisecond, and against a map of 20.

Of the rules half compare figures, the rest search a text of a thousand characters for words, look
up a watchlist of 5,000, or read the clock. Both maps rule on the same proposals in turn.
"""

import time
from datetime import UTC, datetime
from typing import Any

from bench import ground
from handoffs import policy
from handoffs.policy import RiskMap
from handoffs.signals import Action, ActionType, Signals
from handoffs.states import Impact, Reversibility

RULINGS = 400
LISTS = {
    "words": {"kind": "keywords", "entries": [f"word{n}" for n in range(20)]},
    "watched": {"kind": "watchlist", "entries": [f"DE{n:020}" for n in range(5_000)]},
}
REFUND = ActionType(name="refund", impact=Impact.HIGH, reversibility=Reversibility.REVERSIBLE)


def run() -> None:
    maps = {size: risk_map(size) for size in (20, 200)}
    medians: dict[int, list[float]] = {size: [] for size in maps}
    slowest: dict[int, list[float]] = {size: [] for size in maps}
    for _ in range(ground.ROUNDS):
        for size, one in maps.items():
            times = sorted(rule(one, number) for number in range(RULINGS))
            medians[size].append(times[RULINGS // 2])
            slowest[size].append(times[RULINGS * 99 // 100])
    for size in maps:
        relative = [a / b for a, b in zip(medians[size], medians[20], strict=True)]
        print(
            f"{size:>4} rules  median {ground.spread(medians[size], '{:.3f}')} ms"
            f"  p99 {ground.spread(slowest[size], '{:.3f}')} ms"
            f"   × {ground.spread(relative, '{:.2f}')}"
        )


def risk_map(size: int) -> RiskMap:
    """Build a map whose rules read ten names in turn."""
    rules = [
        {
            "id": f"rule-{number}",
            "tier": "hard_approval",
            "because": f"Reason {number}",
            "when": _WHENS[number % len(_WHENS)](number),
        }
        for number in range(size)
    ]
    return policy.parse_map(
        {"default": "autonomous", "lists": LISTS, "time_zone": "Europe/Berlin", "rules": rules}
    )


def rule(one: RiskMap, number: int) -> float:
    """Rule on a proposal of its own, and return the milliseconds that took."""
    action, signals = proposal(number)
    begun = time.perf_counter()
    policy.evaluate(one, action, signals)
    return (time.perf_counter() - begun) * 1000


def proposal(number: int) -> tuple[Action, Signals]:
    action = REFUND.with_arguments(
        {
            "amount": f"{number}.50",
            "iban": f"DE{number + 90_000:020}",
            "note": "ordinary text " * 70,
        },
        at=datetime(2030, 1, 1 + number % 28, number % 24, tzinfo=UTC),
        first_seen=False,
        input={"text": "an ordinary question about a parcel " * 5},
    )
    signals = Signals(confidence=0.5 + number % 50 / 100, risk_score=0.1, flags=("vip",))
    return action, signals


def _compare(signal: str, op: str, value: Any) -> dict[str, Any]:
    return {"signal": signal, "op": op, "value": value}


_WHENS = (
    lambda n: _compare("arguments.amount", ">", 1000 + n),
    lambda n: _compare("confidence", "<", 0.001 * (n % 400 + 1)),
    lambda n: {"all": [_compare("risk_score", ">", 0.5), _compare("retries", ">", n)]},
    lambda n: _compare("flags", "contains_any", [f"flag-{n}", f"flag-{n + 1}"]),
    lambda n: {"fields": ["input.text", "arguments.note"], "op": "contains_any", "list": "words"},
    lambda n: {"signal": "arguments.iban", "op": "in", "list": "watched"},
    lambda n: {"all": [_compare("time.hour", ">", 20), _compare("arguments.amount", ">", n)]},
    lambda n: _compare("first_seen", "==", True),
    lambda n: _compare("arguments.amount", "==", 5000 + n),
    lambda n: {"not": _compare("action_type", "==", "refund")},
)
