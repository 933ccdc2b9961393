"""Read files of recorded proposals and of truth: pure, line by line, never stopped by a line.

Proposals and truth come from separate readers: whoever rules gets the first alone.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from governance.trial import Recorded
from handoffs import signals, strict_json
from handoffs.signals import Action, ActionType, SignalsRefused
from handoffs.strict_json import JsonRefused

MAX_LINE = strict_json.MAX_BYTES
MAX_KEY = 400


class BadLine(ValueError):
    """A line that is no recorded proposal, or no truth, with the reason in words."""


class UnknownType(Exception):
    """A proposal of an action type that the workflow does not have."""


@dataclass
class Truths:
    """What is known: key -> whether the action was wrong. Unknown ones are not in it."""

    wrong: dict[str, bool] = field(default_factory=dict)
    unread: list[tuple[int, str]] = field(default_factory=list)
    unread_count: int = 0


def lines(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Yield the numbered lines that blocks of bytes make up; None for one too long to hold."""
    held, number, too_long = b"", 0, False
    for block in blocks:
        parts = block.split(b"\n")
        for index, part in enumerate(parts):
            if index:
                number += 1
                yield number, None if too_long else held
                held, too_long = b"", False
            if len(held) + len(part) > MAX_LINE:
                held, too_long = b"", True
            elif not too_long:
                held += part
    if held or too_long:
        yield number + 1, None if too_long else held


def proposal(
    line: bytes | None,
    number: int,
    types: Mapping[str, ActionType],
    seen: Container[str] = (),
) -> Recorded:
    """Read one line, or raise BadLine; a type that is not among `types` raises UnknownType.

    `seen` has the action types that came before.
    """
    record = _object(line)
    key, proposed = _key(record), record.get("proposal")
    if not isinstance(proposed, Mapping):
        raise BadLine("it has no proposal object")
    name, run = proposed.get("action_type"), record.get("run")
    if not isinstance(name, str):
        raise BadLine("proposal.action_type is not a text")
    arguments, given = _inner(proposed, "arguments"), _inner(proposed, "signals")
    if name not in types:
        raise UnknownType(name)
    try:
        read = signals.from_json(given or {})
    except SignalsRefused as error:
        raise BadLine(f"signals.{error.path}: {error.message}") from None
    at = _time(record.get("at"))
    action = Action(
        type=types[name],
        arguments=arguments or {},
        at=at,
        first_seen=name not in seen,
        input=_inner(run, "input") if isinstance(run, Mapping) else None,
        brief=_inner(proposed, "brief"),
    )
    return Recorded(id=key, line=number, action=action, signals=read, at=at)


def _inner(outer: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    found = outer.get(name)
    if found is not None and not isinstance(found, Mapping):
        raise BadLine(f"{name} is not an object")
    return found


def types_named(blocks: Iterable[bytes]) -> set[str]:
    """Name every action type that occurs in a file."""
    found: set[str] = set()
    for _, line in lines(blocks):
        try:
            proposed = _object(line).get("proposal")
        except BadLine:
            continue
        name = proposed.get("action_type") if isinstance(proposed, Mapping) else None
        if isinstance(name, str):
            found.add(name)
    return found


def truths(blocks: Iterable[bytes]) -> Truths:
    """Read a whole truth file; the first line of a key counts, a contradicting one is named."""
    found = Truths()
    for number, line in lines(blocks):
        if line is not None and not line.strip():
            continue
        try:
            key, is_correct = _truth(line)
            if found.wrong.setdefault(key, not is_correct) is is_correct:
                raise BadLine("it contradicts an earlier line with the same key")
        except _Unknown:
            continue
        except BadLine as bad:
            found.unread_count += 1
            if len(found.unread) < 20:
                found.unread.append((number, str(bad)))
    return found


class _Unknown(Exception):
    """A line that says that nobody knows."""


def _truth(line: bytes | None) -> tuple[str, bool]:
    record = _object(line)
    key = _key(record)
    if "is_correct" not in record:
        raise BadLine("it does not say is_correct")
    is_correct = record["is_correct"]
    if is_correct is None:
        raise _Unknown
    if not isinstance(is_correct, bool):
        raise BadLine("is_correct is not true, false or null")
    return key, is_correct


def _object(line: bytes | None) -> Mapping[str, Any]:
    if line is None:
        raise BadLine(f"it is longer than {MAX_LINE:,} bytes")
    try:
        record = strict_json.parse(line)
    except JsonRefused as refused:
        raise BadLine(refused.message) from None
    if not isinstance(record, Mapping):
        raise BadLine("it is not an object")
    return record


def _key(record: Mapping[str, Any]) -> str:
    key = record.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
        raise BadLine(f"key is not a text of 1 to {MAX_KEY} characters")
    return key


def _time(value: Any) -> datetime | None:
    """Read a time of day where a line has one; a time without its zone says nothing."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else None
