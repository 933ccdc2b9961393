"""Who may meet a test: not too often, and nobody who would know it."""

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils.timezone import now

from accounts.models import Client, User
from accounts.roles import Role
from handoffs.models import Handoff, Queue
from reviews import queueing
from reviews.meeting import Met
from reviews.models import Claim, Plant, TestsMet
from tests.factories import Shop
from tests.reviews.planting import SOWN, planted, too_often
from tests.reviews.waiting import put

TODAY, YESTERDAY = date(2026, 11, 23), date(2026, 11, 22)


def test_meeting_again_counts_on_the_same_day_and_anew_on_the_next() -> None:
    once = Met().again(day=YESTERDAY, claim=3)
    twice = once.again(day=YESTERDAY, claim=20)

    assert twice == Met(day=YESTERDAY, times=2, last_claim=20)
    assert twice.again(day=TODAY, claim=41) == Met(day=TODAY, times=1, last_claim=41)


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody to whom a test would come next."""

    met: Met = Met()
    # how each of their claims ended, the first one first; "" is open
    claims: tuple[str, ...] = ()
    roles: tuple[Role, ...] = (Role.REVIEWER,)
    knows: bool = False

    def may(self, today: date) -> bool:
        since = self.claims[self.met.last_claim or 0 :]
        return not (
            self.knows
            or "" in self.claims
            or {Role.MANAGER, Role.WORKFLOW_OWNER, Role.AUDITOR} & set(self.roles)
            or too_often(self.met, today=today, reviewed=since.count("decided"))
        )


@pytest.fixture
def today(db: None, shop: Shop) -> date:
    """The day in their queue, where it is noon, so that it is the same day when a test ends."""
    ahead = 12 - now().hour
    Queue.objects.filter(pk=shop.queue.pk).update(time_zone=f"Etc/GMT{-ahead:+d}")
    return (now() + timedelta(hours=ahead)).date()


@pytest.fixture
def tests(today: date, shop: Shop, bot: Client, bot_key: str, ann: User) -> tuple[Plant, Plant]:
    """One that ann does not know, and one that she does."""
    return planted(shop, bot), planted(shop, bot, replace(SOWN, known_to=(ann.pk,)))


@pytest.fixture
def other(db: None, shop: Shop, bot: Client) -> Handoff:
    """What they had before."""
    return put(shop, bot)


def comes_to(ann: User, person: Person, tests: tuple[Plant, Plant], other: Handoff) -> bool:
    """Tell whether the statement that takes gives it to them, and leave no trace of asking."""
    test = tests[person.knows]
    with transaction.atomic():
        ann.roles = [role.value for role in person.roles]
        ann.save()
        if person.met.times:
            kept = vars(person.met)
            TestsMet.objects.create(person=ann, **kept)
        Claim.objects.bulk_create(_had(ann, other, person.claims))
        look = queueing.attempt(ann, handoff=str(test.handoff_id))
        transaction.set_rollback(True)
    assert look.spared == ([] if look.id else [test.handoff_id])
    return look.id is not None


def _had(ann: User, other: Handoff, ways: tuple[str, ...]) -> list[Claim]:
    return [
        Claim(
            handoff=other,
            reviewer=ann,
            turn=number,
            number=number,
            level=1,
            round=1,
            expires_at=now() + timedelta(hours=1),
            ended_at=now() if way else None,
            ended_because=way,
        )
        for number, way in enumerate(ways, start=1)
    ]


def people(today: date) -> list[Person]:
    """Return people drawn so that every reason and its absence, and each edge, come often."""
    chance = random.Random(20261121)
    drawn = []
    for _ in range(150):
        decided = chance.choice([0, 9, 10, 11])
        let_go = ["given_back"] * chance.randint(0, 3)
        since = ["decided"] * decided + let_go
        chance.shuffle(since)
        before = ["decided"] * chance.randint(0, 3)
        times = chance.choice([0, 1, 1, 2, 3])
        met = Met(
            day=chance.choice([today, today - timedelta(days=1)]),
            times=times,
            last_claim=len(before),
        )
        drawn.append(
            Person(
                met=met if times else Met(),
                claims=(*before, *since, *chance.choice([(), (), (), ("",)])),
                roles=(Role.REVIEWER, *chance.choice([(), (), (), (chance.choice([*Role]),)])),
                knows=chance.random() < 0.1,
            )
        )
    return drawn


def test_it_comes_to_whom_the_rule_lets_it_and_to_nobody_else(
    today: date, tests: tuple[Plant, Plant], other: Handoff, ann: User
) -> None:
    drawn = people(today)
    may = [one.may(today) for one in drawn]
    assert 20 < sum(may) < 130

    assert [comes_to(ann, one, tests, other) for one in drawn] == may


def test_whoever_met_none_may(tests: tuple[Plant, Plant], other: Handoff, ann: User) -> None:
    assert comes_to(ann, Person(), tests, other)


def test_whoever_would_know_it_does_not_meet_it(
    tests: tuple[Plant, Plant], other: Handoff, ann: User
) -> None:
    assert not comes_to(ann, Person(knows=True), tests, other)
    for role in (Role.MANAGER, Role.WORKFLOW_OWNER, Role.AUDITOR):
        assert not comes_to(ann, Person(roles=(Role.REVIEWER, role)), tests, other)


def test_two_a_day_and_ten_reviews_apart(
    today: date, tests: tuple[Plant, Plant], other: Handoff, ann: User
) -> None:
    def may(day: date, times: int, reviewed: int) -> bool:
        met = Met(day=day, times=times, last_claim=0)
        one = Person(met=met, claims=("decided",) * reviewed)
        return comes_to(ann, one, tests, other)

    assert may(today, 1, 10) and not may(today, 1, 9)
    assert not may(today, 2, 50) and may(today - timedelta(days=1), 2, 10)


def test_nobody_meets_one_beside_something_else(
    tests: tuple[Plant, Plant], other: Handoff, ann: User
) -> None:
    assert not comes_to(ann, Person(claims=("",)), tests, other)
    assert replace(Person(), claims=("given_back",)).may(TODAY)
    assert comes_to(ann, Person(claims=("given_back",)), tests, other)
