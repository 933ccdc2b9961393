"""What `./run` shows before anything happened: labelled, never mixed in, and gone in good time."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from config import timetable
from demo import history
from handoffs import release
from handoffs.models import HeldAnswer, Workflow
from oversight.counted import beginnings, days, weeks
from oversight.models import Alarm, FigureDay, FigureWeek, ProposalDay, Threshold
from oversight.pages import oversight as pages
from oversight.watch import alarms
from tests import factories
from tests.flows.test_the_main_job import Desk
from tests.oversight.figured import have_days
from tests.people import Agent

pytestmark = pytest.mark.django_db
SHOP = "webshop-support"
# seconds in which a decision can be taken back, where nothing else is said
USUAL_WINDOW = 10
EVERYTHING = ("oversight:all", [])
REFUNDS = ("oversight:part", [SHOP, "queue", "refunds"])
VIEWS = (EVERYTHING, ("oversight:workflow", [SHOP]), REFUNDS,
         ("oversight:part", [SHOP, "action", "refund_order"]))  # fmt: skip
Get = Callable[..., str]


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    call_command("seed_demo", stdout=io.StringIO())
    return tmp_path


@pytest.fixture
def get(folder: Path) -> Get:
    """Read as the demo's manager does."""
    browser = Browser()
    browser.force_login(User.objects.get(email="mia@demo.example"))

    def _get(view: tuple[str, list[str]], form: str = "", **query: Any) -> str:
        answer = browser.get(reverse(view[0] + form, args=view[1]), query)
        assert answer.status_code == 200, answer.status_code
        return answer.getvalue().decode().replace("\xa0", " ")

    return _get


def ask(folder: Path) -> str:
    """Have an agent ask about a cancellation, as the demo's own does; return the handoff."""
    agent = Agent(json.loads((folder / "demo.json").read_text())["api_key"])
    run = agent.post("/runs", factories.run_payload(workflow=SHOP)).json()["id"]
    fact = factories.brief_payload()["facts"][0]
    asked = agent.post(
        "/proposals",
        factories.proposal_payload(
            run,
            action_type="cancel_order",
            arguments={"order_id": "W-1", "reason": "too late"},
            signals={"confidence": 0.4},
            brief=factories.brief_payload(facts=[fact, {**fact, "label": "Status"}]),
        ),
    )
    assert asked.status_code == 201, asked.content
    return str(asked.json()["handoff"]["id"])


def decide(handoff: str) -> None:
    """Approve it at the desk as ann, and let the time in which she could take it back pass."""
    desk = Desk(User.objects.get(email="ann@demo.example"))
    assert desk.take() == handoff
    assert desk.decides(handoff, "approve").status_code == 302
    held = HeldAnswer.objects.filter(handoff_id=handoff)
    held.update(release_at=timezone.now() - timedelta(minutes=5))
    release.release_due(now=timezone.now())


def two_weeks_later() -> date:
    """Let the demo have been started two weeks ago; return the Monday of last week."""
    Workflow.objects.update(launched_at=timezone.now() - timedelta(weeks=2))
    since = beginnings.real_since(None)
    assert since is not None
    FigureDay.objects.filter(day__gte=since).delete()
    FigureWeek.objects.filter(monday__gte=since).delete()
    ProposalDay.objects.filter(day__gte=since).delete()
    return weeks.monday(datetime.now(UTC).date()) - timedelta(weeks=1)


def test_no_alarm_is_raised_on_weeks_that_did_not_happen(folder: Path) -> None:
    assert FigureWeek.objects.filter(told=True).exists()
    alarms.look(now=timezone.now())
    looked = Threshold.objects.filter(workflow__isnull=False, looked_at__isnull=False)
    assert looked.exists() and not looked.exclude(value=None).exists()
    assert not Alarm.objects.filter(threshold__workflow__isnull=False).exists()


@pytest.mark.parametrize("view", VIEWS)
def test_an_owner_sees_weeks_of_it_and_is_told_what_they_are(
    view: tuple[str, list[str]], get: Get
) -> None:
    page = get(view, weeks="12")
    assert "These weeks did not happen." in page and "(demo history)" in page
    # what was counted since the start is real, and has no place under that heading
    assert "Moves that were refused" not in page
    # every drawing and every table says it by itself: a page is copied in pieces
    assert page.count("<strong>Demo history.</strong>") == 1 + page.count("<figure")
    tables = page.count('class="across figures"')
    assert tables >= 6 and page.count("Demo history, with the 95 % interval") == tables
    # every week in every drawing of weeks; beside them what was caught, and how long was looked
    told = page.count('class="whisker"') - 12 * (page.count("<figure") - 2)
    assert 2 <= told <= 8 and page.count('class="bars looked"') == 1
    assert "Wrong ones caught, by the week in which it was told" in page
    found = json.loads(get(view, "-json", weeks="12"))
    assert found["demo_history"] is True
    assert found["now"]["weeks"] == found["now"]["weeks_told"] == found["before"]["weeks"] == 12
    rows = list(csv.DictReader(io.StringIO(get(view, "-csv", weeks="12"))))
    assert {row["demo_history"] for row in rows} == {"yes"} and len(rows) == 12


def test_it_tells_a_story_that_the_figures_show(get: Get) -> None:
    """The agent improves; then fewer are overridden, and more are decided too fast to be read."""
    found = json.loads(get(EVERYTHING, "-json", weeks="12"))
    by_week = [week["shares"]["overridden"]["share"] for week in found["weeks"]]
    assert sum(by_week[-5:]) / 5 < 0.7 * sum(by_week[:5]) / 5
    late = [week["shares"]["late"]["share"] for week in found["weeks"]]
    assert max(late) > 3 * sorted(late)[6]
    assert (
        found["now"]["shares"]["escalation"]["share"]
        < found["before"]["shares"]["escalation"]["share"]
    )
    page = get(EVERYTHING, weeks="4")
    assert "by two kinds of decisions" in page


def test_the_first_real_decision_stands_there_after_one_count(folder: Path, get: Get) -> None:
    """Also if it came before the worker first looked: the log begins where it is read first."""
    before = json.loads(get(EVERYTHING, "-json"))
    decide(ask(folder))
    days.count(now=timezone.now())

    for view in (EVERYTHING, ("oversight:workflow", [SHOP]), REFUNDS):
        found = json.loads(get(view, "-json"))
        today = found["days"][-1]
        assert today.pop("day") == FigureDay.objects.latest("day").day.isoformat()
        assert today == {"demo_history": False, "came": 1, "answered": 1, "late": 0, "open": 0}
        # the weeks behind it are as they were
        assert found["demo_history"] is True
    assert json.loads(get(EVERYTHING, "-json"))["weeks"] == before["weeks"]
    assert "What people decided" not in get(EVERYTHING)
    # a page that is open gets it by itself
    browser = Browser()
    browser.force_login(User.objects.get(email="mia@demo.example"))
    part = browser.get(reverse("oversight:all"), headers={"HX-Request": "true"})
    assert part.getvalue().decode().count("<tr>") == 2
    again = {"HX-Request": "true", "If-None-Match": part["ETag"]}
    assert browser.get(reverse("oversight:all"), headers=again).status_code == 304
    # it is held for a moment, counted, then asked for: all these waits together
    waits = (
        timetable.EVERY["handoffs.release_due"],
        timetable.EVERY["oversight.count_days"],
        pages.EVERY_SECONDS,
    )
    assert USUAL_WINDOW + sum(waits) < 60


def test_counting_leaves_it_as_it_is(folder: Path) -> None:
    def stored() -> list[Any]:
        since = beginnings.real_since(None)
        assert since is not None
        return [
            *FigureDay.objects.filter(day__lt=since).order_by("id").values(),
            *FigureWeek.objects.filter(monday__lt=since).order_by("id").values(),
            *ProposalDay.objects.filter(day__lt=since).order_by("id").values(),
        ]

    before = stored()
    decide(ask(folder))
    days.count(now=timezone.now())
    days.count(now=timezone.now())
    assert stored() == before
    assert FigureDay.objects.count() + FigureWeek.objects.count() > 0


@pytest.mark.parametrize("view", VIEWS[:2])
def test_with_the_first_real_week_it_is_gone_everywhere(
    view: tuple[str, list[str]], folder: Path, get: Get
) -> None:
    workflow = Workflow.objects.get(slug=SHOP)
    # one real handoff came in the week after
    real = two_weeks_later()
    queue = workflow.rows.all()[0].queue
    FigureDay.objects.create(
        workflow=workflow, queue=queue, tier="hard_approval", action_type="cancel_order", day=real,
        came=1, by_people=1, in_time=1, decisions=1, approvals=1,
    )  # fmt: skip
    assert json.loads(get(view, "-json", weeks="12"))["demo_history"] is True
    with transaction.atomic():
        weeks.recount(real)

    page = get(view, weeks="12")
    assert "emo history" not in page and "These weeks did not happen" not in page
    found = json.loads(get(view, "-json", weeks="12"))
    assert found["demo_history"] is False
    assert found["now"]["counts"]["came"] == 1 and found["before"]["weeks"] == 0
    assert [week["week"] for week in found["weeks"]] == [real.isoformat()]
    assert [one["counts"]["came"] for one in found["parts"]] == [1] * len(found["parts"])
    assert found["now"]["shares"]["escalation"] is None
    assert not any(day["demo_history"] for day in found["days"])


def test_what_was_only_proposed_is_real_too(folder: Path, get: Get) -> None:
    real = two_weeks_later()
    ProposalDay.objects.create(
        workflow=Workflow.objects.get(slug=SHOP), action_type="send_voucher", tier="notify",
        day=real, proposed=3,
    )  # fmt: skip
    found = json.loads(get(EVERYTHING, "-json", weeks="12"))
    assert found["demo_history"] is False and found["now"]["counts"]["came"] == 0
    assert found["now"]["shares"]["escalation"]["of"] == 3


def test_it_is_made_once_and_never_where_something_is(folder: Path) -> None:
    def stored() -> list[Any]:
        return list(FigureDay.objects.order_by("id").values_list("id", "came"))

    before = stored()
    assert len(before) > 500
    call_command("seed_demo", stdout=io.StringIO())
    assert stored() == before

    for model in (FigureDay, FigureWeek, ProposalDay):
        model.objects.all().delete()
    ask(folder)
    assert history.simulate() == 0 and not FigureDay.objects.exists()


def test_it_holds_together_as_counted_figures_do(folder: Path) -> None:
    """Whoever adds up finds nothing that could not have been counted."""
    since = beginnings.real_since(None)
    assert since is not None
    last = None
    for day in FigureDay.objects.all():
        last = max(last or day.day, day.day)
        assert day.came == day.by_people + day.by_policy + day.withdrawn + day.open
        assert day.in_time <= day.by_people == day.decisions == sum(day.verbs.values())
        assert day.edited <= day.overridden <= day.approvals and day.changed <= day.judged
        assert all(sum(one.values()) == day.by_people for one in day.times.values())
        assert day.by_policy <= day.late and day.in_time + day.late <= day.came
    assert last is not None and last < since
    for week in FigureWeek.objects.filter(scope="all"):
        days_of_it = FigureDay.objects.filter(
            day__gte=week.monday, day__lt=week.monday + timedelta(days=7)
        )
        assert week.came == sum(one.came for one in days_of_it)
    assert FigureWeek.objects.filter(scope="all").count() == history.WEEKS
    # the rule that keeps people out of figures was applied to the simulated team as to any
    assert FigureWeek.objects.filter(scope="queue", told=True).exists()


def test_of_a_workflow_that_was_really_there_nothing_is_called_demo(
    shop: factories.Shop, mia: User
) -> None:
    have_days(shop.workflow, shop.queue, back=6)
    browser = Browser()
    browser.force_login(mia)
    page = browser.get(reverse("oversight:workflow", args=[shop.workflow.slug]))
    assert "emo history" not in page.getvalue().decode()
