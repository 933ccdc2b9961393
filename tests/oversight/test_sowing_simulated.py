"""Months of a team: as many tests as was said, evenly over people and kinds, and never too many."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import pytest

from oversight.statistics import pacing
from oversight.statistics.pacing import Block
from reviews.meeting import Met
from tests.reviews.planting import too_often

SECRET = b"a secret of the server"
START = date(2026, 1, 5)
STOCK = [
    Block(kind, difficulty, "wrongly allows")
    for kind, difficulties in (
        ("wrong amount", ("easy", "medium", "hard")),
        ("wrong entity", ("medium",)),
        ("stale fact", ("easy", "hard")),
        ("policy ignored", ("hard",)),
    )
    for difficulty in difficulties
]


@dataclass
class Person:
    met: Met = field(default_factory=Met)
    reviewed: int = 0
    # reviews between two tests of theirs, and how many tests they had on each day
    gaps: list[int] = field(default_factory=list)
    days: Counter[date] = field(default_factory=Counter)


@dataclass
class Team:
    """People who review at random, and whatever stands in their queue."""

    rate: float
    people: list[Person]
    seed: int = 1
    reviews: int = 0
    done: int | None = None
    standing: Block | None = None
    came: int = 0
    met: Counter[Block] = field(default_factory=Counter)
    made: Counter[Block] = field(default_factory=Counter)

    @cached_property
    def let_in(self) -> float:
        return pacing.let_in(self.rate, len(self.people))

    def works(self, days: int, a_day: int) -> "Team":
        chance = random.Random(self.seed)
        for number in range(days):
            today = START + timedelta(days=number)
            for _ in range(a_day):
                self._takes(chance.choice(self.people), today)
        return self

    def _takes(self, person: Person, today: date) -> None:
        """Take the next one, which is the test if one stands and it may stay with them."""
        if self.standing is not None:
            block, self.standing = self.standing, None
            if self._may(person, today):
                self._meets(person, block, today)
                return
        self.reviews += 1
        person.reviewed += 1
        number = pacing.due(
            SECRET, "refunds#1", reviews=self.reviews, rate=self.let_in, done=self.done
        )
        if number is not None:
            self.done = number
            self.standing = pacing.choose(SECRET, "refunds#1", number, met=self.made, stock=STOCK)
            assert self.standing is not None
            self.made[self.standing] += 1
            self.came += 1

    def _may(self, person: Person, today: date) -> bool:
        return not too_often(person.met, today=today, reviewed=person.reviewed)

    def _meets(self, person: Person, block: Block, today: date) -> None:
        if person.met.times:
            person.gaps.append(person.reviewed)
        person.met = person.met.again(day=today, claim=0)
        person.reviewed = 0
        person.days[today] += 1
        self.met[block] += 1


def team(people: int, *, rate: float = pacing.USUAL_RATE, seed: int = 1) -> Team:
    return Team(rate=rate, people=[Person() for _ in range(people)], seed=seed)


def teams() -> Iterator[Team]:
    for number, (people, rate, a_day) in enumerate(
        ((5, 0.02, 60), (6, 0.05, 120), (3, 0.10, 200), (40, 0.02, 400), (1, 0.10, 60))
    ):
        yield team(people, rate=rate, seed=number).works(90, a_day)


@pytest.mark.parametrize(
    ("people", "a_day"), [(1, 20), (2, 30), (6, 60), (5, 120), (12, 90), (40, 400)]
)
def test_by_default_two_in_a_hundred_reviews_are_tests(people: int, a_day: int) -> None:
    found = team(people).works(250, a_day)

    assert sum(found.met.values()) / found.reviews == pytest.approx(0.02, rel=0.05)


@pytest.mark.parametrize("rate", [0.01, 0.03, 0.05])
def test_an_owner_gets_the_rate_that_was_set(rate: float) -> None:
    found = team(12, rate=rate).works(250, 240)

    assert sum(found.met.values()) / found.reviews == pytest.approx(rate, rel=0.05)


def test_nothing_comes_in_beyond_the_cap() -> None:
    assert [pacing.let_in(rate, 50) for rate in (0.08, 0.10)] == [0.10, 0.10]
    found = team(12, rate=0.10).works(90, 240)
    assert sum(found.met.values()) <= found.came <= found.reviews * 0.10 + 1
    with pytest.raises(ValueError, match="not within"):
        team(12, rate=0.11).works(1, 100)


def test_nobody_meets_more_than_two_a_day() -> None:
    for found in teams():
        assert max(max(one.days.values(), default=0) for one in found.people) <= 2


def test_nobody_meets_one_within_ten_reviews_of_the_last() -> None:
    gaps = [gap for found in teams() for one in found.people for gap in one.gaps]

    assert len(gaps) > 500
    assert min(gaps) >= 10


def test_everybody_meets_about_as_many() -> None:
    found = team(8).works(250, 160)
    each = [sum(one.days.values()) for one in found.people]

    assert min(each) > 0.7 * max(each)


def test_each_kind_comes_as_often_and_within_it_each_difficulty() -> None:
    found = team(10, rate=0.05).works(60, 200)
    kinds: dict[str, int] = defaultdict(int)
    for block, times in found.made.items():
        kinds[block.kind] += times

    assert max(kinds.values()) - min(kinds.values()) <= 1
    amounts = [found.made[block] for block in STOCK if block.kind == "wrong amount"]
    assert max(amounts) - min(amounts) <= 1
    assert set(found.made) == set(STOCK)


def test_an_hour_says_nothing_of_when_the_next_one_comes() -> None:
    """Of the reviews of a stretch each is drawn as often, also right after the last one."""
    places = Counter(
        pacing.drawn(SECRET, f"team {number}#1", stretch, 0.02) % 50 // 10
        for number in range(60)
        for stretch in range(20)
    )

    assert all(abs(times - 240) < 75 for times in places.values())
