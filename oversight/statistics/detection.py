"""Can people tell a wrong recommendation from a right one, and how readily do they object?

The signal is a wrong recommendation, "yes" is a challenge. d′ says how well the two are told
apart, the criterion how much it takes until somebody objects: pressure moves the second first.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

# with fewer, d′ says more about luck than about people
ENOUGH_SIGNALS, ENOUGH_NOISES = 30, 100
_NORMAL = NormalDist()
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    d_prime: float
    # below 0: people object readily; above: only when they are sure
    criterion: float

    @property
    def beta(self) -> float:
        return math.exp(self.d_prime * self.criterion)


@dataclass(frozen=True, kw_only=True)
class Detection:
    """So many wrong ones challenged of so many, and so many right ones."""

    hits: int
    signals: int
    false_alarms: int
    noises: int

    @property
    def hit_rate(self) -> float:
        """Return Hautus' rate, which is never 0 or 1."""
        return (self.hits + 0.5) / (self.signals + 1)

    @property
    def false_rate(self) -> float:
        return (self.false_alarms + 0.5) / (self.noises + 1)

    @property
    def is_enough(self) -> bool:
        return self.signals >= ENOUGH_SIGNALS and self.noises >= ENOUGH_NOISES

    @property
    def sensitivity(self) -> Sensitivity:
        return of_rates(self.hit_rate, self.false_rate)

    @property
    def error(self) -> float:
        """Return the standard error of d′."""
        hit, false = self.hit_rate, self.false_rate
        return math.sqrt(
            hit * (1 - hit) / (self.signals * _density(hit) ** 2)
            + false * (1 - false) / (self.noises * _density(false) ** 2)
        )

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        half = _NORMAL.inv_cdf(0.5 + confidence / 2) * self.error
        return self.sensitivity.d_prime - half, self.sensitivity.d_prime + half


def of_rates(hit: float, false: float) -> Sensitivity:
    """Return what two rates say, neither of them 0 or 1."""
    z_hit, z_false = _NORMAL.inv_cdf(hit), _NORMAL.inv_cdf(false)
    return Sensitivity(d_prime=z_hit - z_false, criterion=-(z_hit + z_false) / 2)


def _density(rate: float) -> float:
    return _NORMAL.pdf(_NORMAL.inv_cdf(rate))


def best_hit_rate(d_prime: float, prevalence: float) -> float:
    """Return how many wrong ones the best observer challenges where so many are wrong.

    People shift less than that; but it is why tests at 10 % flatter a world of 1 %.
    """
    criterion = d_prime / 2 + math.log((1 - prevalence) / prevalence) / d_prime
    return _NORMAL.cdf(d_prime - criterion)


def by_person(
    people: Sequence[_T], figure: Callable[[Sequence[_T]], float], *, seed: int, rounds: int = 1000
) -> tuple[float, float]:
    """Return the 95 % interval of a figure if other people like these had been there.

    Trials of one person are alike; a formula that takes them for independent is too sure.
    """
    chance = random.Random(seed)
    found = sorted(figure(chance.choices(people, k=len(people))) for _ in range(rounds))
    return found[int(0.025 * rounds)], found[int(0.975 * rounds) - 1]
