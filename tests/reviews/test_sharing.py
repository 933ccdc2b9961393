"""Who gets what next: the rule alone, and that taking follows it."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import now
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Client, User
from handoffs.models import Handoff, Workflow
from reviews import claims, sharing
from reviews.models import Claim
from reviews.sharing import Carrying, Waiting
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import put

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
_numbers = iter(range(10**6))


def waiting(due: float = 60, **changes: Any) -> Waiting:
    facts = {"queue": 1, "workflow": 1, "urgent": False, "tier": "hard_approval"}
    place = {"id": f"ho_{next(_numbers):06}", "due": NOON + timedelta(minutes=due)}
    return Waiting(**{**facts, **place, **changes})


def chosen(line: list[Waiting], number: int = 1, after: int | None = None) -> Waiting:
    found = sharing.next_one(line, number=number, after=after)
    assert found is not None
    return found[0]


class TestRule:
    def test_what_is_due_first_goes_first(self):
        late, early = waiting(90), waiting(30)
        assert chosen([late, early]) == early

    def test_what_is_urgent_goes_before_what_is_due_earlier_also_on_a_turn(self):
        bulk, urgent = waiting(1), waiting(60, urgent=True, workflow=2)
        for number in range(1, 7):
            assert chosen([bulk, urgent], number) == urgent

    def test_within_a_minute_the_stricter_tier_goes_first(self):
        soft = waiting(30.1, tier="soft_review")
        stop = waiting(30.9, tier="hard_stop")
        later = waiting(31, tier="hard_stop")
        assert chosen([soft, stop, later]) == stop
        assert chosen([soft, later]) == soft

    def test_of_two_queues_too(self):
        soft, hard = waiting(30.1, tier="soft_review"), waiting(30.9, queue=2)
        assert chosen([soft, hard]) == hard

    def test_every_third_goes_by_turns_and_no_other(self):
        bulk, rare = [waiting(n) for n in range(9)], waiting(500, workflow=2)
        took = [chosen([*bulk, rare], number, after=1).workflow for number in range(1, 10)]
        assert took == [1, 1, 2] * 3

    def test_alone_a_workflow_has_no_turns(self):
        line = [waiting(5), waiting(1)]
        assert sharing.next_one(line, number=3) == (line[1], False)

    def test_nothing_waits(self):
        assert sharing.next_one([], number=1) is None

    @given(
        st.lists(st.tuples(st.integers(1, 5), st.integers(0, 400)), min_size=1, max_size=40),
        st.integers(1, 9),
    )
    def test_a_workflow_waits_for_three_turns_of_each_at_most(
        self, line: list[tuple[int, int]], first: int
    ):
        """The bound of docs/sharing.md: with W workflows waiting, 3·W takes of one person."""
        left = [waiting(due, workflow=workflow) for workflow, due in line]
        workflows = {one.workflow for one in left}
        passed, after, number = dict.fromkeys(workflows, 0), None, first
        while left:
            found = sharing.next_one(left, number=number, after=after)
            assert found is not None
            one, by_turn = found
            after = one.workflow if by_turn else after
            left.remove(one)
            still = {other.workflow for other in left}
            for workflow in still:
                passed[workflow] = 0 if workflow == one.workflow else passed[workflow] + 1
                assert passed[workflow] <= sharing.TURN * len(workflows)
            number += 1


class TestOrderOfPeople:
    def carrying(self, person: int, **facts: Any) -> Carrying:
        return Carrying(**{"person": person, "open": 0, "minutes": 0, "given_at": None, **facts})

    def test_who_carries_less_comes_first(self):
        busy, free = self.carrying(1, open=1), self.carrying(2, minutes=200)
        assert sharing.in_order([busy, free]) == [free, busy]

    def test_then_who_has_been_at_it_shorter(self):
        long, short = self.carrying(1, minutes=40), self.carrying(2, minutes=5, given_at=NOON)
        assert sharing.in_order([long, short]) == [short, long]

    def test_then_who_was_given_one_longest_ago(self):
        lately = self.carrying(1, minutes=1, given_at=NOON)
        before = self.carrying(2, minutes=3, given_at=NOON - timedelta(hours=1))
        never = self.carrying(3, minutes=14)
        assert sharing.in_order([lately, before, never]) == [never, before, lately]


@pytest.fixture
def workflows(shop: Shop) -> list[Workflow]:
    return [shop.workflow, *(factories.WorkflowFactory() for _ in range(2))]


@pytest.mark.django_db
class TestTaking:
    def take(self, by: User) -> Claim:
        claim = claims.take_next(by=by, now=now())
        assert claim is not None
        return claim

    @pytest.mark.parametrize("seed", range(4))
    def test_it_follows_the_rule_to_the_end(
        self, shop: Shop, bot: Client, ann: User, workflows: list[Workflow], seed: int
    ):
        chance = random.Random(seed)
        other = factories.QueueFactory(slug="other")
        factories.let_work(shop.team, other)
        start = now().replace(second=0, microsecond=0) + timedelta(hours=3)
        for _ in range(24):
            put(
                shop,
                bot,
                tier=chance.choice(["hard_approval", "soft_review", "hard_stop"]),
                workflow=chance.choices(workflows, [8, 1, 2])[0],
                queue=chance.choice([shop.queue, other]) if seed % 2 else shop.queue,
                deadline_at=start + timedelta(seconds=chance.randrange(600)),
                urgent_since=start if chance.random() < 0.15 else None,
            )
        left = {
            one.id: Waiting(
                id=one.id,
                queue=one.queue_id,
                workflow=one.workflow_id,
                urgent=one.urgent_since is not None,
                due=one.deadline_at,
                tier=one.tier,
            )
            for one in Handoff.objects.all()
        }
        after: int | None = None
        turns = 0
        for number in range(1, 25):
            expected = sharing.next_one(left.values(), number=number, after=after)
            assert expected is not None

            claim = self.take(ann)

            assert claim.handoff_id == expected[0].id, f"the {number}th"
            by_turn = Claim.objects.get(id=claim.pk).by_turn
            assert by_turn or not expected[1]
            # what is held by others counts among what waits, which changes nothing but this
            after = expected[0].workflow if by_turn else after
            turns += by_turn
            del left[claim.handoff_id]
            # a task taken on is held and hands free for the next
            Claim.objects.filter(id=claim.pk).update(kept_until=now() + timedelta(hours=1))
        assert turns >= 3

    def test_what_gathers_is_not_offered_until_it_is_done_or_urgent(
        self, shop: Shop, bot: Client, ann: User
    ):
        handoff = put(shop, bot, gather_until=now() + timedelta(minutes=5))
        assert claims.take_next(by=ann, now=now()) is None

        Handoff.objects.update(urgent_since=now())
        assert self.take(ann).handoff_id == handoff.id

        claims.give_back(handoff.id, by=ann, now=now())
        Handoff.objects.update(urgent_since=None, gather_until=now() - timedelta(minutes=5))
        assert self.take(ann).handoff_id == handoff.id

    def test_nobody_gets_a_turn_of_what_they_may_not_decide(
        self, shop: Shop, bot: Client, ann: User, workflows: list[Workflow]
    ):
        others = factories.make_team("others")
        for due in range(60, 70):
            put(shop, bot, due_in=due * 60)
        put(shop, bot, due_in=9000, workflow=workflows[1], role=others)
        mine = put(shop, bot, due_in=9999, workflow=workflows[2])

        taken = []
        for _ in range(6):
            taken.append(self.take(ann))
            Claim.objects.update(kept_until=now() + timedelta(hours=1))

        assert taken[5].handoff_id == mine.id
        assert {one.handoff.role_id for one in taken} == {shop.team.pk}
