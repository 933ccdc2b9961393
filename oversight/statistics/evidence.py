"""Evidence that may be looked at every day: a bet against "misses are as usual".

Who bets on it as long as it is true multiplies their stake by 20 at most once in twenty lives,
however often they look. CUSUM is for acting soon, this is for what is claimed afterwards.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from oversight.statistics import cells

# how far apart the shares lie that are tried, and how much better than one would be worth a bet
_STEP, _WORTH = 0.01, 0.15
# more evidence than anybody asks for, as a power of e
_MOST = 500.0


@dataclass(frozen=True, kw_only=True)
class Bet:
    usual: float = 0.10
    # how much is put on a miss; below 1 / usual
    stake: float = 1.5
    # false alarms in all time
    level: float = 0.05

    @property
    def wins(self) -> float:
        """Return by what a miss multiplies the evidence."""
        return 1 + self.stake * (1 - self.usual)

    @property
    def loses(self) -> float:
        return 1 - self.stake * self.usual

    def step(self, evidence: float, *, missed: bool) -> float:
        return evidence * (self.wins if missed else self.loses)

    def is_proof(self, evidence: float) -> bool:
        return evidence >= 1 / self.level

    def crossings(self, miss: float, *, tests: int) -> list[float]:
        """Return how likely it first is proof with the n-th test, 0 to `tests`: exactly."""
        enough = math.log(1 / self.level)
        win, lose = math.log(self.wins), math.log(self.loses)
        found, live = [0.0], {0: 1.0}
        for number in range(1, tests + 1):
            crossed, after = 0.0, dict[int, float]()
            for misses, chance in live.items():
                for more, part in ((1, miss), (0, 1 - miss)):
                    total = misses + more
                    if total * win + (number - total) * lose >= enough:
                        crossed += chance * part
                    else:
                        after[total] = after.get(total, 0.0) + chance * part
            found.append(crossed)
            live = {misses: chance for misses, chance in after.items() if chance > 1e-15}
        return found

    def of_lot(self, hits: int, tests: int) -> float:
        """Return by what a told lot multiplies the evidence.

        Lots that are all one way are never told. At worst each was emptied, and what is told was
        picked: so it counts for less, by as much as a bet on the smallest lots would gain by that.
        """
        return self.of_lots(hits, tests, 1)

    def of_lots(self, hits: int, tests: int, lots: int) -> float:
        """Return by what so many lots together do: in which order they were told is the same."""
        won = hits * math.log(self.wins) + (tests - hits) * math.log(self.loses)
        won -= lots * math.log(max(1.0, self._gained(cells.TESTS)))
        return math.exp(min(won, _MOST))

    def _gained(self, tests: int) -> float:
        all_hits, no_hits = self.usual**tests, (1 - self.usual) ** tests
        staked = all_hits * self.wins**tests + no_hits * self.loses**tests
        return (1 - staked) / (1 - all_hits - no_hits)


@dataclass(frozen=True, kw_only=True)
class Course:
    """How evidence went, lot by lot: where it stands, and the most it ever was, which counts."""

    now: float
    most: float
    # the number of the lot with which it became proof, from 0 on
    proven_by: int | None


Lots = Iterable[tuple[int, int]]


def course(bet: Bet, lots: Lots) -> Course:
    """Multiply the evidence of told lots, each (hits, tests), in the order they were told."""
    now, most, proven = 1.0, 1.0, None
    for number, (hits, tests) in enumerate(lots):
        now = min(now * bet.of_lot(hits, tests), math.exp(_MOST))
        most = max(most, now)
        if proven is None and bet.is_proof(now):
            proven = number
    return Course(now=now, most=most, proven_by=proven)


def at_least(lots: Lots, *, level: float = 0.05) -> float:
    """Return what share of hits is proven by now, on average over these lots; 0: none.

    At most once in twenty lives more is claimed than is true. What was proof counts only as long as
    it is: what was caught once may be caught no more.
    """
    known, found = list(lots), 0.0
    hits, tests = sum(hits for hits, _ in known), sum(tests for _, tests in known)
    for step in range(1, round(1 / _STEP)):
        share = step * _STEP
        stake = min(_WORTH / (share * (1 - share)), 0.75 / share)
        bet = Bet(usual=share, stake=stake, level=level)
        if not bet.is_proof(bet.of_lots(hits, tests, len(known))):
            break
        found = share
    return found
