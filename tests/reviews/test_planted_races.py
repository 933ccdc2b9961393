"""Two at one blind test at once, in both orders, on real connections: nobody hangs, one ends it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils.timezone import now

from accounts.errors import DomainError
from accounts.models import Client, User
from handoffs.models import Answer, Handoff
from handoffs.states import HandoffState
from reviews import assigning, claims, decisions, feedback, interventions, link_mails, links, plants
from reviews.disclosed import WasATest
from reviews.errors import ClaimLost
from reviews.models import (
    ApproverLink,
    Claim,
    Decision,
    Draft,
    EvidenceOpened,
    Plant,
    SealedLot,
    SummaryEdit,
    TestsMet,
    Visit,
)
from reviews.wording import Choice
from tests.factories import Shop
from tests.reviews.approving import approver
from tests.reviews.planting import planted
from tests.reviews.racing import Racer, all_at_once
from tests.reviews.waiting import let_lease_run_out, put

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]
Act = Callable[[Plant, User], Any]


@pytest.fixture
def plant(shop: Shop, bot: Client, bot_key: str, ann: User) -> Plant:
    """A test that ann holds and has opened."""
    found = planted(shop, bot)
    claims.pick(str(found.handoff_id), by=ann, now=now())
    claims.mark_opened(str(found.handoff_id), by=ann, now=now())
    return found


def decide(plant: Plant, person: User) -> Any:
    choice = Choice(verb="reject", reason="The order says 312.50.")
    return decisions.decide(str(plant.handoff_id), by=person, choice=choice, now=now())


def escalate(plant: Plant, person: User) -> Any:
    return decisions.escalate(str(plant.handoff_id), by=person, reason="Up", now=now())


def give_back(plant: Plant, person: User) -> Any:
    return claims.give_back(str(plant.handoff_id), by=person, now=now())


def withdraw(plant: Plant, person: User) -> Any:
    return plants.withdraw(str(plant.handoff_id), now=now())


def end(plant: Plant, person: User) -> Any:
    """As the job does that lets tests in and takes them out: from what it read a while ago."""
    return plants.end(plant, now=now())


def stop(plant: Plant, person: User) -> Any:
    return interventions.stop(plant.run_id, reason="Too much", by=person, now=now())


ENDS: list[Act] = [decide, escalate, withdraw, end, stop]


def opened(plant: Plant, person: User) -> Any:
    return claims.mark_opened(str(plant.handoff_id), by=person, now=now())


def draft(plant: Plant, person: User) -> Any:
    return decisions.save_draft(str(plant.handoff_id), by=person, body={"reason": "x"}, now=now())


def evidence(plant: Plant, person: User) -> Any:
    found = plant.handoff.briefs.get().body["evidence"][0]["id"]
    return decisions.open_evidence(str(plant.handoff_id), found, by=person, now=now())


def mend(plant: Plant, person: User) -> Any:
    return feedback.edit_summary(str(plant.handoff_id), text="A better one.", by=person, now=now())


def renew(plant: Plant, person: User) -> Any:
    return claims.renew(str(plant.handoff_id), by=person, now=now())


LEAVES: list[Act] = [opened, draft, evidence, mend, renew]


def quiet(act: Act, plant: Plant, person: User) -> Any:
    try:
        return act(plant, person)
    except (WasATest, DomainError) as told:
        return told


def check_one_ended(plant: Plant, *results: Any) -> None:
    assert not [one for one in results if isinstance(one, DatabaseError)], results
    plant.refresh_from_db()
    assert plant.ended
    assert Handoff.objects.get(id=plant.handoff_id).state == HandoffState.WITHDRAWN.value
    for model in (Claim, Draft, EvidenceOpened, SummaryEdit):
        assert not model.objects.filter(handoff=plant.handoff_id).exists(), model  # type: ignore[attr-defined]
    assert not Visit.objects.exists()
    assert not Decision.objects.exists() and not Answer.objects.exists()


@pytest.mark.parametrize("second", ENDS)
@pytest.mark.parametrize("first", ENDS)
def test_of_two_that_end_it_the_second_finds_it_over(
    plant: Plant, ann: User, first: Act, second: Act
) -> None:
    with transaction.atomic():
        one = quiet(first, plant, ann)
        racer = Racer(lambda: second(plant, ann))
        racer.wait_until_blocked()

    other = racer.done()
    check_one_ended(plant, one, other)
    told = [found for found in (one, other) if isinstance(found, WasATest)]
    assert len(told) == (first in (decide, escalate))
    assert SealedLot.objects.count() == len(told)
    assert sum(TestsMet.objects.values_list("times", flat=True)) <= 1


def test_of_an_answer_and_a_giving_back_the_first_counts(plant: Plant, ann: User) -> None:
    with transaction.atomic():
        give_back(plant, ann)
        racer = Racer(lambda: decide(plant, ann))
        racer.wait_until_blocked()

    assert isinstance(racer.done(), DomainError)
    assert not Plant.objects.get(pk=plant.pk).ended


def test_given_back_while_it_is_answered_it_is_over(plant: Plant, ann: User) -> None:
    with transaction.atomic():
        told = quiet(decide, plant, ann)
        racer = Racer(lambda: give_back(plant, ann))
        racer.wait_until_blocked()

    check_one_ended(plant, told, racer.done())


def test_who_let_it_go_is_noted_once_also_while_it_ends(plant: Plant, ann: User) -> None:
    give_back(plant, ann)
    with transaction.atomic():
        withdraw(plant, ann)
        # whoever comes while it ends leaves it to them
        racer = Racer(lambda: plants.see_to_let_go(now=now()))
        assert racer.done() is None

    assert [one.times for one in TestsMet.objects.all()] == [1]


@pytest.mark.parametrize("ends", [decide, withdraw])
@pytest.mark.parametrize("leaves", LEAVES)
def test_what_comes_while_it_ends_is_not_left_behind(
    plant: Plant, ann: User, ends: Act, leaves: Act
) -> None:
    with transaction.atomic():
        quiet(ends, plant, ann)
        racer = Racer(lambda: leaves(plant, ann))
        racer.wait_until_blocked()

    check_one_ended(plant, racer.done())


@pytest.mark.parametrize("ends", [decide, withdraw])
@pytest.mark.parametrize("leaves", LEAVES)
def test_what_came_before_it_ends_goes_with_it(
    plant: Plant, ann: User, ends: Act, leaves: Act
) -> None:
    with transaction.atomic():
        leaves(plant, ann)
        racer = Racer(lambda: ends(plant, ann))
        racer.wait_until_blocked()

    check_one_ended(plant, racer.done())


def test_nobody_takes_it_while_it_ends(
    plant: Plant, shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    real = put(shop, bot)

    with transaction.atomic():
        quiet(decide, plant, ann)
        racer = Racer(lambda: claims.take_next(by=ben, now=now()))
        taken = racer.done()

    assert taken.handoff_id == real.id
    check_one_ended(plant, taken)


def test_of_many_who_ask_and_may_not_meet_one_each_gets_a_real_one(
    shop: Shop, bot: Client, bot_key: str, ann: User, ben: User
) -> None:
    """Each that comes upon it withdraws it; nobody waits for long, and nobody is given nothing."""
    tests = [planted(shop, bot) for _ in range(3)]
    real = [put(shop, bot, due_in=8 * 3600) for _ in range(2)]
    for person in (ann, ben):
        TestsMet.objects.create(person=person, day=now().date(), times=2, last_claim=0)

    racers = all_at_once(
        [lambda person=person: claims.take_next(by=person, now=now()) for person in (ann, ben)]
    )

    taken = [one.result for one in racers]
    assert not [one for one in taken if not isinstance(one, Claim)], taken
    assert {one.handoff_id for one in taken} == {one.id for one in real}
    claims.end_stale(now())
    for one in tests:
        check_one_ended(one)


def test_it_runs_out_while_it_is_being_decided(plant: Plant, ann: User) -> None:
    with transaction.atomic():
        quiet(decide, plant, ann)
        let_lease_run_out(Handoff.objects.get(id=plant.handoff_id))
        racer = Racer(lambda: claims.end_stale(now()))
        assert racer.done() == 0

    check_one_ended(plant)
    assert SealedLot.objects.count() == 1


def test_it_ran_out_and_the_late_answer_is_told_so(plant: Plant, ann: User) -> None:
    let_lease_run_out(Handoff.objects.get(id=plant.handoff_id))

    with transaction.atomic():
        claims.end_stale(now())
        racer = Racer(lambda: decide(plant, ann))
        racer.wait_until_blocked()

    assert isinstance(racer.done(), ClaimLost)
    assert not Plant.objects.get(pk=plant.pk).ended
    assert not SealedLot.objects.exists()


def test_assigning_and_ending_do_not_wait_for_each_other(
    shop: Shop, bot: Client, bot_key: str, ann: User
) -> None:
    found = planted(shop, bot)
    shop.queue.mode = "push"
    shop.queue.save()
    assigning.note_here(ann, now=now())
    TestsMet.objects.create(person=ann, day=now().date(), times=2, last_claim=0)

    racers = all_at_once(
        [lambda: assigning.assign(now=now()), lambda: plants.end(found, now=now())]
    )

    check_one_ended(found, *(one.result for one in racers))


@pytest.fixture
def link(shop: Shop, bot: Client, bot_key: str) -> ApproverLink:
    """A link to a test, whose brief is open."""
    approver(shop)
    found = planted(shop, bot)
    handoff = Handoff.objects.filter(id=found.handoff_id)
    handoff.update(terms={**handoff.get().terms, "email": "yes"})
    link_mails.send_due(now=now())
    made = ApproverLink.objects.get(handoff=found.handoff_id)
    links.open(made.id, now=now())
    claims.mark_opened(made.handoff_id, by=made.approver, now=now())
    return made


@pytest.mark.parametrize("link_first", [True, False])
def test_a_link_is_used_while_the_test_ends(link: ApproverLink, link_first: bool) -> None:
    plant = Plant.objects.get(handoff=link.handoff_id)
    choice = Choice(verb="reject", reason="Not ours to pay, sorry.")

    def use() -> Any:
        try:
            return links.decide(link.id, choice=choice, now=now())
        except WasATest as told:
            return told

    def finish() -> Any:
        return plants.end(plant, now=now())

    one, other = (use, finish) if link_first else (finish, use)
    with transaction.atomic():
        one_result = one()
        racer = Racer(other)
        racer.wait_until_blocked()

    check_one_ended(plant, one_result, racer.done())
    assert SealedLot.objects.count() == int(link_first)


def test_a_link_is_taken_back_while_the_test_ends(link: ApproverLink, mia: User) -> None:
    plant = Plant.objects.get(handoff=link.handoff_id)

    with transaction.atomic():
        links.revoke([link.id], by=mia, now=now())
        ended = Racer(lambda: plants.end(plant, now=now())).done()

    check_one_ended(plant, ended)
