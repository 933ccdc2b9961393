"""One queue, action type or tier of a workflow by itself: whose it is, and what is told of it."""

import json
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from oversight.models import FigureDay, FigureWeek
from tests import factories
from tests.factories import Shop
from tests.oversight.figured import have_days

pytestmark = pytest.mark.django_db


def get(user: User, shop: Shop, scope: str, part: str, form: str = "") -> Any:
    browser = Browser()
    browser.force_login(user)
    address = reverse(f"oversight:part{form}", args=[shop.workflow.slug, scope, part])
    return browser.get(address, {"weeks": "4"})


def told(user: User, shop: Shop, scope: str, part: str) -> Any:
    answer = get(user, shop, scope, part, "-json")
    assert answer.status_code == 200
    return json.loads(answer.getvalue())


def test_a_part_says_what_was_counted_of_it(shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=8)
    whole = FigureDay.objects.filter(workflow=shop.workflow)
    for scope, part, days in (
        ("queue", shop.queue.slug, whole),
        ("tier", "hard_approval", whole),
        ("action", "refund_order", whole.filter(action_type="refund_order")),
    ):
        found = told(mia, shop, scope, part)
        for name in ("now", "before"):
            assert found[name]["weeks"] == found[name]["weeks_told"] == 4
        came = sum(days.values_list("came", flat=True))
        assert found["now"]["counts"]["came"] + found["before"]["counts"]["came"] == came
        over = sum(days.values_list("overridden", flat=True))
        both = [found[name]["people"]["overridden"] for name in ("now", "before")]
        assert sum(both) == over
        assert (
            sum(week["counts"]["came"] for week in found["weeks"])
            == (found["now"]["counts"]["came"])
        )
        assert found["part"]["key"] == part and found["parts"] == []


def test_what_was_proposed_is_known_of_an_action_type_only(shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=4)
    action = told(mia, shop, "action", "cancel_order")["now"]["shares"]["escalation"]
    whole = get(mia, shop, "action", "cancel_order").context["page"]
    assert action["share"] == pytest.approx(0.1) and whole.escalation is not None
    for scope, part in (("queue", shop.queue.slug), ("tier", "hard_approval")):
        assert told(mia, shop, scope, part)["now"]["shares"]["escalation"] is None
        page = get(mia, shop, scope, part)
        assert page.context["page"].escalation is None
        assert "Asked a person, of all proposed" not in page.getvalue().decode()


def test_from_the_workflow_one_comes_to_each_and_back(shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=4)
    browser = Browser()
    browser.force_login(mia)
    whole = reverse("oversight:workflow", args=[shop.workflow.slug])
    page = browser.get(whole, {"weeks": "4"}).context["page"]
    seen = [row.url for table in page.tables for row in table.rows]
    assert len(seen) == 5
    for url in seen:
        part = browser.get(url)
        assert part.status_code == 200
        # the period stays as it was chosen
        assert part.context["page"].whole.url == f"{whole}?weeks=4"
        assert [one.name for one in part.context["page"].periods if one.current] == ["4 weeks"]


def test_whose_workflow_it_is_not_finds_none_of_its_parts(shop: Shop, mia: User, ann: User) -> None:
    have_days(shop.workflow, shop.queue, back=4)
    owner = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
    stranger = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
    type(shop.workflow).objects.filter(pk=shop.workflow.pk).update(owner=owner)
    parts = (("queue", shop.queue.slug), ("action", "refund_order"), ("tier", "hard_approval"))
    for scope, part in parts:
        for form in ("", "-csv", "-json"):
            found = [
                get(user, shop, scope, part, form).status_code
                for user in (mia, owner, stranger, ann)
            ]
            assert found == [200, 200, 404, 403], (scope, form)


def test_what_is_no_part_of_it_is_not_found(shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=4)
    elsewhere = factories.launch_shop(slug="other")
    for scope, part in (
        ("queue", elsewhere.queue.slug), ("queue", "nowhere"), ("action", "pay_invoice"),
        ("tier", "soft_review"), ("person", "ann"), ("all", "x"), ("workflow", "x"),
    ):  # fmt: skip
        assert get(mia, shop, scope, part).status_code == 404, (scope, part)


def test_of_a_part_that_would_tell_of_people_it_says_only_how_the_queue_does(
    shop: Shop, mia: User
) -> None:
    have_days(shop.workflow, shop.queue, back=4)
    FigureWeek.objects.filter(scope="action", key="refund_order").update(told=False)
    found = told(mia, shop, "action", "refund_order")
    for one in [found["now"], *found["weeks"]]:
        assert not any(one["people"].values()) and not one["verbs"] and not one["times"]
        assert one["shares"]["overridden"] is None and one["shares"]["in_time"]["of"] > 0
    page = get(mia, shop, "action", "refund_order").getvalue().decode().replace("\xa0", " ")
    assert "What people decided is told of 0 of 4 weeks" in page
    assert told(mia, shop, "action", "cancel_order")["now"]["shares"]["overridden"] is not None


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a/b.csv", "ü ‮x", "?weeks=52#x"])
def test_an_action_type_of_any_name_has_a_page(shop: Shop, mia: User, name: str) -> None:
    have_days(shop.workflow, shop.queue, back=4, actions=(name,))
    answer = get(mia, shop, "action", name)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.getvalue().decode()
    assert told(mia, shop, "action", name)["part"]["key"] == name
    sent = get(mia, shop, "action", name, "-csv")["Content-Disposition"]
    assert sent.isascii() and sent.count('"') == 2


def test_what_moves_is_asked_for_again_by_itself(shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=4)
    browser = Browser()
    browser.force_login(mia)
    for view, args in (
        ("all", []), ("workflow", [shop.workflow.slug]),
        ("part", [shop.workflow.slug, "action", "refund_order"]),
    ):  # fmt: skip
        address = reverse(f"oversight:{view}", args=args)
        whole = browser.get(address)
        assert "HX-Request" in whole["Vary"]
        first = browser.get(address, headers={"HX-Request": "true"})
        body = first.getvalue().decode()
        assert body.strip().startswith('<div id="last-days"') and "<html" not in body
        assert body.strip() in whole.getvalue().decode()
        again = {"HX-Request": "true", "If-None-Match": first["ETag"]}
        assert browser.get(address, headers=again).status_code == 304
        FigureDay.objects.filter(action_type="refund_order").update(late=7)
        assert browser.get(address, headers=again).status_code == 200
        FigureDay.objects.filter(action_type="refund_order").update(late=2)
