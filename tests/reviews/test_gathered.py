"""What gathers is not offered, what has gathered is offered as one session; urgent breaks out."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Client, User
from handoffs import ladder, stops
from handoffs.actors import person_actor
from handoffs.models import Handoff, Proposal, Queue
from handoffs.states import HandoffKind
from handoffs.stops import Presser
from reviews import assigning, claims, decisions, desk, gathered, rates, sessions, shell
from reviews.decisions import Choice
from reviews.errors import NothingGathered
from reviews.gathered import Alike
from reviews.models import BatchSession, Claim
from tests.factories import Shop
from tests.reviews.racing import all_at_once
from tests.reviews.waiting import put

HOUR = timedelta(hours=1)
Put = Callable[..., Handoff]


@pytest.fixture
def gathers(shop: Shop, bot: Client) -> Put:
    """Put one that gathers for that long still; with a negative one, its window has ended."""

    def one(minutes: float = 30, **changes: Any) -> Handoff:
        until = now() + timedelta(minutes=minutes)
        return put(shop, bot, gather_until=until, safeguards={"undo_seconds": 0}, **changes)

    return one


def take(by: User) -> Claim | None:
    return claims.take_next(by=by, now=now())


def refunds(shop: Shop) -> Alike:
    return Alike(workflow=shop.workflow.pk, kind="approval", action_type="refund_order")


def start(by: User, alike: Alike) -> None:
    sessions.start_gathered("refunds", alike, by=by, now=now())


def step(by: User) -> Claim | None:
    return sessions.step(by=by, now=now())


def approve(claim: Claim | None, by: User) -> None:
    assert claim is not None
    decisions.decide(claim.handoff_id, by=by, choice=Choice(verb="approve"), now=now())


def end_window(handoff: Handoff) -> None:
    Handoff.objects.filter(id=handoff.id).update(gather_until=now() - timedelta(minutes=5))


@pytest.mark.django_db
class TestGathering:
    def test_what_gathers_is_not_taken_until_its_window_ends(self, gathers, ann):
        handoff = gathers()

        assert take(ann) is None
        end_window(handoff)
        assert take(ann).handoff_id == handoff.id

    def test_what_becomes_urgent_in_its_window_breaks_out(self, gathers, ann):
        handoff = gathers()
        Handoff.objects.filter(id=handoff.id).update(
            urgent_at=now(), next_at=now() - timedelta(minutes=5)
        )
        assert take(ann) is None

        ladder.fire_overdue()

        assert take(ann).handoff_id == handoff.id

    def test_it_is_picked_where_that_is_allowed(self, shop, gathers, ann):
        handoff = gathers()
        Queue.objects.filter(pk=shop.queue.pk).update(pick_allowed=True)

        assert claims.pick(handoff.id, by=ann, now=now()).handoff_id == handoff.id

    def test_the_list_leaves_out_what_gathers_unless_it_is_asked_for(self, shop, bot, gathers, ann):
        Queue.objects.filter(pk=shop.queue.pk).update(pick_allowed=True)
        offered, hidden = put(shop, bot), gathers()

        short = desk.rows(ann, "refunds")
        whole = desk.rows(ann, "refunds", with_gathering=True)

        assert [row.id for row in short.rows] == [offered.id]
        assert short.gathers_until == hidden.gather_until
        assert {row.id: row.gathers_until for row in whole.rows} == {
            offered.id: None,
            hidden.id: hidden.gather_until,
        }

    def test_what_gathers_is_assigned_to_nobody(self, shop, gathers, ann):
        Queue.objects.filter(pk=shop.queue.pk).update(mode="push")
        handoff = gathers()
        assigning.note_here(ann, now=now())

        assert assigning.assign(now=now()) == 0
        end_window(handoff)
        assert assigning.assign(now=now()) == 1

    def test_a_queue_in_which_everything_gathers_has_nothing_to_take(self, shop, gathers):
        handoff = gathers()
        rates.measure(now=now())
        assert Queue.objects.get(pk=shop.queue.pk).rate.busy_since is None

        end_window(handoff)
        rates.measure(now=now())
        assert Queue.objects.get(pk=shop.queue.pk).rate.busy_since is not None


@pytest.mark.django_db
class TestTheOffer:
    def test_two_alike_are_offered_together_and_one_is_not(self, shop, gathers, ann):
        gathers(-1)
        assert desk.overview(ann, now()).ready == []

        gathers(-1)
        (offer,) = desk.overview(ann, now()).ready

        assert (offer.slug, offer.count, offer.alike) == ("refunds", 2, refunds(shop))

    def test_others_are_not_counted_with_them(self, shop, bot, gathers, ann, ben):
        for _ in range(3):
            gathers(-1)
        # one gathers still, one never did, one is of another kind, one is urgent, one is taken
        gathers()
        put(shop, bot, due_in=60)
        gathers(-1, kind=HandoffKind.TAKEOVER)
        gathers(-1, urgent_since=now(), due_in=90)
        Queue.objects.update(pick_allowed=True)
        claims.pick(gathers(-1).id, by=ben, now=now())

        (offer,) = desk.overview(ann, now()).ready

        assert offer.count == 3

    def test_whoever_may_not_decide_them_is_offered_nothing(self, shop, gathers, olga):
        gathers(-1), gathers(-1)

        assert gathered.ready(olga) == []

    def test_while_their_workflow_is_stopped_they_are_not_offered(self, shop, gathers, ann, mia):
        gathers(-1), gathers(-1)
        presser = Presser(by=person_actor(mia.pk, "managers"), user=mia)
        stops.stop(shop.workflow, reason="A drill of it.", presser=presser, now=now())

        assert desk.overview(ann, now()).ready == []

    def test_the_desk_says_what_gathers_and_what_is_ready(self, shop, gathers, ann):
        until = gathers().gather_until
        gathers(-1), gathers(-1)
        browser = Browser()
        browser.force_login(ann)

        page = browser.get(reverse("reviews:desk")).content.decode()

        # late in the evening that is tomorrow, and says which day
        assert re.search(f"some gather until ({until:%a} )?{until:%H:%M} UTC", page)
        assert "2 alike are ready: refund order" in page
        assert "Do them as one session" in page


@pytest.mark.django_db
class TestASessionOfThem:
    def test_it_goes_through_those_alike_and_nothing_else(self, shop, bot, gathers, ann):
        alike = [gathers(-1, due_in=due).id for due in (8000, 4000, 6000)]
        put(shop, bot, due_in=3000)
        gathers(-1, due_in=3000, kind=HandoffKind.TAKEOVER)
        other = gathers(-1, due_in=3000).proposal
        Proposal.objects.filter(id=other.id).update(action_type="cancel_order")
        start(ann, refunds(shop))

        taken = []
        while (claim := step(ann)) is not None:
            taken.append(claim.handoff_id)
            approve(claim, ann)

        assert taken == [alike[1], alike[2], alike[0]]
        assert shell.session(ann).ended == "done"

    def test_what_is_urgent_goes_first(self, shop, bot, gathers, ann):
        gathers(-1), gathers(-1)
        urgent = put(shop, bot, due_in=300, urgent_since=now())
        start(ann, refunds(shop))

        assert step(ann).handoff_id == urgent.id

    def test_what_they_hold_of_it_comes_back_and_what_they_gave_back_does_not(
        self, shop, gathers, ann
    ):
        first, second = gathers(-1, due_in=4000), gathers(-1, due_in=5000)
        start(ann, refunds(shop))

        assert [step(ann).handoff_id, step(ann).handoff_id] == [first.id, first.id]
        claims.give_back(first.id, by=ann, now=now())
        assert step(ann).handoff_id == second.id

    def test_when_colleagues_were_quicker_nothing_begins(self, shop, gathers, ann):
        gathers(-1)

        with pytest.raises(NothingGathered):
            start(ann, refunds(shop))

        assert not BatchSession.objects.exists()

    def test_begun_from_the_desk(self, shop, gathers, ann):
        first = gathers(-1, due_in=4000)
        gathers(-1, due_in=5000)
        browser = Browser()
        browser.force_login(ann)
        address = reverse("reviews:session-gathered", args=["refunds"])
        sent = {"workflow": shop.workflow.pk, "kind": "approval", "action_type": "refund_order"}

        begun = browser.post(address, sent)
        refused = browser.post(address, {**sent, "workflow": "x"})

        assert begun.url == reverse("reviews:handoff", args=[first.id])
        assert refused.status_code == 409


# a claim is taken when its transaction begins, which may be a moment before it looks
BEGUN = timedelta(milliseconds=200)


@pytest.mark.usefixtures("committed_db")
class TestAtTheSameMoment:
    def test_two_sessions_of_the_same_share_them(self, shop, gathers, ann, ben):
        ids = {gathers(-1).id for _ in range(6)}
        for person in (ann, ben):
            start(person, refunds(shop))

        took = all_at_once([lambda: step(ann), lambda: step(ben)])

        first, second = (racer.result.handoff_id for racer in took)
        assert first != second
        assert {first, second} <= ids

    def test_it_is_taken_once_when_its_window_ends_under_many_takes(self, gathers, ann, ben):
        handoff = gathers(0.01)

        racers = all_at_once([lambda: keep_taking(ann), lambda: keep_taking(ben)])

        (claim,) = [racer.result for racer in racers if racer.result is not None]
        assert claim.handoff_id == handoff.id
        assert claim.taken_at >= handoff.gather_until - BEGUN

    def test_becoming_urgent_as_its_window_ends_it_is_taken_once(self, gathers, ann, ben):
        handoff = gathers(0.01)
        ends = handoff.gather_until
        Handoff.objects.filter(id=handoff.id).update(urgent_at=ends, next_at=ends)

        racers = all_at_once([keep_sweeping, lambda: keep_taking(ann), lambda: keep_taking(ben)])

        (claim,) = [racer.result for racer in racers if racer.result is not None]
        after = Handoff.objects.get(id=handoff.id)
        assert claim.taken_at >= ends - BEGUN
        assert after.urgent_since >= ends


def keep_taking(by: User) -> Claim | None:
    """Take again and again for two seconds, until there is something."""
    until = time.monotonic() + 2
    while time.monotonic() < until:
        if (claim := take(by)) is not None:
            return claim
    return None


def keep_sweeping() -> None:
    until = time.monotonic() + 2
    while time.monotonic() < until and not ladder.fire_overdue():
        pass
