"""Where and when no test may stand: surges, stops, alarms, and people who are behind."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Client, User
from handoffs import stops
from handoffs.actors import SYSTEM, person_actor
from handoffs.models import Handoff, WorkflowPressure
from handoffs.stops import Presser
from oversight.blind_tests import situations
from oversight.models import Alarm, QueueHour, Threshold
from oversight.statistics.marks import Measure
from oversight.statistics.pacing import Off
from tests import factories
from tests.oversight import sown
from tests.oversight.sown import Desk

pytestmark = pytest.mark.django_db
now = timezone.now


@pytest.fixture
def desk(shop: factories.Shop, bot: Client, bot_key: str, mia: User, ann: User) -> Desk:
    return sown.desk(shop, bot, bot_key, owner=mia, reviewer=ann)


def trouble(measure: Measure, **of: Any) -> None:
    threshold, _ = Threshold.objects.get_or_create(
        measure=measure.value, **of, defaults={"raise_at": 2.0, "clear_at": 1.0}
    )
    Alarm.objects.create(threshold=threshold, raised_at=now(), said="Too much.")


@pytest.mark.parametrize(
    ("measure", "of", "off"),
    [
        (Measure.BACKLOG, "queue", True),
        (Measure.LATE, "workflow", True),
        (Measure.SILENT_JOBS, "", True),
        (Measure.QUICK, "workflow", False),
        (Measure.BACKLOG, "other queue", False),
    ],
)
def test_alarms_of_too_much_to_do_keep_it_out_and_those_of_too_little_care_do_not(
    desk: Desk, measure: Measure, of: str, off: bool
) -> None:
    of_what: dict[str, Any] = {
        "queue": {"queue": desk.shop.queue},
        "other queue": {"queue": desk.shop.leads_queue},
        "workflow": {"workflow": desk.shop.workflow},
        "": {},
    }[of]
    trouble(measure, **of_what)

    found = situations.off(desk.shop.workflow, desk.shop.queue, now=now())
    assert found is (Off.INCIDENT if off else None)
    Alarm.objects.update(cleared_at=now())
    assert situations.off(desk.shop.workflow, desk.shop.queue, now=now()) is None


def test_for_hours_after_a_stop_none_comes_in(desk: Desk, mia: User) -> None:
    presser = Presser(by=person_actor(mia.pk, "manager"), user=mia)
    stopped = stops.stop(desk.shop.workflow, reason="It pays twice.", presser=presser, now=now())
    assert situations.off(desk.shop.workflow, desk.shop.queue, now=now()) is Off.STOPPED
    stops.resume(stopped.id, reason="It is mended.", presser=presser, now=now())

    assert situations.off(desk.shop.workflow, desk.shop.queue, now=now()) is Off.INCIDENT
    later = now() + timedelta(hours=5)
    desk.never_busy()
    assert situations.off(desk.shop.workflow, desk.shop.queue, now=later) is None


def test_what_stops_everything_stops_it_too_and_a_drill_leaves_nothing_behind(
    desk: Desk, mia: User
) -> None:
    where, presser = (desk.shop.workflow, desk.shop.queue), Presser(by=SYSTEM)
    drill = stops.stop(None, reason="A drill.", presser=presser, now=now(), drill_seconds=60)
    assert situations.off(*where, now=now()) is Off.STOPPED
    stops.resume(drill.id, reason="It is over.", presser=presser, now=now())
    assert situations.off(*where, now=now()) is None

    stopped = stops.stop(None, reason="It pays twice.", presser=presser, now=now())
    stops.resume(stopped.id, reason="It is mended.", presser=presser, now=now())
    assert situations.off(*where, now=now()) is Off.INCIDENT


def test_a_workflow_that_is_paused_gets_none(desk: Desk) -> None:
    WorkflowPressure.objects.update_or_create(
        workflow=desk.shop.workflow,
        defaults={"since": now(), "paused_since": now(), "paused_by": desk.shop.queue},
    )

    assert situations.off(desk.shop.workflow, desk.shop.queue, now=now()) is Off.STOPPED


def test_in_a_surge_and_without_a_past_none_comes_in(desk: Desk) -> None:
    where = (desk.shop.workflow, desk.shop.queue)
    assert situations.off(*where, now=now()) is None
    QueueHour.objects.update(came=1)
    desk.review(8)
    assert situations.off(*where, now=now()) is Off.SURGE
    QueueHour.objects.all().delete()
    assert situations.off(*where, now=now()) is Off.SURGE


def test_a_new_queue_is_held_against_its_busiest_hour(desk: Desk) -> None:
    QueueHour.objects.all().delete()
    desk.review(12)
    at = now()
    this = at.replace(minute=0, second=0, microsecond=0)
    # since it began, two hours ago; such an hour of the week was never seen
    for back, came in ((1, 3), (2, 40)):
        starts_at = this - timedelta(hours=back)
        QueueHour.objects.create(queue=desk.shop.queue, starts_at=starts_at, came=came)

    assert situations.off(desk.shop.workflow, desk.shop.queue, now=at) is None
    QueueHour.objects.filter(came=40).update(came=5)
    assert situations.off(desk.shop.workflow, desk.shop.queue, now=at) is Off.SURGE


def test_where_people_are_behind_none_comes_in(desk: Desk) -> None:
    where, handoff = (desk.shop.workflow, desk.shop.queue), desk.review()
    whole = handoff.deadline_at - handoff.counted_from

    early, late = (handoff.counted_from + whole * part for part in (0.49, 0.51))
    assert situations.situation(*where, now=early).oldest == pytest.approx(0.49, abs=0.01)
    assert situations.off(*where, now=late) is Off.BEHIND


def test_a_test_that_stands_for_long_is_no_sign_that_people_are_behind(desk: Desk) -> None:
    plant = desk.test()
    Handoff.objects.filter(run__client=desk.bot).update(gather_until=now() + timedelta(days=9))

    test = plant.handoff
    assert test is not None
    late = test.counted_from + (test.deadline_at - test.counted_from) * 0.6
    assert situations.situation(desk.shop.workflow, desk.shop.queue, now=late).oldest == 0
