from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import cases
from governance.cases import Case
from handoffs import conditions, policy
from handoffs.policy import PolicyError
from handoffs.signals import ActionType
from handoffs.states import Impact, Reversibility, Tier
from tests.governance.test_proofs import REFUND, a_map, compare
from tests.handoffs import strategies

CANCEL = ActionType(name="cancel", impact=Impact.LOW, reversibility=Reversibility.REVERSIBLE)
TYPES = [CANCEL, REFUND]
LARGE = a_map({"all": [compare("action_type", "==", "cancel"), compare("values.amount", ">", 50)]})


def a_case(**changes: Any) -> Case:
    return Case(
        **{
            "name": "51 is large",
            "action_type": "cancel",
            "signals": {"values": {"amount": 51}},
            "tier": Tier.HARD_APPROVAL,
            "rules": ("rule-0",),
        }
        | changes
    )


def test_case_passes_when_tier_and_rules_are_as_expected() -> None:
    result = cases.check(LARGE, TYPES, a_case())

    assert result.passed
    assert result.sentence == "“51 is large” passes."


def test_failing_case_says_what_came_instead() -> None:
    result = cases.check(LARGE, TYPES, a_case(signals={"values": {"amount": 50}}))

    assert not result.passed
    assert (result.tier, result.rules) == (Tier.AUTONOMOUS, ())
    assert result.sentence == (
        "“51 is large” fails: it expects hard approval and gets autonomous; "
        "rule rule-0 should fire and does not."
    )


def test_rule_that_was_not_expected_fails_the_case_although_the_tier_is_right() -> None:
    result = cases.check(LARGE, TYPES, a_case(rules=()))

    assert result.sentence.endswith("fails: rule rule-0 should not fire and does.")


def test_case_about_an_unknown_action_type_fails() -> None:
    result = cases.check(LARGE, TYPES, a_case(action_type="wire"))

    assert not result.passed
    assert "wire, which is not an action type" in result.sentence


def test_rule_needs_a_case_that_fires_it_and_one_beside_it() -> None:
    assert cases.uncovered(LARGE, TYPES, []) == [
        "No case makes rule rule-0 fire. Add one in which action type is “cancel” and amount is "
        "above 50."
    ]
    (only,) = cases.uncovered(LARGE, TYPES, [a_case()])
    assert only.startswith("No case shows where rule rule-0 stops")
    two_away = a_case(name="b", signals={"confidence": 0.9, "values": {"amount": 50}}, rules=())
    assert cases.uncovered(LARGE, TYPES, [a_case(), two_away]) == [only]
    beside = a_case(name="c", signals={"values": {"amount": 50}}, rules=())
    assert cases.uncovered(LARGE, TYPES, [a_case(), beside]) == []


def test_value_left_out_is_one_value_away() -> None:
    silent = a_case(name="silent", signals={})
    quiet = a_case(name="other type", action_type="refund")

    assert cases.uncovered(LARGE, TYPES, [silent, a_case()]) != [], "silence fires it too"
    assert cases.uncovered(LARGE, TYPES, [a_case(), quiet]) == [], "the type is one value"


def test_suggested_pair_stands_at_the_edge() -> None:
    fires, quiet = cases.suggest(LARGE, TYPES)

    assert (fires.signals, fires.rules) == ({"values": {"amount": 51}}, ("rule-0",))
    assert (quiet.signals, quiet.rules) == ({"values": {"amount": 50}}, ())


def test_suggestions_keep_other_rules_quiet() -> None:
    risk_map = a_map(compare("confidence", "<", 0.7), compare("values.amount", ">", 200))

    assert [(one.name, one.rules) for one in cases.suggest(risk_map, TYPES)] == [
        ("rule-0 fires", ("rule-0",)),
        ("rule-0 stays quiet", ()),
        ("rule-1 fires", ("rule-1",)),
    ]


def test_rule_that_always_fires_needs_no_other_side() -> None:
    risk_map = a_map(compare("action_type", "==", "refund"))

    assert len(cases.suggest(risk_map, [REFUND])) == 1
    assert cases.uncovered(risk_map, [REFUND], cases.suggest(risk_map, [REFUND])) == []


def test_rule_that_never_fires_cannot_be_covered() -> None:
    risk_map = a_map(
        {"all": [compare("confidence", "<", 0.5), compare("confidence", ">", 0.6)]},
        if_missing="does_not_fire",
    )

    assert cases.suggest(risk_map, TYPES) == []
    assert cases.uncovered(risk_map, TYPES, []) == [
        "Rule rule-0 can never fire, so no case can show it. Change it or remove it."
    ]


def test_the_edge_of_an_hour_lies_where_a_clock_can_stand() -> None:
    risk_map = a_map(
        {
            "any": [
                compare("values.amount", "contains_any", ["lawyer"]),
                compare("time.hour", "<", 0.04512736316414215),
            ]
        }
    )

    made = cases.suggest(risk_map, TYPES)

    assert [one.rules for one in made] == [("rule-0",), ()]
    assert cases.uncovered(risk_map, TYPES, made) == []


types = st.lists(strategies.action_types, min_size=1, max_size=3, unique_by=lambda one: one.name)


@given(strategies.maps(), types)
def test_suggestions_pass_and_cover_whatever_can_be_covered(
    body: dict[str, Any], action_types: list[ActionType]
) -> None:
    risk_map = policy.parse_map(body)

    made = cases.suggest(risk_map, action_types)

    for case in made:
        assert cases.check(risk_map, action_types, case).passed
        assert cases.parse(cases.to_json(case)) == case
    for sentence in cases.uncovered(risk_map, action_types, made):
        assert "can never fire" in sentence or any(
            f"ule {rule.id} " in sentence and reads_a_name_in_two_ways(rule.when)
            for rule in risk_map.rules
        ), sentence


def reads_a_name_in_two_ways(when: conditions.Condition) -> bool:
    """Tell whether a name is both a number and a text to search: not all of that is decided."""
    ways: dict[str, set[bool]] = {}
    for leaf in conditions.leaves(when):
        if isinstance(leaf, conditions.Compare):
            ways.setdefault(leaf.signal, set()).add(leaf.op == "contains_any")
    return any(len(found) > 1 for found in ways.values())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "case.name: A name"),
        ({"name": None}, "case.name: A name"),
        ({"tier": "high"}, "case.tier: One of autonomous"),
        ({"rules": ["floor"]}, "case.rules: floor is no rule"),
        ({"rules": "a"}, "case.rules: A list"),
        ({"signals": {"confidence": 85}}, "case.signals.confidence: 85 is outside 0 to 1"),
        ({"signals": {"mood": 1}}, "case.signals.mood: There is no such signal"),
        ({"arguments": []}, "case.arguments: An object"),
        ({"at": "2030-01-31T12:00:00"}, "case.at: A time with its zone"),
        ({"first_seen": "yes"}, "case.first_seen: true or false"),
        ({"mood": 1}, "case: “mood” is not known here"),
    ],
)
def test_bad_case_is_refused_with_place_and_reason(changes: dict[str, Any], said: str) -> None:
    good = {"name": "a", "action_type": "refund", "tier": "notify", "rules": []}

    with pytest.raises(PolicyError) as refused:
        cases.parse(good | changes)

    assert said in str(refused.value)


def test_two_cases_of_one_name_are_refused() -> None:
    one = {"name": "a", "action_type": "refund", "tier": "notify", "rules": []}

    with pytest.raises(PolicyError, match="two cases “a”"):
        cases.parse_all([one, one])
