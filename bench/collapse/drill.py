"""Days of a team, one after the other: refunds come, people review, jobs are done, it is night."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.collapse.crew import Crew
from bench.collapse.nights import Nights
from bench.collapse.scene import Agent, Scene
from oversight.models import Chart

# so much waits at any time; a test stands behind it
WAITING = 6
WORKING_DAYS = 5
# after so many reviews tests are let in; really it is every few seconds, and a review takes minutes
SOWN_AFTER = 4
SOW, CLOSE, LOOK = "oversight.sow", "oversight.close_lots", "oversight.look_for_alarms"


@dataclass
class Drill:
    """`strike` has a job done, by whoever does jobs."""

    scene: Scene
    crew: Crew
    agent: Agent
    nights: Nights
    strike: Callable[[str], None]
    reviews_a_day: int
    day: int = 0

    def live(self, days: int, *, until_raised: bool = False) -> int:
        """Live so many days, or until it is raised; return how many that were."""
        for number in range(1, days + 1):
            self._work()
            self._end_the_day()
            if until_raised and is_raised(self.scene):
                return number
        return days

    def _work(self) -> None:
        if not self.day:
            for _ in range(WAITING):
                self.agent.ask()
        for number in range(self.reviews_a_day):
            self.agent.ask()
            self.crew.review()
            if number % SOWN_AFTER == 0:
                self.strike(SOW)

    def _end_the_day(self) -> None:
        self.day += 1
        self.strike(CLOSE)
        self.strike(LOOK)
        self.nights.pass_by(1 if self.day % WORKING_DAYS else 3)


def is_raised(scene: Scene) -> bool:
    return Chart.objects.filter(cohort=scene.cohort, raised=True).exists()
