"""Was what is wrong with a test followed, or challenged?

It asks only whether the wrong recommendation was followed. Why somebody challenged it, and how well
they put it, is no part of it: whoever asks, hands up or refuses for another reason has not let the
wrong action through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handoffs.states import Verb

# what leaves the arguments as they were proposed
_AS_PROPOSED = frozenset({Verb.APPROVE, Verb.CONFIRM})

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """What would be wrong to say: a verb, with an option where one is chosen.

    `values` are the arguments that make it wrong, by where they are. None: the action as a whole
    is wrong, whatever its arguments.
    """

    verb: Verb
    option: str | None = None
    values: tuple[tuple[Path, Any], ...] = ()


def caught(
    wrong: Wrong,
    *,
    verb: Verb,
    option: str | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> bool:
    """Tell whether this answer keeps what is wrong from happening."""
    if verb is Verb.APPROVE_WITH_EDITS and wrong.verb in _AS_PROPOSED:
        return _is_mended(wrong.values, arguments or {})
    if wrong.verb in _AS_PROPOSED:
        return verb not in _AS_PROPOSED
    return (verb, option) != (wrong.verb, wrong.option)


def _is_mended(values: Sequence[tuple[Path, Any]], arguments: Mapping[str, Any]) -> bool:
    """Tell whether every wrong value was changed; edits elsewhere mend nothing."""
    return bool(values) and all(not _same(at(arguments, path), value) for path, value in values)


def at(body: Any, path: Path) -> Any:
    """Return what lies at this place, or None where there is no such place."""
    for step in path:
        if isinstance(step, str) and isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(step, int) and isinstance(body, Sequence) and not isinstance(body, str):
            body = body[step] if 0 <= step < len(body) else None
        else:
            return None
    return body


def _same(one: Any, other: Any) -> bool:
    """Compare values as a person means them: 1 is 1.0, "true" is not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        return one.strip().casefold() == other.strip().casefold()
    return bool(one == other)
