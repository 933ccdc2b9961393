"""Whoever decided may take it back for a moment: it is theirs again, with what they had written."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Client, User
from handoffs import answers, release
from handoffs.actors import SYSTEM
from handoffs.errors import AlreadyReleased, NotFound
from handoffs.models import Answer, Handoff, HeldAnswer
from reviews import claims, decisions, undo
from reviews.decisions import Choice
from reviews.errors import ClaimLost, NothingToTakeBack
from reviews.models import Claim, Decision, Draft
from tests import factories
from tests.factories import Shop
from tests.reviews.racing import Racer
from tests.reviews.waiting import put

REASON = "The order was never late, I checked the tracking."
WINDOW = {"undo_seconds": 600}


def hold(handoff: Handoff, person: User) -> Handoff:
    claims.pick(handoff.id, by=person, now=now())
    claims.mark_opened(handoff.id, by=person, now=now())
    return handoff


def decide(handoff: Handoff, by: User, verb: str = "approve", **choice: Any) -> Decision:
    return decisions.decide(handoff.id, by=by, choice=Choice(verb=verb, **choice), now=now())


def take_back(handoff: Handoff, by: User) -> bool:
    return undo.take_back(handoff.id, by=by, now=now()).yours


def window_ends() -> None:
    HeldAnswer.objects.update(release_at=now() - timedelta(minutes=5))


@pytest.fixture
def decided(shop: Shop, bot: Client, ann: User) -> Handoff:
    """A handoff that ann has just rejected, and may take back."""
    handoff = hold(put(shop, bot, safeguards=WINDOW), ann)
    decide(handoff, ann, "reject", reason=REASON)
    return handoff


@pytest.mark.django_db
class TestTheWindow:
    @pytest.mark.parametrize(
        ("said", "held"), [({}, 10), ({"undo_seconds": 0}, None), ({"undo_seconds": 45}, 45)]
    )
    def test_it_is_as_long_as_the_row_says_and_else_ten_seconds(
        self, shop, bot, ann, settings, said, held
    ):
        settings.UNDO_SECONDS = 10
        handoff = hold(put(shop, bot, safeguards=said), ann)

        decision = decide(handoff, ann)

        kept = HeldAnswer.objects.first()
        if held is None:
            assert kept is None
            assert Answer.objects.get().verb == "approve"
        else:
            assert kept is not None
            assert held - 2 < (kept.release_at - decision.decided_at).total_seconds() < held + 2
            assert not Answer.objects.exists()

    def test_nobody_can_take_or_hold_what_was_decided(self, decided, ann, ben):
        assert claims.take_next(by=ben, now=now()) is None
        with pytest.raises(ClaimLost):
            claims.renew(decided.id, by=ann, now=now())
        with pytest.raises(ClaimLost):
            decide(decided, ann)


@pytest.mark.django_db
class TestTakingBack:
    def test_the_claim_is_theirs_again_with_its_reading_time(self, shop, bot, ann):
        handoff = hold(put(shop, bot, safeguards=WINDOW), ann)
        before = Claim.objects.get()
        decide(handoff, ann)

        assert take_back(handoff, ann) is True

        claim = Claim.objects.get()
        assert (claim.ended_at, claim.ended_because) == (None, "")
        assert (claim.id, claim.opened_at) == (before.id, before.opened_at)
        assert claim.expires_at > now()
        assert claims.take_next(by=ann, now=now()) == claim

    def test_what_they_wrote_is_their_draft_again(self, decided, ann):
        take_back(decided, ann)

        body = Draft.objects.get(reviewer=ann).body
        assert body == {"verb": "reject", "reason": REASON}

    def test_edits_are_kept_too(self, shop, bot, ann):
        handoff = hold(put(shop, bot, safeguards=WINDOW), ann)
        edited = {"amount": 200.5, "currency": "USD", "order_id": "#W5744371"}
        decide(handoff, ann, "approve_with_edits", arguments=edited, draft="Dear Kim, half of it.")

        take_back(handoff, ann)

        body = Draft.objects.get(reviewer=ann).body
        assert (body["arguments"], body["draft"]) == (edited, "Dear Kim, half of it.")

    def test_a_half_filled_form_comes_back_as_it_was(self, shop, bot, ann):
        handoff = hold(put(shop, bot, safeguards=WINDOW), ann)
        form = {"form:approve_with_edits": {"a/amount": "200.50", "words": "half"}}
        decisions.save_draft(handoff.id, by=ann, body=form, now=now())
        edited = {"amount": 200.5, "currency": "USD", "order_id": "#W5744371"}
        decide(handoff, ann, "approve_with_edits", arguments=edited)
        assert not Draft.objects.exists()

        take_back(handoff, ann)

        assert Draft.objects.get().body["form:approve_with_edits"] == {
            "a/amount": "200.50",
            "words": "half",
        }
        assert Decision.objects.get().typed is None

    def test_what_was_typed_is_forgotten_once_it_is_out(self, shop, bot, ann):
        handoff = hold(put(shop, bot, safeguards=WINDOW), ann)
        decisions.save_draft(handoff.id, by=ann, body={"reason": "hm"}, now=now())
        decide(handoff, ann)

        assert undo.forget(now=now()) == 0
        window_ends()
        release.release_due(now=now())
        assert undo.forget(now=now()) == 1

        assert Decision.objects.get().typed is None

    def test_the_record_says_that_it_was_said_and_taken_back(self, decided, ann):
        take_back(decided, ann)

        decision = Decision.objects.get()
        assert (decision.verb, decision.reason) == ("reject", REASON)
        assert decision.undone_at is not None

    def test_another_decision_may_follow_and_counts(self, decided, ann):
        take_back(decided, ann)
        decide(decided, ann, "approve")
        window_ends()

        release.release_due(now=now())

        assert Answer.objects.get().verb == "approve"
        found = [(one.verb, one.undone_at is None) for one in Decision.objects.order_by("id")]
        assert found == [("reject", False), ("approve", True)]

    def test_a_second_click_finds_it_done(self, decided, ann):
        take_back(decided, ann)

        assert take_back(decided, ann) is True
        assert Decision.objects.count() == 1
        assert Handoff.objects.get().state == "waiting"

    def test_it_stands_above_the_cap(self, decided, shop, bot, ann):
        for _ in range(claims.OPEN_CLAIMS):
            hold(put(shop, bot), ann)

        assert take_back(decided, ann) is True
        assert Claim.objects.filter(ended_at=None).count() == claims.OPEN_CLAIMS + 1

    def test_a_colleague_cannot_take_it_back(self, decided, ben):
        with pytest.raises(NothingToTakeBack):
            take_back(decided, ben)

        assert Handoff.objects.get().state == "decided"

    def test_to_a_stranger_there_is_no_such_handoff(self, decided):
        stranger = factories.UserFactory(roles=["reviewer"])

        with pytest.raises(NotFound):
            take_back(decided, stranger)

    def test_after_its_release_it_stands(self, decided, ann):
        window_ends()
        release.release_due(now=now())

        with pytest.raises(AlreadyReleased):
            take_back(decided, ann)

        assert Decision.objects.get().undone_at is None

    def test_what_was_withdrawn_meanwhile_stays_so(self, decided, ann):
        answers.withdraw(decided.id, reason="solved", by=SYSTEM, now=now())

        with pytest.raises(AlreadyReleased):
            take_back(decided, ann)

        assert Decision.objects.get().undone_at is None

    def test_whoever_may_no_longer_decide_puts_it_back_for_others(self, decided, shop, ann, ben):
        ann.groups.remove(Group.objects.get(id=shop.team.pk))

        assert take_back(decided, ann) is False

        claim = claims.take_next(by=ben, now=now())
        assert claim is not None
        assert claim.handoff_id == decided.id

    def test_a_late_second_click_after_a_colleague_took_it_is_told_so(
        self, decided, ann, ben, shop
    ):
        take_back(decided, ann)
        claims.give_back(decided.id, by=ann, now=now())
        hold(decided, ben)

        with pytest.raises(ClaimLost):
            take_back(decided, ann)

        assert Claim.objects.filter(ended_at=None).get().reviewer == ben


@pytest.mark.slow
@pytest.mark.usefixtures("committed_db")
class TestRaces:
    def test_two_clicks_at_once_take_it_back_once(self, decided: Handoff, ann: User) -> None:
        with transaction.atomic():
            take_back(decided, ann)
            racer = Racer(lambda: take_back(decided, ann))
            racer.wait_until_blocked()

        assert racer.done() is True
        assert Decision.objects.filter(undone_at=None).count() == 0
        assert Claim.objects.filter(ended_at=None).count() == 1

    def test_the_agent_withdraws_while_it_is_taken_back(self, decided: Handoff, ann: User) -> None:
        with transaction.atomic():
            take_back(decided, ann)
            racer = Racer(lambda: answers.withdraw(decided.id, reason="x", by=SYSTEM, now=now()))
            racer.wait_until_blocked()

        assert racer.done().state == "withdrawn"
        with pytest.raises(ClaimLost):
            claims.renew(decided.id, by=ann, now=now())

    def test_a_colleague_who_takes_the_next_meanwhile_gets_none(
        self, decided: Handoff, ann: User, ben: User
    ) -> None:
        with transaction.atomic():
            take_back(decided, ann)
            racer = Racer(lambda: claims.take_next(by=ben, now=now()))
            assert racer.done() is None

        assert claims.take_next(by=ben, now=now()) is None
        assert Claim.objects.get(ended_at=None).reviewer == ann


@pytest.mark.django_db
class TestOnThePage:
    @pytest.fixture
    def desk(self, client: Browser, ann: User) -> Browser:
        client.force_login(ann)
        return client

    def post(self, desk: Browser, handoff: Handoff, name: str, **form: str) -> Any:
        url = reverse(f"reviews:{name}", args=[handoff.id])
        return desk.post(url, {"queue": "refunds", **form}, follow=True)

    def test_the_next_page_says_what_was_said_and_offers_the_way_back(self, shop, bot, ann, desk):
        first = hold(put(shop, bot, safeguards=WINDOW, due_in=60), ann)
        second = put(shop, bot)

        page = self.post(desk, first, "decide", verb="approve")

        assert page.redirect_chain == [(reverse("reviews:handoff", args=[second.id]), 302)]
        line = page.context["around"].undo[0]
        assert (line.said, line.then) == ("Approved", "The agent goes on")
        text = page.content.decode()
        assert f'action="{reverse("reviews:undo", args=[first.id])}"' in text
        assert "The agent goes on." not in text, "it does not yet"

    def test_it_is_offered_on_every_page_and_after_a_reload(self, decided, desk):
        for url in ("reviews:desk", "reviews:desk", "reviews:search"):
            page = desk.get(reverse(url))
            assert page.content.decode().count('data-key="z"') == 1

    def test_only_what_counts_now_is_offered(self, decided, desk, ann):
        take_back(decided, ann)
        decide(decided, ann, "approve")

        page = desk.get(reverse("reviews:desk"))

        assert [line.said for line in page.context["around"].undo] == ["Approved"]

    def test_a_colleague_is_offered_nothing(self, decided, client, ben):
        client.force_login(ben)

        assert b"Just decided" not in client.get(reverse("reviews:desk")).content

    def test_pressing_it_leads_back_to_ones_own_words(self, decided, desk):
        page = self.post(desk, decided, "undo")

        assert page.redirect_chain == [(reverse("reviews:handoff", args=[decided.id]), 302)]
        assert "Taken back. Nothing was sent." in page.content.decode()
        assert page.context["page"].rail.words == REASON
        assert b"Just decided" not in page.content

    def test_a_form_is_opened_again_as_it_was_filled_in(self, shop, bot, ann, desk):
        handoff = hold(put(shop, bot, safeguards=WINDOW), ann)
        url = reverse("reviews:fill-in", args=[handoff.id, "approve_with_edits"])
        form = {"a/amount": "200.50", "a/currency": "USD", "a/order_id": "#W5744371"}
        seen = desk.post(url, form).context["page"].seen
        sent = reverse("reviews:send", args=[handoff.id, "approve_with_edits"])
        desk.post(sent, {**form, "seen": seen, "queue": "refunds"})
        assert Decision.objects.get().verb == "approve_with_edits"

        page = self.post(desk, handoff, "undo")

        assert page.redirect_chain == [(url, 302)]
        assert 'value="200.50"' in page.content.decode()

    def test_pressing_it_too_late_says_so_and_what_to_do(self, decided, desk):
        window_ends()
        release.release_due(now=now())

        page = self.post(desk, decided, "undo")

        assert page.status_code == 409
        assert "Too late to take back" in page.content.decode()

    def test_of_what_several_decide_only_that_ones_own_is_in(self, shop, bot, ann, desk):
        handoff = hold(put(shop, bot, safeguards={"approvers": 2, **WINDOW}), ann)

        page = self.post(desk, handoff, "decide", verb="approve")

        assert "Your answer is in." in page.content.decode()
        assert "The agent goes on." not in page.content.decode()

    def test_a_decision_that_is_out_at_once_is_told_as_before(self, shop, bot, ann, desk):
        handoff = hold(put(shop, bot), ann)

        page = self.post(desk, handoff, "decide", verb="approve")

        assert "Approved. The agent goes on." in page.content.decode()
        assert b"Just decided" not in page.content
