"""A ladder tried on what came before: counted by hand, shown with its interval, for who leads."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client as Browser
from django.utils.timezone import now

from accounts.models import Client, User
from governance import dry_runs, silence_trial
from governance.dry_runs import Proposed
from governance.silence_trial import Ladder, Level, Seen
from handoffs import calendars, ladder
from handoffs.models import Handoff
from tests import walks
from tests.factories import Shop

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
PATH = "/governance/retail-support/ladder/"


def seen(minutes: float, *, answered: bool = True, **more: Any) -> Seen:
    return Seen(MONDAY, MONDAY + timedelta(minutes=minutes), answered, **more)


def counts(*history: Seen, levels: tuple[int, ...] = (60, 30), urgent: int = 15) -> Any:
    of = Ladder(tuple(Level(minutes * 60) for minutes in levels), urgent * 60)
    return silence_trial.run(of, history)


def test_each_answer_meets_what_fell_due_before_it() -> None:
    found = counts(seen(10), seen(50), seen(61), seen(91))

    assert (found.urgent, found.climbed, found.timed_out) == (3, 2, 1)
    assert found.by_level == [2, 1]
    assert str(found.share("climbed")).startswith("50")


@pytest.mark.parametrize(("minutes", "urgent"), [(45, 0), (45.01, 1)])
def test_an_answer_at_the_very_moment_is_in_time(minutes: float, urgent: int) -> None:
    assert counts(seen(minutes)).urgent == urgent


def test_what_nobody_answered_is_known_up_to_its_end_only() -> None:
    """It was urgent; whether it had climbed later, nobody knows."""
    found = counts(seen(50, answered=False), seen(50))

    assert (found.urgent, found.known_urgent, found.unanswered) == (2, 2, 1)
    assert (found.climbed, found.known_climbed, found.unknown("climbed")) == (0, 1, 1)
    assert found.by_level == [1, 0]


def test_one_level_never_climbs_and_that_is_known() -> None:
    found = counts(seen(5, answered=False), levels=(60,))

    assert (found.climbed, found.known_climbed) == (0, 1)


def test_it_counts_in_opening_hours_and_not_while_the_agent_is_asked() -> None:
    hours = calendars.read("UTC", {"monday": ["09:00-10:00"], "tuesday": ["09:00-17:00"]}, {})
    of = Ladder((Level(5400, hours),), 0)
    overnight = Seen(MONDAY, MONDAY + timedelta(days=1, minutes=29), answered=True)
    late = Seen(MONDAY, MONDAY + timedelta(days=1, minutes=31), answered=True)
    paused = Seen(
        MONDAY,
        MONDAY + timedelta(days=1, minutes=31),
        answered=True,
        pauses=[(MONDAY + timedelta(minutes=10), MONDAY + timedelta(minutes=20))],
    )

    assert [silence_trial.run(of, [one]).timed_out for one in (overnight, late, paused)] == [
        0,
        1,
        0,
    ]


@pytest.fixture
def month(shop: Shop, bot: Client, bot_key: str) -> list[Handoff]:
    """Three of last week: one answered after an hour, one urgent and climbed, one still open."""
    found = [walks.waiting(shop, bot, bot_key) for _ in range(3)]
    Handoff.objects.update(opened_at=now() - timedelta(hours=1))
    walks.say(found[0])
    walks.overdue(found[1])
    ladder.fire_overdue()
    return found


@pytest.mark.django_db
def test_the_month_as_it_was_beside_what_would_have_been(shop: Shop, month: Any) -> None:
    row = dry_runs.rows(shop.workflow, now=now())[0]

    found = dry_runs.run(row, Proposed((1800, 3600), 600, business_time=False), now=now())

    assert found.questions == 3
    assert (found.happened.urgent, found.happened.climbed, found.happened.timed_out) == (0, 1, 0)
    assert (found.standing.urgent, found.standing.climbed) == (0, 0)
    assert (found.proposed.urgent, found.proposed.climbed, found.proposed.timed_out) == (3, 3, 0)
    assert found.proposed.by_level == [0, 1]


@pytest.mark.django_db
def test_what_another_row_decides_is_not_tried(shop: Shop, month: Any) -> None:
    row = dry_runs.rows(shop.workflow, now=now())[0]
    row.action_type = shop.cancel_order
    row.save()

    found = dry_runs.run(row, dry_runs.as_it_stands(row), now=now())

    assert found.questions == 0


def read(user: User, **typed: str) -> Any:
    browser = Browser()
    browser.force_login(user)
    return browser.get(PATH, typed)


@pytest.mark.django_db
def test_whoever_leads_it_reads_a_sentence_with_its_interval(
    shop: Shop, month: Any, mia: User
) -> None:
    first = read(mia).content.decode()
    assert 'value="4h, 4h"' in first
    assert "What would have come of it" not in first

    tried = read(mia, levels="30m, 1h", urgent="10m").content.decode()

    assert "Of 3 questions with this ladder" in tried
    assert "(3 of 3; 95 %:" in tried
    assert "no person answered" in tried


@pytest.mark.django_db
@pytest.mark.parametrize("levels", ["", "soon", "0s", "1h," * 7, "9999999d"])
def test_what_is_no_ladder_is_refused_with_words(shop: Shop, mia: User, levels: str) -> None:
    refused = read(mia, levels=levels)

    assert refused.status_code == 422
    assert "Nothing was tried." in refused.content.decode()


@pytest.mark.django_db
def test_nobody_else_tries_it(shop: Shop, ann: User) -> None:
    assert read(ann).status_code == 403
    assert Browser().get(PATH).status_code == 302


@pytest.mark.django_db
def test_the_same_at_the_command_line(shop: Shop, month: Any) -> None:
    out = io.StringIO()

    call_command("dry_run_ladder", "retail-support", levels="30m,1h", urgent="10m", stdout=out)

    assert "Of 3 questions with this ladder" in out.getvalue()
    assert "Went a level up: did 1" in out.getvalue()
