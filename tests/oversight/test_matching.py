"""Sources are drawn so that together they look like all, those too that can't be copied."""

import random
from collections.abc import Callable
from statistics import mean

import pytest

from oversight.statistics import matching
from oversight.statistics.matching import Seen


def seen(seed: int, many: int = 200) -> tuple[list[Seen], list[bool]]:
    """Long ones are copied more rarely, and those about a refund, which say so in many words."""
    chance = random.Random(seed)
    found: list[Seen] = []
    copied = []
    for _ in range(many):
        length, says = chance.gauss(), chance.random() < 0.4
        words = {f"refund{number}" for number in range(12)} if says else set()
        words |= {f"word{number}" for number in range(30) if chance.random() < 0.3}
        found.append(({"length": length, "hour": chance.gauss()}, frozenset(words)))
        copied.append(chance.random() < 1 / (1 + 2.7 ** (length + 1.5 * says - 1)))
    return found, copied


def weighed(found: list[Seen], copied: list[bool]) -> list[float]:
    return matching.weights(matching.alike(found), copied, range(len(found)))


def lengths(found: list[Seen], often: list[float]) -> float:
    return sum(one[0]["length"] * of for one, of in zip(found, often, strict=True)) / sum(often)


def saying(found: list[Seen], often: list[float]) -> float:
    return sum(("refund0" in one[1]) * of for one, of in zip(found, often, strict=True)) / sum(
        often
    )


@pytest.mark.parametrize(("told", "left"), [(lengths, 0.5), (saying, 0.75)])
def test_what_is_drawn_looks_like_all(
    told: Callable[[list[Seen], list[float]], float], left: float
) -> None:
    before, after = [], []
    for seed in range(6):
        found, copied = seen(seed)
        often = [one if of else 0.0 for one, of in zip(weighed(found, copied), copied, strict=True)]
        every = told(found, [1.0] * len(found))
        before.append(abs(told(found, [float(of) for of in copied]) - every))
        after.append(abs(told(found, often) - every))

    assert mean(after) < left * mean(before)


def test_where_all_can_be_copied_each_is_drawn_alike() -> None:
    found, _ = seen(1, 40)

    assert weighed(found, [True] * 40) == [1.0] * 40


def test_none_stands_for_more_than_a_few() -> None:
    found: list[Seen] = [({"length": float(at > 40)}, frozenset()) for at in range(80)]
    copied = [at < 42 for at in range(80)]

    often = [one for one, of in zip(weighed(found, copied), copied, strict=True) if of]

    assert max(often) == matching.MOST * sorted(often)[len(often) // 2]


def test_nothing_is_learned_of_those_that_are_not_known() -> None:
    found, copied = seen(3, 80)
    pairs, known = matching.alike(found), range(0, 80, 2)
    other = [of if at in known else not of for at, of in enumerate(copied)]

    assert matching.weights(pairs, copied, known) == matching.weights(pairs, other, known)


def test_what_one_handoff_alone_says_is_nothing_to_draw_it_by() -> None:
    found, copied = seen(4, 60)
    named = [(figures, words | {f"id{at}"}) for at, (figures, words) in enumerate(found)]

    assert weighed(named, copied) == weighed(found, copied)
