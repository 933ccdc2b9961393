"""Whom a blind test comes to: it stays with them, or is withdrawn and they get the next one."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import now

from accounts.models import Client, User
from accounts.roles import Role
from handoffs.models import AuditEntry, Handoff, Queue
from handoffs.states import HandoffState
from reviews import assigning, claims, plants, queueing, sessions
from reviews.errors import AlreadyClaimed, CapReached
from reviews.models import Claim, Plant, Spared, TestsMet
from tests.factories import Shop
from tests.reviews.planting import SOWN, planted
from tests.reviews.waiting import let_lease_run_out, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def first(shop: Shop, bot: Client, bot_key: str) -> Plant:
    """A test that is due before everything else."""
    found = planted(shop, bot)
    soon = now() + timedelta(minutes=50)
    Handoff.objects.filter(id=found.handoff_id).update(deadline_at=soon)
    return found


def today() -> date:
    return timezone.now().date()


def met(person: User, *, times: int = 1, day: date | None = None, last_claim: int = 0) -> None:
    TestsMet.objects.update_or_create(
        person=person,
        defaults={"day": day or today(), "times": times, "last_claim": last_claim},
    )


def reviewed(shop: Shop, bot: Client, person: User, count: int) -> None:
    """Let this person have decided so many."""
    for _ in range(count):
        one = put(shop, bot)
        claims.pick(one.id, by=person, now=now())
        Claim.objects.filter(handoff=one.id).update(ended_at=now(), ended_because="decided")


def take(person: User) -> str | None:
    claim = claims.take_next(by=person, now=now())
    return None if claim is None else claim.handoff_id


def over(plant: Plant) -> bool:
    """Tell whether it is withdrawn once the clock has looked, seconds later."""
    claims.end_stale(now())
    plant.refresh_from_db()
    withdrawn = HandoffState.WITHDRAWN.value
    assert plant.ended == (Handoff.objects.get(id=plant.handoff_id).state == withdrawn)
    return bool(plant.ended)


def test_whoever_may_meet_one_has_it_like_any_other(first: Plant, ann: User) -> None:
    assert take(ann) == first.handoff_id
    assert not over(first)


def unfit(what: str, first: Plant, shop: Shop, bot: Client, ann: User) -> Plant:
    """Return the test that comes first and is not for ann."""
    match what:
        case "twice today":
            met(ann, times=2, last_claim=0)
            reviewed(shop, bot, ann, 11)
        case "a few reviews ago":
            met(ann, day=today() - timedelta(days=1), last_claim=0)
            reviewed(shop, bot, ann, 9)
        case "would know it":
            plants.withdraw(str(first.handoff_id), now=now())
            known = planted(shop, bot, sown=replace(SOWN, known_to=(ann.pk,)))
            soon = now() + timedelta(minutes=50)
            Handoff.objects.filter(id=known.handoff_id).update(deadline_at=soon)
            return known
    return first


UNFIT = ["twice today", "a few reviews ago", "would know it"]


@pytest.mark.parametrize("what", UNFIT)
def test_whoever_may_not_gets_the_next_one_in_the_same_request(
    first: Plant, shop: Shop, bot: Client, ann: User, what: str
) -> None:
    first = unfit(what, first, shop, bot, ann)
    real = put(shop, bot, due_in=3600)

    assert take(ann) == real.id
    assert over(first)
    assert not Claim.objects.filter(handoff=first.handoff_id).exists()
    assert TestsMet.objects.filter(person=ann, times__gt=2).count() == 0


def test_ten_reviews_later_and_on_another_day_they_may(
    first: Plant, shop: Shop, bot: Client, ann: User
) -> None:
    met(ann, times=2, day=today() - timedelta(days=1), last_claim=0)
    reviewed(shop, bot, ann, 10)

    assert take(ann) == first.handoff_id


def test_what_they_only_let_go_is_no_review(
    first: Plant, shop: Shop, bot: Client, ann: User
) -> None:
    met(ann, day=today() - timedelta(days=1), last_claim=0)
    reviewed(shop, bot, ann, 9)
    real = put(shop, bot, due_in=3600)
    claims.pick(real.id, by=ann, now=now())
    claims.give_back(real.id, by=ann, now=now())
    other = put(shop, bot, due_in=3600)

    assert take(ann) == other.id
    assert over(first)


def test_today_is_by_the_clock_of_the_queue(
    first: Plant, shop: Shop, bot: Client, ann: User
) -> None:
    """East of the date line it is tomorrow already for half of each day, so one zone differs."""
    reviewed(shop, bot, ann, 10)
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        Queue.objects.filter(pk=shop.queue.pk).update(time_zone=zone)
        met(ann, times=2, day=timezone.now().astimezone(ZoneInfo(zone)).date())
        assert len(queueing.attempt(ann, handoff=str(first.handoff_id)).spared) == 1
    Queue.objects.filter(pk=shop.queue.pk).update(time_zone="Pacific/Kiritimati")
    assert queueing.attempt(ann, handoff=str(first.handoff_id)).spared == []


def test_two_tests_in_a_row_are_withdrawn_and_the_real_one_is_given(
    first: Plant, shop: Shop, bot: Client, bot_key: str, ann: User
) -> None:
    others = [planted(shop, bot) for _ in range(8)]
    met(ann, times=2)
    soon = now() + timedelta(minutes=55)
    Handoff.objects.filter(id__in=[one.handoff_id for one in others]).update(deadline_at=soon)
    real = put(shop, bot, due_in=3600)

    assert take(ann) == real.id
    assert all(map(over, [first, *others]))


def test_where_nothing_else_waits_they_get_nothing(first: Plant, ann: User) -> None:
    met(ann, times=2)

    assert take(ann) is None
    assert over(first)


def test_one_that_is_due_later_than_what_they_took_stays(
    first: Plant, shop: Shop, bot: Client, ann: User
) -> None:
    met(ann, times=2)
    real = put(shop, bot, due_in=600)

    assert take(ann) == real.id
    assert not over(first)
    assert not Spared.objects.exists()


def test_passed_over_it_stays_with_whoever_took_it_meanwhile(
    first: Plant, shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    """Out of their hands it would not be gone for real; given back neither."""
    met(ann, times=2)
    put(shop, bot, due_in=3600)
    take(ann)
    assert take(ben) == first.handoff_id
    assert not over(first)

    claims.mark_opened(str(first.handoff_id), by=ben, now=now())
    claims.give_back(str(first.handoff_id), by=ben, now=now())
    assert not over(first)


def test_whoever_could_not_take_it_anyway_passes_none_over(
    first: Plant, shop: Shop, bot: Client, ann: User
) -> None:
    """It is another team's."""
    met(ann, times=2)
    put(shop, bot, due_in=3600)
    Handoff.objects.filter(id=first.handoff_id).update(role=shop.leads)
    assert take(ann) is not None
    assert not over(first)


def test_with_full_hands_they_are_told_so_as_ever(
    first: Plant, shop: Shop, bot: Client, ann: User
) -> None:
    for _ in range(claims.OPEN_CLAIMS):
        claims.pick(put(shop, bot).id, by=ann, now=now())

    with pytest.raises(CapReached):
        claims.pick(str(first.handoff_id), by=ann, now=now())
    assert not over(first)


def test_what_somebody_let_go_the_next_one_meets(
    first: Plant, shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    assert take(ann) == first.handoff_id
    claims.mark_opened(str(first.handoff_id), by=ann, now=now())
    let_lease_run_out(Handoff.objects.get(id=first.handoff_id))
    put(shop, bot, due_in=3600)

    assert take(ben) == first.handoff_id


def test_who_let_it_go_may_have_it_again_as_anything_else(first: Plant, ann: User) -> None:
    """Who picks it again and is refused would have been told that it was one."""
    assert take(ann) == first.handoff_id
    claims.mark_opened(str(first.handoff_id), by=ann, now=now())
    claims.give_back(str(first.handoff_id), by=ann, now=now())
    claims.end_stale(now())

    assert TestsMet.objects.get(person=ann).times == 1
    again = claims.pick(str(first.handoff_id), by=ann, now=now())
    assert again.handoff_id == first.handoff_id
    assert not over(first)


def test_who_let_one_go_meets_no_other_before_ten_reviews(
    first: Plant, shop: Shop, bot: Client, ann: User
) -> None:
    assert take(ann) == first.handoff_id
    claims.mark_opened(str(first.handoff_id), by=ann, now=now())
    claims.give_back(str(first.handoff_id), by=ann, now=now())
    claims.end_stale(now())
    other = planted(shop, bot)

    with pytest.raises(AlreadyClaimed):
        claims.pick(str(other.handoff_id), by=ann, now=now())
    assert over(other)


@pytest.mark.parametrize("what", [*UNFIT, "holds another"])
def test_a_pick_is_refused_as_of_one_that_its_agent_just_took_back(
    first: Plant, shop: Shop, bot: Client, ann: User, desk: Browser, what: str
) -> None:
    first = unfit(what, first, shop, bot, ann)
    if what == "holds another":
        claims.pick(put(shop, bot).id, by=ann, now=now())

    answer = desk.post(reverse("reviews:pick", args=[first.handoff_id]))

    assert answer.status_code == 409
    assert "bot stopped the run" in str(answer.content.decode())
    assert over(first)


def test_a_refused_pick_reads_like_that_of_a_real_one(
    first: Plant, shop: Shop, bot: Client, bot_key: str, ann: User, desk: Browser
) -> None:
    from handoffs import actors, runs
    from tests import walks

    met(ann, times=2)
    real = walks.waiting(shop, bot, bot_key)
    runs.stop(real.run_id, reason="", by=actors.client_actor("bot", "x"), now=now())

    pages = []
    for one in (str(first.handoff_id), real.id):
        answer = desk.post(reverse("reviews:pick", args=[one]))
        text = str(answer.content.decode()).replace(one, "ID")
        pages.append([line for line in text.splitlines() if not _varies(line)])
        headers = dict(answer.headers)
        pages.append([(name, headers[name]) for name in headers if "Security" not in name])
    assert pages[0] == pages[2]
    assert pages[1] == pages[3]


def _varies(line: str) -> bool:
    return any(mark in line for mark in ("csrf", "nonce", "data-now"))


def push(shop: Shop) -> None:
    Queue.objects.filter(pk=shop.queue.pk).update(mode="push")


def at_desk(person: User) -> None:
    assigning.note_here(person, now=now())


def test_assigned_it_stays_with_whoever_may_meet_it(first: Plant, shop: Shop, ann: User) -> None:
    push(shop)
    at_desk(ann)

    assigning.assign(now=now())

    assert Claim.objects.get(handoff=first.handoff_id).reviewer == ann


@pytest.mark.parametrize("what", UNFIT)
def test_assigned_to_whoever_may_not_it_is_withdrawn_and_they_get_the_next(
    first: Plant, shop: Shop, bot: Client, ann: User, what: str
) -> None:
    first = unfit(what, first, shop, bot, ann)
    push(shop)
    at_desk(ann)
    real = put(shop, bot, due_in=3600)

    assigning.assign(now=now())

    assert over(first)
    held = Claim.objects.filter(reviewer=ann, ended_at=None)
    assert held.order_by("number")[0].handoff_id == real.id
    said = AuditEntry.objects.filter(subject=first.handoff_id).values_list("action", flat=True)
    assert not {"handoff.assigned", "handoff.claimed"} & set(said)


def test_assigned_to_an_owner_of_tests_it_is_withdrawn(first: Plant, shop: Shop, ann: User) -> None:
    """The job knows people by their number; what they may read is asked of the database."""
    ann.roles = [Role.REVIEWER, Role.WORKFLOW_OWNER]
    ann.save()
    push(shop)
    at_desk(ann)

    assigning.assign(now=now())

    assert over(first)


def test_in_a_session_of_alike_the_next_one_is_given(
    first: Plant, shop: Shop, bot: Client, ann: User
) -> None:
    met(ann, times=2)
    real = put(shop, bot, due_in=3600)
    sessions.start(shop.queue.slug, by=ann, items=5, now=now())

    claim = sessions.step(by=ann, now=now())

    assert claim is not None and claim.handoff_id == real.id


def test_the_one_who_asks_by_name_is_refused(first: Plant, ann: User) -> None:
    met(ann, times=2)

    with pytest.raises(AlreadyClaimed):
        claims.take_asked(str(first.handoff_id), by=ann, now=now())


# Nothing of it tells


def statements(call: Any) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        call()
    return [one["sql"] for one in seen.captured_queries]


def test_taking_one_asks_the_database_the_same_as_taking_a_real_one(
    first: Plant, shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    met(ann, day=today() - timedelta(days=3), last_claim=0)
    reviewed(shop, bot, ann, 10)
    mine = statements(lambda: take(ann))
    real = put(shop, bot, due_in=600)
    met(ben, day=today() - timedelta(days=3), last_claim=0)
    theirs = statements(lambda: take(ben))

    assert Claim.objects.filter(handoff=real.id, reviewer=ben).exists()
    assert Claim.objects.filter(handoff=first.handoff_id, reviewer=ann).exists()
    assert len(mine) == len(theirs) == 1


def test_to_be_given_the_next_one_instead_asks_the_database_the_same(
    first: Plant, shop: Shop, bot: Client, ann: User
) -> None:
    """To withdraw it there and then would take many times as long as taking, and tell."""
    met(ann, times=2)
    real = put(shop, bot, due_in=3600)
    past_it = statements(lambda: take(ann))
    claims.give_back(real.id, by=ann, now=now())
    assert over(first)
    put(shop, bot, due_in=3600)

    assert past_it == statements(lambda: take(ann))
    assert len(past_it) == 1


def test_nothing_says_whom_it_did_not_come_to(
    first: Plant, shop: Shop, bot: Client, ann: User
) -> None:
    """A claim that is deleted would leave a gap in the numbers of theirs."""
    met(ann, times=2)
    put(shop, bot, due_in=3600)
    take(ann)

    assert Claim.objects.get().number == 1
    assert over(first)
    said = AuditEntry.objects.filter(subject=first.handoff_id).values_list("action", flat=True)
    assert "handoff.claimed" not in said
    claims.end_stale(now())
    assert not Spared.objects.exists()


def test_the_answer_to_taking_is_the_same_when_one_was_withdrawn_for_it(
    first: Plant, shop: Shop, bot: Client, ann: User, desk: Browser
) -> None:
    met(ann, times=2)
    real = put(shop, bot, due_in=3600)
    with_one = desk.post(reverse("reviews:take"))
    claims.give_back(real.id, by=ann, now=now())
    other = put(shop, bot, due_in=3600)
    without = desk.post(reverse("reviews:take"))

    assert over(first)
    assert with_one["Location"].replace(real.id, "ID") == without["Location"].replace(
        other.id, "ID"
    )
    assert (with_one.status_code, with_one.content) == (without.status_code, without.content)
    assert [*with_one.headers] == [*without.headers]


def test_to_give_one_back_asks_the_database_the_same_as_to_give_back_a_real_one(
    first: Plant, shop: Shop, bot: Client, ann: User
) -> None:
    assert take(ann) == first.handoff_id
    mine = statements(lambda: claims.give_back(str(first.handoff_id), by=ann, now=now()))
    real = put(shop, bot)
    claims.pick(real.id, by=ann, now=now())
    theirs = statements(lambda: claims.give_back(real.id, by=ann, now=now()))

    assert len(mine) == len(theirs) == 1


def test_met_is_counted_where_they_let_it_go(first: Plant, ann: User) -> None:
    assert take(ann) == first.handoff_id
    claims.mark_opened(str(first.handoff_id), by=ann, now=now())
    number = Claim.objects.get(handoff=first.handoff_id).number
    claims.give_back(str(first.handoff_id), by=ann, now=now())
    claims.end_stale(now())

    kept = TestsMet.objects.get(person=ann)
    assert (kept.times, kept.day, kept.last_claim) == (1, today(), number - 1)
