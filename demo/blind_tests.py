"""Blind tests of the demo's past: met by a team that is nobody, and told as real ones are."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from oversight.blind_tests import telling
from oversight.models import FigureDay, Tally
from reviews import lots
from reviews.lots import Lot

# of all reviews, and how much of the work each of a team does
RATE = 0.03
TEAM = (20, 18, 17, 16, 15, 14)
# who answers for what comes of a workflow
_TEAMS = {"webshop-support": "refunds", "supplier-payments": "payments"}
# how often it is met, how hard it is, whom it harms, and how often a careful team catches it
_KINDS = (
    ("wrong amount", "easy", "allows", 4, 0.95),
    ("wrong entity", "medium", "allows", 3, 0.86),
    ("stale fact", "medium", "denies", 3, 0.84),
    ("policy ignored", "hard", "allows", 2, 0.7),
)
# the week in which they begin to hurry, and what is left then of their care
HURRY, LEFT = 21, 0.5


class BlindTests:
    """What each workflow's team has met since it was last told."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lots: dict[str, Lot] = defaultdict(lots.empty)
        self._begun: dict[str, date] = {}

    def week(self, monday: date, number: int, days: Sequence[FigureDay]) -> list[Tally]:
        """Have them meet this week's tests; return what may be told at its end."""
        found = []
        reviews: dict[str, int] = defaultdict(int)
        for day in days:
            reviews[day.workflow.slug] += day.approvals
        for workflow, many in sorted(reviews.items()):
            for _ in range(sum(self._chance.random() < RATE for _ in range(many))):
                self._meet(workflow, number)
            found += self._tell(workflow, monday)
        return found

    def _meet(self, workflow: str, number: int) -> None:
        shares = [one[3] for one in _KINDS]
        kind, difficulty, harm, _, caught = self._chance.choices(_KINDS, shares)[0]
        (person,) = self._chance.choices(range(len(TEAM)), TEAM)
        care = LEFT if number >= HURRY else 1.0
        self._lots[workflow] = lots.add(
            self._lots[workflow], person=person, kind=telling.key(kind, difficulty, harm),
            caught=self._chance.random() < caught * care,
        )  # fmt: skip

    def _tell(self, workflow: str, monday: date) -> list[Tally]:
        begun = self._begun.setdefault(workflow, monday)
        told = telling.told(self._lots[workflow])
        if told or telling.is_old(begun, monday):
            self._lots[workflow] = lots.empty()
            self._begun[workflow] = monday + timedelta(weeks=1)
        return [
            Tally(
                workflow=workflow, team=_TEAMS.get(workflow, ""), week=monday, kind=one.kind,
                difficulty=one.difficulty, harm=one.harm, tests=one.tests, caught=one.caught,
            )
            for one in told
        ]  # fmt: skip
