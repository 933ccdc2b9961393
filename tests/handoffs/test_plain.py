"""The quick looks of intake never let pass what the exact ones would not."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.intake import proposal
from handoffs import argument_schema, briefs, plain_schema, strict_json
from tests.hostile_json import HARMLESS, HOSTILE

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('ab"\\:,{}[]0e. \n\té€😀\x00', max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(st.tuples(st.sampled_from(["a", "b", 'c"', "d\\", ":"]), inner), max_size=4)
    ),
    max_leaves=12,
)


def written(value: Any, spaced: bool) -> str:
    """Write JSON in which a key may stand twice."""
    if isinstance(value, list) and value and all(isinstance(one, tuple) for one in value):
        colon = " : " if spaced else ":"
        return "{" + ",".join(json.dumps(k) + colon + written(v, spaced) for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(one, spaced) for one in value) + "]"
    return json.dumps(value, ensure_ascii=spaced)


def exactly(body: bytes) -> tuple[str, Any]:
    """Read without the quick look."""
    try:
        text = strict_json._text(body, strict_json.MAX_BYTES)
        return "read", strict_json._read_slowly(text)
    except strict_json.JsonRefused as refused:
        return "refused", refused.status


def as_it_does(body: bytes) -> tuple[str, Any]:
    try:
        return "read", strict_json.parse(body)
    except strict_json.JsonRefused as refused:
        return "refused", refused.status


def told(outcome: tuple[str, Any]) -> tuple[str, str]:
    """Tell -0.0 from 0.0, and 1 from 1.0."""
    return outcome[0], repr(outcome[1])


@given(VALUES, st.booleans())
@example([("a", 1), ("a", 1)], False)
@example([("a", [("b", "x"), ("b", 'y":')])], False)
@example([("a", 1e300)], False)
@example([("a", -0.0), ("b", 5e-324)], False)
def test_a_quick_look_reads_what_the_exact_reader_reads(value: Any, spaced: bool) -> None:
    body = written(value, spaced).encode()

    assert told(as_it_does(body)) == told(exactly(body))


@pytest.mark.parametrize("number", [
    "0.0", "-0", "-0.0", "0.00", "0e5", "1E5", "1e-400", "1e400", "0.1e1", "12.50", "-7", "0",
    "999999999999999", "1000000000000000", "9007199254740993", "12345678.12345678901", "1.0",
    "-123456789012345", "0." + "3" * 500, "3" * 500, "1e5 ", "00", "1.", ".5", "+1", "1e", "- 1",
])  # fmt: skip
@pytest.mark.parametrize("form", ["%s", "[%s]", '{"a":%s}', '{"a": [1, %s ]}', '{"a":"%s"}'])
def test_every_number_is_read_as_exactly(number: str, form: str) -> None:
    body = (form % number).encode()

    assert told(as_it_does(body)) == told(exactly(body))


@pytest.mark.parametrize("body", [one[1] for one in (*HOSTILE, *HARMLESS)])
def test_hostile_bodies_are_read_as_exactly(body: bytes) -> None:
    if len(body) <= strict_json.MAX_BYTES and not strict_json._depth_exceeded(body):
        assert told(as_it_does(body)) == told(exactly(body))


SCHEMA = {
    "type": "object",
    "title": "Everything plain",
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 3},
        "choice": {"type": "string", "enum": ["a", "b", 1], "default": "a"},
        "const": {"type": "string", "const": "a"},
        "odd_const": {"type": "string", "const": 1},
        "number": {"type": "number", "minimum": 0, "exclusiveMaximum": 10},
        "count": {"type": "integer", "maximum": 5, "exclusiveMinimum": -5},
        "truth": {"type": "boolean"},
        "inner": {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "required": ["a"],
            "additionalProperties": False,
        },
    },
    "required": ["text"],
}
ITEMS = (
    st.none()
    | st.booleans()
    | st.integers(-12, 12)
    | st.floats(-12, 12)
    | st.sampled_from(["", "a", "b", "ab", "abc", "abcd", 5.0, [], ["a"], {}])
    | st.dictionaries(st.sampled_from(["a", "z"]), st.sampled_from(["a", 1]), max_size=2)
)
NAMES = ["text", "choice", "const", "odd_const", "number", "count", "truth", "inner", "other"]


@given(st.dictionaries(st.sampled_from(NAMES), ITEMS, max_size=6))
def test_arguments_that_fit_at_a_glance_fit(arguments: dict[str, Any]) -> None:
    schema = SCHEMA
    fits = plain_schema.compile(schema)
    assert fits is not None
    whole = argument_schema.compile(schema)

    if fits(arguments):
        assert not list(whole._validator.iter_errors(arguments))


def test_the_glance_lets_pass_what_is_plain_and_fits() -> None:
    fits = plain_schema.compile(SCHEMA)
    assert fits is not None

    assert fits({"text": "ab", "choice": "a", "number": 9.5, "count": 5, "inner": {"a": ""}})


@pytest.mark.parametrize("wrong", [
    {"text": ""}, {"text": "abcd"}, {"text": 1}, {"choice": "b2"}, {"const": "b"}, {"number": -1},
    {"odd_const": "1"}, {"number": 10}, {"number": True}, {"count": 6}, {"count": -5},
    {"count": 1.0}, {"truth": 1}, {"inner": {}}, {"inner": {"a": "", "b": ""}}, {"other": 1},
])  # fmt: skip
def test_the_glance_stops_at_each_limit(wrong: dict[str, Any]) -> None:
    fits = plain_schema.compile(SCHEMA)
    assert fits is not None

    assert fits({"text": "ab"})
    assert not fits({"text": "ab", **wrong})


@pytest.mark.parametrize("part", [
    {"type": ["string", "null"]}, {"type": "array"}, {"type": "string", "format": "date"},
    {"type": "string", "pattern": "^a"}, {"type": "number", "multipleOf": 2}, {"type": "null"},
    {"$ref": "#/$defs/a"}, {"anyOf": [{"type": "string"}]}, {"enum": ["a"]}, True,
    {"type": "object", "minProperties": 1}, {"type": "boolean", "const": True},
    {"type": "integer", "enum": [1]},
])  # fmt: skip
def test_what_is_not_plain_is_left_to_the_whole_checker(part: Any) -> None:
    schema = {"type": "object", "properties": {"a": part}, "$defs": {"a": {"type": "string"}}}

    assert plain_schema.compile(schema) is None


SAID = st.sampled_from(
    ["Refund 312.50 EUR for W1?", "n/a", "", "tbd", "null", "Order total", "312.50 EUR", "approve",
     "[your name]", "{{name}}", "a\u200bb", "word " * 130, "x" * 300, "Größe", "two\nlines", "-"]
)  # fmt: skip
ID = st.sampled_from(["e1", "e2"])
BRIEFS = st.fixed_dictionaries(
    {"ask": SAID},
    optional={
        "summary": SAID,
        "facts": st.lists(st.fixed_dictionaries({"label": SAID, "value": SAID}), max_size=3),
        "flags": st.lists(st.fixed_dictionaries({"label": SAID}), max_size=2),
        "steps": st.lists(SAID, max_size=2),
        "evidence": st.lists(st.fixed_dictionaries({"id": ID, "title": SAID}), max_size=2),
        "draft": st.none() | st.fixed_dictionaries({"body": SAID}),
        "options": st.lists(
            st.fixed_dictionaries({"id": ID, "label": SAID}, optional={"consequence": SAID}),
            max_size=2,
        ),
        "recommendation": st.none()
        | st.fixed_dictionaries({"answer": SAID}, optional={"rationale": SAID}),
        "on_answer": st.dictionaries(st.sampled_from(["approve", "reject"]), SAID, max_size=2),
    },
)


@given(BRIEFS, st.booleans(), st.sampled_from([(), ("Order total",)]))
def test_of_a_brief_that_is_plain_there_is_nothing_to_say(
    brief: dict[str, Any], strict: bool, required: tuple[str, ...]
) -> None:
    quick = briefs.check(brief, action_type="refund", required_context=required, strict=strict)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(briefs, "_is_plain", lambda *_: False)
        whole = briefs.check(brief, action_type="refund", required_context=required, strict=strict)

    assert quick == whole


def test_an_ordinary_brief_is_plain() -> None:
    assert briefs._is_plain(proposal("run_1")["brief"], briefs._LIMITS)
