from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from governance import cases, lint, starters
from handoffs import policy, signals
from handoffs.states import Tier

ALL = ["content", "internal-tools", "payments", "support"]


@pytest.fixture(params=ALL)
def starter(request):
    return request.param


def read(name):
    body, listed, _ = starters.load(name)
    return policy.parse_map(body), starters.action_types(name), cases.parse_all(listed)


def test_there_are_four() -> None:
    assert starters.names() == ALL


def test_all_cases_pass(starter) -> None:
    risk_map, types, made = read(starter)

    failed = [r.sentence for r in (cases.check(risk_map, types, c) for c in made) if not r.passed]

    assert failed == []


def test_every_rule_is_shown_from_both_sides(starter) -> None:
    assert cases.uncovered(*read(starter)) == []


def test_nothing_is_written_in_vain_or_below_a_floor(starter) -> None:
    risk_map, types, _ = read(starter)

    assert lint.findings(risk_map, types) == []
    assert policy.problems(risk_map, types) == []


def test_arguments_of_cases_have_the_kinds_of_the_schema(starter) -> None:
    _, types, made = read(starter)
    schemas = {one.name: one.schema["properties"] for one in types}

    for case in made:
        assert case.arguments.keys() <= schemas[case.action_type].keys(), case.name


CALM = {"confidence": 0.95, "customer_tier": "standard"}


def rule(name: str, given: dict[str, object], text: str = "Where is my parcel?") -> policy.Ruling:
    """Rule on a proposal of the first, lightest action type of a starter."""
    risk_map, types, _ = read(name)
    lightest = min(
        types, key=lambda one: (one.impact == "high", one.reversibility == "irreversible")
    )
    everywhere = {"reason": text, "title": text, "body": text, "statement": text, "iban": "x"}
    arguments = {k: v for k, v in everywhere.items() if k in lightest.schema["properties"]}
    optional = {"amount": 20, "environment": "staging"}
    arguments |= {k: v for k, v in optional.items() if k in lightest.schema["properties"]}
    action = lightest.with_arguments(arguments, first_seen=False, input={"text": text})
    return policy.evaluate(risk_map, action, signals.from_json({**CALM, **given}))


def rules(ruling: policy.Ruling) -> set[str]:
    return {one.id for one in ruling.fired} - cases.NO_RULES


@pytest.mark.parametrize(
    ("given", "id", "tier"),
    [
        ({"confidence": 0.69}, "unsure", Tier.HARD_APPROVAL),
        ({"confidence": None}, "unsure", Tier.HARD_APPROVAL),
        ({"options_count": 2}, "several-options", Tier.HARD_APPROVAL),
        ({"retries": 3, "sentiment": "calm"}, "failed-after-retries", Tier.HARD_STOP),
        ({"missing_fields": ["order"]}, "missing-context", Tier.HARD_STOP),
        ({"customer_tier": "Gold"}, "high-value-customer", Tier.HARD_APPROVAL),
        ({"customer_tier": None}, "high-value-customer", Tier.HARD_APPROVAL),
        ({"retries": 1, "sentiment": "Angry"}, "frustrated-after-retry", Tier.HARD_APPROVAL),
        ({"retries": 1}, "frustrated-after-retry", Tier.HARD_APPROVAL),
        ({"flags": ["moves_money"]}, "weighty", Tier.HARD_APPROVAL),
        ({"flags": ["live_users"]}, "weighty", Tier.HARD_APPROVAL),
        ({"flags": ["legal_state"]}, "weighty", Tier.HARD_APPROVAL),
        ({"flags": ["external_message"]}, "weighty", Tier.HARD_APPROVAL),
        ({"conflicts": ["address"]}, "conflicting-facts", Tier.HARD_APPROVAL),
        ({"risk_score": 0.8}, "risky", Tier.HARD_APPROVAL),
    ],
)
def test_the_usual_rules_are_in_all(starter, given, id, tier) -> None:
    ruling = rule(starter, given)

    assert rules(ruling) == {id}
    assert ruling.tier is tier


@pytest.mark.parametrize("given", [{}, {"confidence": 0.7}, {"sentiment": "angry"}, {"retries": 2}])
def test_what_is_on_this_side_of_the_line_fires_nothing(starter, given) -> None:
    calm = {"sentiment": "calm"} | given

    assert rules(rule(starter, calm)) == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I will call my LAWYER", True),
        ("mon Láwyer vous écrira", True),
        ("law\u200byer", True),
        ("legal   action!", True),
        ("lawyerly", False),
        ("paralegal action", False),
        ("nothing of the kind", False),
    ],
)
def test_words_of_policy_are_found_as_words_whatever_their_dress(starter, text, found) -> None:
    ruling = rule(starter, {}, text)

    assert ("policy-word" in rules(ruling)) is found
    assert (ruling.tier is Tier.HARD_STOP) is found


def test_text_that_cannot_be_searched_is_asked_about(starter) -> None:
    assert rules(rule(starter, {}, "word " * 10_001)) >= {"unread"}


def test_watched_account_is_found_however_it_is_spaced() -> None:
    risk_map, types, _ = read("payments")
    for iban in (
        "DE89370400440532013000",
        "de89 3704 0044 0532 0130 00",
        "DE89-3704-00440532013000",
    ):
        action = types[0].with_arguments({"iban": iban, "amount": 1}, input={"text": "hello"})
        ruling = policy.evaluate(risk_map, action, signals.from_json(CALM))
        assert "watched-account" in rules(ruling)


def test_command_lists_and_prints_them() -> None:
    listed, printed = StringIO(), StringIO()

    call_command("workflow", "starters", stdout=listed)
    call_command("workflow", "starters", "support", stdout=printed)

    assert [line.split()[0] for line in listed.getvalue().splitlines()] == ALL
    assert printed.getvalue() == starters.text("support")
    with pytest.raises(CommandError, match="no starter map nothing"):
        call_command("workflow", "starters", "nothing")
