"""Where an answer is challenged: on its page, in the decision, afterwards."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import Brief, Handoff
from reviews import claims, decisions, seen, undo
from reviews.decisions import Choice
from reviews.errors import SafeguardUnmet
from reviews.models import Decision, Draft, EvidenceOpened
from reviews.spec import read
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import let_lease_run_out, put

pytestmark = pytest.mark.django_db
ALWAYS = {"challenge": "always", "undo_seconds": 0}
SAMPLED = {"challenge": "sampled", "challenge_share": 1.0, "undo_seconds": 0}
REASON = "Carrier confirms the parcel is lost, total matches the invoice."
STATED = {"checked": ["facts:0"], "wrong_if": ["figure"]}


def hold(shop: Shop, bot: Client, by: User, spec: dict[str, Any], **changes: Any) -> Handoff:
    handoff = put(shop, bot, safeguards=spec, **changes)
    claims.pick(handoff.id, by=by, now=timezone.now())
    return handoff


def decide(handoff: Handoff, by: User, verb: str = "approve", **choice: Any) -> Decision:
    return decisions.decide(
        handoff.id, by=by, choice=Choice(verb=verb, **choice), now=timezone.now()
    )


def refusal(handoff: Handoff, by: User, verb: str = "approve", **choice: Any) -> list[str]:
    with pytest.raises(SafeguardUnmet) as refused:
        decide(handoff, by, verb, **choice)
    return [one.code for one in refused.value.unmet]


def post(desk: Browser, handoff: Handoff, name: str = "decide", **fields: Any) -> Any:
    return desk.post(reverse(f"reviews:{name}", args=[handoff.id]), fields)


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_yes_and_no_are_kept_with_what_was_stated(
    shop: Shop, bot: Client, ann: User, verb: str
) -> None:
    handoff = hold(shop, bot, ann, ALWAYS)

    assert refusal(handoff, ann, verb, reason=REASON) == ["checked_missing", "wrong_if_missing"]
    decision = decide(handoff, ann, verb, reason=REASON, challenge=STATED)

    assert decision.challenge == {
        "checked": [{"id": "facts:0", "label": "Order total"}],
        "wrong_if": [{"id": "figure", "label": "A wrong name or figure"}],
    }


def test_what_nobody_asked_for_is_not_kept(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(shop, bot, ann, {"undo_seconds": 0})

    assert decide(handoff, ann, challenge=STATED).challenge is None


def test_a_drawn_agreement_is_challenged_and_a_rejection_is_not(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(shop, bot, ann, SAMPLED)

    assert refusal(handoff, ann) == ["checked_missing", "wrong_if_missing", "reason_missing"]
    assert decide(handoff, ann, "reject", reason=REASON).challenge is None


def test_where_none_is_drawn_agreeing_is_as_free_as_ever(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(shop, bot, ann, SAMPLED | {"challenge_share": 0.0})

    assert decide(handoff, ann).challenge is None


def test_the_page_shows_the_draw_that_the_decision_uses(
    shop: Shop, bot: Client, desk: Browser, ann: User
) -> None:
    shown, drawn = [], []
    for _ in range(12):
        handoff = put(shop, bot, safeguards=SAMPLED | {"challenge_share": 0.5})
        claims.pick(handoff.id, by=ann, now=timezone.now())
        address = reverse("reviews:handoff", args=[handoff.id])
        loads = {desk.get(address).context["page"].rail.challenge is not None for _ in range(3)}
        assert len(loads) == 1
        shown.append(loads.pop())
        drawn.append(seen.drawn(handoff, ann, read(handoff.safeguards)))
        claims.give_back(handoff.id, by=ann, now=timezone.now())

    assert shown == drawn and len(set(shown)) == 2


def test_a_sentence_of_another_handoff_is_refused_and_one_taken_back_is_not(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    first = hold(shop, bot, ann, ALWAYS | {"undo_seconds": 60})
    decide(first, ann, reason=REASON, challenge=STATED)
    undo.take_back(first.id, by=ann, now=timezone.now())
    decide(first, ann, reason=REASON, challenge=STATED)
    second = hold(shop, bot, ann, ALWAYS)

    assert refusal(second, ann, reason=REASON, challenge=STATED) == ["reason_recycled"]
    claims.give_back(second.id, by=ann, now=timezone.now())
    claims.pick(second.id, by=ben, now=timezone.now())
    assert decide(second, ben, reason=REASON, challenge=STATED).reviewer == ben


def test_only_the_last_reasons_are_looked_at_by_their_index(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(shop, bot, ann, ALWAYS)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        refusal(handoff, ann)

    [query] = [one["sql"] for one in queries if "reviews_decision" in one["sql"]]
    assert query.endswith("LIMIT 20")
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
        cursor.execute(f"explain {query}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "decision_own_reasons" in plan, plan


def test_what_was_stated_comes_back_with_an_undone_decision(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(shop, bot, ann, ALWAYS | {"undo_seconds": 60})
    own = STATED | {"checked_own": "the carrier's site"}
    decide(handoff, ann, reason=REASON, challenge=own)

    undo.take_back(handoff.id, by=ann, now=timezone.now())

    assert Draft.objects.get().body["challenge"] == own | {"wrong_if_own": ""}


def test_the_page_asks_and_keeps_what_was_marked(
    shop: Shop, bot: Client, desk: Browser, ann: User
) -> None:
    handoff = hold(shop, bot, ann, ALWAYS)
    page = desk.get(reverse("reviews:handoff", args=[handoff.id]))
    assert "What would make your answer wrong" in page.text
    assert "Asked of every answer here, yes or no." in page.text

    again = post(
        desk, handoff, verb="approve", words=REASON, checked=["facts:0"], checked_own="the log"
    )

    assert again.status_code == 422
    asked = again.context["page"].rail.challenge
    assert [mark.value for mark in asked.checked if mark.on] == ["facts:0"]
    assert asked.checked_own == "the log"
    assert [need.code for need in again.context["page"].rail.needs] == ["wrong_if_missing"]
    assert Draft.objects.get().body["challenge"]["checked"] == ["facts:0"]
    done = post(
        desk, handoff, verb="approve", words=REASON, checked=["facts:0"], wrong_if=["figure"]
    )
    assert done.status_code == 302


def test_marks_are_kept_while_they_are_set(
    shop: Shop, bot: Client, desk: Browser, ann: User
) -> None:
    handoff = hold(shop, bot, ann, ALWAYS)

    post(desk, handoff, "draft", words="", checked=["facts:0"], wrong_if_own="it turns up")

    asked = desk.get(reverse("reviews:handoff", args=[handoff.id])).context["page"].rail.challenge
    assert [mark.value for mark in asked.checked if mark.on] == ["facts:0"]
    assert asked.wrong_if_own == "it turns up"


def test_an_approval_with_edits_is_challenged_too(
    shop: Shop, bot: Client, desk: Browser, ann: User
) -> None:
    handoff = hold(shop, bot, ann, ALWAYS)
    page = desk.get(reverse("reviews:fill-in", args=[handoff.id, "approve_with_edits"]))
    assert "What would make your answer wrong" in page.text
    arguments = {"order_id": "#W5744371", "amount": 120, "currency": "USD"}

    assert refusal(handoff, ann, "approve_with_edits", arguments=arguments, reason=REASON) == [
        "checked_missing",
        "wrong_if_missing",
    ]
    choice = {"arguments": arguments, "reason": REASON, "challenge": STATED}
    assert decide(handoff, ann, "approve_with_edits", **choice).challenge is not None


def test_hostile_labels_are_shown_as_they_are(
    shop: Shop, bot: Client, desk: Browser, ann: User
) -> None:
    facts = [{"label": "<b>Total\u202e</b>", "value": "1"}]
    handoff = hold(shop, bot, ann, ALWAYS, brief=factories.brief_payload(facts=facts))

    page = desk.get(reverse("reviews:handoff", args=[handoff.id]))

    assert "&lt;b&gt;Total⟦U+202E⟧&lt;/b&gt;</span></label>" in page.text


def test_evidence_is_opened_as_it_stands(shop: Shop, bot: Client, ann: User) -> None:
    gate = {"id": "policy", "title": "Policy", "snippet": "Three days.", "must_open": True}
    brief = factories.brief_payload(evidence=[gate])
    handoff = hold(shop, bot, ann, {"undo_seconds": 0}, brief=brief)
    decisions.open_evidence(handoff.id, "policy", by=ann, now=timezone.now())
    changed = brief | {"evidence": [gate | {"snippet": "Thirty days."}]}
    Brief.objects.create(handoff=handoff, version=2, body=changed, digest="sha-256=")

    assert refusal(handoff, ann) == ["evidence"]
    decisions.open_evidence(handoff.id, "policy", by=ann, now=timezone.now())
    assert decide(handoff, ann).verb == "approve"
    assert EvidenceOpened.objects.count() == 1


def test_a_version_of_a_brief_stays_as_it_was_read(shop: Shop, bot: Client) -> None:
    put(shop, bot)

    with pytest.raises(IntegrityError), transaction.atomic():
        Brief.objects.update(body={})


def test_a_button_that_has_to_wait_can_be_reached_and_says_why(
    shop: Shop, bot: Client, desk: Browser, ann: User
) -> None:
    handoff = hold(shop, bot, ann, {"minimum_seconds": 60})

    page = desk.get(reverse("reviews:handoff", args=[handoff.id]))

    held = {
        verb.verb: verb.held
        for verb in (*page.context["page"].rail.lead, *page.context["page"].rail.other)
    }
    assert held["approve"] and held["reject"]
    assert not held["ask_information"] and not held["escalate"]
    assert 'aria-describedby="effect-approve still-needed" aria-disabled="true"' in page.text
    assert " disabled" not in page.text
    assert "of reading.</li>" in page.text


def test_what_was_stated_outlives_the_claim(
    shop: Shop, bot: Client, desk: Browser, ann: User
) -> None:
    handoff = hold(shop, bot, ann, ALWAYS)
    let_lease_run_out(handoff)

    late = post(desk, handoff, verb="approve", words=REASON, **STATED)

    assert late.status_code == 409 and not Decision.objects.exists()
    claims.pick(handoff.id, by=ann, now=timezone.now())
    asked = desk.get(reverse("reviews:handoff", args=[handoff.id])).context["page"].rail
    assert [mark.value for mark in asked.challenge.checked if mark.on] == ["facts:0"]
    assert asked.words == REASON


def test_what_is_still_needed_follows_what_is_marked_and_written(
    shop: Shop, bot: Client, desk: Browser, ann: User
) -> None:
    handoff = hold(shop, bot, ann, ALWAYS)
    by_htmx = {"HX-Request": "true"}
    address = reverse("reviews:draft", args=[handoff.id])

    some = desk.post(address, {"words": "", "checked": ["facts:0"]}, headers=by_htmx)
    all_of_it = desk.post(address, {"words": REASON, **STATED}, headers=by_htmx)
    copied = desk.post(address, {"words": "Within policy section 3.", **STATED}, headers=by_htmx)
    plain = desk.post(address, {"words": REASON})

    assert "Mark what you checked." not in some.text
    assert "Mark what would make your answer wrong." in some.text
    assert "<li" not in all_of_it.text and 'hx-swap-oob="true"' in all_of_it.text
    assert "stands in the brief already" in copied.text
    assert "still-needed" not in plain.text and plain.text.startswith("Kept at")


def test_what_was_stated_is_on_the_page_of_what_was_decided(
    shop: Shop, bot: Client, desk: Browser, ann: User
) -> None:
    handoff = hold(shop, bot, ann, ALWAYS)
    decide(handoff, ann, reason=REASON, challenge=STATED | {"wrong_if_own": "it turns up"})

    page = desk.get(reverse("reviews:handoff", args=[handoff.id]))

    assert "Checked: Order total" in page.text
    assert "Would be wrong by: A wrong name or figure; it turns up" in page.text
