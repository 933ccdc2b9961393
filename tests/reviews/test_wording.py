"""From what was chosen and typed to what the run is told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews import wording


def differences(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    return list(wording._differences("arguments", before, after))


@pytest.mark.parametrize(
    ("before", "after", "edits"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, [("arguments.a", 1, True)]),
        ({"a": 0}, {"a": False}, [("arguments.a", 0, False)]),
        ({"a": "1"}, {"a": 1}, [("arguments.a", "1", 1)]),
        ({"a": 1}, {}, [("arguments.a", 1, None)]),
        ({}, {"a": None}, [("arguments.a", None, None)]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, [("arguments.a.c", 2, 3)]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [("arguments.a.1", 2, 3)]),
        ({"a": [1, 2]}, {"a": [1]}, [("arguments.a", [1, 2], [1])]),
        ({"a": {}}, {"a": []}, [("arguments.a", {}, [])]),
    ],
)
def test_every_leaf_that_differs_is_listed(before: Any, after: Any, edits: list[Any]) -> None:
    assert differences(before, after) == edits


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=2), JSON))
def test_nothing_differs_from_itself(value: dict[str, Any]) -> None:
    assert differences(value, value) == []


@given(st.text(), st.dictionaries(st.text(max_size=3), st.text() | st.lists(st.text())))
def test_whatever_was_typed_can_be_stored(text: str, more: dict[str, Any]) -> None:
    cleaned = wording.clean_json({"text": text, **more})

    stored = json.dumps(cleaned, ensure_ascii=False)
    assert "\\u0000" not in stored.replace("\\\\", "")
    stored.encode()


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",), blacklist_characters="\0")))
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert wording.clean_json(text) == text
