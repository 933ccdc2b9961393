"""What told tests show on the page: of many, at tested prevalence, and equal to plain SQL."""

import csv
import io
import json
import random
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from governance.estimates import Share, wilson
from oversight.counted import subjects, summary, tested
from oversight.models import FigureWeek, Programme, Tally
from oversight.pages import every_figure, lines
from oversight.statistics import evidence
from oversight.statistics.evidence import Bet
from tests.factories import Shop
from tests.oversight.figured import have_days

pytestmark = pytest.mark.django_db
WEEK = timedelta(weeks=1)
_PLAIN = """
select coalesce(sum(caught), 0), coalesce(sum(tests), 0) from oversight_tally
where workflow = %s and kind = '' and difficulty = '' and harm = '' and week >= %s and week < %s
"""


def tell(shop: Shop, week: date, caught: int, of: int, **words: str) -> Tally:
    return Tally.objects.create(
        workflow=shop.workflow.slug, week=week, tests=of, caught=caught,
        **{"team": "refunds", **words},
    )  # fmt: skip


def get(mia: User, shop: Shop, form: str = "", part: tuple[str, str] | None = None) -> Any:
    browser = Browser()
    browser.force_login(mia)
    args, view = [shop.workflow.slug], "workflow"
    if part:
        args, view = [*args, *part], "part"
    rows = {"rows": "figures"} if form == "-csv" else {}
    answer = browser.get(reverse(f"oversight:{view}{form}", args=args), {"weeks": "12", **rows})
    assert answer.status_code == 200
    return answer


def page(mia: User, shop: Shop, part: tuple[str, str] | None = None) -> str:
    body: str = get(mia, shop, part=part).getvalue().decode().replace("\xa0", " ")
    return body


def test_figures_equal_plain_sql_over_random_tallies(shop: Shop, mia: User) -> None:
    """Also with other teams, other workflows, breakdowns, and what lies outside of the period."""
    this = have_days(shop.workflow, shop.queue, back=30)
    for seed in range(6):
        Tally.objects.all().delete()
        tell_at_random(shop, this, random.Random(seed))
        assert_equal_to_plain_sql(shop, mia, this)


def tell_at_random(shop: Shop, this: date, chance: random.Random) -> None:
    for back in range(1, 40):
        if chance.random() < 0.6:
            of = chance.randrange(20, 60)
            team = chance.choice(["refunds", "leads"])
            tell(shop, this - back * WEEK, chance.randrange(1, of), of, team=team)
        if chance.random() < 0.3:
            tell(shop, this - back * WEEK, 5, 20, kind="wrong amount", team="refunds")
    Tally.objects.create(workflow="other", week=this - WEEK, tests=50, caught=1)
    tell(shop, this, 1, 50)


def assert_equal_to_plain_sql(shop: Shop, mia: User, this: date) -> None:
    found = json.loads(get(mia, shop, "-json").getvalue())["catch_rate"]
    # what lies before the launch is of demo history: the first week of have_days is its week
    since = max(this - 24 * WEEK, this - 30 * WEEK)
    for name, first, last in (("now", this - 12 * WEEK, this), ("before", since, this - 12 * WEEK)):
        with connection.cursor() as cursor:
            cursor.execute(_PLAIN, [shop.workflow.slug, first, last])
            caught, tests = cursor.fetchone()
        told = found[name]
        if not tests:
            assert told is None
            continue
        assert (told["count"], told["of"]) == (caught, tests)
        assert (told["low"], told["high"]) == pytest.approx(wilson(caught, tests))


def test_the_page_says_what_was_caught_at_which_prevalence(shop: Shop, mia: User) -> None:
    this = have_days(shop.workflow, shop.queue, back=24)
    tell(shop, this - 14 * WEEK, 27, 30)
    tell(shop, this - 3 * WEEK, 20, 40)
    tell(shop, this - 2 * WEEK, 12, 30, team="leads")
    tell(shop, this - 3 * WEEK, 9, 20, kind="wrong amount")
    said = page(mia, shop)
    assert "46 % (32 of 70; 95 %: 35 % to 57 %)" in said and "90 % (27 of 30;" in said
    decisions = sum(
        FigureWeek.objects.filter(scope="workflow", monday__gte=this - 12 * WEEK).values_list(
            "decisions", flat=True
        )
    )
    rate = shares_said(70, 70 + decisions)
    assert f"at tested prevalence: {rate} of reviews were one" in said
    assert "Team: leads" in said and "Fault: wrong amount" in said
    assert '<li data-tone="red"><a href="#working">' in said
    assert "fewer than before (90 %)" in said and "fewer wrong ones are caught" in said


def shares_said(count: int, of: int) -> str:
    return str(Share(count, of)).split(" (")[0].replace("\xa0", " ")


def test_without_any_it_says_so_and_nothing_else_stands_in(shop: Shop, mia: User) -> None:
    this = have_days(shop.workflow, shop.queue, back=24)
    said = page(mia, shop)
    assert "not enough data: no blind tests are run" in said and "Not known" in said
    assert json.loads(get(mia, shop, "-json").getvalue())["catch_rate"] is None
    Programme.objects.create(workflow=shop.workflow, on=True, notice="x", consulted="x",
                             noticed_by=mia, noticed_at="2026-01-01T00:00Z")  # fmt: skip
    assert "not enough data: none were told yet" in page(mia, shop)
    # too few decisions or tests: no d′
    tell(shop, this - WEEK, 15, 29)
    assert "It takes 30 tests and 100 decisions; there are 29" in page(mia, shop)


def test_of_a_team_that_is_told_of_only_with_others_the_page_says_what_all_caught(
    shop: Shop, mia: User
) -> None:
    this = have_days(shop.workflow, shop.queue, back=24)
    Tally.objects.create(workflow="", week=this - WEEK, tests=30, caught=24)
    Tally.objects.create(workflow="other", team="x", week=this - 2 * WEEK, tests=20, caught=16)
    # a breakdown is of tests that are in the whole already
    Tally.objects.create(workflow="", week=this - WEEK, kind="wrong amount", tests=20, caught=1)
    Tally.objects.create(workflow="", week=this - 13 * WEEK, tests=20, caught=19)

    said, found = page(mia, shop), json.loads(get(mia, shop, "-json").getvalue())

    assert "Caught across all teams" in said
    assert "80 % (40 of 50; 95 %:" in said and "95 % (19 of 20;" in said
    assert "Too few blind tests were told of it alone. Across all teams 80 %" in said
    assert found["catch_rate"]["across_all_teams"]["count"] == 40
    assert found["catch_rate"]["now"] is None
    every = [one for one in found["figures"] if one["figure"] == "catch_rate_across_all_teams"]
    assert [(one["count"], one["of"]) for one in every] == [(40, 50)]


def test_where_a_workflow_is_told_of_itself_that_comes_first(shop: Shop, mia: User) -> None:
    this = have_days(shop.workflow, shop.queue, back=24)
    tell(shop, this - WEEK, 30, 40)
    tell(shop, this - WEEK, 18, 20, team="")
    tell(shop, this - WEEK, 5, 20, kind="wrong amount")
    Tally.objects.create(workflow="", week=this - WEEK, tests=40, caught=20)

    said = page(mia, shop)

    assert said.index("80 % (48 of 60") < said.index("Caught across all teams")
    assert "68 % (68 of 100" in said
    assert "Team: refunds" in said and "Team: several together" in said
    browser = Browser()
    browser.force_login(mia)
    everything = browser.get(reverse("oversight:all")).getvalue().decode().replace("\xa0", " ")
    assert "Wrong ones caught, across all teams" in everything and "68 % (68 of 100" in everything


def test_what_was_told_before_the_launch_is_no_figure_of_it(shop: Shop, mia: User) -> None:
    this = have_days(shop.workflow, shop.queue, back=8)
    tell(shop, this - 10 * WEEK, 3, 40)
    assert json.loads(get(mia, shop, "-json").getvalue())["catch_rate"] is None
    tell(shop, this - 2 * WEEK, 36, 40)
    found = json.loads(get(mia, shop, "-json").getvalue())["catch_rate"]
    assert found["now"]["count"] == 36 and found["before"] is None
    assert found["evidence"]["lots"] == 1


def test_of_a_part_it_is_said_that_it_is_of_the_whole(shop: Shop, mia: User) -> None:
    this = have_days(shop.workflow, shop.queue, back=24)
    tell(shop, this - WEEK, 30, 40)
    said = page(mia, shop, ("queue", shop.queue.slug))
    assert "75 % (30 of 40;" in said
    assert "Of the whole workflow. In blind tests, at tested prevalence" in said


def test_d_prime_is_a_bound_as_long_as_nothing_was_audited(shop: Shop, mia: User) -> None:
    this = have_days(shop.workflow, shop.queue, back=24)
    tell(shop, this - WEEK, 30, 40)
    said = page(mia, shop)
    assert "at least 2." in said and "What was overridden counts as right" in said
    weeks = FigureWeek.objects.filter(scope="workflow")
    weeks.update(known={"right|nothing|with": 30, "right|nothing|against": 1})
    said = page(mia, shop)
    assert "Beside actions that an audit found right." in said and "at least 2." not in said
    rows = json.loads(get(mia, shop, "-json").getvalue())["figures"]
    names = {one["figure"] for one in rows}
    assert {"d_prime", "criterion", "d_prime_at_least", "criterion_at_least"} <= names


def test_what_is_proven_is_of_a_year_whichever_weeks_are_looked_at(shop: Shop) -> None:
    year = [Tally(workflow="x", week=date(2026, 1, 5) + number * 2 * WEEK, tests=30, caught=25)
            for number in range(10)]  # fmt: skip
    older = Tally(workflow="x", week=date(2025, 12, 1), tests=300, caught=1)
    lots = tested.Lots(told=(older, *year), everywhere=(), is_on=True)
    found = {
        starts: tested.of(lots, earlier=date(2025, 1, 1), starts=starts, decided=0)
        for starts in (date(2026, 1, 5), date(2026, 5, 4))
    }
    assert len({(one.at_least, one.fallen.now, one.lots) for one in found.values()}) == 1
    one = found[date(2026, 5, 4)]
    assert one.year == 2026 and one.lots == 10
    assert one.at_least == evidence.at_least([(25, 30)] * 10)
    assert one.fallen == evidence.course(Bet(), [(5, 30)] * 10)


def test_it_is_said_in_which_week_a_fall_was_proven() -> None:
    weeks = [date(2026, 1, 5) + number * WEEK for number in range(6)]
    lots = tested.Lots(
        told=tuple(
            Tally(week=week, tests=30, caught=27 if number < 3 else 3)
            for number, week in enumerate(weeks)
        ),
        everywhere=(),
        is_on=True,
    )
    found = tested.of(lots, earlier=weeks[0], starts=weeks[0], decided=0)
    assert found.fallen_in == weeks[found.fallen.proven_by or 0] >= weeks[3]


@pytest.mark.parametrize("teams", [("refunds",), ("leads", "refunds")])
def test_teams_are_told_apart_where_there_are_several(teams: tuple[str, ...]) -> None:
    week = date(2026, 1, 5)
    told = tuple(Tally(week=week, team=team, tests=30, caught=27) for team in teams)
    found = tested.of(
        tested.Lots(told=told, everywhere=(), is_on=True), earlier=week, starts=week, decided=0
    )
    assert [one.word for one in found.groups] == (list(teams) if len(teams) > 1 else [])


def test_every_figure_is_a_row_of_csv_and_of_json(shop: Shop, mia: User) -> None:
    this = have_days(shop.workflow, shop.queue, back=24)
    tell(shop, this - WEEK, 30, 40)
    told = json.loads(get(mia, shop, "-json").getvalue())
    rows = list(csv.DictReader(io.StringIO(get(mia, shop, "-csv").getvalue().decode())))
    assert len(rows) == len(told["figures"]) > 400
    for row, one in zip(rows, told["figures"], strict=True):
        assert row["figure"] == one["figure"] and row["part"] == one["part"]
        assert row["value"] == ("" if one["value"] is None else str(one["value"]))
    scopes = {row["scope"] for row in rows}
    assert scopes == {"workflow", "queue", "tier", "action", "kind"}
    # every share comes with its interval, or says that there is nothing
    for row in rows:
        if row["unit"] == "share" and row["figure"] not in ("caught_at_least_proven",):
            assert (row["value"] and row["low"] and row["high"]) or row["of"] == "0", row
    names = {row["figure"] for row in rows}
    assert {"response_p10", "response_p50", "response_p90", "catch_rate", "rapid_share"} <= names
    by_queue = [row for row in rows if row["scope"] == "queue" and row["figure"] == "response_p50"]
    assert len(by_queue) == 1 and float(by_queue[0]["value"]) == pytest.approx(900, rel=0.06)


def test_nothing_of_people_is_in_a_row_of_what_is_not_told(shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=24, told=False)
    rows = json.loads(get(mia, shop, "-json").getvalue())["figures"]
    of_all = {*every_figure.OF_ALL, "weeks", "weeks_told", "moves_refused"}
    for row in rows:
        if row["unit"] == "count" and row["figure"] not in of_all:
            assert not row["value"], row
        if row["unit"] == "share" and row["figure"].split("_share")[0] not in (
            "in_time", "by_policy", "late", "escalation", "reopened",
        ):  # fmt: skip
            assert not row["of"], row


def test_a_change_is_said_where_it_is_more_than_chance(shop: Shop) -> None:
    have_days(shop.workflow, shop.queue, back=24)
    weeks = FigureWeek.objects.filter(scope="workflow").order_by("-monday")
    assert not changes(shop)
    FigureWeek.objects.filter(pk__in=weeks.values("pk")[:12]).update(overridden=0, edited=0)
    assert changes(shop) == {"overridden": "fell", "edited": "fell", "approved": "rose"}


def changes(shop: Shop) -> dict[str, str]:
    found = summary.of(subjects.of_workflow(shop.workflow), 12, now=timezone.now())
    said = {
        name: lines.change(getattr(found.now, name), getattr(found.before, name))
        for name in every_figure.OF_FIGURES
    }
    return {name: change for name, change in said.items() if change}
