import hashlib
import json
import math

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from handoffs import canonical
from handoffs.canonical import NotCanonical
from tests.handoffs.strategies import NASTY

# The sample object of RFC 8785, section 3.2.2, and its canonical form from section 3.2.3.
RFC_SAMPLE = r"""{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}"""
RFC_FORM = (
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
    '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
)
# RFC 8785, section 3.2.3: property names in the order of their UTF-16 units.
RFC_KEYS = ["\r", "1", "\u0080", "ö", "€", "\U0001f600", "\ufb33"]
# RFC 8785, appendix B: a double and how it is written.
RFC_NUMBERS = [
    (0.0, "0"),
    (-0.0, "0"),
    (5e-324, "5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
    (9007199254740992.0, "9007199254740992"),
    (295147905179352830000.0, "295147905179352830000"),
    (9.999999999999997e22, "9.999999999999997e+22"),
    (1e23, "1e+23"),
    (999999999999999700000.0, "999999999999999700000"),
    (1e21, "1e+21"),
    (9.999999999999997e-7, "9.999999999999997e-7"),
    (0.000001, "0.000001"),
    (333333333.3333332, "333333333.3333332"),
    (1424953923781206.2, "1424953923781206.2"),
]

texts = st.text(NASTY, max_size=8) | st.sampled_from(
    ['":1.0', ",1e5", "[1234567890123456789", '\\":-1.5e', "\U0001f600", "\ufb33"]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=30,
)


def test_sample_of_the_rfc() -> None:
    assert canonical.encode(json.loads(RFC_SAMPLE)).decode() == RFC_FORM


def test_keys_sort_as_in_the_rfc() -> None:
    written = canonical.encode(dict.fromkeys(sorted(RFC_KEYS), 1))

    assert list(json.loads(written)) == RFC_KEYS


@pytest.mark.parametrize(("number", "written"), RFC_NUMBERS)
def test_numbers_of_the_rfc(number: float, written: str) -> None:
    assert canonical.encode([number]).decode() == f"[{written}]"
    assert canonical.encode(number).decode() == written


@given(values)
@example({"a": 1.0, "b": [1e16, 1e-5, -0.0, 12345.678]})
@example({"\ufb33": 1, "\U0001f600": 2})
@example({'":1.0': 9007199254740991})
def test_the_quick_way_writes_what_the_reference_writes(value: object) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(values)
def test_order_of_keys_never_changes_the_digest(value: object) -> None:
    def turned(part: object) -> object:
        if isinstance(part, dict):
            return {key: turned(item) for key, item in reversed(part.items())}
        return [turned(item) for item in part] if isinstance(part, list) else part

    assert canonical.digest(turned(value)) == canonical.digest(value)


def test_digest_is_sha256_in_hex_with_its_name() -> None:
    assert canonical.digest({}) == "sha-256=" + hashlib.sha256(b"{}").hexdigest()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": {"b": [1, 2**53]}}, "a.b.1"),
        ({"a": -(2**53)}, "a"),
        ({"a": math.nan}, "a"),
        ({"a": [math.inf]}, "a.0"),
        ({"a": "\ud800"}, "a"),
        ({"\udc00": 1}, ""),
        ({"a": {1: 2, "b": 3}}, "a"),
        ({"a": b"bytes"}, "a"),
        (float("inf"), ""),
    ],
)
def test_value_without_a_form_is_refused_with_its_path(value: object, path: str) -> None:
    with pytest.raises(NotCanonical) as refusal:
        canonical.encode(value)

    assert refusal.value.path == path


def test_value_that_holds_itself_is_refused() -> None:
    value: dict[str, object] = {}
    value["again"] = value

    with pytest.raises(NotCanonical):
        canonical.encode(value)
