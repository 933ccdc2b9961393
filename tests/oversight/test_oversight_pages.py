"""The page about oversight: who reads what, what is held back, what it asks of the database."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from oversight.models import FigureDay, FigureWeek
from tests import factories
from tests.factories import Shop
from tests.oversight.figured import have_days

pytestmark = pytest.mark.django_db


def get(user: User, address: str, **query: Any) -> tuple[int, str]:
    browser = Browser()
    browser.force_login(user)
    answer = browser.get(address, query)
    return answer.status_code, answer.getvalue().decode().replace("\xa0", " ")


def of(shop: Shop, form: str = "") -> str:
    return reverse(f"oversight:workflow{form}", args=[shop.workflow.slug])


def test_each_reads_what_they_answer_for(shop: Shop, mia: User, ann: User) -> None:
    auditor = factories.UserFactory(roles=[Role.AUDITOR])
    owner = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
    other = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
    type(shop.workflow).objects.filter(pk=shop.workflow.pk).update(owner=owner)
    for form in ("", "-csv", "-json"):
        found = [get(user, of(shop, form))[0] for user in (mia, auditor, owner, other, ann)]
        assert found == [200, 200, 200, 404, 403], form
        everything = reverse(f"oversight:all{form}")
        found = [get(user, everything)[0] for user in (mia, auditor, other, ann)]
        assert found == [200, 200, 403, 403], form
    # an owner comes to their own
    assert get(owner, reverse("oversight:all"))[0] == 302


def test_it_answers_three_questions_with_intervals(shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=8)
    _, page = get(mia, of(shop), weeks="4")

    for question in ("Is oversight working?", "Is the queue healthy?", "Is the agent improving?"):
        assert question in page
    # refunds: a tenth of about 42 a day; cancellations: none
    assert "5.0 % (112 of 2,240; 95 %: 4.2 % to 6.0 %)" in page
    assert "not enough data: no blind tests are run" in page
    assert "A rate of 10 % is inside the usual 2 to 15 %" in page
    assert page.count('class="whisker"') == 12
    # cancellations were never corrected: what is still missing is said
    assert "Only whether wrong ones would be seen" in page
    assert "held back" not in page and "tells" not in page


def test_a_year_can_be_looked_back_and_the_period_before_stands_beside(
    shop: Shop, mia: User
) -> None:
    this = have_days(shop.workflow, shop.queue, back=9)
    found = json.loads(get(mia, of(shop, "-json"), weeks="4")[1])
    assert found["from"] == (this - timedelta(weeks=4)).isoformat()
    assert found["to"] == (this - timedelta(days=1)).isoformat()
    assert found["now"]["weeks"] == found["before"]["weeks"] == 4
    assert len(found["weeks"]) == 4
    year = json.loads(get(mia, of(shop, "-json"), weeks="52")[1])
    assert year["now"]["weeks"] == 9 and year["before"]["weeks"] == 0
    came = sum(FigureDay.objects.values_list("came", flat=True))
    assert year["now"]["counts"]["came"] == came
    for scope in ("queue", "tier", "action"):
        parts = [one for one in year["parts"] if one["scope"] == scope]
        assert sum(one["counts"]["came"] for one in parts) == came
    assert year["now"]["times"]["response"]["p50"] == pytest.approx(900, rel=0.05)
    # nonsense is the usual period
    assert json.loads(get(mia, of(shop, "-json"), weeks="-1")[1])["from"] == (
        this - timedelta(weeks=12)
    ).isoformat()  # fmt: skip


def test_what_would_be_about_a_person_is_held_back_everywhere(shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=4, told=False)
    _, page = get(mia, of(shop), weeks="4")
    assert "What people decided is told of 0 of 4 weeks" in page
    assert "112 of 2,240" not in page
    body = json.loads(get(mia, of(shop, "-json"), weeks="4")[1])
    for one in [body["now"], *body["weeks"], *body["parts"]]:
        assert not any(one["people"].values()) and not one["verbs"] and not one["times"]
        shares = one["shares"]
        assert shares["overridden"] is shares["edited"] is shares["changed"] is None
        # the queue's health is no figure about a person
        assert shares["in_time"]["of"] > 0
    rows = list(csv.DictReader(io.StringIO(get(mia, of(shop, "-csv"), weeks="4")[1])))
    assert {row["overridden"] for row in rows} == {""} and len(rows) == 4


def test_of_few_it_says_that_it_is_not_enough(shop: Shop, mia: User) -> None:
    assert "not enough data" in get(mia, of(shop))[1]
    assert "Nothing came in the last ten days." in get(mia, of(shop))[1]


def test_today_is_there_at_once_and_says_nothing_of_who_decided(shop: Shop, mia: User) -> None:
    FigureDay.objects.create(
        workflow=shop.workflow, queue=shop.queue, action_type="refund_order",
        day=timezone.now().date(), came=3, by_people=1, decisions=1, approvals=1, overridden=1,
        open=2, verbs={"reject": 1},
    )  # fmt: skip
    body = json.loads(get(mia, of(shop, "-json"))[1])
    today = timezone.now().date().isoformat()
    assert body["days"] == [
        {"day": today, "demo_history": False, "came": 3, "answered": 1, "late": 0, "open": 2}
    ]
    assert body["now"]["weeks"] == 0 and "reject" not in json.dumps(body)


def test_a_hostile_name_stays_text(shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=4, actions=("<script>alert(1)</script>",))
    assert "<script>alert" not in get(mia, of(shop))[1]


def test_a_year_asks_as_often_as_a_month(shop: Shop, mia: User) -> None:
    def queries(**query: Any) -> int:
        browser = Browser()
        browser.force_login(mia)
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert browser.get(of(shop), query).status_code == 200
        tables = " ".join(one["sql"] for one in found.captured_queries)
        # rollups only: not one handoff, proposal, transition or decision is looked at
        for table in ("handoffs_handoff\"", "handoffs_proposal\"", "handoffs_transition\"",
                      "reviews_decision\"", "reviews_claim\""):  # fmt: skip
            assert f'from "{table}' not in tables.lower()
        return len(found)

    have_days(shop.workflow, shop.queue, back=2)
    few = queries(weeks="4")
    FigureDay.objects.all().delete()
    FigureWeek.objects.all().delete()
    have_days(
        shop.workflow, factories.QueueFactory(), back=12, actions=tuple(f"a{n}" for n in range(9))
    )
    assert queries(weeks="52") == few <= 20
