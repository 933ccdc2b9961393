"""Years of a chart by itself, with what it learns of its team: many pass while one is lived."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from oversight.blind_tests import charts, telling
from oversight.models import Chart
from oversight.statistics.power import DAYS_A_WEEK, WORKING_YEAR
from reviews import lots
from reviews.lots import Lot

# so much of what is wrong is caught by who reads
READS = 0.9
KIND = telling.key("wrong_amount", "easy", "allows")
_MONDAY = date(2026, 1, 5)


@dataclass
class Alone:
    """A team without desks: each test is met by anybody of it, each week is told, if it may be."""

    chance: random.Random
    people: int
    tests_a_day: int
    catches: float = READS
    today: date = _MONDAY
    alarms: int = 0
    chart: Chart = field(default_factory=lambda: Chart(cohort="c", begun_on=_MONDAY))
    lot: Lot = field(default_factory=lots.empty)
    # week, tests and caught
    told: list[tuple[date, int, int]] = field(default_factory=list)

    def live(self, days: int = WORKING_YEAR) -> None:
        for _ in range(days):
            was = self.chart.raised
            self._work()
            self.alarms += self.chart.raised and not was
            self.today += timedelta(days=1)
            if self.today.weekday() == DAYS_A_WEEK:
                self._end_the_week()

    def _work(self) -> None:
        for _ in range(self.tests_a_day):
            person = self.chance.randrange(self.people)
            caught = self.chance.random() < self.catches
            self.lot = lots.add(self.lot, person=person, kind=KIND, caught=caught)
        usual, between = charts.usual(*self._lately()), float(WORKING_YEAR * self.tests_a_day)
        self.lot = charts.move(self.chart, self.lot, usual=usual, between=between)

    def _lately(self) -> tuple[int, int]:
        """Return how many tests were told of this team, and how many of them were caught."""
        since, until = charts.learned_from(self.today)
        self.told = [one for one in self.told if one[0] >= since]
        known = [one for one in self.told if one[0] < until]
        return sum(one[1] for one in known), sum(one[2] for one in known)

    def _end_the_week(self) -> None:
        rows, self.lot = telling.close(self.lot)
        if rows:
            self.told.append((telling.week_of(self.today), rows[0].tests, rows[0].caught))
        self.today += timedelta(days=2)
