"""How many people a result of tests has to be of, and how evenly, before it may be told."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PEOPLE, PEOPLE_ACROSS_TEAMS, TESTS, SHARE = 5, 10, 20, 0.4


@dataclass(frozen=True, kw_only=True)
class Part:
    """Tests by whoever took them, without names, in the order of nothing; and how many caught.

    `people` maps an opaque token to a number of tests. It exists in memory while a period is
    closed and is never stored.
    """

    people: Mapping[str, int]
    caught: int


def is_of_many(parts: Iterable[Part], *, people: int = PEOPLE) -> bool:
    """Say whether enough people took enough tests of these parts, and nobody most of them.

    It asks only who was tested, and not what that showed: else what is missing would tell.
    """
    found = Counter[str]()
    for part in parts:
        found.update(part.people)
    tests = found.total()
    return len(found) >= people and tests >= TESTS and max(found.values()) <= SHARE * tests
