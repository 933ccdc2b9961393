"""Count what a trial did, one verdict at a time, in memory that does not grow: what scores.

Truth comes in here and nowhere before: a verdict is final when it arrives.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from governance.trial import Verdict
from handoffs.states import ASKED_TIERS, RANK, Tier

# examples kept of each kind of change per action type
EXAMPLES = 5
# lines that could not be read are counted all, and named so many
NAMED = 20
MAX_SHOWN = 120

NEWLY_ASKED, NO_LONGER_ASKED = "newly_asked", "no_longer_asked"
RAISED, LOWERED, WRONG_PASSED = "raised", "lowered", "wrong_passed"


@dataclass
class OfType:
    """What became of one action type."""

    count: int = 0
    asked_then: int = 0
    asked_now: int = 0
    newly_asked: int = 0
    no_longer_asked: int = 0
    raised: int = 0
    lowered: int = 0
    wrong: int = 0
    wrong_passed: int = 0


@dataclass
class Tally:
    """Everything that is said about a backtest is made of these counts."""

    count: int = 0
    compared: int = 0
    tiers: Counter[str] = field(default_factory=Counter)
    types: dict[str, OfType] = field(default_factory=dict)
    rules: Counter[str] = field(default_factory=Counter)
    # (right, wrong) by rank, for what is known to be one or the other
    by_weight: dict[int, list[int]] = field(default_factory=dict)
    by_step: dict[int, list[int]] = field(default_factory=dict)
    # (right, wrong) by "asked then, asked now"
    truth: dict[str, list[int]] = field(default_factory=dict)
    examples: dict[str, dict[str, list[list[Any]]]] = field(default_factory=dict)
    unread: int = 0
    named: list[list[Any]] = field(default_factory=list)
    unknown_types: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict, wrong: bool | None) -> None:
        """Count one verdict; `wrong` is None where nobody knows."""
        then, now = verdict.then, verdict.now
        self.count += 1
        self.tiers[f"{then or ''}>{now}"] += 1
        self.rules.update(verdict.rules)
        of_type = self.types.setdefault(verdict.action_type, OfType())
        of_type.count += 1
        asked = now in ASKED_TIERS
        of_type.asked_now += asked
        if then is not None:
            self.compared += 1
            of_type.asked_then += then in ASKED_TIERS
            if then is not now:
                self._add_change(verdict, then, of_type)
        if wrong is not None:
            self._add_truth(verdict, wrong, of_type)

    def _add_change(self, verdict: Verdict, then: Tier, of_type: OfType) -> None:
        up = RANK[verdict.now] > RANK[then]
        if (then in ASKED_TIERS) == (verdict.now in ASKED_TIERS):
            kind = RAISED if up else LOWERED
        else:
            kind = NEWLY_ASKED if up else NO_LONGER_ASKED
        setattr(of_type, kind, getattr(of_type, kind) + 1)
        self._keep(kind, verdict)

    def _add_truth(self, verdict: Verdict, wrong: bool, of_type: OfType) -> None:
        asked = verdict.now in ASKED_TIERS
        then = "" if verdict.then is None else int(verdict.then in ASKED_TIERS)
        self.by_weight.setdefault(verdict.weight, [0, 0])[wrong] += 1
        self.by_step.setdefault(verdict.step, [0, 0])[wrong] += 1
        self.truth.setdefault(f"{then}>{int(asked)}", [0, 0])[wrong] += 1
        if wrong:
            of_type.wrong += 1
            if not asked:
                of_type.wrong_passed += 1
                self._keep(WRONG_PASSED, verdict)

    def _keep(self, kind: str, verdict: Verdict) -> None:
        """Keep the examples whose ids hash lowest: a fair sample, the same one every time."""
        kept = self.examples.setdefault(kind, {}).setdefault(verdict.action_type, [])
        digest = hashlib.blake2b(verdict.id.encode(), digest_size=8).hexdigest()
        if len(kept) == EXAMPLES and digest >= kept[-1][0]:
            return
        then = verdict.then.value if verdict.then else ""
        shown = [digest, verdict.id[:MAX_SHOWN], verdict.line, then, verdict.now.value]
        kept.append([*shown, list(verdict.rules[:NAMED])])
        kept.sort(key=lambda one: (one[0], one[1], one[2] or 0))
        del kept[EXAMPLES:]

    def add_unread(self, line: int, why: str) -> None:
        self.unread += 1
        if len(self.named) < NAMED:
            self.named.append([line, why[:300]])

    def add_unknown_type(self, name: str, count: int = 1) -> None:
        """Count a proposal of an action type that the workflow does not have (any more)."""
        known = name[:MAX_SHOWN]
        if known not in self.unknown_types and len(self.unknown_types) >= NAMED:
            known = "others"
        self.unknown_types[known] += count

    @property
    def seen(self) -> int:
        return self.count + self.unread + sum(self.unknown_types.values())

    def to_json(self) -> dict[str, Any]:
        """Write the counts so that `from_json` goes on where they stand."""
        return {
            "count": self.count,
            "compared": self.compared,
            "tiers": dict(self.tiers),
            "types": {name: vars(one) for name, one in self.types.items()},
            "rules": dict(self.rules),
            "by_weight": {str(key): value for key, value in self.by_weight.items()},
            "by_step": {str(key): value for key, value in self.by_step.items()},
            "truth": self.truth,
            "examples": self.examples,
            "unread": self.unread,
            "named": self.named,
            "unknown_types": dict(self.unknown_types),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Tally":
        made = cls(**data)
        made.tiers, made.rules = Counter(made.tiers), Counter(made.rules)
        made.unknown_types = Counter(made.unknown_types)
        made.types = {name: OfType(**one) for name, one in data["types"].items()}
        made.by_weight = {int(key): value for key, value in data["by_weight"].items()}
        made.by_step = {int(key): value for key, value in data["by_step"].items()}
        return made


def total(cells: Iterable[list[int]]) -> tuple[int, int]:
    """Sum (right, wrong) over cells."""
    rights = wrongs = 0
    for right, wrong in cells:
        rights, wrongs = rights + right, wrongs + wrong
    return rights, wrongs
