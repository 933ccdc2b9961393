"""Two at once, in both orders, on real connections: one wins, the other is told, nobody hangs."""

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest
from django.db import transaction
from django.utils.timezone import now

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import actors, answers
from handoffs.errors import IllegalTransition
from handoffs.models import Answer, Handoff
from reviews import claims, decisions, queueing, seats
from reviews.decisions import Choice
from reviews.errors import AlreadyClaimed, ClaimLost
from reviews.models import Claim, Decision, Draft
from tests import factories
from tests.factories import Shop
from tests.reviews.racing import Racer, all_at_once
from tests.reviews.waiting import let_lease_run_out, put

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]
AGENT = actors.client_actor("bot", "ovr_1234")
A_MOMENT = 5.0  # thirty threads on a busy machine; alone it is a few milliseconds


def take(person: User) -> Claim | None:
    return claims.take_next(by=person, now=now())


def approve(handoff: Handoff, person: User) -> Decision:
    return decisions.decide(handoff.id, by=person, choice=Choice(verb="approve"), now=now())


def reviewers(shop: Shop, count: int) -> list[User]:
    return [factories.UserFactory(roles=[Role.REVIEWER], groups=[shop.team]) for _ in range(count)]


def hold(handoff: Handoff, person: User) -> Handoff:
    claims.pick(handoff.id, by=person, now=now())
    return handoff


@pytest.mark.parametrize("count", [2, 30])
def test_many_reviewers_and_one_handoff_make_one_lease_and_no_error(
    shop: Shop, bot: Client, count: int
) -> None:
    handoff = put(shop, bot)
    people = reviewers(shop, count)

    racers = all_at_once([lambda person=person: take(person) for person in people])

    results = [racer.result for racer in racers]
    assert [r for r in results if isinstance(r, Exception)] == []
    assert [r.handoff_id for r in results if r is not None] == [handoff.id]
    assert Claim.objects.count() == 1
    assert max(racer.seconds for racer in racers) < A_MOMENT


def test_thirty_reviewers_and_thirty_handoffs_get_one_each(shop: Shop, bot: Client) -> None:
    for place in range(30):
        put(shop, bot, due_in=60 + place)
    people = reviewers(shop, 30)

    racers = all_at_once([lambda person=person: take(person) for person in people])

    results = [racer.result for racer in racers]
    assert [r for r in results if isinstance(r, Exception)] == []
    assert len({r.handoff_id for r in results if r is not None}) == 30
    assert max(racer.seconds for racer in racers) < A_MOMENT


def test_many_picking_the_same_one_make_one_lease(shop: Shop, bot: Client) -> None:
    handoff = put(shop, bot)
    people = reviewers(shop, 8)

    racers = all_at_once(
        [lambda person=person: claims.pick(handoff.id, by=person, now=now()) for person in people]
    )

    results = [racer.result for racer in racers]
    assert sum(isinstance(r, Claim) for r in results) == 1
    assert sum(isinstance(r, AlreadyClaimed) for r in results) == 7


def test_a_double_click_takes_one_handoff(shop: Shop, bot: Client, ann: User) -> None:
    put(shop, bot)
    put(shop, bot)

    with transaction.atomic():
        first = take(ann)
        racer = Racer(lambda: take(ann))
        racer.wait_until_blocked()

    assert first is not None
    assert racer.done().id == first.id
    assert Claim.objects.count() == 1


def test_taking_never_waits_for_a_decision_in_progress(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = hold(put(shop, bot), ann)

    with transaction.atomic():
        approve(handoff, ann)
        racer = Racer(lambda: take(ben))
        assert racer.done() is None

    assert Answer.objects.get().verb == "approve"


def test_a_lease_that_runs_out_while_its_decision_commits_goes_to_nobody_else(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = hold(put(shop, bot), ann)

    with transaction.atomic():
        approve(handoff, ann)
        let_lease_run_out(handoff)
        racer = Racer(lambda: take(ben))
        assert racer.done() is None

    assert Decision.objects.get().reviewer == ann
    assert Claim.objects.count() == 1


def test_a_handoff_taken_over_after_its_lease_ran_out_is_decided_by_the_second(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = hold(put(shop, bot), ann)
    let_lease_run_out(handoff)
    with transaction.atomic():
        hold(handoff, ben)
        racer = Racer(lambda: approve(handoff, ann))
        racer.wait_until_blocked()

    assert isinstance(racer.done(), ClaimLost)
    assert Draft.objects.get(reviewer=ann).body == {"verb": "approve"}
    approve(handoff, ben)
    assert Decision.objects.get().reviewer == ben


def test_the_sweep_and_a_decision_in_progress_do_not_wait_for_each_other(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)

    with transaction.atomic():
        approve(handoff, ann)
        racer = Racer(lambda: claims.end_stale(now()))
        assert racer.done() == 0

    assert Claim.objects.get().ended_because == "decided"


def test_a_decision_that_meets_the_sweep_of_its_lease_is_told(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)
    let_lease_run_out(handoff)

    with transaction.atomic():
        assert claims.end_stale(now()) == 1
        racer = Racer(lambda: approve(handoff, ann))
        assert isinstance(racer.done(), ClaimLost)

    assert not Answer.objects.exists()


def test_a_decision_after_an_uncommitted_withdrawal_is_told_and_binds_nothing(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)

    with transaction.atomic():
        answers.withdraw(handoff.id, reason="done by phone", by=AGENT, now=now())
        racer = Racer(lambda: approve(handoff, ann))
        racer.wait_until_blocked()

    assert "withdrew this question" in str(racer.done())
    assert not Answer.objects.exists() and not Decision.objects.exists()
    assert Claim.objects.get().ended_at is None


def test_a_withdrawal_after_an_uncommitted_decision_is_refused(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)

    with transaction.atomic():
        approve(handoff, ann)
        racer = Racer(lambda: answers.withdraw(handoff.id, reason="x", by=AGENT, now=now()))
        racer.wait_until_blocked()

    assert isinstance(racer.done(), IllegalTransition)
    assert Answer.objects.get().verb == "approve"


def test_a_decision_after_an_uncommitted_climb_is_told_and_keeps_the_text(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)

    with transaction.atomic():
        answers.escalate(handoff.id, round=1, reason="late", by=actors.POLICY, now=now())
        racer = Racer(lambda: approve(handoff, ann))
        racer.wait_until_blocked()

    assert isinstance(racer.done(), ClaimLost)
    handoff.refresh_from_db()
    assert (handoff.state, handoff.level) == ("waiting", 2)
    assert Draft.objects.get().body == {"verb": "approve"}


def test_a_climb_after_an_uncommitted_decision_is_refused(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)

    with transaction.atomic():
        approve(handoff, ann)
        racer = Racer(
            lambda: answers.escalate(
                handoff.id, round=1, reason="late", by=actors.POLICY, now=now()
            )
        )
        racer.wait_until_blocked()

    assert getattr(racer.done(), "code", None) == "handoff_moved"
    handoff.refresh_from_db()
    assert (handoff.state, handoff.level) == ("answered", 1)


def test_two_tabs_deciding_at_once_bind_one_answer(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot), ann)

    racers = all_at_once([lambda: approve(handoff, ann)] * 4)

    results = [racer.result for racer in racers]
    assert sum(isinstance(r, Decision) for r in results) == 1
    assert sum(isinstance(r, ClaimLost) for r in results) == 3
    assert Answer.objects.count() == 1


def test_taking_deciding_and_sweeping_all_at_once_ends_with_one_decision_each(
    shop: Shop, bot: Client
) -> None:
    for place in range(12):
        put(shop, bot, due_in=60 + place)
    people = reviewers(shop, 6)

    def work(person: User) -> int:
        done = 0
        while (claim := take(person)) is not None:
            decisions.decide(claim.handoff_id, by=person, choice=Choice(verb="approve"), now=now())
            done += 1
        return done

    calls = [lambda person=person: work(person) for person in people]
    racers = all_at_once([*calls, *[lambda: claims.end_stale(now())] * 2])

    assert [r.result for r in racers if isinstance(r.result, Exception)] == []
    assert Answer.objects.count() == Decision.objects.count() == 12
    assert not Claim.objects.filter(ended_at=None).exists()


@pytest.fixture
def open_snapshot() -> Iterator[None]:
    """Keep every dead index entry from being cleaned away, as a long report would."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("set transaction isolation level repeatable read")
        other.execute("select count(*) from handoffs_handoff")
        yield
        other.rollback()


@pytest.fixture
def floors(monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[bool, datetime, str, float]]:
    """Count a walk over five entries as long already; start with nothing learnt."""
    monkeypatch.setattr(queueing.floors, "LONG_WALK", 5)
    monkeypatch.setattr(queueing.floors, "SECONDS", 60.0)
    monkeypatch.setattr(queueing.floors, "kept", {})
    return queueing.floors.kept


def test_behind_an_open_snapshot_the_walk_starts_where_the_free_ones_begin(
    shop: Shop,
    bot: Client,
    ann: User,
    open_snapshot: None,
    floors: dict[int, tuple[bool, datetime, str, float]],
) -> None:
    waiting = [put(shop, bot, due_in=60 + place) for place in range(12)]

    for expected in waiting:
        claim = take(ann)
        assert claim is not None and claim.handoff_id == expected.id
        approve(expected, ann)

    assert floors[shop.queue.id][2] > waiting[6].id
    assert take(ann) is None


def test_what_lies_before_the_remembered_place_is_found_when_nothing_else_is_left(
    shop: Shop, bot: Client, ann: User, floors: dict[int, tuple[bool, datetime, str, float]]
) -> None:
    handoff = put(shop, bot, due_in=60)
    floors[shop.queue.id] = (True, now() + timedelta(days=1), "", time.monotonic() + 60)

    claim = take(ann)

    assert claim is not None and claim.handoff_id == handoff.id


def test_a_remembered_place_is_forgotten_after_its_time(
    shop: Shop, bot: Client, ann: User, floors: dict[int, tuple[bool, datetime, str, float]]
) -> None:
    first, later = put(shop, bot, due_in=60), put(shop, bot, due_in=3600)
    floors[shop.queue.id] = (True, later.deadline_at, later.id, time.monotonic() - 1)

    claim = take(ann)

    assert claim is not None and claim.handoff_id == first.id


def two_seats(shop: Shop, bot: Client) -> Handoff:
    return put(shop, bot, safeguards={"approvers": 2, "evidence": "none"})


@pytest.mark.parametrize("first", [0, 1])
def test_two_approvers_committing_at_once_make_one_answer_for_both(
    shop: Shop, bot: Client, ann: User, ben: User, first: int
) -> None:
    handoff = hold(hold(two_seats(shop, bot), ann), ben)
    one, other = ((ann, ben), (ben, ann))[first]

    with transaction.atomic():
        approve(handoff, one)
        racer = Racer(lambda: approve(handoff, other))
        racer.wait_until_blocked()

    assert isinstance(racer.done(), Decision)
    answer = Answer.objects.get()
    assert (answer.verb, answer.by_kind) == ("approve", "person")
    assert Decision.objects.count() == 2


def test_many_approvers_at_once_fill_each_seat_once(shop: Shop, bot: Client) -> None:
    handoff = put(shop, bot, safeguards={"approvers": 3, "evidence": "none"})
    people = reviewers(shop, 12)

    racers = all_at_once([lambda person=person: take(person) for person in people])

    results = [racer.result for racer in racers]
    assert [r for r in results if isinstance(r, Exception)] == []
    assert sorted(r.seat for r in results if r is not None) == [1, 2, 3]
    holders = [r.reviewer for r in results if r is not None]
    racers = all_at_once([lambda person=person: approve(handoff, person) for person in holders])
    assert [r.result for r in racers if isinstance(r.result, Exception)] == []
    assert Answer.objects.get().verb == "approve"


def test_one_approver_with_two_tabs_has_one_voice(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(two_seats(shop, bot), ann)

    racers = all_at_once([lambda: approve(handoff, ann)] * 4)

    results = [racer.result for racer in racers]
    assert sum(isinstance(r, Decision) for r in results) == 1
    assert sum(isinstance(r, ClaimLost) for r in results) == 3
    assert not Answer.objects.exists()


def test_one_person_taking_twice_at_once_holds_one_seat(shop: Shop, bot: Client, ann: User) -> None:
    two_seats(shop, bot)

    racers = all_at_once([lambda: take(ann)] * 4)

    assert [r.result for r in racers if isinstance(r.result, Exception)] == []
    assert Claim.objects.count() == 1


def test_the_last_seat_after_an_uncommitted_withdrawal_is_told_and_binds_nothing(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = hold(hold(two_seats(shop, bot), ann), ben)
    approve(handoff, ann)

    with transaction.atomic():
        answers.withdraw(handoff.id, reason="done by phone", by=AGENT, now=now())
        racer = Racer(lambda: approve(handoff, ben))
        racer.wait_until_blocked()

    assert "withdrew this question" in str(racer.done())
    assert not Answer.objects.exists()


def test_a_withdrawal_after_an_uncommitted_last_seat_is_refused(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = hold(hold(two_seats(shop, bot), ann), ben)
    approve(handoff, ann)

    with transaction.atomic():
        approve(handoff, ben)
        racer = Racer(lambda: answers.withdraw(handoff.id, reason="x", by=AGENT, now=now()))
        racer.wait_until_blocked()

    assert isinstance(racer.done(), IllegalTransition)
    assert Answer.objects.get().verb == "approve"


def test_a_second_reader_asked_while_the_first_decides_does_not_bring_it_back(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot, safeguards={"undo_seconds": 0, "evidence": "none"}), ann)

    with transaction.atomic():
        approve(handoff, ann)
        racer = Racer(lambda: seats.ask_second_reader(handoff.id, by=ann, now=now()))
        racer.wait_until_blocked()

    assert isinstance(racer.done(), ClaimLost)
    handoff.refresh_from_db()
    assert handoff.state == "answered"
