"""Whoever presses a button is killed with -9; it was pressed then, whole, or it was not."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Client, User
from handoffs import failpoints, stops
from handoffs.models import (
    AuditEntry,
    Handoff,
    OutboxMessage,
    QueueDepth,
    Run,
    Stop,
    WebhookEndpoint,
)
from reviews import claims
from reviews.models import Claim
from tests import walks
from tests.factories import Shop
from tests.flows import presser
from tests.flows.processes import ROOT, Program
from tests.flows.test_crashes import role_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committed_db", "endpoint")]
now = timezone.now


@pytest.fixture
def endpoint(bot: Client, bot_key: str) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(client=bot, url="https://a.example/", secret="whsec_x")


def killed(place: str, mark: Path, *pressed: str) -> None:
    """Let somebody press a button and die at this place."""
    reached = mark / "reached"
    armed = {"OVERREAD_FAILPOINT": place, "OVERREAD_FAILPOINT_MARK": str(reached)}
    program = Program("presser", *pressed, armed=armed)
    assert program.process.wait(60) == -signal.SIGKILL, f"nothing ever comes to {place}"


def told(event: str) -> int:
    return OutboxMessage.objects.filter(event=event, endpoint__isnull=False).count()


def noted(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


def in_force() -> int:
    return Stop.objects.filter(ended_at=None).count()


def test_every_place_is_deadly_here() -> None:
    """A place that comes into being is in one of the tests below from its first day."""
    ours = failpoints.names_in(ROOT / "handoffs", ROOT / "reviews")

    assert {step for step in ours if role_of(step) == "presser"} == {
        "stops.before_commit",
        "stops.after_commit",
        "stops.before_resume_commit",
        "stepping_in.after_opening",
        "stepping_in.before_commit",
        "stepping_in.after_commit",
    }


@pytest.mark.parametrize(("place", "stands"), [("before_commit", 0), ("after_commit", 1)])
def test_a_stop_stands_whole_or_not_at_all(
    place: str, stands: int, shop: Shop, mia: User, tmp_path: Path
) -> None:
    pressed = ("stop", shop.workflow.slug, mia.email)
    killed(f"stops.{place}", tmp_path, *pressed)

    assert (in_force(), noted("workflow.stopped"), told("workflow.stopped")) == (stands,) * 3

    presser.press(*pressed)
    stops.tend(now=now())
    assert (in_force(), noted("workflow.stopped"), told("workflow.stopped")) == (1, 1, 1)
    assert Stop.objects.get().settled_at is not None


def test_going_on_happens_whole_or_not_at_all(
    shop: Shop, bot: Client, bot_key: str, mia: User, tmp_path: Path
) -> None:
    handoff = walks.waiting(shop, bot, bot_key)
    deadline = handoff.deadline_at
    presser.press("stop", shop.workflow.slug, mia.email)
    stop = Stop.objects.get()
    Stop.objects.update(stopped_at=now() - timedelta(hours=1))
    Handoff.objects.update(counted_from=now() - timedelta(hours=2))

    pressed = ("resume", stop.id, mia.email)
    killed("stops.before_resume_commit", tmp_path, *pressed)

    handoff.refresh_from_db()
    assert (in_force(), told("workflow.resumed")) == (1, 0)
    assert handoff.deadline_at == deadline

    presser.press(*pressed)
    handoff.refresh_from_db()
    once = handoff.deadline_at
    assert (in_force(), noted("workflow.resumed"), told("workflow.resumed")) == (0, 1, 1)
    left = once - handoff.counted_from - timedelta(seconds=handoff.counted_seconds)
    assert timedelta(minutes=59) < left < timedelta(minutes=61)


STEPPED_IN = [("after_opening", 0), ("before_commit", 0), ("after_commit", 1)]


@pytest.mark.parametrize(("place", "stands"), STEPPED_IN)
def test_stepping_in_pauses_the_run_whole_or_not_at_all(
    place: str, stands: int, shop: Shop, bot: Client, ann: User, tmp_path: Path
) -> None:
    run = walks.start_run(shop, bot)

    pressed = ("step_in", run.id, ann.email)
    killed(f"stepping_in.{place}", tmp_path, *pressed)

    assert held(run) == (stands,) * 4
    assert not Claim.objects.exists()

    presser.press(*pressed)
    assert held(run) == (1,) * 4
    # whose press had gone through is told so, and takes it as any other of the team
    claims.take_next(by=ann, now=now())
    assert Claim.objects.get().reviewer == ann


def held(run: Run) -> tuple[int, ...]:
    """Count what says that the run is paused: itself, its handoff, the queue's count, the news."""
    run.refresh_from_db()
    paused = int(run.held and run.state == "PAUSED_PENDING_HUMAN" and run.open_blocking == 1)
    waiting = sum(QueueDepth.objects.values_list("waiting", flat=True))
    stepped = Handoff.objects.filter(run=run, stepped_in=True, state="waiting").count()
    return paused, stepped, waiting, told("run.state_changed")
