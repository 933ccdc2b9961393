"""What else happened stands beside the figures: of whom it is, when, and where it is drawn."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from handoffs.models import Stop, Workflow
from oversight.counted import events, weeks
from oversight.counted.events import Kind
from oversight.models import Alarm, Threshold
from oversight.pages import happened
from tests import factories
from tests.factories import Shop
from tests.oversight.figured import have_days

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
LONG_AGO = (NOW - 400 * DAY).date()


def stop(workflow: Workflow | None, at: datetime, **changes: Any) -> Stop:
    usual = {
        "ended_at": at + timedelta(minutes=90), "end_reason": "fixed",
        "reason": "Refunds went out twice", "stopped_role": "manager",
    }  # fmt: skip
    return Stop.objects.create(workflow=workflow, stopped_at=at, **(usual | changes))


def kinds(workflow: Workflow | None, since: datetime) -> list[tuple[str, str]]:
    found = events.between(workflow, since.date(), now=NOW)
    return [(one.kind.value, one.workflow) for one in found]


def test_policy_and_stops_are_told_of_a_workflow_and_of_everything(shop: Shop) -> None:
    other = factories.launch_shop(slug="other")
    stop(shop.workflow, NOW - 20 * DAY)
    stop(None, NOW - 10 * DAY, drill=True, ends_by_itself_at=NOW - 10 * DAY)
    stop(other.workflow, NOW - 5 * DAY)
    mine, theirs = shop.workflow.name, other.workflow.name

    assert kinds(shop.workflow, NOW - 30 * DAY) == [("drill", ""), ("stop", mine)]
    assert kinds(None, NOW - 30 * DAY) == [("stop", theirs), ("drill", ""), ("stop", mine)]
    # what it was launched with came into force a moment ago
    first = events.between(shop.workflow, LONG_AGO, now=timezone.now())[:-2]
    assert {one.kind for one in first} == {Kind.MAP, Kind.MATRIX}
    assert {one.number for one in first} == {1}


def alarm(at: datetime, until: datetime | None = None, **of: Any) -> Alarm:
    threshold = Threshold.objects.create(raise_at=2, clear_at=1, **of)
    return Alarm.objects.create(
        threshold=threshold, raised_at=at, cleared_at=until, said="Too much: 30 %."
    )


def test_alarms_are_told_beside_what_they_may_explain(shop: Shop) -> None:
    """Of a workflow: its own, of the queues that it fills, and of the whole installation."""
    other = factories.launch_shop(slug="other")
    alarm(NOW - 4 * DAY, NOW - 2 * DAY, measure="late", workflow=shop.workflow)
    alarm(NOW - 3 * DAY, measure="backlog", queue=shop.queue)
    alarm(NOW - 2 * DAY, NOW - DAY, measure="silent_jobs")
    alarm(NOW - DAY, measure="late", workflow=other.workflow)
    alarm(NOW - 90 * DAY, NOW - 50 * DAY, measure="escalation_low", workflow=shop.workflow)

    mine, queue = shop.workflow.name, shop.queue.name
    assert kinds(shop.workflow, NOW - 30 * DAY) == [
        ("alarm", ""),
        ("alarm", queue),
        ("alarm", mine),
    ]
    assert len(kinds(None, NOW - 30 * DAY)) == 4
    rows = happened.rows(events.between(shop.workflow, (NOW - 30 * DAY).date(), now=NOW))
    assert [(one.what, one.where) for one in rows] == [
        ("Alarm: too much is late for 2 d", mine),
        ("Alarm: the queue is falling behind, and not over yet", queue),
        ("Alarm: jobs stand still for 1 d", "Everything"),
    ]
    assert {one.url for one in rows} == {reverse("oversight:alarms")}
    assert {one.reason for one in rows} == {"Too much: 30 %."}


def test_rows_that_change_together_are_one_change(shop: Shop) -> None:
    at, row = NOW - 3 * DAY, shop.row
    for action, since, until in (
        (shop.cancel_order, at - 9 * DAY, at), (shop.cancel_order, at, None),
        (shop.refund_order, at, None),
    ):  # fmt: skip
        factories.MatrixRowFactory(
            workflow=shop.workflow, role=row.role, queue=row.queue, action_type=action,
            effective_from=since, effective_until=until,
        )  # fmt: skip
    # what is announced has not happened yet
    factories.MatrixRowFactory(
        workflow=shop.workflow,
        role=row.role,
        queue=row.queue,
        kind="takeover",
        effective_from=NOW + DAY,
    )
    found = events.between(shop.workflow, (NOW - 6 * DAY).date(), now=NOW)
    assert [(one.kind, one.at, one.number) for one in found] == [(Kind.MATRIX, at, 2)]


def test_a_stop_that_began_before_and_reached_into_the_period_is_told(shop: Shop) -> None:
    stop(shop.workflow, NOW - 40 * DAY, ended_at=NOW - 20 * DAY)
    stop(shop.workflow, NOW - 50 * DAY, ended_at=NOW - 45 * DAY)
    stop(None, NOW - 35 * DAY, ended_at=None, end_reason="")
    found = events.between(shop.workflow, (NOW - 30 * DAY).date(), now=NOW)
    assert [one.until for one in found] == [None, NOW - 20 * DAY]
    rows = happened.rows(found)
    assert [one.what for one in rows] == ["Stopped for 20 d", "Stopped, and not let go yet"]
    assert [one.where for one in rows] == [shop.workflow.name, "Everything"]


def test_each_week_is_marked_with_the_numbers_of_the_table(shop: Shop, mia: User) -> None:
    monday = weeks.monday(NOW.date())
    have_days(shop.workflow, shop.queue, back=8)
    at = datetime.combine(monday, datetime.min.time(), UTC)
    # two in one week, and one at the last moment of another
    stop(shop.workflow, at - timedelta(weeks=3) + timedelta(hours=1))
    stop(shop.workflow, at - timedelta(weeks=3) + timedelta(days=2))
    stop(shop.workflow, at - timedelta(minutes=1), reason="<b>bold</b>")
    browser = Browser()
    browser.force_login(mia)
    answer = browser.get(reverse("oversight:workflow", args=[shop.workflow.slug]), {"weeks": "4"})
    page = answer.context["page"]
    for drawing in (page.overridden, page.in_time, page.escalation):
        assert [one.label for one in drawing.marks] == ["1–2", "3"]
        of_weeks = [one.x for one in drawing.points]
        assert [one.x for one in drawing.marks] == [of_weeks[1], of_weeks[3]]
    # the last two are of this week: what it was launched with a moment ago
    assert [one.number for one in page.happened] == [1, 2, 3, 4, 5]
    assert "<b>bold" not in answer.getvalue().decode()
    assert "&lt;b&gt;bold" in answer.getvalue().decode()


def test_of_many_the_newest_are_numbered(shop: Shop) -> None:
    for number in range(happened.SHOWN + 5):
        stop(shop.workflow, NOW - (number + 1) * DAY)
    rows = happened.rows(events.between(shop.workflow, LONG_AGO, now=NOW))
    assert [one.number for one in rows] == list(range(1, happened.SHOWN + 1))
    assert rows[-1].iso == (NOW - DAY).isoformat()
