"""Files from anywhere: a bad line is counted and named, and stops nothing."""

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from governance import recordings, trial
from governance.recordings import BadLine, UnknownType
from handoffs.signals import ActionType
from tests import hostile_json
from tests.governance import history

TYPES: dict[str, ActionType] = trial.action_types(
    {name: (impact.value, kind.value) for name, (impact, kind) in history.TYPES.items()}
)
GOOD: dict[str, Any] = history.lines(1)[0]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_lines_do_not_depend_on_how_the_bytes_were_cut(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    blocks = [data[a:b] for a, b in zip(edges, edges[1:], strict=False)]

    found = list(recordings.lines(blocks))

    expected = data.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    assert found == list(enumerate(expected, start=1))


def test_a_line_without_end_is_not_held_and_the_next_one_is_read() -> None:
    block = b"x" * 100_000
    blocks = [*[block] * 30, b"\nnext\n"]

    assert list(recordings.lines(blocks)) == [(1, None), (2, b"next")]


def test_a_good_line_becomes_what_policy_reads() -> None:
    read = recordings.proposal(json.dumps(GOOD).encode(), 7, TYPES)

    assert (read.id, read.line) == ("case-0", 7)
    assert read.action.type is TYPES[GOOD["proposal"]["action_type"]]
    assert dict(read.action.arguments) == GOOD["proposal"]["arguments"]
    assert (read.action.input, read.action.brief) == ({"text": "Where is it?"}, None)
    assert read.action.first_seen is True
    again = recordings.proposal(json.dumps(GOOD).encode(), 8, TYPES, {read.action.type.name})
    assert again.action.first_seen is False


@pytest.mark.parametrize(
    "line",
    [
        None,
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b"{}",
        b'{"key": ""}',
        b'{"key": 5, "proposal": {}}',
        b'{"key": "a", "proposal": []}',
        b'{"key": "a", "proposal": {"action_type": ["cancel_order"]}}',
        b'{"key": "a", "proposal": {"action_type": "cancel_order", "arguments": 3}}',
        b'{"key": "a", "proposal": {"action_type": "cancel_order", "signals": [1]}}',
        b'{"key": "a", "proposal": {"action_type": "cancel_order", "signals": {"mood": 1}}}',
        b'{"key": "a", "proposal": {"action_type": "cancel_order", "signals": {"confidence": 9}}}',
        b'{"key": "a", "key": "b", "proposal": {"action_type": "cancel_order"}}',
        b'{"key": "a\\u0000", "proposal": {"action_type": "cancel_order"}}',
        b'{"key": "a", "proposal": {"action_type": "cancel_order", "arguments": {"x": NaN}}}',
        b'{"key": "a", "proposal": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"\xff\xfe{}",
        json.dumps({"key": "k" * 500, "proposal": {"action_type": "cancel_order"}}).encode(),
    ],
)
def test_a_bad_line_is_refused_in_words(line: bytes | None) -> None:
    with pytest.raises(BadLine) as refused:
        recordings.proposal(line, 1, TYPES)

    assert len(str(refused.value)) > 10


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_reader(line: bytes) -> None:
    try:
        recordings.proposal(line, 1, TYPES)
    except (BadLine, UnknownType):
        return


def test_hostile_json_is_read_or_refused_and_never_crashes() -> None:
    for _, body, _ in hostile_json.HOSTILE:
        try:
            recordings.proposal(body, 1, TYPES)
        except (BadLine, UnknownType):
            continue


def test_a_type_that_the_workflow_does_not_have_is_told_apart() -> None:
    line = {**GOOD, "proposal": {"action_type": "launch_rocket"}}

    with pytest.raises(UnknownType, match="launch_rocket"):
        recordings.proposal(json.dumps(line).encode(), 1, TYPES)


def test_truth_keeps_the_first_word_on_a_key_and_names_what_contradicts_it() -> None:
    said = [
        {"key": "a", "is_correct": True},
        {"key": "b", "is_correct": False},
        {"key": "c", "is_correct": None},
        {"key": "a", "is_correct": False},
        {"key": "b", "is_correct": False},
        {"key": "d", "is_correct": "yes"},
        {"key": "e"},
    ]

    found = recordings.truths([history.jsonl(said), b"\n\nnonsense\n"])

    assert found.wrong == {"a": False, "b": True}
    assert [line for line, _ in found.unread] == [4, 6, 7, 10]
    assert found.unread_count == 4
