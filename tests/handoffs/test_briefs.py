import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoffs import briefs
from handoffs.briefs import Checked, Limits
from tests.handoffs.strategies import NASTY


def brief(**changes: Any) -> dict[str, Any]:
    return {
        "ask": "Cancel order #W5744371 and refund 312.50 USD to Mia Li?",
        "summary": "Order is four days late; customer asked twice for a refund.",
        "facts": [
            {"label": "Order total", "value": "312.50 USD", "kind": "money", "source": "orders"},
            {"label": "Complaints", "value": "none"},
        ],
        "flags": [{"label": "Customer mentions legal action", "severity": "high"}],
        "steps": ["Looked up the customer", "Read the order"],
        "evidence": [{"id": "policy", "title": "Refund policy", "snippet": "…", "source": "store"}],
        "draft": {"kind": "text", "body": "Dear Mia, …"},
        "options": [{"id": "refund", "label": "Refund 312.50 USD", "consequence": "Today"}],
        "recommendation": {"answer": "approve", "rationale": "Within policy section 3."},
        "confidence": {"value": 0.85, "basis": "self-reported"},
        "on_answer": {"approve": "The order is cancelled", "reject": "I ask Mia for other wishes"},
        **changes,
    }


def checked(strict: bool = False, required: tuple[str, ...] = (), **changes: Any) -> Checked:
    return briefs.check(
        brief(**changes), action_type="cancel_order", required_context=required, strict=strict
    )


def test_good_brief_passes_without_a_remark() -> None:
    assert checked(strict=True, required=("Order total",)) == Checked(warnings=(), problems=())


@pytest.mark.parametrize(
    "ask",
    ["", "  ", "?", "N/A", "Please review", "Please approve!", "Approve?", "Should I proceed?",
     "cancel_order", "Cancel order", "CANCEL ORDER?", "{{ask}}", "null", "Line one\nline two"],
)  # fmt: skip
def test_ask_that_asks_nothing_is_refused(ask: str) -> None:
    (problem,) = checked(ask=ask).problems

    assert problem.path == "brief.ask"


def test_missing_required_context_is_named_in_plain_words() -> None:
    (problem,) = checked(required=("Order total", "Delivery date")).problems

    assert problem.path == "brief.facts"
    assert problem.message == (
        "Delivery date is missing, and nobody decides this without it. "
        "Add a fact labelled “Delivery date”."
    )


@pytest.mark.parametrize("value", ["N/A", "null", "undefined", "-", "see above", "[]"])
def test_required_context_that_says_nothing_is_missing(value: str) -> None:
    fact = {"label": "Delivery date", "value": value}

    problems = checked(required=("Delivery date",), facts=[fact]).problems

    assert "Delivery date is missing" in problems[0].message


def test_required_context_is_found_whatever_its_case_and_spacing() -> None:
    facts = [{"label": " order  TOTAL:", "value": "unknown to the shop"}]

    assert checked(required=("Order total",), facts=facts).problems == ()


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("brief.summary", {"summary": ""}),
        ("brief.summary", {"summary": "See above."}),
        ("brief.facts.0.value", {"facts": [{"label": "Order total", "value": "n/a"}]}),
        ("brief.facts.0.value", {"facts": [{"label": "Order total", "value": "order TOTAL"}]}),
        ("brief.facts.0.label", {"facts": [{"label": "", "value": "312"}]}),
        ("brief.flags.0.label", {"flags": [{"label": "TBD"}]}),
        ("brief.steps.1", {"steps": ["Read the order", "..."]}),
        ("brief.evidence.0.title", {"evidence": [{"id": "a", "title": " "}]}),
        ("brief.options.0.label", {"options": [{"id": "a", "label": "placeholder"}]}),
        ("brief.on_answer.reject", {"on_answer": {"reject": "see above"}}),
        ("brief.draft.body", {"draft": {"kind": "text", "body": "Lorem ipsum"}}),
        ("brief.recommendation.rationale", {"recommendation": {"rationale": "-"}}),
    ],
)
def test_boilerplate_is_refused_where_it_stands(path: str, changes: dict[str, Any]) -> None:
    (problem,) = checked(**changes).problems

    assert problem.path == path


@pytest.mark.parametrize("value", ["none", "unknown", "no", "0", "€", "👍", "Test St. 5", "n.a.s."])
def test_short_but_honest_values_pass(value: str) -> None:
    assert checked(facts=[{"label": "Complaints", "value": value}]).problems == ()


def test_null_is_left_out_and_says_so() -> None:
    (warning,) = checked(facts=[{"label": "End date", "value": "null"}]).warnings

    assert (warning.path, warning.message) == (
        "brief.facts.0.value",
        "“null” is not shown. Leave the fact out.",
    )
    assert briefs.says_nothing("null")
    assert not briefs.says_nothing("none")


def test_gap_in_a_draft_is_pointed_out() -> None:
    (warning,) = checked(draft={"kind": "text", "body": "Regards,\n[Your Name]"}).warnings

    assert warning.path == "brief.draft.body"
    assert "[Your Name]" in warning.message


@pytest.mark.parametrize("part", ["evidence", "options"])
def test_ids_used_twice_are_refused(part: str) -> None:
    twice = [{"id": "a", "title": "One", "label": "One"}, {"id": "a", "title": "B", "label": "B"}]

    (problem,) = checked(**{part: twice}).problems

    assert problem.path == f"brief.{part}.1.id"


def test_fact_given_twice_is_pointed_out() -> None:
    facts = [{"label": "Order total", "value": "1"}, {"label": "Order total", "value": "2"}]

    (warning,) = checked(facts=facts).warnings

    assert warning.path == "brief.facts.1.label"


def test_ask_of_140_characters_fits_and_one_more_does_not() -> None:
    assert checked(ask="Refund " + "x" * 133).warnings == ()

    (warning,) = checked(ask="Refund " + "x" * 134).warnings
    assert warning.path == "brief.ask"
    assert "141 characters" in warning.message


def test_reading_budget_says_what_to_cut() -> None:
    long = "word " * 120

    (warning,) = checked(summary=long).warnings

    over = briefs.words_to_read(brief(summary=long)) - Limits().words
    assert Limits().words == 115
    assert f"Cut {over}, first in brief.summary (120 words)" in warning.message


def test_budget_counts_what_is_above_the_fold_only() -> None:
    below = {
        "draft": {"kind": "text", "body": "word " * 100},
        "evidence": [{"id": "a", "title": "Log", "snippet": "word " * 5000}],
        "steps": ["word " * 500],
    }

    assert briefs.words_to_read(brief(**below)) == briefs.words_to_read(brief())
    assert checked(strict=True, **below).problems == ()


def test_strict_workflow_refuses_what_takes_too_long() -> None:
    result = checked(strict=True, summary="word " * 120, ask="Refund " + "x" * 134)

    assert [one.path for one in result.problems] == ["brief.ask", "brief"]
    assert result.warnings == ()


def test_long_draft_is_folded_and_says_so() -> None:
    result = checked(strict=True, draft={"kind": "text", "body": "word " * 412})

    assert [(one.path, one.message) for one in result.warnings] == [
        ("brief.draft", "412 words: shown folded")
    ]
    assert result.problems == ()


def test_limits_are_the_workflows_own() -> None:
    result = briefs.check(brief(), limits=Limits(seconds=5, words_per_minute=120, ask_characters=9))

    assert [one.path for one in result.warnings] == ["brief.ask", "brief"]
    assert "10 can be read in 5 seconds" in result.warnings[1].message


def test_hidden_characters_are_counted_where_they_stand() -> None:
    (warning,) = checked(evidence=[{"id": "a", "title": "A", "snippet": "a\u202eb\u200b"}]).warnings

    assert warning.path == "brief.evidence.0.snippet"
    assert warning.message.startswith("2 hidden characters")


def test_digest_changes_with_any_word_and_not_with_order() -> None:
    assert briefs.content_digest(dict(reversed(brief().items()))) == briefs.content_digest(brief())
    assert briefs.content_digest(brief(summary="Another")) != briefs.content_digest(brief())


odd = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(NASTY + "nula []", max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["label", "value", "id", "title", "body", "approve"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(list(brief())), odd), st.booleans())
def test_brief_of_any_shape_is_judged_without_an_exception(
    made: dict[str, Any], strict: bool
) -> None:
    result = briefs.check(made, required_context=["Order total"], strict=strict)

    assert result == briefs.check(json.loads(json.dumps(made)), required_context=["Order total"],
                                  strict=strict)  # fmt: skip
    assert all(one.path.startswith("brief") and one.message for one in result.problems)
