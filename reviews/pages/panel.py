"""What a page says where several people decide: how many have, and at the end who said what."""

from datetime import datetime

from reviews.pages import times, words
from reviews.pages.afterwards import StripItem
from reviews.pages.text import marked
from reviews.panels import Panel


def progress(panel: Panel, *, seat: int | None) -> StripItem:
    """Say how many have decided, never what, and for which team this person sits there."""
    own = panel.seat_of(seat) if seat is not None else None
    if panel.tied:
        return StripItem(
            label="Who decides",
            text="you break the tie" if own else "one of the next level",
            detail=f"{panel.asked} did not agree",
        )
    return StripItem(
        label="Who decides",
        text=so_far(panel),
        detail=f"you sit for {marked(own.team)}" if own else "none knows what the others said",
    )


def so_far(panel: Panel) -> str:
    return counted(len(panel.decided), panel.asked)


def counted(decided: int, asked: int) -> str:
    """Say `1 of 2 has decided`, also of a single one."""
    if asked == 1:
        return "one person, who has decided" if decided else "one person of a named team"
    if decided == 0:
        return f"none of {asked} has decided"
    return f"{decided} of {asked} {'has' if decided == 1 else 'have'} decided"


def voices(panel: Panel | None, now: datetime) -> tuple[str, ...]:
    """Say who said what, in the order of the seats; nothing while somebody could be swayed."""
    if panel is None:
        return ()
    return tuple(
        f"{marked(one.person)} ({marked(one.role)}) {words.ANSWERED[one.verb][1]} at "
        f"{times.clock(one.at, now)} UTC{_because(one.reason or one.message)}"
        for one in panel.shown
    )


def _because(reason: str) -> str:
    return f": {marked(reason)}" if reason else "."


def kept(panel: Panel) -> tuple[str, str]:
    """Head and explain the page of somebody who has decided while others have not."""
    return (
        "You have decided",
        f"{so_far(panel).capitalize()}. The agent is told when all have; then you read here what "
        "each of them said.",
    )


def done(panel: Panel) -> str:
    """Say in one line what a decision came to that was one of several."""
    if panel.tied and not panel.told:
        return "Your answer is in. You did not all agree, so the next level decides."
    if not panel.told:
        return f"Your answer is in. {so_far(panel).capitalize()}; the agent is told when all have."
    agree = len({one.digest for one in panel.decided}) == 1
    if agree:
        return f"Your answer is in. All {panel.asked} agree, and the agent is told."
    return "Your answer is in. Not all of you agree; the handoff says what came of it."


def open_for(panel: Panel) -> str:
    """Name the teams whose decision is still open."""
    return " and ".join(dict.fromkeys(marked(seat.team) for seat in panel.open))
