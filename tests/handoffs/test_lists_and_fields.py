"""Lists of a map, comparisons of several fields, and what surrounds an action."""

from datetime import UTC, datetime
from typing import Any

import pytest

from handoffs import conditions, evaluation, policy, texts
from handoffs.evaluation import Facts
from handoffs.policy import PolicyError
from handoffs.signals import ActionType, Signals
from handoffs.states import Impact, Reversibility

REFUND = ActionType(name="refund", impact=Impact.HIGH, reversibility=Reversibility.IRREVERSIBLE)
LISTS = {
    "legal-words": {"kind": "keywords", "entries": ["legal action", "sue", "Müller"]},
    "watched": {"kind": "watchlist", "entries": ["DE89 3704 0044", "José Ñandú", "4711"]},
}


def a_map(when: dict[str, Any], **more: Any) -> policy.RiskMap:
    rule = {"id": "x", "tier": "notify", "because": "Reason", "when": when}
    return policy.parse_map({"default": "autonomous", "lists": LISTS, "rules": [rule], **more})


def holds(when: dict[str, Any], *, zone: str = "UTC", **brought: Any) -> bool | None:
    read = a_map(when, time_zone=zone)
    facts = Facts(REFUND.with_arguments({}, **brought), Signals(), read.zone)
    return evaluation.compile(read.rules[0].when)(facts)


WORDS = {"fields": ["input.text", "brief.ask"], "op": "contains_any", "list": "legal-words"}


@pytest.mark.parametrize(
    ("input", "ask", "expected"),
    [
        ("I will sue", "Refund?", True),
        ("Refund?", "I will sue", True),
        ("Refund?", "Refund?", False),
        ("Refund?", None, False),
        (None, "Refund?", False),
        (None, None, None),
        ("Refund?", {"text": "I will sue"}, None),
        ("I will sue", {"text": "x"}, True),
        ("  ", "", None),
        ("a " * 25_001, "Refund?", None),
        (["Refund?", "I will sue"], None, True),
        (["I will take legal", "action"], None, False),
    ],
)
def test_several_fields_hold_when_one_does(input: Any, ask: Any, expected: bool | None) -> None:
    assert holds(WORDS, input={"text": input}, brief={"ask": ask}) is expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Herr MULLER ruft an", True),
        ("Herr Mu\u0308ller ruft an", True),
        ("Ｍüller", True),
        ("légal-àction", True),
        ("Müllerin", False),
        ("pursue", False),
    ],
)
def test_words_are_found_without_case_and_accents(text: str, found: bool) -> None:
    when = {"signal": "input.text", "op": "contains_any", "list": "legal-words"}

    assert holds(when, input={"text": text}) is found


def test_letters_that_carry_no_accent_are_folded_and_scripts_stay_whole() -> None:
    assert texts.searchable("Łódź Søren Œuvre") == " lodz soren oeuvre "
    assert texts.searchable("हिन्दी") == texts.searchable("हिन्दी".upper())
    assert texts.keyword("ñ") == texts.keyword("N")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("de8937040044", True),
        ("DE89-3704-0044", True),
        ("jose nandu", True),
        (4711, True),
        ("4711", True),
        (["nobody", "4711"], True),
        (["nobody"], False),
        ("47110", False),
        ("jose", False),
        (4711.5, None),
        (True, None),
        (None, None),
        ("", None),
        ({"iban": "4711"}, None),
        ([4711, None], None),
    ],
)
def test_watchlist_compares_whole_values_however_they_are_written(
    value: Any, expected: bool | None
) -> None:
    when = {"signal": "input.iban", "op": "in", "list": "watched"}

    assert holds(when, input={"iban": value}) is expected


def test_hour_and_day_are_local_also_across_midnight_and_summer_time() -> None:
    hour = {"signal": "time.hour", "op": ">=", "value": 19.5}
    saturday = {"signal": "time.weekday", "op": "==", "value": "saturday"}
    winter, summer = (
        datetime(2030, 1, 9, 18, 30, tzinfo=UTC),
        datetime(2030, 7, 9, 17, 30, tzinfo=UTC),
    )
    friday_night = datetime(2030, 1, 11, 23, 30, tzinfo=UTC)

    assert holds(hour, at=winter, zone="Europe/Berlin") is True
    assert holds(hour, at=winter) is False
    assert holds(hour, at=summer, zone="Europe/Berlin") is True
    assert holds(saturday, at=friday_night, zone="Europe/Berlin") is True
    assert holds(saturday, at=friday_night) is False
    assert holds(hour) is None


@pytest.mark.parametrize(
    ("edge", "zone"),
    [
        (datetime.min.replace(tzinfo=UTC), "America/New_York"),
        (datetime.max.replace(tzinfo=UTC), "Asia/Tokyo"),
    ],
)
def test_moment_beyond_the_calendar_of_a_zone_is_unknown(edge: datetime, zone: str) -> None:
    assert holds({"signal": "time.hour", "op": ">=", "value": 0}, at=edge, zone=zone) is None


def test_draft_is_read_with_its_body() -> None:
    when = {"signal": "brief.draft", "op": "contains_any", "list": "legal-words"}

    assert holds(when, brief={"draft": {"kind": "text", "body": "we sue"}}) is True
    assert holds(when, brief={"draft": {"kind": "text"}}) is None


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (
            {"all": [{"signal": "values.amount", "op": ">", "value": 200},
                     {"signal": "input.text", "op": "contains_any", "list": "legal-words"}]},
            "amount is above 200 and input text mentions a word of legal-words",
        ),
        (WORDS, "input text or brief ask mentions a word of legal-words"),
        ({"signal": "input.iban", "op": "in", "list": "watched"}, "input iban is on watched"),
        ({"signal": "time.hour", "op": "<", "value": 7.5}, "the hour is below 7.5"),
        (
            {"signal": "time.weekday", "op": "in", "value": ["saturday", "sunday"]},
            "the weekday is one of “saturday” or “sunday”",
        ),
        ({"signal": "first_seen", "op": "==", "value": True}, "its action type is new here"),
        (
            {"signal": "first_seen", "op": "!=", "value": True},
            "its action type was proposed before",
        ),
    ],
)  # fmt: skip
def test_conditions_read_as_sentences(when: dict[str, Any], said: str) -> None:
    assert conditions.in_words(a_map(when).rules[0].when) == said


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({**WORDS, "list": "none"}, "rules.0.when.list: There is no list “none” in this map."),
        ({**WORDS, "list": "watched"}, "op: watched holds watchlist, which takes in."),
        ({**WORDS, "fields": []}, "fields: A list of 1 to 10 names"),
        ({**WORDS, "fields": ["brief.ask"] * 2}, "fields.1: This field stands here twice."),
        ({**WORDS, "fields": ["flags"]}, "list: flags is not a text"),
        ({**WORDS, "fields": ["brief.mood"]}, "“brief.mood” is not a name policy reads"),
        ({**WORDS, "fields": ["input"]}, "“input” is not a name policy reads"),
        ({**WORDS, "value": ["a"]}, "One of all, any, not, missing belongs here"),
        ({"signal": "time.hour", "op": ">=", "value": 24}, "lies in 0 to below 24"),
        ({"signal": "time.hour", "op": "==", "value": 9}, "is a clock, which takes < <= > >=."),
        ({"signal": "time.weekday", "op": "==", "value": "Monday"}, "is one of monday"),
        ({"signal": "first_seen", "op": "==", "value": 1}, "true or false belongs here"),
        ({"signal": "first_seen", "op": ">", "value": 1}, "is a truth value, which takes == !="),
    ],
)
def test_what_cannot_be_meant_is_refused(when: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        a_map(when)

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"time_zone": "Mars/Base"}, "time_zone: The name of a time zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone: The name of a time zone"),
        ({"time_zone": 1}, "time_zone: The name of a time zone"),
        ({"lists": []}, "lists: An object of at most 50 lists"),
        ({"lists": {"Legal Words": LISTS["watched"]}}, "lists: A list is named by"),
        ({"lists": {"a": {"kind": "words", "entries": ["a"]}}}, "lists.a.kind: One of keywords"),
        ({"lists": {"a": {"kind": "keywords", "entries": []}}}, "lists.a.entries: A list of 1 to"),
        ({"lists": {"a": {"kind": "keywords", "entries": ["-"]}}}, "entries.0: An entry has"),
        ({"lists": {"a": {"kind": "keywords"}}}, "lists.a: entries is missing"),
    ],
)
def test_bad_lists_and_zones_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        policy.parse_map({"default": "autonomous", **changes})

    assert said in str(refused.value)


def test_map_without_lists_and_zone_keeps_its_digest() -> None:
    """As before there were any: digests are signed."""
    written = policy.map_to_json(policy.parse_map({"default": "notify", "time_zone": "UTC"}))

    assert written.keys() == {"default", "floors", "rules"}


def test_words_of_a_list_are_part_of_the_digest() -> None:
    more = {**LISTS, "watched": {"kind": "watchlist", "entries": ["one more"]}}

    assert a_map(WORDS).digest != a_map(WORDS, lists=more).digest
