"""The matrix in the admin: a form per row, what waits for a second person, and the history."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from governance import matrix
from governance.models import MatrixChange
from handoffs.models import MatrixRow, Workflow
from tests import factories


def browser_of(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def of(shop: factories.Shop, place: str = "") -> str:
    return f"/admin/handoffs/matrixrow/of/{shop.workflow.pk}/{place}"


def row_path() -> str:
    current = MatrixRow.objects.order_by("-pk").first()
    assert current is not None
    return f"/admin/handoffs/matrixrow/{current.pk}/change/"


def sent(browser: Browser, path: str, **changes: Any) -> dict[str, Any]:
    """Return what the form would send, with a reason."""
    page = browser.get(path)
    forms = [page.context["form"], page.context["steps"].management_form, *page.context["steps"]]
    values = {one.html_name: one.value() for form in forms for one in form}
    said = {
        name: value for name, value in values.items() if value is not None and value is not False
    }
    return said | {"why": "It takes too long", "do": "save"} | changes


@pytest.fixture
def second(database: None) -> User:
    return factories.UserFactory(
        email="max@example.com", name="Max", roles=[Role.MANAGER], is_staff=True
    )


def test_a_row_is_changed_with_who_and_why(shop: factories.Shop, mia: User) -> None:
    browser, path = browser_of(mia), row_path()

    response = browser.post(path, sent(browser, path, deadline="30 m"))

    assert response.status_code == 302
    change = MatrixChange.objects.get()
    assert (change.state, change.why, change.decided_by) == ("applied", "It takes too long", mia)
    assert matrix.sentences(change) == ["Deadline: 30 min. Before: 4 h."]
    assert change.made is not None and change.made.steps.count() == 1


def test_a_row_says_that_its_workflow_pauses_when_the_queue_is_full(
    shop: factories.Shop, mia: User
) -> None:
    browser, path = browser_of(mia), row_path()

    browser.post(path, sent(browser, path, at_limit="pause"))

    change = MatrixChange.objects.get()
    assert change.made is not None and change.made.at_limit == "pause"
    assert matrix.sentences(change) == [
        "When its queue is full: the workflow pauses until there is room. "
        "Before: it overflows; where to nothing has room, the agents wait."
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"deadline": "soon"}, "A time such as"),
        ({"deadline": "0m"}, "A time such as"),
        ({"minimum_seconds": "-1"}, "greater than or equal to 0"),
        ({"why": ""}, "This field is required"),
        ({"action_type": "of_another_workflow"}, "Select a valid choice"),
        ({"steps-0-queue": ""}, "Role and queue go together"),
        ({"steps-0-queue": "refunds", "steps-0-role": "refund approvers"}, "goes in a circle"),
        ({"tier": "hard_stop"}, "Nobody has authority over refund_order"),
        ({"do": "end"}, "Nobody has authority over refund_order"),
        ({"at_limit": "pause", "overflow": "refunds-leads"}, "only one of them can be"),
        ({}, "The row says the same already"),
    ],
)
def test_what_does_not_hold_is_refused_and_what_was_typed_stays(
    shop: factories.Shop, mia: User, changes: dict[str, str], reason: str
) -> None:
    browser, path = browser_of(mia), row_path()

    response = browser.post(path, sent(browser, path, **({"urgent": "15m"} | changes)))

    page = response.content.decode()
    assert response.status_code == 422
    assert reason in page
    assert "It takes too long" in page or changes.get("why") == ""
    assert not MatrixChange.objects.exists()


def test_a_row_that_was_changed_meanwhile_is_not_overwritten(
    shop: factories.Shop, mia: User, second: User
) -> None:
    browser, other, path = browser_of(mia), browser_of(second), row_path()
    mine, theirs = sent(browser, path, deadline="1h"), sent(other, path, deadline="2h")
    other.post(path, theirs)

    refused = browser.post(path, mine)

    assert "Someone changed this row after you read it" in refused.content.decode()
    assert 'value="1h"' in refused.content.decode()


def test_two_rows_for_the_same_are_refused(shop: factories.Shop, mia: User) -> None:
    browser = browser_of(mia)
    values = sent(browser, of(shop, "add/"), role="refund approvers", queue="refunds")

    response = browser.post(of(shop, "add/"), values)

    assert "Another row stands for exactly the same" in response.content.decode()


def test_one_more_level_keeps_what_was_typed(shop: factories.Shop, mia: User) -> None:
    browser, path = browser_of(mia), row_path()

    page = browser.post(path, sent(browser, path, do="more", deadline="7h", why="Half a thought"))

    assert page.status_code == 200
    assert 'value="7h"' in page.content.decode()
    assert "Half a thought" in page.content.decode()
    assert not page.context["form"].is_bound


def test_a_change_for_later_says_from_when(shop: factories.Shop, mia: User) -> None:
    browser, path = browser_of(mia), row_path()

    page = browser.post(
        path, sent(browser, path, deadline="1h", effective_at="2099-01-01T08:30"), follow=True
    )

    assert "It holds from 2099-01-01 08:30 UTC on." in page.content.decode()
    assert "Begins 2099-01-01 08:30 UTC" in page.content.decode()


def test_two_people_change_it_together(shop: factories.Shop, mia: User, second: User) -> None:
    Workflow.objects.update(four_eyes=True)
    browser, other, path = browser_of(mia), browser_of(second), row_path()
    browser.post(path, sent(browser, path, deadline="1h"))
    change = matrix.waiting(shop.workflow).get()
    decide = f"/admin/handoffs/matrixrow/changes/{change.pk}/"
    assert "somebody else has to approve" in browser.get(of(shop)).content.decode()

    own = browser.post(decide, {"do": "approve"}, follow=True)
    assert "You proposed this" in own.content.decode()
    done = other.post(decide, {"do": "approve"}, follow=True)

    assert "Kept." in done.content.decode()
    shown = browser.get(of(shop, "history/")).content.decode()
    assert "Deadline: 1 h. Before: 4 h." in shown
    assert "Proposed by Mia" in shown and "Put in force by Max" in shown


def test_who_may_not_change_it_reads_it(shop: factories.Shop, olga: User, ann: User) -> None:
    auditor, path = browser_of(olga), row_path()

    assert auditor.get(of(shop)).status_code == auditor.get(of(shop, "history/")).status_code == 200
    assert auditor.get(path).status_code == auditor.post(path, {}).status_code == 403
    assert "Add a row" not in auditor.get(of(shop)).content.decode()
    assert browser_of(ann).get(of(shop)).status_code in (302, 404)
    assert auditor.get("/admin/handoffs/matrixrow/of/99999/").status_code == 404


def test_hostile_text_stays_text(shop: factories.Shop, mia: User) -> None:
    browser, path = browser_of(mia), row_path()
    browser.post(path, sent(browser, path, deadline="1h", why="<script>alert(1)</script>"))

    shown = browser.get(of(shop, "history/")).content.decode()

    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert(1)" not in shown
    assert timezone.now() >= MatrixChange.objects.get().proposed_at
