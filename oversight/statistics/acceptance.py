"""Is a workflow, new or switched off after an incident, watched well enough? Wald's SPRT."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    GO_ON = "go on"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A share of misses that is good, one that is bad, and how often either is mistaken."""

    good: float
    bad: float
    refused_though_good: float = 0.05
    accepted_though_bad: float = 0.10

    @property
    def upper(self) -> float:
        return math.log((1 - self.accepted_though_bad) / self.refused_though_good)

    @property
    def lower(self) -> float:
        return math.log(self.accepted_though_bad / (1 - self.refused_though_good))

    @property
    def up(self) -> float:
        return math.log(self.bad / self.good)

    @property
    def down(self) -> float:
        return math.log((1 - self.good) / (1 - self.bad))

    def score(self, misses: int, tests: int) -> float:
        return misses * self.up - (tests - misses) * self.down

    def verdict(self, misses: int, tests: int) -> Verdict:
        score = self.score(misses, tests)
        if score >= self.upper:
            return Verdict.REFUSED
        return Verdict.ACCEPTED if score <= self.lower else Verdict.GO_ON

    @property
    def tests_if_good(self) -> float:
        """Return how many tests it takes on average, by Wald's approximation."""
        wrongly = self.refused_though_good
        return self._tests(self.good, (1 - wrongly) * self.lower + wrongly * self.upper)

    @property
    def tests_if_bad(self) -> float:
        wrongly = self.accepted_though_bad
        return self._tests(self.bad, wrongly * self.lower + (1 - wrongly) * self.upper)

    def _tests(self, miss: float, ends_at: float) -> float:
        return ends_at / (miss * self.up - (1 - miss) * self.down)

    @property
    def lines(self) -> tuple[float, float, float]:
        """Return the two intercepts and the slope of the chart that is drawn by hand."""
        size = self.up + self.down
        return -self.lower / size, self.upper / size, self.down / size
