"""The page on alarms: who reads and who acts, refusals, and the log for auditors."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from handoffs.models import Workflow
from oversight.models import Alarm, ProposalDay, Threshold
from oversight.watch import alarms, thresholds
from tests import factories
from tests.factories import Shop

pytestmark = pytest.mark.django_db


def browser(user: User) -> Browser:
    found = Browser()
    found.force_login(user)
    return found


def text(answer: object) -> str:
    return answer.getvalue().decode().replace("\xa0", " ")  # type: ignore[attr-defined]


@pytest.fixture
def alarm(shop: Shop) -> Alarm:
    for tier, proposed in (("hard_approval", 300), ("autonomous", 700)):
        ProposalDay.objects.create(
            workflow=shop.workflow, action_type="refund_order", tier=tier,
            day=datetime.now(UTC).date(), proposed=proposed,
        )  # fmt: skip
    alarms.look(now=timezone.now())
    Threshold.objects.update(hold_minutes=0)
    alarms.look(now=timezone.now())
    return Alarm.objects.get(threshold__measure="escalation_high")


def test_the_page_says_what_is_raised_what_it_means_and_what_is_watched(
    shop: Shop, mia: User, alarm: Alarm
) -> None:
    page = text(browser(mia).get(reverse("oversight:alarms")))
    assert f"{shop.workflow.name}: People are asked too often" in page
    assert "30 % (300 of 1,000; 95 %: 27 % to 33 %)" in page
    assert "Asked so often, people tend to approve without reading." in page
    assert "Nobody has said that they saw it." in page
    assert "That people hardly ever override is no alarm by itself" in page
    assert "What is raised now" in page
    Alarm.objects.update(cleared_at=timezone.now())
    assert "What is raised now" not in text(browser(mia).get(reverse("oversight:alarms")))
    for title in ("The queue is falling behind", "Many decisions take under 5 seconds"):
        assert title in page


def test_each_reads_what_they_answer_for(
    shop: Shop, mia: User, olga: User, ann: User, alarm: Alarm
) -> None:
    owner = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
    other = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
    Workflow.objects.filter(pk=shop.workflow.pk).update(owner=owner)
    name = f"{shop.workflow.name}: People are asked too often"
    for user, there in ((mia, True), (olga, True), (owner, True), (other, False)):
        assert (name in text(browser(user).get(reverse("oversight:alarms")))) is there
    assert browser(ann).get(reverse("oversight:alarms")).status_code == 403
    note = reverse("oversight:alarm-note", args=[alarm.pk])
    see = reverse("oversight:alarm-acknowledge", args=[alarm.pk])
    marks = reverse("oversight:threshold", args=[alarm.threshold.pk])
    for address in (note, see, marks):
        found = [browser(user).post(address).status_code for user in (ann, other, olga)]
        # an auditor reads and changes nothing
        assert found[:2] == [403, 404] and found[2] in (403, 422)
    alarm.refresh_from_db()
    assert alarm.acknowledged_at is None
    # and is offered no button
    assert "I have seen it" not in text(browser(olga).get(reverse("oversight:alarms")))


def test_it_is_seen_to_without_scripts(mia: User, alarm: Alarm) -> None:
    at = browser(mia)
    page = text(at.post(reverse("oversight:alarm-acknowledge", args=[alarm.pk]), follow=True))
    assert "Mia saw it after" in page
    note = reverse("oversight:alarm-note", args=[alarm.pk])
    page = text(at.post(note, {"done": "<b>Raised</b> the limit."}, follow=True))
    assert "&lt;b&gt;Raised&lt;/b&gt; the limit." in page


def test_a_note_that_says_nothing_is_refused_and_kept(mia: User, alarm: Alarm) -> None:
    answer = browser(mia).post(reverse("oversight:alarm-note", args=[alarm.pk]), {"done": "fine"})
    page = text(answer)
    assert answer.status_code == 422
    assert ">fine</textarea>" in page and "Say in 2 words" in page
    assert 'aria-invalid="true"' in page


def test_marks_are_moved_in_percent(mia: User, alarm: Alarm) -> None:
    address = reverse("oversight:threshold", args=[alarm.threshold.pk])
    at = browser(mia)
    assert 'value="20"' in text(at.get(address))
    wrong = at.post(address, {"raise_at": 40, "clear_at": 45, "hold_minutes": 5, "is_on": "on"})
    assert wrong.status_code == 422
    assert "It has to be below the mark that raises it." in text(wrong)
    typed = {"raise_at": 40, "clear_at": 32.5, "hold_minutes": 5, "is_on": "on", "owner": mia.pk}
    assert at.post(address, typed).status_code == 302
    one = Threshold.objects.get(pk=alarm.threshold.pk)
    assert (one.raise_at, one.clear_at, one.hold_minutes) == (0.4, 0.325, 5)
    assert one.owner == mia


def test_only_who_may_answer_for_it_can_be_made_its_owner(
    mia: User, ann: User, alarm: Alarm
) -> None:
    address = reverse("oversight:threshold", args=[alarm.threshold.pk])
    typed = {"raise_at": 20, "clear_at": 15, "hold_minutes": 5, "is_on": "on", "owner": ann.pk}
    assert browser(mia).post(address, typed).status_code == 422


def test_the_log_says_how_soon_each_was_seen(olga: User, mia: User, alarm: Alarm) -> None:
    Alarm.objects.filter(pk=alarm.pk).update(raised_at=timezone.now() - timedelta(minutes=90))
    alarms.note(Alarm.objects.get(pk=alarm.pk), "=1+1 was done", by=mia, now=timezone.now())
    rows = list(
        csv.DictReader(io.StringIO(text(browser(olga).get(reverse("oversight:alarms-csv")))))
    )
    row = next(one for one in rows if one["measure"] == "escalation_high")
    assert float(row["minutes_until_seen"]) == pytest.approx(90, abs=0.2)
    # a spreadsheet reads it as text
    assert row["done"] == "'=1+1 was done"
    # what was seen by whom is in the log of the installation, not in this one
    assert mia.name not in str(rows) and mia.email not in str(rows)


def test_the_page_asks_as_often_for_many_workflows(shop: Shop, mia: User, alarm: Alarm) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert browser(mia).get(reverse("oversight:alarms")).status_code == 200
        return len(found)

    few = queries()
    for number in range(4):
        factories.launch_shop(slug=f"shop-{number}", team=shop.team)
    alarms.look(now=timezone.now() + timedelta(minutes=10))
    assert queries() == few


def test_at_once_and_one_by_one_the_same_people_may(
    shop: Shop, mia: User, olga: User, ann: User, alarm: Alarm
) -> None:
    owner = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
    Workflow.objects.filter(pk=shop.workflow.pk).update(owner=owner)
    Threshold.objects.filter(measure="late").update(owner=olga)
    these = list(Threshold.objects.select_related("workflow", "queue"))
    for user in (mia, olga, ann, owner):
        each = {one.pk for one in these if thresholds.may_tend(user, one)}
        assert thresholds.tended_by(user, these) == each
    assert thresholds.tended_by(owner, these) and not thresholds.tended_by(ann, these)


def test_it_leads_here_from_the_page_on_oversight(shop: Shop, mia: User) -> None:
    page = text(browser(mia).get(reverse("oversight:workflow", args=[shop.workflow.slug])))
    assert reverse("oversight:alarms") in page
