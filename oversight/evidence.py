"""Evidence that may be looked at every day: a bet against "misses are as usual".

Who bets on it as long as it is true multiplies their stake by 20 at most once in twenty lives,
however often they look. CUSUM is for acting soon, this is for what is claimed afterwards.
"""

import math
from dataclasses import dataclass


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
