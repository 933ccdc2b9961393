import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import lint
from governance.lint import Kind
from handoffs import policy
from handoffs.policy import IfMissing, RiskMap
from handoffs.signals import ActionType, Signals
from tests.governance.test_cases import TYPES, types
from tests.governance.test_proofs import a_map, compare
from tests.handoffs import strategies


def said(risk_map: RiskMap) -> list[str]:
    return [one.sentence for one in lint.findings(risk_map, TYPES)]


def both(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"all": list(parts)}


@pytest.mark.parametrize(
    "when",
    [
        both(compare("confidence", "<", 0.5), compare("confidence", ">=", 0.5)),
        both(compare("values.amount", ">", 100), compare("values.amount", "<", 50)),
        both(compare("retries", ">", 1), compare("retries", "<", 2)),
        both(compare("customer_tier", "==", "gold"), compare("customer_tier", "in", ["a", "b"])),
        both(compare("flags", "contains_any", ["a"]), {"missing": "flags"}),
        both(
            compare("flags", "contains_any", ["a", "b"]),
            {"not": compare("flags", "contains_any", ["b", "a", "c"])},
        ),
        both(
            compare("sentiment", "contains_any", ["legal action"]),
            {"not": compare("sentiment", "contains_any", ["LEGAL"])},
        ),
        both({"missing": "confidence"}, {"not": {"missing": "confidence"}}),
    ],
)
def test_rule_that_cannot_be_met_is_named(when: dict[str, Any]) -> None:
    (finding,) = lint.findings(a_map(when, if_missing="does_not_fire"), TYPES)

    assert (finding.kind, finding.rules) == (Kind.NEVER_FIRES, ("rule-0",))
    assert finding.sentence.startswith("Rule rule-0 can never fire: no proposal can meet “")


@pytest.mark.parametrize(
    "when",
    [
        both(compare("values.amount", "==", "200"), compare("values.amount", ">", 100)),
        both(compare("values.amount", ">", 0.1), compare("values.amount", "<", 0.2)),
        both(compare("retries", ">", 1), compare("retries", "<", 3)),
        both(
            compare("arguments.note", "contains_any", ["legal"]),
            {"not": compare("arguments.note", "contains_any", ["legal action"])},
        ),
        compare("values.amount", "<", 50),
        # "150.5" is a number in between and holds the word 5; nothing finds it, so nothing is said
        both(
            compare("values.amount", "contains_any", ["5"]),
            compare("values.amount", ">", 100),
            compare("values.amount", "<", 200),
        ),
    ],
)
def test_rule_that_can_be_met_is_not_named(when: dict[str, Any]) -> None:
    assert said(a_map(when, if_missing="does_not_fire")) == []


def test_rule_that_no_action_type_meets_is_named() -> None:
    impossible = both(compare("impact", "==", "low"), compare("action_type", "==", "refund"))

    assert said(a_map(impossible)) == [
        "Rule rule-0 can never fire: no action type meets its condition."
    ]


def test_narrower_rule_of_no_higher_tier_is_shadowed() -> None:
    assert said(a_map(compare("values.amount", ">", 500), compare("values.amount", ">", 200))) == [
        "Whenever rule rule-0 fires, rule rule-1 fires too and sets hard approval, so rule-0 "
        "changes no tier. Remove it, or let it ask for more."
    ]


def test_narrower_rule_of_a_higher_tier_is_not() -> None:
    body = policy.map_to_json(
        a_map(compare("values.amount", ">", 500), compare("values.amount", ">", 200))
    )
    body["rules"][0]["tier"] = "hard_stop"

    assert said(policy.parse_map(body)) == []


def test_of_two_rules_that_say_the_same_the_later_is_named() -> None:
    (finding,) = lint.findings(
        a_map(
            compare("retries", ">", 2),
            {"not": compare("retries", "<=", 2)},
        ),
        TYPES,
    )

    assert (finding.kind, finding.rules) == (Kind.SHADOWED, ("rule-1", "rule-0"))
    assert finding.sentence.startswith("Rules rule-1 and rule-0 fire on exactly the same proposals")


def test_rules_that_say_the_same_with_other_tiers_contradict() -> None:
    body = policy.map_to_json(a_map(compare("retries", ">", 2), compare("retries", ">=", 3)))
    body["rules"][1]["tier"] = "soft_review"

    (finding,) = lint.findings(policy.parse_map(body), TYPES)

    assert (finding.kind, finding.rules) == (Kind.CONTRADICTS, ("rule-1", "rule-0"))
    assert "one sets soft review, the other hard approval" in finding.sentence


def test_silence_counts_when_rules_are_held_against_each_other() -> None:
    """A rule that fires on silence is not shadowed by one that does not."""
    body = policy.map_to_json(
        a_map(compare("confidence", "<", 0.5), compare("confidence", "<", 0.7))
    )
    assert len(said(policy.parse_map(body))) == 1

    body["rules"][1]["if_missing"] = "does_not_fire"

    assert said(policy.parse_map(body)) == []


@given(strategies.maps(), types, strategies.signal_sets, strategies.objects)
def test_what_is_named_is_true(
    body: dict[str, Any],
    action_types: list[ActionType],
    signals: Signals,
    arguments: dict[str, Any],
) -> None:
    risk_map = policy.parse_map(body)
    found = lint.findings(risk_map, action_types)
    rulings = [
        policy.evaluate(risk_map, one.with_arguments(arguments), signals) for one in action_types
    ]
    for ruling in rulings:
        fired = {one.id for one in ruling.fired}
        for finding in found:
            if finding.kind is Kind.NEVER_FIRES:
                assert finding.rules[0] not in fired
            elif finding.kind is Kind.SHADOWED:
                assert finding.rules[0] not in fired or finding.rules[1] in fired
            else:
                assert (finding.rules[0] in fired) is (finding.rules[1] in fired)
    for finding in found:
        without = policy.parse_map(
            {**body, "rules": [r for r in body["rules"] if r["id"] != finding.rules[0]]}
        )
        for one, ruling in zip(action_types, rulings, strict=True):
            again = policy.evaluate(without, one.with_arguments(arguments), signals)
            assert again.tier is ruling.tier


@given(strategies.maps(), types)
def test_findings_are_the_same_every_time(
    body: dict[str, Any], action_types: list[ActionType]
) -> None:
    risk_map = policy.parse_map(body)

    assert lint.findings(risk_map, action_types) == lint.findings(risk_map, action_types)


@pytest.mark.slow
def test_large_map_is_looked_through_in_bounded_time() -> None:
    risk_map = a_map(
        *(
            {
                "any": [
                    both(compare(f"values.a{i}", ">", i), compare(f"values.b{j}", "<", j + 1))
                    for j in range(10)
                ]
            }
            for i in range(150)
        )
    )
    started = time.process_time()

    lint.findings(risk_map, TYPES)

    assert time.process_time() - started < 30


@given(st.sampled_from(IfMissing), strategies.leaves.filter(lambda leaf: "op" in leaf))
def test_one_comparison_alone_can_fire(if_missing: IfMissing, when: dict[str, Any]) -> None:
    """The parser refuses what decides nothing, so one comparison is never called impossible."""
    body = policy.map_to_json(a_map(compare("retries", ">", 1), if_missing=if_missing.value))
    body |= {"lists": strategies.LISTS, "rules": [{**body["rules"][0], "when": when}]}
    risk_map = policy.parse_map(body)

    kinds = [one.sentence for one in lint.findings(risk_map, TYPES)]

    assert all("no action type" in sentence for sentence in kinds)


SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "number", "minimum": 0, "maximum": 500},
        "note": {"type": "string"},
        "currency": {"type": "string", "enum": ["EUR", "USD"]},
        "items": {"type": "array", "items": {"type": "string"}},
        "to": {
            "type": "object",
            "properties": {"iban": {"type": "string"}},
            "additionalProperties": False,
        },
    },
    "required": ["amount"],
    "additionalProperties": False,
}
TYPED = replace(TYPES[1], schema=SCHEMA)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (compare("arguments.total", ">", 1), "reads the argument total, which refund never has"),
        ({"missing": "arguments.to.bic"}, "reads the argument to.bic, which refund never has"),
        (compare("arguments.amount.value", ">", 1), "the argument amount.value, which"),
        (
            compare("arguments.amount", "==", "large"),
            "says “argument amount is “large””, but that argument is a number",
        ),
        (compare("arguments.items", "<", 3), "but that argument is a list"),
        (compare("arguments.note", "==", True), "but that argument is a text"),
    ],
)
def test_argument_that_no_agent_can_send_is_named(when: dict[str, Any], said: str) -> None:
    found = lint.findings(a_map(when), [TYPED])

    (finding,) = [one for one in found if one.kind is Kind.UNKNOWN_ARGUMENT]
    assert said in finding.sentence


@pytest.mark.parametrize(
    "when",
    [
        compare("arguments.amount", ">", 499.5),
        compare("arguments.note", ">", 100),
        compare("arguments.note", "contains_any", ["sue"]),
        compare("arguments.items", "contains_any", ["sue"]),
        compare("arguments.currency", "==", "EUR"),
        compare("arguments.to.iban", "==", "DE89"),
    ],
)
def test_argument_as_the_schema_has_it_is_not_named(when: dict[str, Any]) -> None:
    assert lint.findings(a_map(when), [TYPED]) == []


@pytest.mark.parametrize(
    "when",
    [
        compare("arguments.amount", ">", 500),
        compare("arguments.currency", "in", ["GBP", "CHF"]),
        {"missing": "arguments.amount"},
    ],
)
def test_limit_that_the_schema_does_not_allow_is_never_passed(when: dict[str, Any]) -> None:
    (finding,) = lint.findings(a_map(when, if_missing="does_not_fire"), [TYPED])

    assert finding.kind is Kind.NEVER_FIRES


def test_argument_that_one_of_two_types_has_is_not_named() -> None:
    risk_map = a_map(compare("arguments.amount", ">", 100), if_missing="does_not_fire")

    assert lint.findings(risk_map, [TYPED, replace(TYPES[0], schema={"type": "object"})]) == []


arguments = st.fixed_dictionaries(
    {"amount": st.floats(0, 500) | st.integers(0, 500)},
    optional={
        "note": st.sampled_from(["", "gold", "200.00", "refund", "x"]),
        "currency": st.sampled_from(["EUR", "USD"]),
        "items": st.lists(st.sampled_from(["gold", "refund"]), max_size=2),
    },
)
typed_leaves = st.one_of(
    st.builds(
        compare,
        st.sampled_from(["arguments.amount", "arguments.note", "arguments.items"]),
        st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
        st.sampled_from([0, 0.5, 200, 500, 501]),
    ),
    st.builds(
        compare,
        st.sampled_from(["arguments.currency", "arguments.note", "arguments.items"]),
        st.sampled_from(["in", "contains_any"]),
        st.lists(st.sampled_from(["gold", "EUR", "GBP", "refund"]), min_size=1, max_size=2),
    ),
    st.sampled_from(
        [{"missing": f"arguments.{name}"} for name in ("amount", "note", "items", "to.iban")]
    ),
)
typed = st.recursive(
    typed_leaves,
    lambda inner: (
        st.builds(lambda i: {"not": i}, inner)
        | st.builds(lambda i: {"all": i}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda i: {"any": i}, st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=6,
)


@given(strategies.maps(typed), arguments)
def test_what_is_named_is_true_of_arguments_that_fit_the_schema(
    body: dict[str, Any], given_arguments: dict[str, Any]
) -> None:
    risk_map = policy.parse_map(body)
    ruling = policy.evaluate(risk_map, TYPED.with_arguments(given_arguments), Signals())
    fired = {one.id for one in ruling.fired}

    for finding in lint.findings(risk_map, [TYPED]):
        if finding.kind is Kind.NEVER_FIRES:
            assert finding.rules[0] not in fired
        elif finding.kind is Kind.SHADOWED:
            assert finding.rules[0] not in fired or finding.rules[1] in fired
