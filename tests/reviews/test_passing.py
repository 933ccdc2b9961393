"""Short of deciding: say it to colleagues, add to the brief, give it back, send it elsewhere."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import levels
from handoffs.errors import NotSentThere, QueueFull
from handoffs.models import AuditEntry, Handoff, OutboxMessage, QueueDepth, Transition
from reviews import claims, comments, decisions, passing, threads
from reviews.errors import (
    ClaimLost,
    FormIncomplete,
    HandsFull,
    NoAuthorityHere,
    NobodyToAsk,
    NotForThem,
    TextMissing,
)
from reviews.models import Claim, Comment
from reviews.wording import Choice
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db


def now() -> Any:
    return timezone.now()


def page(desk: Browser, handoff: Handoff) -> str:
    return str(desk.get(reverse("reviews:handoff", args=[handoff.id])).content.decode())


def fill(desk: Browser, handoff: Handoff, way: str, **typed: str) -> Any:
    address = reverse("reviews:send", args=[handoff.id, way])
    return desk.post(address, {f"a/{name}": said for name, said in typed.items()})


def waiting(queue: Any) -> int:
    return sum(QueueDepth.objects.filter(queue=queue).values_list("waiting", flat=True))


@pytest.fixture
def risk(shop: Shop) -> Any:
    """Another team with a queue of its own, which the matrix lets refunds be sent to."""
    team = factories.make_team("risk analysts")
    queue = factories.QueueFactory(slug="risk", name="Risk")
    factories.let_work(team, queue)
    return factories.UserFactory(name="Rita", roles=[Role.REVIEWER], groups=[team]), team, queue


@pytest.fixture
def sendable(shop: Shop, bot: Client, ann: User, risk: Any) -> Handoff:
    _, team, queue = risk
    there = levels.Place(
        role_id=team.pk, role=team.name, queue_id=queue.pk, queue="risk", queue_name="Risk"
    )
    home = levels.Place(
        role_id=shop.team.pk,
        role=shop.team.name,
        queue_id=shop.queue.pk,
        queue="refunds",
        queue_name="Refunds",
    )
    terms = levels.terms_to_json(levels.Terms(send_to=(home, there)))
    handoff = put(shop, bot, terms=terms)
    claims.pick(handoff.id, by=ann, now=now())
    return handoff


class TestComments:
    def test_colleagues_read_what_was_said(
        self, desk: Browser, client: Browser, held: Handoff, ben: User
    ) -> None:
        said = desk.post(
            reverse("reviews:comment", args=[held.id]), {"comment": "Looks <b>odd</b>\u202e"}
        )
        other = Browser()
        other.force_login(ben)

        assert said["Location"].endswith("#colleagues")
        assert "Looks &lt;b&gt;odd&lt;/b&gt;⟦U+202E⟧" in page(other, held)

    def test_the_agent_does_not(self, agent: Any, held: Handoff, ann: User) -> None:
        comments.add(held.id, by=ann, text="Looks odd", now=now())

        assert "Looks odd" not in str(agent.get(f"/handoffs/{held.id}").content)

    def test_nothing_said_is_refused(self, held: Handoff, ann: User) -> None:
        with pytest.raises(TextMissing):
            comments.add(held.id, by=ann, text=" \0 ", now=now())

    def test_a_stranger_has_no_say(self, client: Browser, held: Handoff, mia: User) -> None:
        client.force_login(mia)

        said = client.post(reverse("reviews:comment", args=[held.id]), {"comment": "Hello"})

        assert said.status_code == 404
        assert not Comment.objects.exists()

    def test_who_is_asked_gets_a_mail_without_what_it_is_about(
        self, desk: Browser, held: Handoff, ben: User
    ) -> None:
        sent = fill(desk, held, "ask_colleague", colleague=str(ben.pk), question="Is this Kim?")

        mail = OutboxMessage.objects.get(event="handoff.asked_colleague")
        assert sent.status_code == 302
        assert mail.mail_to == ben.email
        assert held.id in mail.payload["text"]
        assert "Kim" not in str(mail.payload)
        assert "asks Ben" in page(desk, held)

    def test_only_who_works_the_queue_can_be_asked(
        self, desk: Browser, held: Handoff, ann: User, mia: User
    ) -> None:
        for other in (mia, ann):
            with pytest.raises(NobodyToAsk):
                comments.add(held.id, by=ann, text="Is this Kim?", asked=other.pk, now=now())
        sent = fill(desk, held, "ask_colleague", colleague=str(mia.pk), question="Is this Kim?")
        assert sent.status_code == 422

    def test_it_is_noted_that_something_was_said(self, held: Handoff, ann: User) -> None:
        said = comments.add(held.id, by=ann, text="Looks odd", now=now())

        noted = AuditEntry.objects.get(subject=held.id, action="handoff.commented")
        assert f'"comment":{said.pk}' in bytes(noted.body).decode().replace(" ", "")


class TestBlindness:
    @pytest.fixture
    def several(self, shop: Shop, bot: Client) -> Handoff:
        return put(shop, bot, safeguards={"approvers": 2, "undo_seconds": 0})

    def read(self, handoff: Handoff, reader: User, *, decides: bool = True) -> list[str]:
        found = threads.thread(handoff, reader, decides=decides, withheld=False)
        return [one.text for one in found.comments]

    def test_one_who_still_decides_reads_only_their_own(
        self, several: Handoff, ann: User, ben: User
    ) -> None:
        comments.add(several.id, by=ann, text="I would refuse", now=now())
        comments.add(several.id, by=ben, text="Mine", now=now())

        assert self.read(several, ben) == ["Mine"]
        assert self.read(several, ben, decides=False) == ["I would refuse", "Mine"]

    def test_the_page_is_the_same_with_and_without_others(
        self, client: Browser, several: Handoff, ann: User, ben: User
    ) -> None:
        client.force_login(ben)
        before = threads.thread(several, ben, decides=True, withheld=False)
        comments.add(several.id, by=ann, text="I would refuse", now=now())

        assert threads.thread(several, ben, decides=True, withheld=False) == before
        assert "I would refuse" not in page(client, several)

    def test_before_the_suggestion_is_shown_others_are_silent(
        self, held: Handoff, ann: User, ben: User
    ) -> None:
        comments.add(held.id, by=ben, text="The machine says yes", now=now())

        found = threads.thread(held, ann, decides=True, withheld=True)

        assert (found.comments, found.closed) == ((), True)

    def test_where_one_decides_everybody_reads_all(
        self, held: Handoff, ann: User, ben: User
    ) -> None:
        comments.add(held.id, by=ann, text="Odd", now=now())

        assert self.read(held, ben) == ["Odd"]


class TestContext:
    ADDED: dict[str, Any] = {
        "facts": [{"label": "Called Kim", "value": "She agrees", "kind": "text"}],
        "evidence": [{"title": "The call", "url": "https://calls.example/7"}],
    }

    def test_what_a_person_found_out_is_on_the_brief_marked_as_theirs(
        self, held: Handoff, ann: User
    ) -> None:
        brief = passing.add_context(held.id, by=ann, added=self.ADDED, now=now())

        assert brief.version == 2
        assert brief.body["facts"][0] == {
            "label": "Called Kim",
            "value": "She agrees",
            "kind": "text",
            "source": "added by Ann",
        }
        assert brief.body["evidence"][-1]["source"] == "added by Ann"
        assert brief.body["evidence"][-1]["id"] == "added-2"
        assert held.briefs.get(version=1).body == factories.brief_payload()

    def test_it_is_added_by_form_without_scripts(self, desk: Browser, held: Handoff) -> None:
        typed = {
            "facts~rows": "1",
            "facts/0/label": "Called Kim",
            "facts/0/value": "She agrees",
            "facts/0/kind": "",
            "facts/0/source": "by phone",
            "evidence~rows": "0",
        }

        assert fill(desk, held, "add_context", **typed).status_code == 302

        shown = page(desk, held)
        assert "She agrees" in shown
        assert "by phone, added by Ann" in shown

    def test_evidence_added_by_a_person_can_be_opened(self, held: Handoff, ann: User) -> None:
        passing.add_context(held.id, by=ann, added=self.ADDED, now=now())

        decisions.open_evidence(held.id, "added-2", by=ann, now=now())

    @pytest.mark.parametrize(
        ("added", "refusal"),
        [
            ({}, TextMissing),
            ({"facts": [{"label": "Called"}]}, FormIncomplete),
            ({"facts": [], "evidence": [{"title": "x", "url": "javascript:x"}]}, FormIncomplete),
            ({"facts": [{"label": "a", "value": "b"}] * 11}, FormIncomplete),
            ({"verdict": "yes"}, FormIncomplete),
        ],
    )
    def test_what_is_no_context_is_refused(
        self, held: Handoff, ann: User, added: dict[str, Any], refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            passing.add_context(held.id, by=ann, added=added, now=now())

        assert held.briefs.count() == 1

    def test_only_whoever_holds_it_adds(self, held: Handoff, ben: User) -> None:
        with pytest.raises(ClaimLost):
            passing.add_context(held.id, by=ben, added=self.ADDED, now=now())

    def test_a_brief_has_an_end(self, shop: Shop, bot: Client, ann: User) -> None:
        facts = [{"label": f"Fact {n}", "value": "x"} for n in range(60)]
        handoff = put(shop, bot, brief=factories.brief_payload(facts=facts))
        claims.pick(handoff.id, by=ann, now=now())

        with pytest.raises(TextMissing):
            passing.add_context(handoff.id, by=ann, added=self.ADDED, now=now())


class TestSendingOn:
    def test_another_team_has_it_then_and_the_deadline_stays(
        self, desk: Browser, shop: Shop, sendable: Handoff, ann: User, risk: Any
    ) -> None:
        rita, team, queue = risk
        before = (waiting(shop.queue), waiting(queue))

        fill(desk, sendable, "send_on", place="risk:risk analysts", note="It smells of fraud")

        found = Handoff.objects.get(id=sendable.id)
        assert (found.queue_id, found.role_id) == (queue.pk, team.pk)
        assert (found.deadline_at, found.level, found.state) == (
            sendable.deadline_at,
            sendable.level,
            "waiting",
        )
        assert (waiting(shop.queue), waiting(queue)) == (before[0] - 1, before[1] + 1)
        assert Claim.objects.get(handoff=sendable).ended_because == "sent_on"
        assert Transition.objects.filter(handoff_id=sendable.id).latest("id").cause == "sent_on"
        claims.take_next(by=rita, now=now())
        assert threads.thread(found, rita, decides=True, withheld=False).comments[0].text == (
            "It smells of fraud"
        )

    def test_who_sent_it_no_longer_decides_it(self, sendable: Handoff, ann: User) -> None:
        passing.send_on(sendable.id, by=ann, place="risk:risk analysts", note="Fraud?", now=now())

        with pytest.raises(ClaimLost):
            decisions.decide(sendable.id, by=ann, choice=Choice(verb="approve"), now=now())

    def test_it_can_be_sent_back(self, sendable: Handoff, ann: User, risk: Any) -> None:
        passing.send_on(sendable.id, by=ann, place="risk:risk analysts", note="Fraud?", now=now())
        rita = risk[0]
        claims.take_next(by=rita, now=now())

        passing.send_on(
            sendable.id, by=rita, place="refunds:refund approvers", note="No fraud", now=now()
        )

        assert claims.pick(sendable.id, by=ann, now=now())

    @pytest.mark.parametrize(
        "place", ["refunds:refund approvers", "risk:refund approvers", "nowhere:nobody", ""]
    )
    def test_nowhere_but_where_the_matrix_says(
        self, sendable: Handoff, ann: User, place: str
    ) -> None:
        with pytest.raises(NotSentThere):
            passing.send_on(sendable.id, by=ann, place=place, note="Fraud?", now=now())

        assert Claim.objects.get(handoff=sendable).ended_at is None
        assert not Comment.objects.exists()

    def test_a_full_queue_takes_no_more(
        self, desk: Browser, sendable: Handoff, ann: User, risk: Any
    ) -> None:
        QueueDepth.objects.filter(queue=risk[2], slot=0).update(waiting=risk[2].depth_limit)

        with pytest.raises(QueueFull):
            passing.send_on(
                sendable.id, by=ann, place="risk:risk analysts", note="Fraud?", now=now()
            )
        sent = fill(desk, sendable, "send_on", place="risk:risk analysts", note="Fraud?")
        assert sent.status_code == 422
        assert "already has 200 handoffs waiting" in sent.content.decode()

    def test_without_a_word_in_the_matrix_there_is_no_such_way(
        self, desk: Browser, held: Handoff, ann: User
    ) -> None:
        assert "Send it to another queue" not in page(desk, held)
        assert fill(desk, held, "send_on", place="risk:x", note="x").status_code == 404
        with pytest.raises(NotSentThere):
            passing.send_on(held.id, by=ann, place="risk:risk analysts", note="x", now=now())

    def test_whoever_does_not_decide_it_cannot_send_it(self, sendable: Handoff, ben: User) -> None:
        with pytest.raises((ClaimLost, NoAuthorityHere)):
            passing.send_on(
                sendable.id, by=ben, place="risk:risk analysts", note="Fraud?", now=now()
            )


class TestHandingOver:
    def test_it_is_theirs_then_and_they_are_told(
        self, desk: Browser, held: Handoff, ben: User
    ) -> None:
        fill(desk, held, "hand_over", colleague=str(ben.pk), note="You know Kim")

        theirs = Claim.objects.get(handoff=held, ended_at=None)
        assert theirs.reviewer_id == ben.pk
        assert 6600 < (theirs.expires_at - now()).total_seconds() <= 7200
        assert Claim.objects.get(handoff=held, turn=1).ended_because == "handed_over"
        mail = OutboxMessage.objects.get(event="handoff.handed_over")
        assert mail.mail_to == ben.email
        assert "Kim" not in str(mail.payload)
        assert claims.take_next(by=ben, now=now()).handoff_id == held.id
        decisions.decide(held.id, by=ben, choice=Choice(verb="approve"), now=now())

    def test_whoever_handed_it_over_no_longer_decides(
        self, held: Handoff, ann: User, ben: User
    ) -> None:
        passing.hand_over(held.id, by=ann, colleague=ben.pk, note="You know Kim", now=now())

        with pytest.raises(ClaimLost):
            decisions.decide(held.id, by=ann, choice=Choice(verb="approve"), now=now())

    def test_it_waits_for_them_no_longer_than_it_is_due(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        soon = put(shop, bot, due_in=900)
        claims.pick(soon.id, by=ann, now=now())

        claim = passing.hand_over(soon.id, by=ann, colleague=ben.pk, note="Now", now=now())

        assert claim.expires_at == soon.deadline_at

    def test_only_to_somebody_who_may_decide_it(
        self, shop: Shop, held: Handoff, ann: User, ben: User, mia: User
    ) -> None:
        other = factories.UserFactory(
            name="Rita", roles=[Role.REVIEWER], groups=[factories.make_team("risk analysts")]
        )
        gone = factories.UserFactory(roles=[Role.REVIEWER], groups=[shop.team], is_active=False)
        held.run.requester = {"email": ben.email}
        held.run.save(update_fields=["requester"])
        for colleague in (other, mia, ann, gone, ben):
            with pytest.raises(NotForThem):
                passing.hand_over(held.id, by=ann, colleague=colleague.pk, note="x", now=now())

        assert Claim.objects.get(handoff=held).ended_at is None
        assert not Comment.objects.exists()

    def test_full_hands_take_no_more(
        self, shop: Shop, bot: Client, held: Handoff, ann: User, ben: User
    ) -> None:
        for _ in range(claims.OPEN_CLAIMS):
            claims.pick(put(shop, bot).id, by=ben, now=now())

        with pytest.raises(HandsFull):
            passing.hand_over(held.id, by=ann, colleague=ben.pk, note="x", now=now())

        assert Claim.objects.get(handoff=held).reviewer_id == ann.pk
        assert Claim.objects.get(handoff=held).ended_at is None

    def test_where_there_is_nobody_else_the_form_says_so(
        self, desk: Browser, shop: Shop, held: Handoff
    ) -> None:
        User.objects.filter(name="Stand-in").update(is_active=False)

        shown = desk.get(reverse("reviews:fill-in", args=[held.id, "hand_over"]))

        assert "There is nobody else." in shown.content.decode()
        assert fill(desk, held, "hand_over", colleague="", note="x").status_code == 422


class TestGivingBackWithANote:
    def test_whoever_takes_it_next_reads_the_note(
        self, desk: Browser, held: Handoff, ben: User
    ) -> None:
        sent = fill(desk, held, "return_with_note", note="Kim calls back at noon")

        assert sent["Location"] == reverse("reviews:desk")
        assert Claim.objects.get(handoff=held).ended_because == "given_back"
        other = Browser()
        other.force_login(ben)
        assert "Kim calls back at noon" in page(other, held)

    def test_without_a_note_nothing_happens(self, desk: Browser, held: Handoff) -> None:
        assert fill(desk, held, "return_with_note", note=" ").status_code == 422
        assert Claim.objects.get(handoff=held).ended_at is None


def test_the_ways_are_on_the_page_folded_away(desk: Browser, sendable: Handoff) -> None:
    shown = page(desk, sendable)

    for way in ("add_context", "ask_colleague", "send_on", "return_with_note", "redirect"):
        assert way in shown
    assert shown.index("More ways") < shown.index("/as/ask_colleague")


def test_an_instruction_instead_of_an_approval(desk: Browser, held: Handoff) -> None:
    address = reverse("reviews:decide", args=[held.id])

    sent = desk.post(address, {"verb": "redirect", "words": "Offer a voucher", "queue": "refunds"})

    assert sent.status_code == 302
    assert Handoff.objects.get(id=held.id).state in ("answered", "decided")


def test_before_committing_an_answer_one_may_still_pass_it_on(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot, safeguards={"withhold_recommendation": True})
    claims.pick(handoff.id, by=ann, now=now())

    shown = page(desk, handoff)
    form = desk.get(reverse("reviews:fill-in", args=[handoff.id, "ask_colleague"]))
    answer = desk.get(reverse("reviews:fill-in", args=[handoff.id, "approve_with_edits"]))

    assert "/as/ask_colleague" in shown
    assert form.status_code == 200
    assert factories.brief_payload()["recommendation"]["rationale"] not in str(form.content)
    assert answer["Location"] == reverse("reviews:handoff", args=[handoff.id])
