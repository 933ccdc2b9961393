from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoffs import argument_schema, patterns
from handoffs.argument_schema import Problem, SchemaRefused
from tests.handoffs.strategies import NASTY

REFUND = {
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "pattern": r"^#W\d{7}$"},
        "amount": {"$ref": "#/$defs/money"},
        "reason": {"enum": ["late", "damaged", "no longer needed"]},
        "items": {
            "type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": True,
            "items": {"type": "object", "required": ["sku"],
                      "properties": {"sku": {"type": "string"}}},
        },
        "note": {"type": ["string", "null"], "maxLength": 5, "minLength": 1},
        "pay_on": {"type": "string", "format": "date"},
        "count": {"type": "integer", "minimum": 1, "exclusiveMaximum": 10},
        "to": {"anyOf": [{"type": "integer"}, {"type": "string", "format": "email"}]},
    },
    "required": ["order_id", "amount"],
    "additionalProperties": False,
    "$defs": {
        "money": {
            "type": "object",
            "properties": {"amount": {"type": "string"}, "currency": {"const": "EUR"}},
            "required": ["amount", "currency"],
        }
    },
}  # fmt: skip
GOOD = {"order_id": "#W5744371", "amount": {"amount": "120.00", "currency": "EUR"}}

compiled = argument_schema.compile(REFUND)


def test_good_arguments_pass() -> None:
    assert compiled.check({**GOOD, "reason": "late", "items": [{"sku": "a"}], "count": 3.0}) == []


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"order_id": 4}, "order_id", "A text belongs here."),
        ({"order_id": "W1"}, "order_id", r"The form is not right: ^#W\d{7}$"),
        ({"order_id": "#W5744371\n"}, "order_id", r"The form is not right: ^#W\d{7}$"),
        ({"order_id": "#W٥٧٤٤٣٧١"}, "order_id", r"The form is not right: ^#W\d{7}$"),
        ({"amount": {"currency": "EUR"}}, "amount.amount", "This is missing."),
        ({"amount": {"amount": "1", "currency": "USD"}}, "amount.currency", "EUR belongs here."),
        ({"reason": "x"}, "reason", "One of late, damaged, no longer needed belongs here."),
        ({"refund": 1}, "refund", "This is not known here. Leave it out."),
        ({"items": []}, "items", "At least 1 items belong here."),
        ({"items": [{"sku": "a"}, {}]}, "items.1.sku", "This is missing."),
        ({"items": [{"sku": "a"}, {"sku": "a"}]}, "items", "An item stands here twice."),
        ({"note": "123456"}, "note", "At most 5 characters belong here."),
        ({"note": 5}, "note", "A text or null belongs here."),
        ({"pay_on": "31.01.2030"}, "pay_on", "This is not a date such as 2030-01-31."),
        ({"pay_on": "2030-02-31"}, "pay_on", "This is not a date such as 2030-01-31."),
        ({"count": True}, "count", "A whole number belongs here."),
        ({"count": 1.5}, "count", "A whole number belongs here."),
        ({"count": 0}, "count", "At least 1 belongs here."),
        ({"count": 10}, "count", "Less than 10 belongs here."),
        ({"to": "mia"}, "to", "None of the forms allowed here fits. A whole number belongs here. "
                              "This is not an e-mail address."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_plain_words_at_its_place(
    changes: dict[str, Any], path: str, message: str
) -> None:
    assert compiled.check({**GOOD, **changes}) == [Problem(f"arguments.{path}", message)]


def test_problems_come_in_the_same_order_every_time() -> None:
    found = compiled.check({"zebra": 1, "apple": 2, "note": 1})

    assert [one.path for one in found] == [
        "arguments.amount", "arguments.apple", "arguments.note", "arguments.order_id",
        "arguments.zebra",
    ]  # fmt: skip


def test_arguments_that_are_no_object_are_refused() -> None:
    assert compiled.check([1]) == [Problem("arguments", "An object belongs here.")]


def test_one_and_one_point_zero_are_the_same_item() -> None:
    schema = argument_schema.compile(
        {"type": "object", "properties": {"ids": {"uniqueItems": True}}}
    )

    assert len(schema.check({"ids": [1, 1.0]})) == 1
    assert schema.check({"ids": [1, True, "1", [1], {"a": 1}]}) == []


def test_very_many_values_are_refused_before_they_are_checked() -> None:
    schema = argument_schema.compile(
        {"type": "object", "properties": {"ids": {"uniqueItems": True}}}
    )

    assert schema.check({"ids": [{"a": n} for n in range(900)]}) == []
    (problem,) = schema.check({"ids": [{"a": n} for n in range(100_000)]})
    assert "More than 2000 values" in problem.message


def test_at_most_twenty_problems_are_listed() -> None:
    assert len(compiled.check({f"wrong_{n}": n for n in range(100)})) == 20


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"items": schema}
    return schema


def chain(length: int, twice: bool = False) -> dict[str, Any]:
    """Definitions that each refer to the next one, once or twice."""
    definitions = {
        f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * (2 if twice else 1)}
        for n in range(length)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**definitions, f"d{length}": {"type": "object"}}}


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (None, ""),
        ([], ""),
        (True, ""),
        ({}, ""),
        ({"type": "string"}, ""),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "$schema"),
        ({"properties": []}, "properties"),
        ({"properties": {"a": {"type": "money"}}}, "properties.a.type"),
        ({"properties": {"a": {"minimum": "1"}}}, "properties.a.minimum"),
        ({"$ref": "https://example.com/schema"}, "$ref"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "properties.a.$ref"),
        ({"properties": {"a": {"$ref": "other.json"}}}, "properties.a.$ref"),
        ({"$ref": "#"}, "$ref"),
        ({"$ref": 5}, "$ref"),
        ({"$ref": "#/$defs/lost"}, "$defs.lost"),
        ({"$id": "https://example.com/"}, "$id"),
        ({"properties": {"a": {"$dynamicRef": "#a"}}}, "properties.a.$dynamicRef"),
        ({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}, "$defs.a"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "$defs.a"),
        ({"patternProperties": {"^a": {}}}, "patternProperties"),
        ({"properties": {"a": {"pattern": "(a+)+$"}}}, "properties.a.pattern"),
        ({"$defs": {"a": {"not": {"pattern": "("}}}}, "$defs.a.not.pattern"),
        (chain(12, twice=True), ""),
        (chain(30), ""),
        ({"properties": {f"p{n}": {} for n in range(2001)}}, "properties.p1999"),
    ],
)
def test_schema_that_could_do_harm_is_refused_when_saved(schema: Any, path: str) -> None:
    if isinstance(schema, dict) and schema and "type" not in schema:
        schema = {"type": "object", **schema}
    with pytest.raises(SchemaRefused) as refusal:
        argument_schema.compile(schema)

    assert refusal.value.path == path


def test_schema_too_deep_is_refused() -> None:
    argument_schema.compile({"type": "object", "properties": {"a": nested(35)}})

    for depth in (50, 100_000):
        with pytest.raises(SchemaRefused, match="too deep"):
            argument_schema.compile({"type": "object", "properties": {"a": nested(depth)}})


@pytest.mark.parametrize(
    "pattern",
    [
        r"^#W\d{7}$", r"^[^@\s]+@[^@\s]+\.[a-z]+$", r"^[A-Z]{3}-\d{4}(-[A-Z])?$", r"\d+",
        r"^(card|iban|paypal)_\d+$", r"^(?:[A-Z]{2}\d{2}){1,5}$", r"^.*$", r"^a?b?c?d?$", "",
        r"^[]$]x$", r"^\d{1,3}(?:\.\d{1,2})?$",
    ],
)  # fmt: skip
def test_ordinary_pattern_is_taken(pattern: str) -> None:
    assert patterns.trouble(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$", r"^(a*)*$", r"^(a|a)*$", r"^(a|ab)*$", r"^(\d+,?)*$", r"^(.*)(.*)(.*)(.*)$",
        r"a*a*a*b", r"^a*a*a*a*b$", r"^(a?){30}a{30}$", "^" + "a?" * 30 + "a" * 30, r"(.)\1",
        r"^(?=a)b", r"(?<!a)b", r"^(?:a{0,9}){0,9}$", "(", "[z-a]", "*", r"\p{L}", "a" * 201,
        "(" * 150 + ")" * 40,
    ],
)  # fmt: skip
def test_pattern_that_could_run_for_ever_is_refused(pattern: str) -> None:
    assert patterns.trouble(pattern)


@pytest.mark.parametrize("pattern", [r"^a*a*a*b$", r"a*a*b", r"^[^@]+@[^@]+\.[^@]+$"])
def test_worst_pattern_that_is_taken_comes_to_an_end(pattern: str) -> None:
    assert patterns.trouble(pattern) is None
    assert not patterns.matches("a", "a" * (patterns.MAX_TEXT + 1)), "longer texts never match"
    for text in ("a" * 200, "@" * 200, "a@" + "a" * 198, "a" * 1_000_000):
        assert not patterns.matches(pattern, text)


def test_dollar_is_the_end_and_digits_are_ascii() -> None:
    assert patterns.matches(r"^\d+$", "12")
    assert not patterns.matches(r"^\d+$", "12\n")
    assert not patterns.matches(r"^\d+$", "١٢")
    assert patterns.matches(r"^[$]\d\$$", "$5$")
    assert patterns.matches(r"^[]$]$", "$")
    assert patterns.matches(r"b", "abc")


@given(st.text(alphabet="ab.*+?(){}[]|^$\\d,0129:=!<", max_size=14))
def test_any_text_is_a_pattern_or_refused(pattern: str) -> None:
    if patterns.trouble(pattern) is None:
        patterns.matches(pattern, "ab.a0a" * 30)


names = st.sampled_from(
    ["type", "properties", "items", "$ref", "$defs", "enum", "pattern", "required", "allOf", "not",
     "minimum", "additionalProperties", "const", "uniqueItems", "format", "a", "b"]
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(NASTY, max_size=4)
    | st.sampled_from(["object", "string", "array", "#/$defs/a", "^a+$", "date", "email"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=16,
)  # fmt: skip


@given(st.dictionaries(names, json_values, max_size=5), json_values)
def test_any_schema_is_refused_or_checks_anything(schema: dict[str, Any], value: Any) -> None:
    try:
        made = argument_schema.compile({**schema, "type": "object"})
    except SchemaRefused as refusal:
        assert refusal.message
        return

    assert made.check(value) == made.check(value)
    assert all(one.message for one in made.check({"a": value, "b": [value]}))
