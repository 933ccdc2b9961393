import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoffs import strict_json
from handoffs.strict_json import JsonRefused
from tests.handoffs.strategies import NASTY
from tests.hostile_json import HARMLESS, HOSTILE

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15, allow_subnormal=False)
    | st.text(NASTY, max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(NASTY, max_size=8), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("body", "statuses"), [pytest.param(b, s, id=name) for name, b, s in HOSTILE]
)
def test_hostile_body_is_refused_with_its_status(body: bytes, statuses: set[int]) -> None:
    with pytest.raises(JsonRefused) as refusal:
        strict_json.parse(body)

    assert refusal.value.status in statuses
    assert len(refusal.value.message) < 300
    refusal.value.message.encode()


@pytest.mark.parametrize(
    ("body", "value"), [pytest.param(b, v, id=name) for name, b, v in HARMLESS]
)
def test_harmless_look_alike_is_read(body: bytes, value: object) -> None:
    read = strict_json.parse(body)

    assert read == (value if value is not None else json.loads(body))


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"signals": {"values": {"amount": 1e999}}}', "signals.values.amount"),
        (b'{"brief": {"facts": [{"value": "ok"}, {"value": "\\u0000"}]}}', "brief.facts.1.value"),
        (b'{"brief": {"a": 1, "a": 2}}', "brief"),
        (b'{"arguments": {"\\ud800": 1}}', "arguments"),
        (b"NaN", ""),
    ],
)
def test_refusal_names_the_path(body: bytes, path: str) -> None:
    with pytest.raises(JsonRefused) as refusal:
        strict_json.parse(body)

    assert refusal.value.path == path


def test_refusal_of_broken_syntax_names_the_line() -> None:
    with pytest.raises(JsonRefused) as refusal:
        strict_json.parse(b'{"run": "a",\n "ask" "b"}')

    assert refusal.value.line == 2
    assert "line 2, column 8" in refusal.value.message


def test_refusal_of_bad_utf8_names_the_line() -> None:
    with pytest.raises(JsonRefused) as refusal:
        strict_json.parse(b'{"a": 1,\n\n "b": "\xff"}')

    assert refusal.value.line == 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_mark_is_named(encoding: str) -> None:
    with pytest.raises(JsonRefused, match="byte order mark"):
        strict_json.parse('{"run": "a"}'.encode(encoding))


def test_a_body_at_the_limit_is_read_and_one_byte_more_is_not() -> None:
    assert strict_json.parse(b'"12345678"', max_bytes=10) == "12345678"

    with pytest.raises(JsonRefused) as refusal:
        strict_json.parse(b'"123456789"', max_bytes=10)
    assert refusal.value.status == 413


@given(values)
def test_what_json_can_hold_comes_back_unchanged(value: object) -> None:
    assert strict_json.parse(json.dumps(value).encode()) == value
    assert strict_json.parse(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_the_refusal(body: bytes) -> None:
    try:
        strict_json.parse(body)
    except JsonRefused as refusal:
        assert refusal.status in {400, 413, 422}


@given(st.text(alphabet='[]{}",:\\u0d8e19.-+ \n', max_size=60))
def test_no_json_like_text_raises_anything_but_the_refusal(text: str) -> None:
    try:
        value = strict_json.parse(text.encode())
    except JsonRefused:
        return
    assert value == json.loads(text)


@given(st.integers(1, 60), st.sampled_from([b"[%s]", b'{"a": %s}', b'["]}\\"", %s]']))
def test_depth_is_measured_exactly(depth: int, shape: bytes) -> None:
    body = b"1"
    for _ in range(depth):
        body = shape % body
    # side by side, so that the shortcut for few brackets is not what answers
    body = b"[" + body + b"," + b",".join([b"[]"] * 40) + b"]"

    try:
        strict_json.parse(body)
        refused = False
    except JsonRefused:
        refused = True

    assert refused == (depth + 1 > strict_json.MAX_DEPTH)


LITERALS = st.sampled_from(
    [b"0", b"-0", b"-0.0", b"1.50", b"123456789012345", b"9007199254740993", b"1e5", b"1E-400"]
    + [b"9007199254740993.5", b"null", b"true", b'"2e5"', b'"a\\"b"', b'"\\\\"', b'"\\u005c"']
    + [
        b'"\\u0000"',
        b'"\\n"',
        b'"\xc3\xa4"',
        b'"2026-11-21T15:20:00.123456Z"',
        b"NaN",
        b'"\\ud83d"',
    ]
)
KEYS = st.sampled_from([b'"a"', b'"b"', b'"\\u0061"', b'"c\\""', b'"\\\\"', b'""'])


def written(pairs: list[tuple[bytes, bytes]]) -> bytes:
    return b"{" + b", ".join(key + b": " + value for key, value in pairs) + b"}"


objects = st.recursive(
    LITERALS,
    lambda inner: (
        st.lists(st.tuples(KEYS, inner), max_size=4).map(written)
        | st.lists(inner, max_size=3).map(lambda items: b"[" + b",".join(items) + b"]")
    ),
    max_leaves=12,
)


def outcome(read: Callable[[bytes], object], body: bytes) -> str:
    try:
        return repr(read(body))
    except JsonRefused as refusal:
        return f"{refusal.status} {refusal.path} {refusal.message}"


@settings(max_examples=400)
@given(objects)
def test_at_a_glance_nothing_is_read_otherwise_than_exactly(body: bytes) -> None:
    def exactly(body: bytes) -> object:
        return strict_json._read(body, strict_json.MAX_BYTES)

    assert outcome(strict_json.parse, body) == outcome(exactly, body)


def test_most_bodies_are_read_at_a_glance() -> None:
    plain = b'{"run": "run_1", "n": [1, 2.5, -3], "said": "on 2026-11-21 12:30 \\"so\\"\\nand on"}'

    assert strict_json._at_a_glance(plain) == json.loads(plain)
