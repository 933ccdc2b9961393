"""How often somebody may meet a test, and what is kept of it.

Whether one may come to them is asked in the statement that takes, see `queueing`: never one that
they would know (`Plant.known_to`), never whoever reads figures or records
(`permissions.KNOWING_ROLES`), and nobody beside something else that is open in front of them: the
two could be compared.
"""

from dataclasses import dataclass
from datetime import date

A_DAY = 2
# reviews between two tests of one person
BETWEEN = 10


@dataclass(frozen=True, kw_only=True)
class Met:
    """What is kept of a person's tests: how many on their last day with any, and not of which.

    `day` is theirs, by the clock of their queue. `last_claim` is the number, among their own
    claims, of the one under which they met the last.
    """

    day: date | None = None
    times: int = 0
    last_claim: int | None = None

    def again(self, *, day: date, claim: int) -> "Met":
        times = self.times + 1 if self.day == day else 1
        return Met(day=day, times=times, last_claim=claim)
