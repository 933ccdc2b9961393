"""Kind words to whoever has been at it for long: they alone read them, and nothing is kept."""

from collections.abc import Sequence

from reviews.caps import Used
from reviews.desk import QueueCard
from reviews.pages import times

BREAK_MINUTES = 90
ANOTHER_MINUTES = 60


def rest(used: Used) -> str:
    """Suggest a break, to whoever has been at it for long; nothing to anybody else."""
    if used.unbroken >= BREAK_MINUTES:
        return (
            f"You have been at it for {times.span(used.unbroken * 60)} without a break. "
            "Ten minutes away from the screen do judgement good; nothing here is lost."
        )
    return ""


def hint(used: Used, queues: Sequence[QueueCard]) -> str:
    """Suggest a break, or for a change another queue of theirs in which something can be taken."""
    here = next((one for one in queues if one.id == used.queue), None)
    others = [one for one in queues if one.id != used.queue and one.next_deadline_at]
    at_it = used.unbroken > 0 and used.here >= ANOTHER_MINUTES
    if (said := rest(used)) or here is None or not others or not at_it:
        return said
    other = min(others, key=lambda one: str(one.next_deadline_at))
    return (
        f"You have been in {here.name} for {times.span(used.here * 60)}. Something else for a "
        f"while keeps the eye fresh: {other.name} has some too."
    )
