"""Who gets what next: the rule by which work is shared, without a database.

Taking the next one is the function `overread_take_sparing` (migration 0051), and a test holds the
two together; assigning calls this module. `docs/sharing.md` says what is promised by it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

# every so manieth that a person takes goes by turns
TURN = 3
# so many of those due in the same minute are looked at for a stricter one
TIES = 8

_STRICT = {"hard_stop": 0, "soft_review": 2, "notify": 3, "autonomous": 4}
# where no tier was ruled, a run waits for a person
_UNRULED = 1


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What a person may take now; `urgent` as the queue knows it."""

    id: str
    queue: int
    workflow: int
    urgent: bool
    due: datetime
    tier: str

    @property
    def place(self) -> tuple[bool, datetime, str]:
        """Return its place in its queue."""
        return (not self.urgent, self.due, self.id)

    @property
    def minute(self) -> tuple[bool, datetime]:
        return (not self.urgent, self.due.replace(second=0, microsecond=0))

    @property
    def strict(self) -> int:
        return _STRICT.get(self.tier, _UNRULED)


@dataclass(frozen=True, kw_only=True)
class Carrying:
    """What somebody carries who could be given more; `given_at` is when they were last."""

    person: int
    open: int
    minutes: float
    given_at: datetime | None


def next_one(
    waiting: Iterable[Waiting], *, number: int, after: int | None = None
) -> tuple[Waiting, bool] | None:
    """Choose what a person takes as their `number`th, and say whether it is by turns.

    `after` is the workflow that had their last turn. What is urgent goes first, and of what is not
    every third by turns: so no workflow waits behind another for long, however much that one sends.
    Otherwise it is what is due first; within the same minute the stricter tier.
    """
    found = list(waiting)
    if not found:
        return None
    firsts = [min(queue, key=lambda one: one.place) for queue in _by_queue(found)]
    best = min(firsts, key=lambda one: (*one.minute, one.strict, one.due, one.id))
    if not best.urgent and number % TURN == 0:
        turn = _turn([one for one in found if not one.urgent], after)
        if turn is not None:
            return turn, True
    line = sorted((one for one in found if one.queue == best.queue), key=lambda one: one.place)
    ties = [one for one in line[:TIES] if one.minute == best.minute]
    return min(ties, key=lambda one: (one.strict, one.due, one.id)), False


def _by_queue(waiting: Sequence[Waiting]) -> list[list[Waiting]]:
    queues: dict[int, list[Waiting]] = {}
    for one in waiting:
        queues.setdefault(one.queue, []).append(one)
    return list(queues.values())


def _turn(calm: Sequence[Waiting], after: int | None) -> Waiting | None:
    """Choose the first of the workflow that comes next, round and round; None where it is alone."""
    workflows = sorted({one.workflow for one in calm})
    if len(workflows) < 2:
        return None
    chosen = next((one for one in workflows if one > (after or 0)), workflows[0])
    return min((one for one in calm if one.workflow == chosen), key=lambda one: (one.due, one.id))


def in_order(people: Iterable[Carrying]) -> list[Carrying]:
    """Put people in the order in which they are given the next one.

    Who holds fewest first; of these who has been at it for the shortest time today, in steps of a
    quarter of an hour, so that a minute more does not matter; of these who was given one longest
    ago.
    """
    return sorted(
        people,
        key=lambda one: (
            one.open,
            int(one.minutes // 15),
            one.given_at is not None,
            one.given_at.timestamp() if one.given_at else 0.0,
            one.person,
        ),
    )
