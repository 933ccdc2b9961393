"""Who is there, and whether they are enough different people where several decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handoffs.authority import Row

People = Mapping[str, frozenset[int]]


@dataclass(frozen=True, kw_only=True)
class Staffing:
    """Who is there today: teams somebody active decides in, and the queues where they work.

    `people` are those of a team who work a queue; `apart` has those whom a conflict group puts
    together with others, each with them.
    """

    held: frozenset[str]
    works: frozenset[tuple[str, str]]
    queue_names: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[tuple[str, str], frozenset[int]] = field(default_factory=dict)
    apart: Mapping[int, frozenset[int]] = field(default_factory=dict)


def asked(safeguards: Mapping[str, Any]) -> int:
    """Return how many have to decide, as the desk reads it."""
    count = safeguards.get("approvers") or 1
    return max(count if isinstance(count, int) else 1, len(_named(safeguards)))


def several(safeguards: Mapping[str, Any]) -> bool:
    return asked(safeguards) > 1 or bool(_named(safeguards))


def seats(safeguards: Mapping[str, Any], role: str) -> list[str]:
    """Return the team of each seat: those that are named, then the one with authority."""
    named = _named(safeguards)
    return [*named, *[role] * (asked(safeguards) - len(named))]


def places(row: Row) -> list[tuple[str, str]]:
    """Return every team that is asked with the queue it has to work there, level by level."""
    levels = [(row.role, row.queue), *((step.role, step.queue) for step in row.ladder)]
    one = (row.overflow_queue,) if row.overflow_queue is not None else ()
    levels += [(row.role, queue) for queue in row.overflows or one]
    named = [(team, queue) for _, queue in levels for team in _named(row.safeguards)]
    return list(dict.fromkeys([*levels, *named]))


def can_sit(teams: Sequence[str], people: People, apart: Mapping[int, frozenset[int]]) -> bool:
    """Tell whether one person each can be found for these seats, none of whom stands with another.

    A seat with enough people who stand with nobody is always filled in the end, so only the
    others are tried out, and of people who are alike only one.
    """
    alone = {team: sum(one not in apart for one in people.get(team, ())) for team in teams}
    hard = [team for team in teams if alone[team] < len(teams)]
    hard.sort(key=lambda team: len(people.get(team, ())))
    return _fill(hard, people, apart, frozenset())


def _fill(
    teams: Sequence[str],
    people: People,
    apart: Mapping[int, frozenset[int]],
    taken: frozenset[int],
) -> bool:
    if not teams:
        return True
    tried: set[tuple[frozenset[str], frozenset[int]]] = set()
    for one in sorted(people.get(teams[0], frozenset()) - taken):
        kin = apart.get(one, frozenset()) | {one}
        alike = (
            frozenset(team for team in teams if one in people.get(team, ())),
            kin if one in apart else frozenset(),
        )
        if alike in tried:
            continue
        tried.add(alike)
        if _fill(teams[1:], people, apart, taken | kin):
            return True
    return False


def _named(safeguards: Mapping[str, Any]) -> list[str]:
    named = safeguards.get("seats")
    return [str(one) for one in named] if isinstance(named, list | tuple) else []
