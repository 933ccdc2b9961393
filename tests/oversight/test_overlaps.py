"""What two figures that overlap leave over is enough people too, or the smaller is not told."""

from collections import Counter
from collections.abc import Hashable, Mapping
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from oversight.statistics import overlaps

Cell = frozenset[Hashable]

Who = Mapping[Hashable, Counter[int]]


def team(people: int, each: int, *, first: int = 0) -> Counter[int]:
    return Counter({first + number: each for number in range(people)})


def enough(people: Counter[int]) -> bool:
    total = people.total()
    return len(people) >= 5 and total >= 20 and max(people.values()) <= 0.4 * total


def told(who: Who, kinds: list[dict[str, Cell]]) -> set[str]:
    def together(cell: Cell) -> Counter[int]:
        found = Counter[int]()
        for one in cell:
            found.update(who[one])
        return found

    held = overlaps.held_back(
        kinds, frozenset(who), enough=lambda cell: enough(together(cell)),
        size=lambda cell: together(cell).total(),
    )  # fmt: skip
    return {name for kind in kinds for name in kind} - held


def test_a_queue_less_an_action_type_is_not_one_decision() -> None:
    who = {
        ("refunds", "refund"): team(6, 5),
        # Ann decided one refund in the other queue
        ("leads", "refund"): team(1, 1, first=90),
        ("leads", "cancel"): team(6, 5, first=10),
    }
    queue = frozenset({("refunds", "refund")})
    action = queue | {("leads", "refund")}

    assert told(who, [{"queue": queue}, {"action": action}]) == {"action"}


def test_nor_what_both_have_where_nothing_has_neither() -> None:
    who = {"a": team(6, 5), "both": team(1, 3, first=90), "b": team(6, 5, first=10)}
    kinds: list[dict[str, Cell]] = [
        {"queue": frozenset({"a", "both"})}, {"tier": frozenset({"b", "both"})},
    ]  # fmt: skip

    assert len(told(who, kinds)) == 1


def test_nor_what_is_left_over_of_one_kind_less_a_part_of_another() -> None:
    who = {
        "a": team(6, 5), "b": team(6, 5, first=10), "c": team(6, 5, first=20),
        "small": team(2, 2, first=90),
    }  # fmt: skip
    queues: dict[str, Cell] = {"a": frozenset({"a"}), "b": frozenset({"b"})}
    # the queues that are not told, c and small, less the action type c
    actions: dict[str, Cell] = {"c": frozenset({"c"})}

    assert told(who, [queues, actions]) < {"a", "b", "c"}


def test_what_both_have_counts_although_each_kind_is_told_whole() -> None:
    """No rest is left over of either kind: only both together less the whole show the small one."""
    who = {"a": team(6, 5), "b": team(6, 5, first=10), "both": team(1, 3, first=90)}
    queues: dict[str, Cell] = {"q1": frozenset({"a", "both"}), "q2": frozenset({"b"})}
    tiers: dict[str, Cell] = {"t1": frozenset({"a"}), "t2": frozenset({"b", "both"})}

    left = told(who, [queues, tiers])

    assert not (left & {*queues} and left & {*tiers}), left


def test_parts_that_are_the_same_or_far_apart_are_all_told() -> None:
    who = {"a": team(6, 5), "b": team(6, 5, first=10), "c": team(6, 5, first=20)}
    queues: dict[str, Cell] = {"queue a": frozenset({"a"}), "queue b": frozenset({"b"})}
    actions: dict[str, Cell] = {"action a": frozenset({"a"}), "action bc": frozenset({"b", "c"})}

    assert told(who, [queues, actions]) == {*queues, *actions}


_TEAMS = st.lists(st.tuples(st.integers(1, 7), st.integers(1, 6)), min_size=6, max_size=6)
_LABELS = st.lists(st.integers(0, 2), min_size=6, max_size=6)


@settings(max_examples=200)
@given(_TEAMS, _LABELS, _LABELS, st.sets(st.integers(0, 5)))
def test_no_sum_of_two_and_the_whole_tells_of_few(
    teams: list[tuple[int, int]], queues: list[int], actions: list[int], hidden: set[int]
) -> None:
    """Written as vectors: any of two known parts and the whole, each added or taken away."""
    who = {number: team(*one, first=10 * number) for number, one in enumerate(teams)}
    kinds = [_parts("queue", queues, hidden), _parts("action", actions, hidden)]
    left = told(who, kinds)
    vectors = [
        [
            [int(number in cell) for number in who]
            for cell in [*shown, _rest(shown)] if cell
        ]
        for shown in ([kind[name] for name in kind if name in left] for kind in kinds) if shown
    ]  # fmt: skip
    if len(vectors) < 2:
        return
    for one, other in product(*vectors):
        for a, b, c in product((-1, 0, 1), repeat=3):
            if not a or not b:
                continue
            support = [n for n in who if a * one[n] + b * other[n] + c]
            counted = Counter[int]()
            for number in support:
                counted.update(who[number])
            assert not support or enough(counted) or _by_itself(support, vectors)


def _parts(kind: str, labels: list[int], hidden: set[int]) -> dict[str, Cell]:
    """The parts of one kind; what has a hidden label is not told, as too small by itself."""
    return {
        f"{kind} {label}": frozenset(n for n, one in enumerate(labels) if one == label)
        for label in set(labels) - hidden
    }


def _rest(shown: list[Cell]) -> Cell:
    return frozenset(range(6)).difference(*shown)


def _by_itself(support: list[int], vectors: list[list[list[int]]]) -> bool:
    """Was it told, or left over, by itself? That is for the rule of one kind to keep."""
    cells = [{n for n, bit in enumerate(one) if bit} for kind in vectors for one in kind]
    return set(support) in cells or set(range(6)) - set(support) in cells or len(support) == 6
