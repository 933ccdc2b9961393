"""While a suggestion is withheld, no byte of any page depends on it; then three calm stages."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import Answer, Brief, Checkpoint, Handoff, Proposal, RiskTierMap, Run
from handoffs.states import HandoffKind, Tier
from reviews import claims, decisions, judged, visibility
from reviews.models import Decision, Draft, Judgement
from reviews.wording import Choice
from tests.factories import Shop, brief_payload
from tests.reviews.judging import WHY, WITHHOLD, commit, form, shown_as
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
now = timezone.now
OPTIONS = [
    {"id": "refund", "label": "Refund 312.50 USD", "consequence": "Money leaves today"},
    {"id": "again", "label": "Send a new tablet", "consequence": "With Kim in two days"},
    {"id": "voucher", "label": "Offer 30 USD", "consequence": "The order stays open"},
]
EVIDENCE = [
    {"id": "policy", "title": "Policy", "snippet": "Only within 30 days.", "must_open": True},
    {"id": "order", "title": "Order", "snippet": '{"order": "W1"}', "source": "orders"},
]
PLAIN = brief_payload(options=OPTIONS, evidence=EVIDENCE)
WITHHELD = {**WITHHOLD, "evidence": "must_open", "words_per_minute": 200}
SECRET = "the carrier has not seen the parcel since Monday"


def hinted(*, by: str, backwards: bool) -> list[dict[str, Any]]:
    options = [
        {**one, "rationale": SECRET, "consequence": f"{SECRET} {one['id']}"} for one in OPTIONS
    ]
    for one in options:
        if one["id"] == by:
            one["label"] = f"⭐ {one['label']} (recommended)"
            one["recommended"] = True
    return options[::-1] if backwards else options


def without(*parts: str) -> dict[str, Any]:
    return {key: value for key, value in PLAIN.items() if key not in parts}


BRIEFS: dict[str, dict[str, Any]] = {
    "says nothing": without("recommendation", "confidence", "on_answer"),
    "says yes": PLAIN | {"recommendation": {"answer": "approve", "rationale": SECRET}},
    "says no": PLAIN
    | {
        "recommendation": {"answer": "reject", "rationale": f"{SECRET}. " * 20},
        "confidence": {"value": 0.01, "basis": SECRET},
    },
    "promises": PLAIN
    | {
        "on_answer": {
            "approve": f"{SECRET}, and everybody is happy",
            "reject": f"{SECRET}, and the sky falls down",
            "choose": SECRET,
            "approve_with_edits": SECRET,
        }
    },
    "hints": PLAIN | {"options": hinted(by="refund", backwards=False)},
    "hints at another": PLAIN | {"options": hinted(by="voucher", backwards=True)},
    "hides it": PLAIN
    | {
        "hunch": SECRET,
        "facts": [{**PLAIN["facts"][0], "rationale": SECRET, "leaning": SECRET}],
        "flags": [{**PLAIN["flags"][0], "recommendation": SECRET}],
        "evidence": [
            {**EVIDENCE[0], "supports": SECRET},
            {**EVIDENCE[1], "snippet": json.dumps({"order": "W1", "model_confidence": 0.9})},
        ],
    },
}


@pytest.fixture
def withheld(shop: Shop, bot: Client, ann: User) -> Handoff:
    """A handoff with a withheld recommendation, which ann holds and has read enough of."""
    handoff = put(shop, bot, safeguards=WITHHELD, brief=BRIEFS["says nothing"])
    Checkpoint.objects.create(run=handoff.run, body='{"step": 3}')
    claims.pick(handoff.id, by=ann, now=now())
    return handoff


def url(name: str, handoff: Handoff) -> str:
    return reverse(f"reviews:{name}", args=[handoff.id])


def edits(name: str, handoff: Handoff) -> str:
    return reverse(f"reviews:{name}", args=[handoff.id, "approve_with_edits"])


def write(handoff: Handoff, body: dict[str, Any]) -> None:
    """Put another brief in the place of this one, as if the agent had sent that."""
    Brief.objects.filter(handoff=handoff).delete()
    Brief.objects.create(handoff=handoff, body=body, digest="sha-256=:c2VjcmV0:")


def bare(response: HttpResponse) -> bytes:
    """Return head and body without what is new in each response, whatever the brief."""
    head = "\n".join(f"{name}: {value}" for name, value in sorted(response.items()))
    text = head + "\n\n" + response.content.decode()
    for new in (
        r'name="csrfmiddlewaretoken" value="[^"]*"',
        # as long as the rest, which counts seconds in words
        r"(?<=Content-Length: )\d+",
        r"(?<=nonce-)[\w+/=-]+",
        r'(?<=nonce=")[^"]*',
        r'(?<=name="token" value=")[^"]*',
        r"\d{4}-\d\d-\d\dT[\d:.+]+",
        r"\b\d\d:\d\d(?::\d\d)?\b",
        r"(?:(?<=in )|(?<=>))\d+ (?:s|min|h)(?: \d+ min)?\b",
        r'(?<=data-ready-in=")\d+',
        r"(?<=Another )\d+ seconds?",
    ):
        text = re.sub(new, "·", text)
    return text.encode()


Look = Callable[[Browser, Handoff], HttpResponse]
LOOKS: dict[str, Look] = {
    "the page": lambda browser, handoff: browser.get(url("handoff", handoff)),
    "the page to edit": lambda browser, handoff: browser.get(edits("fill-in", handoff)),
    "everything as it was sent": lambda browser, handoff: browser.get(url("source", handoff)),
    "the desk": lambda browser, _: browser.get("/"),
    "the queue": lambda browser, _: browser.get("/queues/refunds"),
    "opening evidence": lambda browser, handoff: browser.post(
        url("evidence", handoff), {"evidence": "policy"}, headers={"HX-Request": "true"}
    ),
    "deciding first": lambda browser, handoff: browser.post(
        url("decide", handoff), {"verb": "approve", "words": WHY}
    ),
    "choosing first": lambda browser, handoff: browser.post(
        url("decide", handoff), {"verb": "choose", "option": "refund"}
    ),
    "approving edits first": lambda browser, handoff: browser.post(
        edits("send", handoff), {"a/amount": "1"}
    ),
    "committing too little": lambda browser, handoff: browser.post(url("judge", handoff), {}),
    "keeping a draft": lambda browser, handoff: browser.post(url("draft", handoff), {"words": "x"}),
    "a reason that tries a quote": lambda browser, handoff: browser.post(
        url("judge", handoff), {"answer": "reject", "words": f"I think {SECRET} so."}
    ),
}


@pytest.mark.parametrize("look", LOOKS)
def test_no_byte_and_no_query_depends_on_what_is_withheld(
    desk: Browser, withheld: Handoff, look: str
) -> None:
    LOOKS[look](desk, withheld)  # what a process reads once is read
    seen, asked = {}, {}
    for name, body in BRIEFS.items():
        write(withheld, body)
        Draft.objects.filter(handoff=withheld).delete()
        with CaptureQueriesContext(connection) as queries:
            seen[name] = bare(LOOKS[look](desk, withheld))
        asked[name] = len(queries)

    expected = seen.pop("says nothing")
    assert SECRET.encode() not in expected or look == "a reason that tries a quote"
    for name, page in seen.items():
        assert page.decode() == expected.decode(), name
        assert asked[name] == asked["says nothing"], name


@pytest.mark.parametrize("look", ["the page", "everything as it was sent", "the queue"])
def test_a_colleague_who_only_looks_learns_no_more(
    client: Browser, withheld: Handoff, ben: User, look: str
) -> None:
    client.force_login(ben)
    LOOKS[look](client, withheld)
    seen = []
    for body in BRIEFS.values():
        write(withheld, body)
        seen.append(bare(LOOKS[look](client, withheld)))

    assert len(set(seen)) == 1


def unsure(handoff: Handoff, confidence: float) -> None:
    """Let the agent be so sure, wherever else than in the brief that leaves a trace."""
    low = [{"id": "unsure", "tier": "hard_approval", "because": f"Only {confidence} sure"}]
    large = [{"id": "large-refund", "tier": "hard_approval", "because": "Refund of 200.00"}]
    Proposal.objects.filter(id=handoff.proposal_id).update(
        signals={"confidence": confidence}, rules=large + (low if confidence < 0.5 else [])
    )
    Run.objects.filter(id=handoff.run_id).update(
        input={
            "text": "Where is it?",
            "agent_confidence": confidence,
            "transcript": f"user: Where?\nassistant: I recommend {confidence}.\nuser: Well?",
        }
    )
    Checkpoint.objects.filter(run=handoff.run).update(body=json.dumps({"sure": confidence}))


def test_no_byte_depends_on_how_sure_the_machine_is(
    desk: Browser, withheld: Handoff, shop: Shop
) -> None:
    rule = {"id": "unsure", "when": {"signal": "confidence", "op": "<", "value": 0.5}}
    RiskTierMap.objects.create(
        workflow=shop.workflow, version=2, body={"rules": [*shop.map.body["rules"], rule]}
    )
    Proposal.objects.filter(id=withheld.proposal_id).update(map_version=2)
    seen = []
    for confidence in (0.01, 0.99):
        unsure(withheld, confidence)
        seen.append(bare(desk.get(url("handoff", withheld))).decode())

    assert seen[0] == seen[1]
    assert "Refund of 200.00" in seen[0] and "Where?" in seen[0]
    assert visibility.WITHHELD in seen[0]


def test_the_digest_of_the_whole_brief_is_nowhere(desk: Browser, withheld: Handoff) -> None:
    write(withheld, BRIEFS["says yes"])

    for look in LOOKS.values():
        assert b"c2VjcmV0" not in look(desk, withheld).content


def test_what_is_withheld_cannot_be_opened_by_its_name(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    item = {"id": "rec", "title": "AI recommendation", "snippet": SECRET, "must_open": True}
    handoff = put(shop, bot, safeguards=WITHHOLD, brief=brief_payload(evidence=[item]))
    claims.pick(handoff.id, by=ann, now=now())

    hidden = desk.post(url("evidence", handoff), {"evidence": "rec"})
    made_up = desk.post(url("evidence", handoff), {"evidence": "nothing"})
    committed = desk.post(url("judge", handoff), form())

    assert (hidden.status_code, made_up.status_code) == (404, 404)
    assert committed.status_code == 302
    assert desk.post(url("evidence", handoff), {"evidence": "rec"}).status_code == 302


# the three stages


def text(response: HttpResponse) -> str:
    return response.content.decode()


@pytest.fixture
def simple(shop: Shop, bot: Client, ann: User) -> Handoff:
    safeguards = {**WITHHOLD, "undo_seconds": 0}
    handoff = put(shop, bot, safeguards=safeguards, brief=brief_payload(options=OPTIONS))
    claims.pick(handoff.id, by=ann, now=now())
    return handoff


def test_first_one_answers_without_the_suggestion(desk: Browser, simple: Handoff) -> None:
    page = text(desk.get(url("handoff", simple)))

    assert "Your own answer first" in page
    assert page.count('name="answer"') == 4 + len(OPTIONS)
    assert page.count('name="confidence"') == 5
    assert "checked" not in page.split('id="decision"')[1].split("</form>")[0]
    assert url("judge", simple) in page and f'action="{url("decide", simple)}"' not in page


def test_then_the_suggestion_stands_beside_ones_own(desk: Browser, simple: Handoff) -> None:
    sent = desk.post(url("judge", simple), form("reject", "4"))
    page = text(desk.get(url("handoff", simple)))

    assert sent["Location"] == url("handoff", simple) + "#revealed"
    revealed = page.split('id="revealed"')[1].split("</section>")[0]
    assert "Reject, sure" in revealed
    assert "Approve" in revealed and "85" in revealed and "self-reported" in revealed
    assert "It suggests something else." in revealed
    assert "Within policy section 3." in page
    assert f'action="{url("decide", simple)}"' in page


def test_last_one_decides_and_both_stay(desk: Browser, simple: Handoff) -> None:
    desk.post(url("judge", simple), form("reject"))
    desk.post(url("decide", simple), {"verb": "approve", "words": ""})

    decision = Decision.objects.get()
    assert (decision.verb, decision.judgement.verb) == ("approve", "reject")
    assert decision.changed_after_reveal is True
    assert Answer.objects.get().verb == "approve"


def test_an_option_is_judged_by_the_name_on_the_page(
    desk: Browser, simple: Handoff, ann: User
) -> None:
    page = text(desk.get(url("handoff", simple)))
    name = f"choose:{shown_as(simple, ann, 'again')}"
    assert f'value="{name}"' in page and 'value="choose:again"' not in page

    desk.post(url("judge", simple), form(name))
    revealed = text(desk.get(url("handoff", simple)))

    assert Judgement.objects.get().option == "again"
    assert "Send a new tablet, fairly sure" in revealed


def test_a_refused_form_keeps_what_was_marked_and_written(desk: Browser, simple: Handoff) -> None:
    refused = desk.post(url("judge", simple), form("reject", "5", "Hm."))

    page = text(refused)
    assert refused.status_code == 422
    assert re.search(r'value="reject"[^>]* checked', page)
    assert re.search(r'name="confidence" value="5"[^>]* checked', page)
    assert "Hm.</textarea>" in page
    assert "A few more words of reason." in page


def test_what_was_marked_is_kept_while_it_is_written(desk: Browser, simple: Handoff) -> None:
    desk.post(url("draft", simple), form("reject", "2", "So far."))

    page = text(desk.get(url("handoff", simple)))

    assert re.search(r'value="reject"[^>]* checked', page)
    assert re.search(r'name="confidence" value="2"[^>]* checked', page)
    assert "So far.</textarea>" in page


def test_the_second_click_finds_the_first_one_kept(desk: Browser, simple: Handoff) -> None:
    desk.post(url("judge", simple), form("reject"))
    again = desk.post(url("judge", simple), form("approve"), follow=True)

    assert "You have committed your own answer already." in text(again)
    assert Judgement.objects.get().verb == "reject"


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("approve", "It suggests what you answered."),
        ("Approve", "It suggests what you answered."),
        ("approve the refund in full", "It suggests what you answered."),
        ("Approve with edits", "It suggests something else."),
        ("reject", "It suggests something else."),
        ("again", "It suggests something else."),
        ("Send a new tablet", "It suggests something else."),
        ("Think about it", "Compare the two, then decide."),
    ],
)
def test_how_the_suggestion_fits_is_said_without_taking_a_side(
    desk: Browser, simple: Handoff, answer: str, line: str
) -> None:
    write(simple, brief_payload(options=OPTIONS, recommendation={"answer": answer}))
    desk.post(url("judge", simple), form("approve"))

    assert line in text(desk.get(url("handoff", simple)))


def test_a_second_reader_is_one_click_away_where_the_suggestion_differs(
    desk: Browser, simple: Handoff
) -> None:
    desk.post(url("judge", simple), form("reject"))
    offered = text(desk.get(url("handoff", simple)))
    asked = text(desk.post(url("second-reader", simple), follow=True))
    again = text(desk.post(url("second-reader", simple), follow=True))

    assert url("second-reader", simple) in offered
    assert "A second reader is asked." in asked and url("second-reader", simple) not in asked
    assert "A second reader was asked already." in again


def test_where_the_two_agree_nobody_else_is_offered(desk: Browser, simple: Handoff) -> None:
    desk.post(url("judge", simple), form("approve"))

    assert url("second-reader", simple) not in text(desk.get(url("handoff", simple)))


def test_without_a_suggestion_the_stages_are_the_same(desk: Browser, simple: Handoff) -> None:
    write(simple, without("recommendation", "confidence", "evidence"))
    desk.post(url("judge", simple), form("approve"))

    assert "The agent sent no suggestion." in text(desk.get(url("handoff", simple)))


def test_what_was_judged_first_is_read_with_the_answer(
    desk: Browser, simple: Handoff, ann: User, ben: User, client: Browser
) -> None:
    commit(simple, by=ann, verb="reject", confidence=1)
    decisions.decide(simple.id, by=ann, choice=Choice(verb="approve"), now=now())

    page = text(desk.get(url("handoff", simple)))

    assert "Before the suggestion was shown" in page
    assert re.search(r"Ann: Reject, a guess, \d\d:\d\d UTC; changed after it", page)


def test_the_order_of_options_is_anothers_for_another(
    simple: Handoff, ann: User, ben: User
) -> None:
    names = [judged.seat(simple, person).key for person in (ann, ben)]

    assert names[0] != names[1]


@pytest.mark.parametrize(
    "spec",
    [
        {"challenge": "always"},
        {"challenge": "sampled", "challenge_share": 1.0},
        {"approvers": 2},
        {"minimum_seconds": 30, "words_per_minute": 100, "evidence": "must_open"},
        {"reason": "never"},
    ],
    ids=lambda spec: next(iter(spec)) + "-" + str(next(iter(spec.values()))),
)
def test_the_first_stage_goes_with_every_other_safeguard(
    desk: Browser, shop: Shop, bot: Client, ann: User, spec: dict[str, Any]
) -> None:
    handoff = put(shop, bot, safeguards={**WITHHOLD, **spec}, brief=PLAIN)
    claims.pick(handoff.id, by=ann, now=now())
    decisions.open_evidence(handoff.id, "policy", by=ann, now=now())

    first = desk.get(url("handoff", handoff))
    sent = desk.post(url("judge", handoff), form("reject"))

    assert first.status_code == 200 and "Your own answer first" in text(first)
    assert sent.status_code == (422 if "minimum_seconds" in spec else 302)
    if sent.status_code == 302:
        page = text(desk.get(url("handoff", handoff)))
        assert "Reject, fairly sure" in page
        refused = desk.post(url("decide", handoff), {"verb": "approve", "words": ""})
        assert (refused.status_code == 422) is ("challenge" in spec)


ANSWERS = {
    HandoffKind.TASK_DEFINITION: "define",
    HandoffKind.APPROVAL: "approve",
    HandoffKind.EXCEPTION: "answer",
    HandoffKind.AMBIGUITY: "accept_uncertainty",
    HandoffKind.RECOVERY: "switch_tool",
    HandoffKind.SIGN_OFF: "approve",
    HandoffKind.TAKEOVER: "take_over",
    HandoffKind.AUDIT: "wrong",
}


@pytest.mark.parametrize("kind", list(HandoffKind))
def test_every_kind_is_judged_before_it_is_decided(
    desk: Browser, shop: Shop, bot: Client, ann: User, kind: HandoffKind
) -> None:
    asked = kind not in (HandoffKind.APPROVAL, HandoffKind.AUDIT)
    tier = Tier.AUTONOMOUS if kind is HandoffKind.AUDIT else Tier.HARD_APPROVAL
    handoff = put(
        shop,
        bot,
        kind=kind,
        tier=tier,
        safeguards=WITHHOLD,
        brief=brief_payload(draft={"kind": "text", "body": "Say that it is paid."}),
        **({"proposal": None} if asked else {}),
    )
    claims.pick(handoff.id, by=ann, now=now())

    before = text(desk.get(url("handoff", handoff)))
    sent = desk.post(url("judge", handoff), form(ANSWERS[kind]))
    after = text(desk.get(url("handoff", handoff)))

    assert "Your own answer first" in before and "Within policy section 3." not in before
    # without an action or a result that it belongs to, a draft is the machine's own answer
    assert ("Say that it is paid." in before) is (not asked or kind is HandoffKind.SIGN_OFF)
    assert sent.status_code == 302
    assert "Within policy section 3." in after and "Say that it is paid." in after
