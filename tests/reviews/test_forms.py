"""The typed form: what was not touched stays exactly as it was, and what was is read right."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.forms import arguments
from reviews.forms.arguments import Field

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "title": "Order", "minLength": 1},
        "amount": {"type": "number", "minimum": 0},
        "count": {"type": "integer"},
        "express": {"type": "boolean"},
        "currency": {"type": "string", "enum": ["EUR", "USD"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "note": {"type": ["string", "null"], "maxLength": 2000},
        "address": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "zip": {"type": "string"}},
            "required": ["city"],
        },
    },
    "required": ["order_id"],
}
VALUE: dict[str, Any] = {
    "order_id": "#W1",
    "amount": 5.0,
    "count": 2,
    "express": True,
    "currency": "EUR",
    "tags": ["a", "b"],
    "note": None,
    "address": {"city": "Oslo", "zip": "0150", "floor": {"door": [1, [2]]}},
}


def typed(fields: tuple[Field, ...]) -> dict[str, str]:
    """Fill the form in as a browser would send it untouched."""
    sent: dict[str, str] = {}
    for field in fields:
        if field.kind == "rows":
            sent |= {field.name + "~rows": str(len(field.children))}
        if field.kind == "checks":
            sent |= {field.name: "1"} | {name: "on" for name, _, on in field.choices if on}
        elif field.compound:
            sent |= typed(field.children)
        elif field.kind == "boolean":
            sent |= {field.name: "on"} if field.checked else {}
        elif field.kind == "enum":
            chosen = [value for value, _, on in field.choices if on]
            sent[field.name] = (chosen or [value for value, _, _ in field.choices])[0]
        elif field.kind != "fixed":
            sent[field.name] = field.value.replace("\r\n", "\n").replace("\n", "\r\n")
    return sent


def read(**changes: str) -> arguments.Reading:
    sent = typed(arguments.fields(SCHEMA, VALUE)) | {
        name.replace("__", "/"): text for name, text in changes.items()
    }
    return arguments.read(SCHEMA, VALUE, sent)


def test_untouched_arguments_come_back_byte_for_byte() -> None:
    assert json.dumps(read().arguments) == json.dumps(VALUE)


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
)
OBJECTS = st.dictionaries(
    st.text(max_size=6),
    st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=5,
)


@given(OBJECTS)
def test_whatever_an_agent_sends_survives_an_untouched_form(value: dict[str, Any]) -> None:
    schema: dict[str, Any] = {"type": "object"}

    reading = arguments.read(schema, value, typed(arguments.fields(schema, value)))

    assert json.dumps(reading.arguments) == json.dumps(value)


@pytest.mark.parametrize(
    ("name", "text", "key", "expected"),
    [
        ("a/amount", "12.5", "amount", 12.5),
        ("a/amount", "12", "amount", 12),
        ("a/count", "3", "count", 3),
        ("a/currency", "USD", "currency", "USD"),
        ("a/tags", "a\r\n\r\nc", "tags", ["a", "c"]),
        ("a/note", "hi", "note", "hi"),
        ("a/order_id", " #W2 ", "order_id", " #W2 "),
    ],
)
def test_what_is_typed_becomes_its_type(name: str, text: str, key: str, expected: Any) -> None:
    reading = read(**{name: text})

    assert reading.arguments[key] == expected
    assert type(reading.arguments[key]) is type(expected)
    assert not reading.errors


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a/amount", "lots", "A number"),
        ("a/amount", "inf", "A number"),
        ("a/amount", "nan", "A number"),
        ("a/count", "2.5", "A whole number"),
        ("a/currency", "GBP", "Choose one"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(name: str, text: str, said: str) -> None:
    assert said in read(**{name: text}).errors[name]


def test_what_the_schema_refuses_is_said_at_its_field() -> None:
    assert "a/amount" in read(**{"a/amount": "-1"}).errors
    assert "a/order_id" in read(**{"a/order_id": ""}).errors


def test_an_unticked_box_is_false_and_an_absent_one_stays_absent() -> None:
    sent = typed(arguments.fields(SCHEMA, VALUE))
    del sent["a/express"]

    assert arguments.read(SCHEMA, VALUE, sent).arguments["express"] is False
    assert "express" not in arguments.read(SCHEMA, {"order_id": "x"}, {}).arguments


def test_nested_values_are_edited_and_their_unknown_parts_kept() -> None:
    changed = read(**{"a/address/city": "Bergen"}).arguments["address"]

    assert changed == {"city": "Bergen", "zip": "0150", "floor": {"door": [1, [2]]}}


def test_a_row_can_be_taken_out() -> None:
    value = {"flights": [{"no": "A1", "on": "2024-05-25"}, {"no": "B2", "on": "2024-05-26"}]}
    schema: dict[str, Any] = {"type": "object"}
    sent = typed(arguments.fields(schema, value)) | {"a/flights/0~out": "on"}

    assert arguments.read(schema, value, sent).arguments == {"flights": [value["flights"][1]]}


def test_what_no_form_can_show_is_edited_as_json() -> None:
    value = {"deep": [[1], {"a": 1}]}
    schema: dict[str, Any] = {"type": "object"}
    (field,) = arguments.fields(schema, value)

    changed = arguments.read(schema, value, {"a/deep": '[[1], {"a": 2}]'})
    broken = arguments.read(schema, value, {"a/deep": '[[1], {"a": 2, "a": 3}]'})

    assert (field.kind, json.loads(field.value)) == ("json", value["deep"])
    assert changed.arguments == {"deep": [[1], {"a": 2}]}
    assert "a/deep" in broken.errors


def test_a_field_the_proposal_left_empty_can_be_filled_in() -> None:
    reading = arguments.read(SCHEMA, {"order_id": "x"}, {"a/note": "hi", "a/address/city": "Oslo"})

    assert reading.arguments == {"order_id": "x", "note": "hi", "address": {"city": "Oslo"}}


def test_keys_with_slashes_do_not_reach_into_others() -> None:
    value = {"a/b": "one", "a": {"b": "two"}}
    schema: dict[str, Any] = {"type": "object"}
    sent = typed(arguments.fields(schema, value)) | {"a/a~1b": "ONE"}

    assert arguments.read(schema, value, sent).arguments == {"a/b": "ONE", "a": {"b": "two"}}


def test_the_form_shows_what_was_typed_with_its_errors() -> None:
    fields = arguments.fields(
        SCHEMA, VALUE, typed={"a/amount": "lots"}, errors={"a/amount": "A number."}
    )
    amount = next(field for field in fields if field.name == "a/amount")

    assert (amount.value, amount.error) == ("lots", "A number.")


def test_every_control_has_its_own_id() -> None:
    fields = arguments.fields(SCHEMA, VALUE | {"a-b": "1", "a_b": "2", "a b": "3"})

    assert len({field.id for field in fields}) == len(fields)


def test_a_browser_does_not_insist_on_what_may_be_empty() -> None:
    schema = {
        "type": "object",
        "properties": {
            "price": {"type": ["null", "number"]},
            "title": {"type": "string"},
            "day": {"type": "string"},
        },
        "required": ["price", "title", "day"],
    }
    proposed = {"price": None, "title": "", "day": "2024-05-19"}

    form = {field.name: field.required for field in arguments.fields(schema, proposed)}
    emptied = arguments.read(schema, proposed | {"price": 2.5}, {"a/price": ""})

    assert form == {"a/price": False, "a/title": False, "a/day": True}
    assert emptied.arguments["price"] is None and not emptied.errors


EVERYTHING: dict[str, Any] = {
    "type": "object",
    "$defs": {"money": {"type": "object", "properties": {"amount": {}, "currency": {}}}},
    "properties": {
        "on": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "time"},
        "price": {"$ref": "#/$defs/money"},
        "way": {"oneOf": [{"const": "a", "title": "Air"}, {"const": "s", "title": "Sea"}]},
        "ways": {"type": "array", "items": {"enum": ["air", "sea"]}},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "either": {"oneOf": [{"type": "string"}, {"type": "object"}]},
        "fixed": {"const": 7},
        "flag": {"type": ["boolean", "null"]},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"a": {}}}},
    },
}


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("on", "2026-11-21", "date"),
        ("on", "2026-11-31", "string"),
        ("on", "21 November", "string"),
        ("at", "12:00:00", "time"),
        ("at", "12:00:00Z", "string"),
        ("price", {"amount": "1.00", "currency": "EUR"}, "money"),
        ("way", "a", "enum"),
        ("ways", ["air"], "checks"),
        ("ways", ["rail"], "json"),
        ("ways", ["air", "air"], "json"),
        ("maybe", None, "integer"),
        ("maybe", 5, "integer"),
        ("either", {"a": 1}, "json"),
        ("either", "text", "json"),
        ("fixed", 7, "fixed"),
        ("flag", None, "enum"),
        ("rows", [{"a": 1}], "rows"),
        ("rows", "not a list", "json"),
    ],
)
def test_a_shape_has_its_control_and_stays_as_it_is_untouched(
    name: str, value: Any, kind: str
) -> None:
    form = arguments.fields(EVERYTHING, {name: value}, adds=True)
    field = next(one for one in form if one.name == f"a/{name}")

    reading = arguments.read(EVERYTHING, {name: value}, typed(form))

    assert field.kind == kind
    assert reading.arguments == {name: value}
    assert type(reading.arguments[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "sent", "expected"),
    [
        ("on", {"a/on": "2026-12-24"}, "2026-12-24"),
        ("way", {"a/way": "s"}, "s"),
        ("ways", {"a/ways": "1", "a/ways/1": "on"}, ["sea"]),
        ("maybe", {"a/maybe": "7"}, 7),
        ("flag", {"a/flag": "no"}, False),
        ("either", {"a/either": '{"b": [1]}'}, {"b": [1]}),
        ("price", {"a/price/amount": '"2.00"', "a/price/currency": '"EUR"'},
         {"amount": "2.00", "currency": "EUR"}),
        ("rows", {"a/rows~rows": "1", "a/rows/0/a": "3"}, [{"a": 3}]),
    ],
)  # fmt: skip
def test_what_is_typed_into_each_control_is_read(
    name: str, sent: dict[str, str], expected: Any
) -> None:
    assert arguments.read(EVERYTHING, {}, sent).arguments == {name: expected}
