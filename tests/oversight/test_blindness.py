"""The certificate: holds for copies that nothing tells apart, fails for those with a tell."""

import random
from statistics import NormalDist, mean

import pytest

from oversight.statistics import blindness, matching
from oversight.statistics.blindness import Look

WORDS = [f"word{number}" for number in range(300)]
OFTEN = [0.02 + 0.3 * 0.99**at for at in range(300)]


def real(chance: random.Random, of: int) -> Look:
    figures = {"words": chance.gauss(80, 20), "facts": chance.randint(3, 9), "hour": chance.gauss()}
    said = (word for word, often in zip(WORDS, OFTEN, strict=True) if chance.random() < often)
    return Look(of=of, figures=figures, words=frozenset(said))


def copy(
    source: Look, chance: random.Random, *, off: float = 0.0, says: float = 0.0, hour: float = 0.2
) -> Look:
    """Copy with another hour and, each twentieth word anew; `off` and `says` are tells."""
    hours = {"hour": source.figures["hour"] + chance.gauss(off, hour)}
    words = {
        word
        for word, often in zip(WORDS, OFTEN, strict=True)
        if (word in source.words if chance.random() > 0.05 else chance.random() < often)
    }
    words |= {"kindly"} if chance.random() < says else set()
    return Look(of=source.of, figures={**source.figures, **hours}, words=frozenset(words))


def certified(
    seed: int, *, sources: int = 100, others: int = 0, copies: int = 2, off: float = 0.0,
    says: float = 0.0,
) -> blindness.Certificate:  # fmt: skip
    chance = random.Random(seed)
    reals = [real(chance, of) for of in range(sources + others)]
    tests = [copy(one, chance, off=off, says=says) for one in reals[:sources] * copies]
    return blindness.certify(tests, reals, seed=1)


def test_ranks_are_counted_with_ties_by_half() -> None:
    assert blindness.auc([3, 4], [1, 2]) == 1
    assert blindness.auc([1, 2], [3, 4]) == 0
    assert blindness.auc([1, 1], [1, 1]) == 0.5
    assert blindness.auc([1, 3], [2]) == 0.5


def test_delongs_bound_of_a_case_by_hand() -> None:
    # of the tests each is above 0, ½, 1 and 1 of the real ones, and these are below ¾ and ½ of them
    found, variance = 0.625, (0.6875 / 3) / 4 + 0.03125 / 2
    logit = 1.6448536 * variance**0.5 / (found * (1 - found))
    assert blindness.auc([1, 3, 5, 6], [2, 4]) == pytest.approx(found)
    assert blindness.auc_upper([1, 3, 5, 6], [2, 4]) == pytest.approx(
        1 / (1 + (1 - found) / found * 2.718281828**-logit)
    )


def test_the_bound_holds_as_often_as_it_says() -> None:
    """Scores one apart by d have a known AUC, the normal distribution's of d / sqrt(2)."""
    chance, true, held = random.Random(3), 0.638, 0
    for _ in range(400):
        tests = [chance.gauss(0.5, 1) for _ in range(60)]
        reals = [chance.gauss(0, 1) for _ in range(120)]
        held += blindness.auc_upper(tests, reals) >= true

    assert 0.92 <= held / 400 <= 0.98


@pytest.mark.parametrize(("copies", "others"), [(1, 0), (3, 0), (2, 80)])
def test_the_bound_holds_also_of_copies_beside_their_sources(copies: int, others: int) -> None:
    """A copy's score is its source's, a little off: bounds that count it as news are too wide."""
    chance, own, off = random.Random(5), 0.4, 0.3
    true, held = NormalDist().cdf(off / (1 + 1 + own**2) ** 0.5), 0
    for _ in range(400):
        reals = [chance.gauss() for _ in range(60 + others)]
        tests = [one + off + chance.gauss(0, own) for one in reals[:60] * copies]
        of = ([*range(60)] * copies, range(60 + others))
        held += blindness.auc_upper(tests, reals, of=of) >= true

    assert 0.92 <= held / 400 <= 0.985


def test_copies_beside_their_sources_say_more_than_strangers_would() -> None:
    chance = random.Random(2)
    reals = [chance.gauss() for _ in range(100)]
    tests = [one + chance.gauss(0, 0.1) for one in reals]

    paired = blindness.auc_upper(tests, reals, of=(range(100), range(100)))
    assert paired < 0.52 < blindness.auc_upper(tests, reals)


def test_copies_that_are_alike_are_certified() -> None:
    found = [certified(seed) for seed in range(10)]

    assert mean(one.worst.auc for one in found) == pytest.approx(0.5, abs=0.03)
    assert sum(one.holds for one in found) >= 9


@pytest.mark.parametrize(
    ("tell", "by", "name"), [({"off": 0.8}, "figures", "hour"), ({"says": 0.4}, "words", "kindly")]
)
def test_a_tell_is_found_and_named(tell: dict[str, float], by: str, name: str) -> None:
    found = certified(1, others=50, **tell)

    assert not found.holds
    assert (found.worst.by, found.worst.telling[0][0]) == (by, name)


def test_what_kind_of_source_is_chosen_tells_too() -> None:
    """Copies like their sources are found where only short ones are copied."""
    chance = random.Random(4)
    reals = [real(chance, of) for of in range(200)]
    short = [one for one in reals if one.figures["words"] < 80]

    found = blindness.certify([copy(one, chance) for one in short], reals, seed=1)

    assert not found.holds
    assert found.worst.telling[0][0] == "words"


def chosen(
    seed: int, *, others: int = 300, **tells: float
) -> tuple[list[Look], list[Look], list[int]]:
    """Copy the short ones rather than the long: tests, real ones, and which each is a copy of."""
    chance = random.Random(seed)
    reals = [real(chance, of) for of in range(others)]
    short = [
        at for at, one in enumerate(reals)
        if chance.random() < 1 / (1 + 2.7 ** ((one.figures["words"] - 85) / 15))
    ]  # fmt: skip
    sources = short * 2
    return [copy(reals[at], chance, **tells) for at in sources], reals, sources


def test_which_are_copied_tells_no_more_where_others_stand_for_them() -> None:
    tests, reals, sources = chosen(8)

    even = blindness.certify(tests, reals, seed=1)
    matched = blindness.certify(tests, reals, seed=1, sources=sources)

    assert even.is_told_apart and even.worst.telling[0][0] == "words"
    assert matched.worst.auc < 0.53 and not matched.is_told_apart


@pytest.mark.parametrize(
    ("tell", "by", "name"), [({"off": 0.8}, "figures", "hour"), ({"says": 0.4}, "words", "kindly")]
)
def test_what_copying_does_is_found_whichever_are_drawn(
    tell: dict[str, float], by: str, name: str
) -> None:
    tests, reals, sources = chosen(9, others=200, **tell)

    found = blindness.certify(tests, reals, seed=1, sources=sources)

    assert found.is_told_apart
    assert (found.worst.by, found.worst.telling[0][0]) == (by, name)


def test_how_often_one_is_drawn_is_learned_without_those_that_are_guessed_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learned, weights = [], matching.weights

    def noted(pairs: matching.Alike, copied: list[bool], known: list[int]) -> list[float]:
        learned.append(set(known))
        return weights(pairs, copied, known)

    monkeypatch.setattr(matching, "weights", noted)
    tests, reals, sources = chosen(2, others=80)

    blindness.certify(tests, reals, seed=1, sources=sources)

    *folds, last = learned
    every = set(range(len(reals)))
    judged = [every - known for known in folds]
    # how tests are drawn in the end is judged by those who did not see it learned
    assert last == every
    assert sorted(at for fold in judged for at in fold) == sorted(every)


def test_the_bound_holds_also_of_some_that_count_more() -> None:
    """Of the low ones fewer are copied, and each stands for those like it."""
    chance, own, off = random.Random(7), 0.4, 0.3
    true, held = NormalDist().cdf(off / (1 + 1 + own**2) ** 0.5), 0
    for _ in range(400):
        reals = [chance.gauss() for _ in range(120)]
        copied = [1 / (1 + 2.7 ** (-one)) for one in reals]
        sources = [at for at, share in enumerate(copied) if chance.random() < share] * 2
        tests = [reals[at] + off + chance.gauss(0, own) for at in sources]
        often = ([1 / copied[at] for at in sources], [1.0] * 120)
        held += blindness.auc_upper(tests, reals, of=(sources, range(120)), often=often) >= true

    assert 0.92 <= held / 400 <= 0.99


def test_whoever_guesses_at_a_copy_has_not_seen_its_source() -> None:
    """Each source has a word of its own, which would give its copy away as a real one's."""
    chance = random.Random(6)
    reals = [real(chance, of) for of in range(60)]
    own = [Look(of=one.of, figures=one.figures, words=frozenset({f"own{one.of}"})) for one in reals]
    copies = [copy(one, chance, hour=0) for one in own * 3]

    found = blindness.certify(copies, own, seed=1)

    assert next(one.auc for one in found.guesses if one.by == "words") > 0.45


def test_of_too_few_sources_nothing_is_certified() -> None:
    assert certified(1, sources=29, copies=9).worst.upper == 1.0
    assert not certified(1, sources=29, copies=9).holds
    assert certified(1, sources=30, copies=9).worst.upper < 1.0


def test_what_is_told_every_time_is_surely_told() -> None:
    found = certified(1, off=50)

    assert found.worst.auc == pytest.approx(1, abs=0.01)
    assert found.is_told_apart


def test_what_is_alike_is_hardly_ever_told_apart_by_luck() -> None:
    found = [certified(seed, sources=40, others=40) for seed in range(60)]

    assert sum(one.is_told_apart for one in found) <= 1
