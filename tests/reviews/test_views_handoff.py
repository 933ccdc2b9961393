"""One handoff through a browser without scripts: read, work, decide, lose, read again."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs import answers
from handoffs.actors import SYSTEM
from handoffs.models import Answer, Handoff
from reviews import claims
from reviews.models import Claim, Draft
from tests.factories import Shop, brief_payload
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db


def url(name: str, handoff: Handoff, verb: str = "approve_with_edits") -> str:
    filled_in = [verb] if name in ("fill-in", "send") else []
    return reverse(f"reviews:{name}", args=[handoff.id, *filled_in])


def decide(browser: Browser, handoff: Handoff, verb: str, **typed: str) -> Any:
    typed = {"verb": verb, "queue": "refunds", **typed}
    return browser.post(url("decide", handoff), typed, follow=True)


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_page_asks_its_question_first_and_shows_the_suggestion_after_the_evidence(
    desk: Browser, held: Handoff
) -> None:
    page = text(desk.get(url("handoff", held)))

    order = [
        "<h1", "Here because", "on-answer", "Yours until", "If nobody answers", "Who waits",
        "Why you", "Everything as it was sent", 'id="facts"', 'id="flags"', 'id="steps"',
        'id="evidence"', 'id="draft"', 'id="will-do"', 'class="confidence"', "Within policy",
        'id="behind"', "Your decision",
    ]  # fmt: skip
    assert [page.index(part) for part in order] == sorted(page.index(part) for part in order)


def test_opening_the_page_starts_the_reading_time(desk: Browser, held: Handoff) -> None:
    desk.get(url("handoff", held))

    assert Claim.objects.get(handoff=held).opened_at is not None


def test_approving_answers_the_agent_and_brings_the_next_one(
    desk: Browser, held: Handoff, shop: Shop, bot: Client
) -> None:
    following = put(shop, bot)

    answer = decide(desk, held, "approve")

    assert Answer.objects.get(handoff=held).verb == "approve"
    assert answer.redirect_chain == [(url("handoff", following), 302)]
    assert "Approved. The agent goes on." in text(answer)


def test_after_the_last_one_comes_the_desk(desk: Browser, held: Handoff) -> None:
    answer = decide(desk, held, "approve")

    assert answer.redirect_chain == [(reverse("reviews:desk"), 302)]


def test_rejecting_without_a_reason_keeps_the_form_and_says_what_is_needed(
    desk: Browser, held: Handoff
) -> None:
    answer = decide(desk, held, "reject", words=" no ")

    assert answer.status_code == 422
    assert "A few more words of reason." in text(answer)
    assert ">\n no </textarea>" in text(answer)
    assert not Answer.objects.exists()


def test_a_reason_reaches_the_agent(desk: Browser, held: Handoff) -> None:
    decide(desk, held, "reject", words="The order was delivered on Monday.")

    assert Answer.objects.get(handoff=held).reason == "The order was delivered on Monday."


def test_asking_for_information_sends_the_question(desk: Browser, held: Handoff) -> None:
    desk.post(url("ask", held), {"words": "Which address was it sent to?", "queue": "refunds"})

    assert held.questions.get().question == "Which address was it sent to?"


def test_asking_nothing_is_mended_on_the_spot(desk: Browser, held: Handoff) -> None:
    answer = desk.post(url("ask", held), {"words": ""})

    assert answer.status_code == 422
    assert "Your question is missing" in text(answer)


def test_handing_up_leaves_the_desk(desk: Browser, held: Handoff, shop: Shop) -> None:
    desk.post(url("hand-up", held), {"words": "Above my limit.", "queue": "refunds"})

    held.refresh_from_db()
    assert held.queue_id == shop.leads_queue.id


def test_choosing_sends_the_marked_option(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    options = [
        {"id": "refund", "label": "Refund it", "consequence": "Money leaves today"},
        {"id": "voucher", "label": "Offer a voucher", "consequence": "The order stays"},
    ]
    handoff = put(shop, bot, brief=brief_payload(options=options))
    claims.pick(handoff.id, by=ann, now=timezone.now())

    unmarked = decide(desk, handoff, "choose")
    decide(desk, handoff, "choose", option="voucher")

    assert unmarked.status_code == 422
    assert Answer.objects.get(handoff=handoff).option == "voucher"


def test_giving_back_frees_it_and_keeps_the_text(desk: Browser, held: Handoff, ben: User) -> None:
    desk.post(url("draft", held), {"words": "half a thought"})

    answer = desk.post(url("give-back", held), follow=True)

    assert "Given back" in text(answer)
    assert claims.pick(held.id, by=ben, now=timezone.now())
    assert Draft.objects.get(handoff=held).body["reason"] == "half a thought"


def test_a_draft_is_there_again_on_the_next_device(desk: Browser, held: Handoff) -> None:
    desk.post(url("draft", held), {"words": "half a thought"})

    assert ">\nhalf a thought</textarea>" in text(desk.get(url("handoff", held)))


def test_a_cleared_draft_stays_cleared(desk: Browser, held: Handoff) -> None:
    desk.post(url("draft", held), {"words": "half a thought"})
    desk.post(url("draft", held), {"words": ""})

    assert "half a thought" not in text(desk.get(url("handoff", held)))


def test_coming_late_shows_who_decided_and_keeps_the_words(
    desk: Browser, held: Handoff, ann: User, ben: User
) -> None:
    Claim.objects.filter(handoff=held).update(ended_at=timezone.now(), ended_because="expired")
    claims.pick(held.id, by=ben, now=timezone.now())
    bens = Browser()
    bens.force_login(ben)
    decide(bens, held, "approve")

    late = decide(desk, held, "reject", words="It was delivered on Monday.")

    assert late.status_code == 409
    assert "Ben (refund approvers) approved this at" in text(late)
    assert "It was delivered on Monday." in text(late)
    assert Answer.objects.get(handoff=held).verb == "approve"


def test_what_was_decided_can_be_read_with_who_and_why(desk: Browser, held: Handoff) -> None:
    decide(desk, held, "reject", words="It was delivered on Monday.")

    page = text(desk.get(url("handoff", held)))

    assert "Ann (refund approvers) rejected this at" in page
    assert "It was delivered on Monday." in page
    assert "Your decision" not in page


def test_what_was_withdrawn_asks_for_nothing(desk: Browser, held: Handoff) -> None:
    answers.withdraw(held.id, reason="not needed", by=SYSTEM, now=timezone.now())

    page = text(desk.get(url("handoff", held)))

    assert "The agent no longer asks this." in page
    assert "Your decision" not in page


def test_what_a_colleague_holds_can_only_be_read(
    desk: Browser, shop: Shop, bot: Client, ben: User
) -> None:
    handoff = put(shop, bot)
    claims.pick(handoff.id, by=ben, now=timezone.now())

    page = text(desk.get(url("handoff", handoff)))

    assert "Ben has this one" in page
    assert "Take this one" not in page


def test_a_free_one_can_be_taken_where_choosing_is_allowed(
    desk: Browser, shop: Shop, bot: Client
) -> None:
    handoff = put(shop, bot)

    assert "Take this one" in text(desk.get(url("handoff", handoff)))
    assert "Your decision" in text(desk.post(url("pick", handoff), follow=True))


PAGES = ["handoff", "fill-in"]
DEEDS = ["decide", "ask", "hand-up", "renew", "draft", "evidence", "send", "pick"]


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_finds_no_page(client: Browser, held: Handoff, mia: User, name: str) -> None:
    client.force_login(mia)

    answer = client.get(url(name, held))

    assert answer.status_code == 404
    assert "Nothing here" in text(answer)
    assert held.id not in text(answer)


@pytest.mark.parametrize("name", DEEDS)
def test_a_stranger_finds_nothing_to_do(
    client: Browser, held: Handoff, mia: User, name: str
) -> None:
    client.force_login(mia)

    answer = client.post(url(name, held), {"verb": "approve", "words": "let me", "evidence": "x"})

    assert answer.status_code in (403, 404, 409)
    assert "312.50" not in text(answer)
    assert not Answer.objects.exists()


def test_evidence_that_must_be_opened_is_not_in_the_page_before(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    item = {"id": "p", "title": "Policy", "snippet": "Only within 30 days.", "must_open": True}
    handoff = put(shop, bot, brief=brief_payload(evidence=[item]))
    claims.pick(handoff.id, by=ann, now=timezone.now())

    before = text(desk.get(url("handoff", handoff)))
    refused = decide(desk, handoff, "approve")
    desk.post(url("evidence", handoff), {"evidence": "p"})
    after = text(desk.get(url("handoff", handoff)))

    assert "Only within 30 days." not in before
    assert "Open “Policy”." in before
    assert refused.status_code == 422
    assert "Only within 30 days." in after
    assert "Open “Policy”." not in after


def test_opening_evidence_by_script_sends_that_piece_and_what_is_still_needed(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    item = {"id": "p", "title": "Policy", "snippet": "Only within 30 days.", "must_open": True}
    handoff = put(shop, bot, brief=brief_payload(evidence=[item]))
    claims.pick(handoff.id, by=ann, now=timezone.now())

    part = text(
        desk.post(url("evidence", handoff), {"evidence": "p"}, headers={"HX-Request": "true"})
    )

    assert "<html" not in part
    assert "Only within 30 days." in part
    assert 'id="still-needed"' in part and 'hx-swap-oob="true"' in part


def test_a_withheld_recommendation_is_nowhere_in_the_page(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot, safeguards={"withhold_recommendation": True})
    claims.pick(handoff.id, by=ann, now=timezone.now())

    page = text(desk.get(url("handoff", handoff)))

    assert "Within policy section 3." not in page
    assert "self-reported" not in page
    assert "decide from the evidence first" in page


def test_reading_time_that_is_missing_is_said_in_seconds(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot, safeguards={"minimum_seconds": 30})
    claims.pick(handoff.id, by=ann, now=timezone.now())

    page = text(desk.get(url("handoff", handoff)))
    refused = decide(desk, handoff, "approve")

    assert 'data-ready-in="30"' in page
    assert refused.status_code == 422
    assert not Answer.objects.exists()


def test_renewing_says_until_when_and_losing_it_says_so(
    desk: Browser, held: Handoff, ann: User
) -> None:
    kept = desk.post(url("renew", held))
    claims.give_back(held.id, by=ann, now=timezone.now())
    lost = desk.post(url("renew", held))

    assert 'data-clock="at"' in text(kept)
    assert lost.status_code == 409
    assert "no longer yours" in text(lost)


def test_the_page_costs_the_same_whatever_the_brief_holds(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    counts = []
    for many in (10, 20):
        facts = [{"label": f"Fact {n}", "value": n, "source": f"s{n}"} for n in range(many)]
        evidence = [{"id": f"e{n}", "title": f"E {n}", "snippet": "x"} for n in range(many)]
        handoff = put(shop, bot, brief=brief_payload(facts=facts, evidence=evidence))
        claims.pick(handoff.id, by=ann, now=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            desk.get(url("handoff", handoff))
        counts.append(len(queries))

    assert counts[0] == counts[1]


class TestEdits:
    def typed(self, **changes: str) -> dict[str, str]:
        proposed = {"a/order_id": "#W5744371", "a/amount": "312.5", "a/currency": "USD"}
        draft = {"draft": "Dear Kim, your money is on its way."}
        return proposed | draft | {"queue": "refunds", "words": ""} | changes

    def test_the_form_holds_what_was_proposed(self, desk: Browser, held: Handoff) -> None:
        page = desk.get(url("fill-in", held)).context["page"]

        fields = {field.name: (field.kind, field.value) for field in page.fields}
        assert fields["a/amount"] == ("number", "312.5")
        assert fields["a/currency"] == ("enum", "USD")

    def test_the_changes_are_shown_before_they_can_be_approved(
        self, desk: Browser, held: Handoff
    ) -> None:
        looked = desk.post(url("fill-in", held), self.typed(**{"a/amount": "300"}))

        assert "Approve with 1 change" in text(looked)
        assert "312.5" in text(looked) and "300" in text(looked)
        assert not Answer.objects.exists()

    def test_what_was_shown_is_what_is_approved(self, desk: Browser, held: Handoff) -> None:
        typed = self.typed(**{"a/amount": "300"})
        seen = desk.post(url("fill-in", held), typed).context["page"].seen

        desk.post(url("send", held), typed | {"seen": seen})

        answer = Answer.objects.get(handoff=held)
        assert answer.verb == "approve_with_edits"
        assert '"amount":300' in (answer.arguments or "")

    def test_what_was_changed_after_the_look_is_not_approved(
        self, desk: Browser, held: Handoff
    ) -> None:
        seen = (
            desk.post(url("fill-in", held), self.typed(**{"a/amount": "300"})).context["page"].seen
        )

        answer = desk.post(url("send", held), self.typed(**{"a/amount": "3000"}) | {"seen": seen})

        assert answer.status_code == 422
        assert "Look at the changes once more" in text(answer)
        assert not Answer.objects.exists()

    def test_without_a_change_there_is_nothing_to_approve_here(
        self, desk: Browser, held: Handoff
    ) -> None:
        answer = desk.post(url("send", held), self.typed())

        assert answer.status_code == 422
        assert "Nothing is changed" in text(answer)

    def test_what_cannot_be_read_is_marked_and_kept(self, desk: Browser, held: Handoff) -> None:
        answer = desk.post(url("send", held), self.typed(**{"a/amount": "lots"}))

        assert answer.status_code == 422
        assert "A number, with a point before the decimals." in text(answer)
        assert 'value="lots"' in text(answer)

    def test_what_the_action_does_not_take_is_marked(self, desk: Browser, held: Handoff) -> None:
        answer = desk.post(url("fill-in", held), self.typed(**{"a/amount": "-5"}))

        assert 'aria-invalid="true"' in text(answer)
        assert "Approve with" not in text(answer)

    def test_an_edited_draft_is_compared_word_by_word_and_sent(
        self, desk: Browser, held: Handoff
    ) -> None:
        typed = self.typed(draft="Dear Kim, your money leaves today.")
        looked = desk.post(url("fill-in", held), typed)

        desk.post(url("send", held), typed | {"seen": looked.context["page"].seen})

        assert "<del>is on its way</del>" in text(looked).replace("\n", "")
        assert Answer.objects.get(handoff=held).draft == "Dear Kim, your money leaves today."

    def test_by_script_only_the_changes_come_back(self, desk: Browser, held: Handoff) -> None:
        part = text(
            desk.post(
                url("fill-in", held),
                self.typed(**{"a/amount": "1"}),
                headers={"HX-Request": "true"},
            )
        )

        assert "<html" not in part
        assert part.lstrip().startswith('<aside class="rail" id="changes"')

    def test_who_does_not_hold_it_edits_nothing(
        self, desk: Browser, shop: Shop, bot: Client
    ) -> None:
        handoff = put(shop, bot)

        assert desk.get(url("fill-in", handoff))["Location"] == url("handoff", handoff)
        assert desk.post(url("send", handoff), self.typed()).status_code in (409, 422)
        assert not Answer.objects.exists()


def test_a_second_click_is_told_that_the_first_one_counted(desk: Browser, held: Handoff) -> None:
    decide(desk, held, "approve")

    again = decide(desk, held, "approve")

    assert again.status_code == 409
    assert "Already sent" in text(again)
    assert "You approved this at" in text(again)
