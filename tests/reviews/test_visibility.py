"""What is withheld is absent, wherever it stands, until the answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews import visibility
from reviews.visibility import Phase, Seat
from tests.factories import brief_payload

WITHHOLD = {"withhold_recommendation": True}


@pytest.mark.parametrize(
    ("spec", "decided", "phase"),
    [
        ({}, False, Phase.OPEN),
        ({}, True, Phase.OPEN),
        ({"withhold_recommendation": False}, False, Phase.OPEN),
        ({"withhold_recommendation": None}, False, Phase.OPEN),
        (WITHHOLD, False, Phase.BEFORE_JUDGEMENT),
        (WITHHOLD, True, Phase.REVEALED),
        ({"withhold_recommendation": "yes"}, False, Phase.BEFORE_JUDGEMENT),
        ({"withhold_recommendation": 1}, False, Phase.BEFORE_JUDGEMENT),
    ],
)
def test_the_phase_withholds_in_doubt(spec: dict[str, Any], decided: bool, phase: Phase) -> None:
    assert visibility.phase(spec, decided=decided) is phase


@pytest.mark.parametrize(("spec", "decided"), [({}, False), ({}, True), (WITHHOLD, True)])
def test_nothing_is_missing_where_nothing_is_withheld(spec: dict[str, Any], decided: bool) -> None:
    assert visibility.brief_for(brief_payload(), spec, decided) == brief_payload()


@pytest.mark.parametrize("judged", [False, True])
def test_a_judgement_reveals_to_whoever_made_it(judged: bool) -> None:
    shown = visibility.brief_for(brief_payload(), WITHHOLD, False, judged=judged)

    assert ("recommendation" in shown) is judged


def test_recommendation_confidence_and_rationale_are_absent_and_not_emptied() -> None:
    brief = brief_payload(options=[{"id": "a", "label": "A", "rationale": "best", "arguments": {}}])

    shown = visibility.brief_for(brief, WITHHOLD, False, seat=Seat(drafted=True))

    assert set(brief) - set(shown) == {"recommendation", "confidence", "on_answer"}
    assert [set(option) for option in shown["options"]] == [{"id", "label", "arguments"}]
    kept = ("ask", "summary", "steps", "facts", "flags", "evidence", "draft")
    assert {key: shown[key] for key in kept} == {key: brief[key] for key in kept}


def test_what_nobody_named_stays_out() -> None:
    brief = brief_payload(hunch="approve")
    brief["facts"][0]["leaning"] = "approve"
    brief["evidence"][0]["supports"] = "approve"
    brief["flags"][0]["points_to"] = "approve"

    shown = visibility.brief_for(brief, WITHHOLD, False)

    assert '"approve"' not in json.dumps(shown)


def test_a_draft_without_an_action_beside_it_is_the_answer_itself() -> None:
    assert "draft" not in visibility.brief_for(brief_payload(), WITHHOLD, False)


OPTIONS = [
    {"id": "yes", "label": "Refund in full (recommended)", "consequence": "Kim is happy"},
    {"id": "part", "label": "Offer a voucher", "consequence": "Kim leaves us"},
    {"id": "no", "label": "⭐ Do nothing"},
]


def options(key: bytes, **changes: Any) -> list[dict[str, Any]]:
    brief = brief_payload(options=OPTIONS, **changes)
    return list(visibility.brief_for(brief, WITHHOLD, False, seat=Seat(key=key))["options"])


def test_options_have_no_hint_no_consequence_and_no_name_that_tells() -> None:
    shown = options(b"one")

    assert {one["label"] for one in shown} == {
        "Refund in full",
        "Offer a voucher",
        "Do nothing",
    }
    assert [set(one) for one in shown] == [{"id", "label"}] * 3
    assert {"yes", "part", "no"}.isdisjoint(one["id"] for one in shown)


def test_options_stand_in_an_order_that_the_agent_did_not_choose() -> None:
    orders = {tuple(one["label"] for one in options(bytes([number]))) for number in range(60)}
    reversed_ = visibility.brief_for(
        brief_payload(options=OPTIONS[::-1]), WITHHOLD, False, seat=Seat(key=b"one")
    )

    assert len(orders) == 6
    assert options(b"one") == options(b"one") == reversed_["options"]


def test_options_keep_their_order_from_the_judgement_to_the_answer() -> None:
    brief, seat = brief_payload(options=OPTIONS), Seat(key=b"7")
    before = visibility.brief_for(brief, WITHHOLD, False, seat=seat)["options"]
    after = visibility.brief_for(brief, WITHHOLD, False, judged=True, seat=seat)["options"]
    answered = visibility.brief_for(brief, WITHHOLD, True, seat=seat)["options"]

    assert [visibility.option_mask(b"7", one["id"]) for one in after] == [
        one["id"] for one in before
    ]
    assert answered == OPTIONS
    assert [visibility.unmasked(brief, b"7", one["id"]) for one in before] == [
        one["id"] for one in after
    ]
    assert visibility.unmasked(brief, b"8", before[0]["id"]) is None


def test_the_ways_on_of_a_recovery_are_options_too() -> None:
    recovery = {
        "tool": "carrier",
        "input": {"parcel": "1", "confidence": 0.9},
        "tools": [{"id": "best", "label": "DHL (recommended)", "consequence": "Works"}],
        "leaning": "DHL",
    }

    shown = visibility.brief_for(brief_payload(recovery=recovery), WITHHOLD, False)["recovery"]

    assert (shown["tool"], shown["input"]) == ("carrier", {"parcel": "1"})
    assert [set(one) for one in shown["tools"]] == [{"id", "label"}]
    assert shown["tools"][0]["label"] == "DHL" and shown["tools"][0]["id"] != "best"
    assert "leaning" not in shown


RATIONALE = "The parcel was last seen on the 26th and the policy says that three days are enough."
ADVICE = {"answer": "approve", "rationale": RATIONALE}
QUOTES = [
    "So: the parcel was last seen on the 26th.",
    "THE PARCEL was last  seen, on the 26th!",
    "the par\u200bcel was last seen on the 26th",
    "It says that three days are enough",
]


@pytest.mark.parametrize("quote", QUOTES)
@pytest.mark.parametrize("place", ["summary", "steps", "flags"])
def test_the_machines_words_that_quote_its_advice_are_withheld(place: str, quote: str) -> None:
    parts: dict[str, Any] = {
        "summary": quote,
        "steps": ["Read the order", quote],
        "flags": [{"label": quote, "severity": "high"}],
    }
    brief = brief_payload(recommendation=ADVICE, **{place: parts[place]})

    shown = visibility.brief_for(brief, WITHHOLD, False)
    told = visibility.brief_for(brief, WITHHOLD, False, judged=True)

    assert quote not in json.dumps(shown[place], ensure_ascii=False)
    assert visibility.WITHHELD in json.dumps(shown[place], ensure_ascii=False)
    assert told[place] == parts[place]


def test_a_quote_is_known_in_a_script_without_spaces() -> None:
    rationale = "包裹自二十六日起没有任何扫描记录，根据政策应当全额退款。"
    brief = brief_payload(
        summary="承运人说包裹自二十六日起没有任何扫描。",
        steps=["查看了订单和包裹", "阅读退款政策"],
        recommendation={"answer": "approve", "rationale": rationale},
    )

    shown = visibility.brief_for(brief, WITHHOLD, False)

    assert shown["summary"] == visibility.WITHHELD
    assert shown["steps"] == brief["steps"]


def test_evidence_that_the_advice_quotes_is_shown() -> None:
    snippet = "Refunds are due when an order is more than three days late."
    brief = brief_payload(recommendation={"answer": "approve", "rationale": snippet})

    shown = visibility.brief_for(brief, WITHHOLD, False)

    assert shown["evidence"] == brief["evidence"]


@pytest.mark.parametrize(
    "name", ["Recommendation", "AI verdict", "Agent's confidence", "suggested_action", "Empfehlung"]
)
def test_advice_that_poses_as_a_fact_or_as_evidence_is_withheld(name: str) -> None:
    brief = brief_payload(
        facts=[{"label": name, "value": "Go ahead", "kind": "text"}],
        evidence=[{"id": "x", "title": name, "snippet": "Go ahead", "must_open": True}],
    )

    shown = visibility.brief_for(brief, WITHHOLD, False)

    assert "Go ahead" not in json.dumps(shown)
    assert len(shown["facts"]) == len(shown["evidence"]) == 1
    assert not shown["evidence"][0]["must_open"]


@pytest.mark.parametrize(
    "words",
    [
        "I recommend to approve this.",
        "Ich empfehle die Freigabe.",
        "Je recommande d'accepter.",
        "Recomiendo aprobarlo.",
        "Raccomando di approvare.",
        "Polecam i rekomenduję zgodę.",
        "Рекомендую одобрить.",
        "承認を推奨します。",
        "建议批准。",
        "승인을 추천합니다.",
        "أوصي بالموافقة",
        "แนะนำให้อนุมัติ",
        "Onaylanması önerilir.",
    ],
)
def test_a_summary_that_advises_is_withheld_whatever_the_advice_is(words: str) -> None:
    for brief in (brief_payload(summary=words), brief_payload(summary=words, recommendation=None)):
        assert visibility.brief_for(brief, WITHHOLD, False)["summary"] == visibility.WITHHELD


@pytest.mark.parametrize(
    "words",
    [
        "The customer is confident and calm.",
        "Lettre recommandée envoyée le 3 mars.",
        "Inviata una raccomandata al cliente.",
        "Transféré au conseiller clientèle.",
        "Order is four days late; customer asked twice for a refund.",
        "Checked the refund policy",
        "Vorgang an die Teamleitung gegeben.",
        "Ajánlatot küldött az ügyfélnek.",
    ],
)
def test_what_only_tells_is_shown(words: str) -> None:
    assert visibility.brief_for(brief_payload(summary=words), WITHHOLD, False)["summary"] == words


def test_a_question_that_answers_itself_is_asked_neutrally() -> None:
    loaded = "I recommend a refund. Agreed?"
    brief = brief_payload(ask=loaded)

    assert visibility.brief_for(brief, WITHHOLD, False)["ask"] == visibility.NEUTRAL_ASK
    assert visibility.ask_for(loaded, {}, WITHHOLD) == visibility.NEUTRAL_ASK
    assert visibility.ask_for(loaded, {}, {}) == loaded
    assert visibility.ask_for(RATIONALE, {"recommendation": ADVICE}, WITHHOLD) != RATIONALE


def test_opinions_inside_json_that_is_sent_as_text_are_out_too() -> None:
    whole = '{"order": "W1", "model_confidence": 0.85, "rationale": "late"}'
    cut = '{"order": "W1", "recommendation": "app…'
    brief = brief_payload(
        evidence=[{"id": "a", "snippet": whole}, {"id": "b", "snippet": cut}],
    )

    shown = visibility.brief_for(brief, WITHHOLD, False)["evidence"]

    assert json.loads(shown[0]["snippet"]) == {"order": "W1"}
    assert shown[1]["snippet"] == visibility.WITHHELD


BEFORE, AFTER = Phase.BEFORE_JUDGEMENT, Phase.REVEALED


def test_of_a_transcript_the_machines_advice_is_withheld_and_nothing_else() -> None:
    given = {
        "text": "I recommend that you pay.",
        "agent_confidence": 0.85,
        "transcript": "user: Where is it?\nassistant: Let me look.\n"
        "assistant: I recommend a refund.\ntool: {}\nuser: I recommend you hurry.",
    }

    shown = visibility.input_for(given, brief_payload(), BEFORE)

    assert shown == {
        "text": "I recommend that you pay.",
        "transcript": "user: Where is it?\nassistant: Let me look.\n"
        f"assistant: {visibility.WITHHELD}\ntool: {{}}\nuser: I recommend you hurry.",
    }
    assert visibility.input_for(given, brief_payload(), AFTER) is given


def test_an_answer_of_the_agent_that_advises_is_withheld() -> None:
    brief = brief_payload()

    assert visibility.message_for("It was DHL.", brief, BEFORE) == "It was DHL."
    assert visibility.message_for("DHL. I recommend yes.", brief, BEFORE) == visibility.WITHHELD
    assert visibility.message_for("DHL. I recommend yes.", brief, AFTER) == "DHL. I recommend yes."


POLICY = {
    "rules": [
        {"id": "large", "when": {"signal": "values.amount", "op": ">=", "value": 200}},
        {"id": "unsure", "when": {"all": [{"not": {"signal": "confidence", "op": ">"}}]}},
        {"id": "silent", "when": {"missing": "confidence"}},
    ]
}


def rules(*ids: str) -> list[dict[str, Any]]:
    return [{"id": id, "tier": "hard_approval", "because": f"for {id}"} for id in ids]


@pytest.mark.parametrize("leaning", ["unsure", "silent"])
def test_rules_that_read_the_confidence_are_left_out(leaning: str) -> None:
    fired = rules("large", leaning)

    assert visibility.rules_for(fired, POLICY, BEFORE) == rules("large")
    assert visibility.rules_for(fired, POLICY, AFTER) == fired
    assert visibility.rules_for(rules(leaning), POLICY, BEFORE) == [visibility.NEUTRAL_RULE]
    assert visibility.rules_for(rules("large"), None, BEFORE) == [visibility.NEUTRAL_RULE]


def test_the_stored_brief_stays_whole() -> None:
    brief = brief_payload()

    visibility.brief_for(brief, WITHHOLD, False)

    assert brief == brief_payload()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["recommendation", "confidence", "rationale", "ask", "options", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["ask", "confidence", "options", "x"]), JSON))
def test_no_depth_hides_an_opinion(brief: dict[str, Any]) -> None:
    text = json.dumps(visibility.brief_for(brief, WITHHOLD, False))

    for withheld in ("recommendation", "confidence", "rationale"):
        assert f'"{withheld}":' not in text
