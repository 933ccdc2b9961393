"""Years of a team, without what is between two tests: they are counted as the desk counts them.

Everything after that is the product's own: sealed lots, the job that looks at charts each day.
"""

import random
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from bench.collapse.alone import KIND, READS
from bench.collapse.drill import CLOSE, WORKING_DAYS, is_raised
from bench.collapse.nights import Nights
from bench.collapse.scene import TEAM, Scene
from config.celery import app
from oversight.blind_tests import cohorts, sowing
from oversight.models import Cohort
from oversight.statistics import cusum, power, waiting_for_five
from oversight.statistics.power import WORKING_YEAR
from reviews import lots, plants, sealed
from reviews.models import Plant


@dataclass
class Years:
    scene: Scene
    nights: Nights
    chance: random.Random
    tests_a_day: int
    catches: float = READS
    day: int = 0
    alarms: int = 0

    def begin(self) -> None:
        """Let a week of tests have come in, so that it is known how many do."""
        app.loader.import_default_modules()
        scene = self.scene
        cohort = Cohort.objects.create(
            name=scene.cohort, workflow=scene.workflow, team=Group.objects.get(name=TEAM),
            queue=scene.queue, rate=scene.rate, let_in=scene.rate,
        )  # fmt: skip
        for _ in range(self.tests_a_day * WORKING_DAYS):
            cohort.refresh_from_db()
            while cohorts.due(cohort) is None:
                cohort.reviews += 1
            cohort.save()
            now = timezone.now()
            assert sowing.begin_due(now=now) == 1
            assert sowing.ask_due(now=now + timedelta(minutes=1)) == 1
            plants.withdraw(Plant.objects.get(ended=False).handoff_id, now=now)
        # each that comes in is met
        Cohort.objects.update(let_in=scene.rate)
        self.nights.pass_by(7)

    def begin_again(self) -> None:
        """Let nothing be known of this team any more, and let it read."""
        self.nights.forget()
        self.catches = READS

    def live(self, days: int = WORKING_YEAR, *, until_raised: bool | None = None) -> int:
        """Live so many days, or until it is raised or no longer; return how many that were."""
        for number in range(1, days + 1):
            was = is_raised(self.scene)
            for _ in range(self.tests_a_day):
                self._meet()
            app.tasks[CLOSE]()
            self.day += 1
            self.nights.pass_by(1 if self.day % WORKING_DAYS else 3, tests_too=False)
            now = is_raised(self.scene)
            self.alarms += now and not was
            if now is until_raised:
                return number
        return days

    def predicted(self, after: float) -> tuple[float, float]:
        """Return after how many days a fall is told on average, and nine in ten times."""
        between = WORKING_YEAR * self.tests_a_day
        usual, people = 0.1, len(self.scene.people)
        limit = cusum.threshold(usual, usual + power.RISE, between)
        chart = cusum.Chart(usual=usual, noticed=usual + power.RISE, threshold=limit)
        late, miss = waiting_for_five.mean(people), 1 - after
        chances = cusum.chances(chart, miss, tests=200)
        nine = waiting_for_five.days_within(power.NINE, chances, people, self.tests_a_day)
        assert late is not None and nine is not None
        return (cusum.mean_tests(chart, miss) + late) / self.tests_a_day + 0.5, nine

    @transaction.atomic
    def _meet(self) -> None:
        person = self.chance.choice(self.scene.people).pk
        caught = self.chance.random() < self.catches
        lot = sealed.take(self.scene.cohort)
        sealed.write(self.scene.cohort, lots.add(lot, person=person, kind=KIND, caught=caught))
