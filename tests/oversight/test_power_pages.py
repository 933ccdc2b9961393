"""The page about the power of tests: who reads it, what it says, the same as CSV and JSON."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from tests import factories

pytestmark = pytest.mark.django_db
PAGE, AS_CSV, AS_JSON = (reverse(f"oversight:power{form}") for form in ("", "-csv", "-json"))
# so many people that no limit is reached
MANY: dict[str, Any] = {"people": 100}


def get(user: User, address: str, headers: dict[str, str] | None = None, **query: Any) -> str:
    browser = Browser()
    browser.force_login(user)
    answer = browser.get(address, query, headers=headers)
    assert answer.status_code == 200, answer.status_code
    return answer.getvalue().decode().replace("\xa0", " ")


def test_owners_and_auditors_read_it(mia: User, ann: User, olga: User) -> None:
    auditor = factories.UserFactory(roles=[Role.AUDITOR])
    owner = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
    for address in (PAGE, AS_CSV, AS_JSON):
        for user, status in ((mia, 200), (auditor, 200), (owner, 200), (ann, 403)):
            browser = Browser()
            browser.force_login(user)
            assert browser.get(address).status_code == status
    assert Browser().get(PAGE).status_code == 302


def test_it_says_the_sentence(mia: User) -> None:
    page = get(mia, PAGE)
    assert (
        "A fall of the catch rate from 90 % to 50 % would be noticed in 6.7 working days, "
        "nine times in ten by 10.8." in page
    )
    assert "nine times in ten it is noticed by 12.2 working days" in page
    assert page.count('class="whisker"') == 9 and page.count("data-current") >= 3


def test_what_is_typed_is_reckoned_with_and_downloaded(mia: User) -> None:
    typed = {"reviews": "200", "rate": "5", "after": "70", **MANY}
    page = get(mia, PAGE, **typed)
    assert "from 90 % to 70 % would be noticed in 3.1 working days" in page
    assert "power.csv?reviews=200&amp;rate=5" in page
    found = json.loads(get(mia, AS_JSON, **typed))
    assert found["this_fall"]["mean_days"] == pytest.approx(3.1, abs=0.06)
    assert found["this_fall"]["threshold"] == pytest.approx(5.19, abs=0.02)
    assert found["tests_a_person_and_week"] == pytest.approx(0.5)


def test_only_what_changes_comes_back_while_a_slider_moves(mia: User) -> None:
    page = get(mia, PAGE, headers={"HX-Request": "true"}, after="70")
    assert page.lstrip().startswith('<div id="power-figures">') and "<html" not in page
    # the sentence stands above the sliders, and is put there
    assert page.count('id="power-verdict" role="status" hx-swap-oob="innerHTML">A fall') == 1
    assert "hx-swap-oob" not in get(mia, PAGE)


def test_a_small_team_is_told_that_it_cannot_have_both(mia: User) -> None:
    page = get(mia, PAGE, reviews="20", rate="1", **MANY)
    assert "noticed in 22.7 working days" in page
    assert "a small team has either few tests or early notice" in page


def test_people_come_before_the_rate(mia: User) -> None:
    page = get(mia, PAGE, rate="10", bearable="1")
    assert "So 2 % of reviews are tests here, not 10 %." in page
    found = json.loads(get(mia, AS_JSON, rate="10", bearable="1"))
    assert found["rate"] == {"wanted": 0.1, "used": 0.02, "limited_by": "bearable"}


@pytest.mark.parametrize(
    "typed",
    [
        {"reviews": "many"}, {"rate": "40"}, {"after": "95"}, {"people": "0"},
        {"false_alarms": "1e999"}, {"minutes": "nan"}, {"before": ""}, {"bearable": "-1"},
        {"before": "30", "after": "90"}, {"reviews": "<script>alert(1)</script>"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_and_not_reckoned_with(
    mia: User, typed: dict[str, str]
) -> None:
    page = get(mia, PAGE, **typed)
    assert "field-error" in page and "would be noticed in" in page
    assert "<script>alert" not in page
    json.loads(get(mia, AS_JSON, **typed), parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "typed",
    [
        {"reviews": "1", "rate": "0.1", "false_alarms": "12"},
        {"reviews": "100000", "people": "10000", "rate": "10", "false_alarms": "0.1"},
        {"before": "99", "after": "98"},
    ],
)
def test_the_ends_of_what_can_be_typed_are_no_error(mia: User, typed: dict[str, str]) -> None:
    assert "field-error" not in get(mia, PAGE, **typed)
    json.loads(get(mia, AS_JSON, **typed), parse_constant=pytest.fail)


def test_the_falls_as_csv(mia: User) -> None:
    rows = list(csv.DictReader(io.StringIO(get(mia, AS_CSV))))
    assert [row["caught_after"] for row in rows][:2] == ["0.8", "0.7"]
    half = next(row for row in rows if row["caught_after"] == "0.5")
    assert float(half["mean_days"]) == pytest.approx(6.7, abs=0.05)
    assert float(half["nine_in_ten_days"]) == pytest.approx(10.8, abs=0.05)
