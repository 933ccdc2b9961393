"""A session goes through one queue with a progress, a pause and an end; only its person sees it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Client, User
from handoffs.errors import NotFound
from handoffs.models import Handoff, QueueGroupPermission
from reviews import claims, decisions, sessions, shell, undo
from reviews.decisions import Choice
from reviews.errors import SessionShape
from reviews.models import BatchSession, Claim, Decision
from reviews.shell import Session
from tests import factories
from tests.factories import Shop
from tests.reviews.racing import all_at_once
from tests.reviews.waiting import put

WINDOW = {"undo_seconds": 600}


def start(by: User, **wanted: int) -> None:
    sessions.start("refunds", by=by, now=now(), **wanted)


def step(by: User) -> Claim | None:
    return sessions.step(by=by, now=now())


def approve(claim: Claim | None, by: User) -> None:
    assert claim is not None
    decisions.decide(claim.handoff_id, by=by, choice=Choice(verb="approve"), now=now())


def standing(by: User) -> Session:
    found = shell.session(by)
    assert found is not None
    return found


def time_passes(seconds: int) -> None:
    """Move the start into the past, as if so much time had passed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update reviews_batchsession set started_at = started_at - make_interval(secs => %s), "
            "paused_at = paused_at - make_interval(secs => %s)",
            [seconds, 0],
        )


@pytest.fixture
def three(shop: Shop, bot: Client, ann: User) -> list[Handoff]:
    return [put(shop, bot, due_in=due, safeguards=WINDOW) for due in (60, 120, 180)]


@pytest.mark.django_db
class TestGoingThrough:
    def test_it_ends_after_as_many_as_were_wanted(self, three, ann):
        start(ann, items=2)

        first = step(ann)
        approve(first, ann)
        assert standing(ann).done == 1
        second = step(ann)
        approve(second, ann)

        assert [first.handoff_id, second.handoff_id] == [one.id for one in three[:2]]
        assert step(ann) is None
        assert (standing(ann).ended, standing(ann).done) == ("done", 2)

    def test_it_ends_when_its_time_is_up_and_not_before(self, three, ann):
        start(ann, minutes=10)
        time_passes(590)
        approve(step(ann), ann)
        time_passes(20)

        assert step(ann) is None
        assert standing(ann).ended == "time"

    def test_it_ends_when_nothing_waits(self, three, ann):
        start(ann, items=50)
        for _ in three:
            approve(step(ann), ann)

        assert step(ann) is None
        assert (standing(ann).ended, standing(ann).done) == ("empty", 3)

    def test_it_stays_in_its_queue(self, shop, bot, ann):
        other = factories.QueueFactory(slug="other", name="Other")
        factories.let_work(shop.team, other)
        put(shop, bot, queue=other, due_in=10)
        mine = put(shop, bot, due_in=600)
        start(ann, items=5)

        claim = step(ann)

        assert claim is not None
        assert claim.handoff_id == mine.id

    def test_all_that_was_done_counts_and_what_was_given_back_apart(self, three, ann):
        start(ann, items=5)
        approve(step(ann), ann)
        asked = step(ann)
        decisions.ask_information(asked.handoff_id, by=ann, question="Which one?", now=now())
        claims.give_back(step(ann).handoff_id, by=ann, now=now())

        found = standing(ann)
        assert (found.decided, found.asked, found.given_back, found.done) == (1, 1, 1, 2)

    def test_what_is_taken_back_is_not_done(self, three, ann):
        start(ann, items=2)
        claim = step(ann)
        approve(claim, ann)
        undo.take_back(claim.handoff_id, by=ann, now=now())

        assert standing(ann).done == 0
        again = step(ann)
        assert again is not None
        assert again.handoff_id == claim.handoff_id

    def test_what_is_decided_outside_it_does_not_count(self, three, ann):
        start(ann, items=2)
        sessions.pause(by=ann, now=now())
        approve(claims.take_next(by=ann, now=now()), ann)

        assert standing(ann).done == 0

    @pytest.mark.parametrize(
        "wanted",
        [{}, {"items": 0}, {"items": 101}, {"minutes": 0}, {"minutes": 241}]
        + [{"items": 3, "minutes": 3}, {"items": -1}],
    )
    def test_it_needs_one_sensible_end(self, three, ann, wanted):
        with pytest.raises(SessionShape):
            start(ann, **wanted)

        assert not BatchSession.objects.exists()

    def test_another_teams_queue_is_not_there(self, three, shop):
        stranger = factories.UserFactory(roles=["reviewer"])

        with pytest.raises(NotFound):
            start(stranger, items=3)


@pytest.mark.django_db
class TestPausing:
    def test_its_time_stands_still(self, three, ann):
        start(ann, minutes=10)
        time_passes(300)
        sessions.pause(by=ann, now=now())
        BatchSession.objects.update(paused_at=now() - timedelta(seconds=200))

        assert 99 < standing(ann).worked < 102
        assert step(ann) is not None
        assert 99 < standing(ann).worked < 102
        assert not standing(ann).paused

    def test_what_is_held_goes_back_soon_and_is_found_again_at_once(self, three, ann, ben):
        start(ann, items=3)
        claim = step(ann)
        sessions.pause(by=ann, now=now())

        left = (Claim.objects.get(id=claim.id).expires_at - now()).total_seconds()
        assert left <= claims.LEFT_SECONDS
        again = step(ann)
        assert again is not None
        assert again.id == claim.id

    def test_a_second_pause_changes_nothing(self, three, ann):
        start(ann, items=3)
        sessions.pause(by=ann, now=now())
        before = BatchSession.objects.get().paused_at
        sessions.pause(by=ann, now=now())

        assert BatchSession.objects.get().paused_at == before


@pytest.mark.django_db
class TestPrivacy:
    def test_starting_anew_ends_the_running_one_and_forgets_the_ended(self, three, ann):
        start(ann, items=3)
        start(ann, items=4)
        start(ann, items=5)

        kept = list(BatchSession.objects.order_by("id").values_list("items", "ended_because"))
        assert kept == [(4, "stopped"), (5, "")]

    def test_a_day_later_nothing_is_left_of_it(self, three, ann):
        start(ann, items=3)
        claim = step(ann)
        assert sessions.forget(now=now()) == 0
        time_passes(86_401)

        assert sessions.forget(now=now()) == 1

        assert not BatchSession.objects.exists()
        assert Claim.objects.get(id=claim.id).session_id is None

    def test_nobody_else_reads_it(self, three, ann, ben, client):
        start(ann, items=3)
        approve(step(ann), ann)
        client.force_login(ben)

        page = client.get(reverse("reviews:session"))

        assert page.headers["Location"] == reverse("reviews:desk")
        assert b"Your session" not in client.get(reverse("reviews:desk")).content

    def test_two_at_once_cannot_be_stored(self, three, ann, shop):
        start(ann, items=3)

        with pytest.raises(IntegrityError), transaction.atomic():
            BatchSession.objects.create(reviewer=ann, queue=shop.queue, items=3)


@pytest.mark.django_db
class TestOnThePage:
    def post(self, desk: Browser, name: str, *args: str, **form: str) -> Any:
        return desk.post(reverse(f"reviews:{name}", args=args), form, follow=True)

    def test_from_start_to_end_without_scripts(self, three, desk):
        page = self.post(desk, "session-start", "refunds", number="2", unit="items")
        for number, handoff in enumerate(three[:2]):
            assert page.redirect_chain[-1][0] == reverse("reviews:handoff", args=[handoff.id])
            assert page.context["around"].session.line == f"{number} of 2 done"
            page = self.post(desk, "decide", handoff.id, verb="approve", queue="refunds")

        assert page.redirect_chain[-1][0] == reverse("reviews:session")
        text = page.content.decode()
        assert "That was all you had set out to do" in text
        assert "2 of 2" not in text
        assert '<dt>Decided</dt><dd class="num">2</dd>' in text
        assert "Approved." in text, "the last one can still be taken back"

    def test_the_last_one_taken_back_and_decided_anew_ends_it_again(self, three, desk):
        self.post(desk, "session-start", "refunds", number="1", unit="items")
        self.post(desk, "decide", three[0].id, verb="approve")
        self.post(desk, "undo", three[0].id)

        page = self.post(desk, "decide", three[0].id, verb="approve")

        assert page.redirect_chain[-1][0] == reverse("reviews:session")

    def test_giving_one_back_goes_on_to_the_next(self, three, desk):
        self.post(desk, "session-start", "refunds", number="3", unit="items")

        page = self.post(desk, "give-back", three[0].id)

        assert page.redirect_chain[-1][0] == reverse("reviews:handoff", args=[three[1].id])

    def test_pausing_shows_where_it_stands_and_going_on_leads_back(self, three, desk):
        self.post(desk, "session-start", "refunds", number="30", unit="minutes")

        page = self.post(desk, "session-pause")
        assert '<h1 id="heading" tabindex="-1">Paused</h1>' in page.content.decode()
        page = self.post(desk, "session-step")

        assert page.redirect_chain[-1][0] == reverse("reviews:handoff", args=[three[0].id])

    def test_ending_it_shows_what_it_came_to_and_later_decisions_go_on_as_usual(
        self, three, desk, ann
    ):
        self.post(desk, "session-start", "refunds", number="3", unit="items")
        self.post(desk, "decide", three[0].id, verb="approve")
        page = self.post(desk, "session-end")
        assert "You ended it here" in page.content.decode()

        claims.pick(three[2].id, by=ann, now=now())
        page = self.post(desk, "decide", three[2].id, verb="approve", queue="refunds")

        assert page.redirect_chain[-1][0] != reverse("reviews:session")

    @pytest.mark.parametrize("number", ["0", "101", "", "a lot", "-3", "٣", "9" * 9])
    def test_a_number_that_is_none_is_asked_for_again(self, three, desk, number):
        page = self.post(desk, "session-start", "refunds", number=number, unit="items")

        assert page.status_code == 422
        assert "Nothing was started." in page.content.decode()
        assert not BatchSession.objects.exists()

    def test_a_full_hand_is_no_dead_end(self, shop, bot, desk, ann, three):
        self.post(desk, "session-start", "refunds", number="3", unit="items")
        self.post(desk, "decide", three[0].id, verb="approve")
        claims.give_back(three[1].id, by=ann, now=now())
        other = factories.QueueFactory(slug="other", name="Other", pick_allowed=True)
        factories.let_work(shop.team, other)
        for _ in range(claims.OPEN_CLAIMS):
            claims.pick(put(shop, bot, queue=other).id, by=ann, now=now())
        self.post(desk, "undo", three[0].id)

        page = self.post(desk, "decide", three[0].id, verb="approve")

        assert page.redirect_chain[-1][0] == reverse("reviews:session")
        assert "You hold as many handoffs as one person may." in page.content.decode()
        assert Decision.objects.filter(undone_at=None).count() == 1

    def test_a_queue_that_is_no_longer_theirs_ends_it(self, shop, desk, ann, three):
        start(ann, items=3)
        QueueGroupPermission.objects.all().delete()

        assert step(ann) is None
        assert standing(ann).ended == "empty"


@pytest.mark.slow
@pytest.mark.usefixtures("committed_db")
def test_two_starts_at_once_leave_one_session_running(three: list[Handoff], ann: User) -> None:
    racers = all_at_once([lambda: start(ann, items=3), lambda: start(ann, items=4)])

    assert [racer.result for racer in racers] == [None, None]
    assert BatchSession.objects.filter(ended_at=None).count() == 1
