"""Who may meet a test: nobody too often, and nobody who would know it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

A_DAY = 2
# reviews between two tests of one person
BETWEEN = 10


class Unfit(StrEnum):
    """Why this test does not stay in these hands."""

    TODAY = "They have met as many today as anybody should."
    LATELY = "They met one a few reviews ago."
    KNOWS_FAULT = "They wrote or approved this fault."
    KNOWS_SOURCE = "They have seen what it was made from."
    IS_OWNER = "They run the tests of this workflow."
    HOLDS_OTHERS = "Something else is open in front of them."


@dataclass(frozen=True, kw_only=True)
class Met:
    """What is kept of a person's tests: how many on their last day with any, and not of which.

    `day` is theirs, by the clock of their queue. `last_claim` is the number, among their own
    claims, of the one under which they met the last.
    """

    day: date | None = None
    times: int = 0
    last_claim: int | None = None

    def again(self, *, day: date, claim: int) -> "Met":
        times = self.times + 1 if self.day == day else 1
        return Met(day=day, times=times, last_claim=claim)


@dataclass(frozen=True, kw_only=True)
class Hands:
    """The person a test has come to. People are ids here, and handoffs too."""

    person: int
    day: date
    met: Met
    # what they decided since they met the last one, tests included
    reviewed: int
    # what else is in their hands
    holds: int


@dataclass(frozen=True, kw_only=True)
class Known:
    """Who would know this test."""

    fault: Collection[int]
    source: Collection[int]
    owners: Collection[int]


def unfit(hands: Hands, known: Known) -> Unfit | None:
    """Return why they may not meet it, or None."""
    reasons = (
        (hands.person in known.owners, Unfit.IS_OWNER),
        (hands.person in known.fault, Unfit.KNOWS_FAULT),
        (hands.person in known.source, Unfit.KNOWS_SOURCE),
        (hands.met.day == hands.day and hands.met.times >= A_DAY, Unfit.TODAY),
        (hands.met.times > 0 and hands.reviewed < BETWEEN, Unfit.LATELY),
        # beside another the two could be compared, and its claim would leave a gap
        (hands.holds > 0, Unfit.HOLDS_OTHERS),
    )
    return next((reason for holds, reason in reasons if holds), None)
