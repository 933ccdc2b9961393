"""The collapse drill: a team that stops reading is found in time, one that reads is left alone.

All of it through the product: an agent asks over HTTP, six people take and decide by pages, a
worker lets blind tests in and looks at charts. Only nights pass in a moment.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from celery import Celery
from django.utils import timezone

from bench.collapse import drill as drills
from bench.collapse import scene as scenes
from bench.collapse.crew import Crew
from bench.collapse.drill import Drill
from bench.collapse.nights import Nights
from bench.collapse.years import Years
from bench.reviewer import Reviewer, sign_in
from handoffs.models import Answer, OutboxMessage
from oversight.models import Alarm, Chart, Threshold
from oversight.statistics import power
from oversight.statistics.power import Team
from reviews.models import Decision, Plant, SealedLot
from tests.database import Databases, renamed
from tests.flows import processes

pytestmark = pytest.mark.slow
TEAM = Team(people=10, reviews=60, rate=0.05, before=0.9, after=0.05)
# one in a working year is stated; more than so many come once in a thousand years
MOST_ALARMS = 5


@pytest.fixture
def owner(committed_db: Databases) -> Iterator[psycopg.Connection]:
    url = renamed(committed_db.owner_url, committed_db.name)
    with psycopg.connect(url, autocommit=True) as found:
        yield found


@pytest.fixture
def drill(owner: psycopg.Connection, tmp_path: Path) -> Iterator[Drill]:
    """A team at its desks, with a server, a broker and a worker of its own."""
    scene = scenes.build(people=TEAM.people, rate=TEAM.rate, past=60)
    with ExitStack() as running:
        url = running.enter_context(processes.web())
        broker = running.enter_context(processes.broker(tmp_path))
        running.enter_context(processes.worker(broker))
        clock = Celery("clock", broker=broker)
        clock.conf.task_default_queue = "overread"
        running.callback(clock.close)
        http = running.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=60))
        crew = Crew(people=scene.people, base=url, chance=random.Random(5))
        running.callback(crew.close)
        yield Drill(
            scene=scene,
            crew=crew,
            agent=scenes.Agent(scene, http, first=1000),
            nights=Nights(owner),
            strike=lambda name: strike(clock, name),
            reviews_a_day=round(TEAM.reviews),
        )


def strike(clock: Celery, job: str) -> None:
    """Ask the worker to do this job; wait for what is looked at once a day."""
    asked_at, today = timezone.now(), datetime.now(UTC).date()
    clock.send_task(job)
    if job == drills.CLOSE:
        processes.until(
            lambda: SealedLot.objects.count() == Chart.objects.filter(looked_on=today).count()
        )
    if job == drills.LOOK:
        looked = Threshold.objects.filter(measure="catch_rate", looked_at__gte=asked_at)
        processes.until(looked.exists)


def test_a_team_that_approves_everything_is_found_in_the_predicted_time(drill: Drill) -> None:
    drill.live(2)
    before = drill.crew.seen.copy()
    assert before["wrong"] > 0 and not drills.is_raised(drill.scene)

    drill.crew.catches = 0.0
    predicted = power.reckon(TEAM).told_nine
    assert predicted is not None
    days = drill.live(20, until_raised=True)

    assert days <= predicted
    assert_somebody_is_told(drill)
    assert_nothing_came_of_any_test(drill)


def assert_somebody_is_told(drill: Drill) -> None:
    """The owner is mailed, sees it on the page, and no agent hears of it."""
    (alarm,) = Alarm.objects.filter(threshold__measure="catch_rate", cleared_at=None)
    raised = OutboxMessage.objects.filter(event="alarm.raised")
    told = [one.mail_to for one in raised if "caught less often" in one.payload["subject"]]
    assert told == [drill.scene.owner.email]
    desk = Reviewer(sign_in(drill.scene.owner), drill.crew.base)
    try:
        page = desk.get("/oversight/alarms/", "alarms")
    finally:
        desk.http.close()
    assert "Wrong actions are caught less often" in page and alarm.said[:40] in page


def assert_nothing_came_of_any_test(drill: Drill) -> None:
    """Each who met one was told; nothing was answered, and whose it was is nowhere."""
    seen = drill.crew.seen
    assert seen["told"] == seen["wrong"] > 0
    assert not Answer.objects.filter(handoff__run__client__stands_for__isnull=False).exists()
    assert Decision.objects.count() == seen["reviews"] - seen["wrong"]
    assert not Plant.objects.filter(ended=True, wrong__isnull=False).exists()


def test_a_team_that_reads_raises_no_more_alarms_in_a_year_than_stated(
    owner: psycopg.Connection,
) -> None:
    scene = scenes.build(people=6, rate=0.05, past=60)
    years = Years(scene=scene, nights=Nights(owner), chance=random.Random(3), tests_a_day=3)
    years.begin()
    years.live()
    assert years.alarms <= MOST_ALARMS

    # and the same team is found once it stops
    while drills.is_raised(scene):
        years.live(1)
    years.catches = 0.05
    _, predicted = years.predicted(0.05)
    assert years.live(60, until_raised=True) <= predicted
