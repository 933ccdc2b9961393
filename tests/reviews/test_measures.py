"""Length and time of briefs: counted once, told by the week, and never of a person."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import briefs
from handoffs.models import Brief, Handoff
from reviews import claims, decisions, measures
from reviews.models import BriefMeasure, Claim
from reviews.wording import Choice
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
LONG = " ".join(["word"] * 200)


def now() -> datetime:
    return timezone.now()


def measure() -> int:
    return measures.measure_new(now=now())


def test_every_brief_is_measured_once(shop: Shop, bot: Client) -> None:
    handoff = put(shop, bot)
    put(shop, bot, brief=factories.brief_payload(facts=[{"label": "All", "value": LONG}]))

    assert (measure(), measure()) == (2, 0)
    first = BriefMeasure.objects.get(handoff=handoff)
    assert first.words == briefs.words_to_read(handoff.briefs.get().body)
    assert (first.action_type, first.workflow, first.version) == ("refund_order", shop.workflow, 1)


def test_a_brief_that_committed_late_is_measured_too(shop: Shop, bot: Client) -> None:
    """Briefs are numbered before they commit: a higher number may be seen first."""
    early, late = put(shop, bot), put(shop, bot)
    number = Brief.objects.get(handoff=early)
    Brief.objects.filter(pk=number.pk).delete()
    assert measure() == 1
    number.save(force_insert=True)

    assert measure() == 1
    assert BriefMeasure.objects.count() == 2
    assert late.id != early.id


def test_a_new_version_is_measured_by_itself(shop: Shop, bot: Client) -> None:
    handoff = put(shop, bot)
    handoff.briefs.create(version=2, body={"ask": "Now?"}, digest="sha-256=")

    measure()

    assert list(
        BriefMeasure.objects.filter(handoff=handoff).order_by("version").values_list(
            "version", "words"
        )
    )[1] == (2, 1)  # fmt: skip


def test_weeks_and_parts_say_how_many_are_inside_the_budget(shop: Shop, bot: Client) -> None:
    put(shop, bot)
    put(shop, bot, brief=factories.brief_payload(facts=[{"label": "All", "value": LONG}]))
    measure()
    old = BriefMeasure.objects.order_by("pk").first()
    assert old is not None
    BriefMeasure.objects.create(
        brief_id=10**9, handoff=old.handoff, workflow=shop.workflow, action_type="cancel_order",
        version=1, words=20, written_at=now() - timedelta(weeks=2),
    )  # fmt: skip

    found = measures.weeks(shop.workflow, now())

    assert [(week.briefs, week.inside) for week in found] == [(1, 1), (2, 1)]
    assert all(week.starts.weekday() == 0 for week in found)
    assert [(part.about, part.briefs, part.inside) for part in measures.lengths(
        shop.workflow, now())] == [("refund_order", 2, 1), ("cancel_order", 1, 1)]  # fmt: skip


# --- time to the first action


def reader(shop: Shop, number: int) -> User:
    email = f"reader{number}@example.com"
    return User.objects.filter(email=email).first() or factories.UserFactory(
        email=email, roles=[Role.REVIEWER], groups=[shop.team]
    )


def opened(shop: Shop, bot: Client, user: User, **changes: Any) -> Handoff:
    handoff = put(shop, bot, **changes)
    claims.pick(handoff.id, by=user, now=now())
    claims.mark_opened(handoff.id, by=user, now=now())
    return handoff


def acts(handoff: Handoff, user: User, seconds: float) -> None:
    """Let the first action come so many seconds after the page was opened."""
    mine = Claim.objects.filter(handoff=handoff, reviewer=user)
    mine.update(acted_at=F("opened_at") + timedelta(seconds=seconds))


def told(shop: Shop) -> list[tuple[int, int, float]]:
    """What the owner reads next week, when this one is over."""
    measure()
    found = measures.first_actions(shop.workflow, now() + timedelta(days=7))
    return [(one.version, one.readings, one.median_seconds) for one in found]


def readings(shop: Shop, bot: Client, *seconds: float, people: int) -> None:
    for number, wait in enumerate(seconds):
        user = reader(shop, number % people)
        handoff = opened(shop, bot, user)
        acts(handoff, user, wait)
        claims.give_back(handoff.id, by=user, now=now())


def test_the_first_thing_done_is_noted_by_whatever_was_done(
    shop: Shop, bot: Client, ann: User
) -> None:
    drafted, looked, untouched = (opened(shop, bot, ann) for _ in range(3))
    decisions.save_draft(drafted.id, by=ann, body={"reason": "Too"}, now=now())
    decisions.open_evidence(looked.id, "policy", by=ann, now=now())

    acted = dict(Claim.objects.values_list("handoff_id", "acted_at"))
    assert acted[drafted.id] and acted[looked.id]
    assert acted[untouched.id] is None
    decisions.save_draft(drafted.id, by=ann, body={"reason": "Too late"}, now=now())
    assert Claim.objects.get(handoff=drafted).acted_at == acted[drafted.id]


def test_what_was_done_before_the_page_was_opened_is_no_action_on_it(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot)
    claims.pick(handoff.id, by=ann, now=now())

    decisions.save_draft(handoff.id, by=ann, body={"reason": "Too"}, now=now())

    assert Claim.objects.get(handoff=handoff).acted_at is None


def test_the_median_is_told_where_five_people_read(shop: Shop, bot: Client) -> None:
    readings(shop, bot, 10, 20, 30, 40, 50, people=5)

    assert told(shop) == [(1, 5, 30.0)]


@pytest.mark.parametrize(
    ("people", "seconds"),
    [
        pytest.param(4, [10.0] * 12, id="four people"),
        pytest.param(1, [10.0] * 12, id="one person"),
    ],
)
def test_nothing_is_told_of_a_few_people(
    shop: Shop, bot: Client, people: int, seconds: list[float]
) -> None:
    readings(shop, bot, *seconds, people=people)

    assert told(shop) == []


def test_nothing_is_told_where_one_person_is_most_of_it(shop: Shop, bot: Client) -> None:
    readings(shop, bot, 10, 20, 30, 40, 50, people=5)
    readings(shop, bot, 5, 5, 5, people=1)

    assert told(shop) == []


def test_a_week_that_is_not_over_is_not_told(shop: Shop, bot: Client) -> None:
    readings(shop, bot, 10, 20, 30, 40, 50, people=5)
    measure()

    assert measures.first_actions(shop.workflow, now()) == []


def test_a_page_that_was_only_looked_at_is_no_reading(shop: Shop, bot: Client) -> None:
    readings(shop, bot, 10, 20, 30, 40, 50, people=5)
    opened(shop, bot, reader(shop, 6))

    assert told(shop) == [(1, 5, 30.0)]


def test_deciding_at_once_is_the_first_action(shop: Shop, bot: Client) -> None:
    readings(shop, bot, 10_000, 20_000, 30_000, 40_000, people=4)
    user = reader(shop, 4)
    handoff = opened(shop, bot, user, safeguards={"undo_seconds": 0})
    decisions.decide(handoff.id, by=user, choice=Choice(verb="approve"), now=now())

    assert [(version, count) for version, count, _ in told(shop)] == [(1, 5)]


def test_a_newer_version_is_read_anew(shop: Shop, bot: Client) -> None:
    for number in range(5):
        user = reader(shop, number)
        handoff = put(shop, bot)
        handoff.briefs.create(version=2, body={"ask": "Now?"}, digest="sha-256=")
        claims.pick(handoff.id, by=user, now=now())
        claims.mark_opened(handoff.id, by=user, now=now())
        acts(handoff, user, 7)

    assert told(shop) == [(2, 5, 7.0)]


def test_whoever_comes_back_has_read_it_before(shop: Shop, bot: Client) -> None:
    readings(shop, bot, 10, 20, 30, 40, people=4)
    user = reader(shop, 4)
    handoff = opened(shop, bot, user)
    acts(handoff, user, 50)
    claims.give_back(handoff.id, by=user, now=now())
    claims.pick(handoff.id, by=user, now=now())
    claims.mark_opened(handoff.id, by=user, now=now())
    Claim.objects.filter(handoff=handoff, ended_at=None).update(
        acted_at=F("opened_at") + timedelta(seconds=1)
    )

    assert told(shop) == [(1, 5, 30.0)]


def test_no_figure_carries_a_person(shop: Shop, bot: Client) -> None:
    """By construction: what the measures give has no field for one."""
    names = {field.name for kind in (measures.Week, measures.Length, measures.FirstAction)
             for field in dataclasses.fields(kind)}  # fmt: skip

    assert names == {
        "starts", "briefs", "inside", "about", "version", "readings", "median_seconds"
    }  # fmt: skip
    assert not {field.name for field in BriefMeasure._meta.get_fields()} & {"reviewer", "user"}
