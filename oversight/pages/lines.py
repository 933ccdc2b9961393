"""How one figure is said: with its interval, beside the period before, and what changed."""

from dataclasses import dataclass

from governance.estimates import Share, percent
from oversight.pages import bars
from oversight.pages.bars import Bar
from oversight.statistics import shares
from reviews.pages import times

NOT_ENOUGH = "not enough data"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure: now with its interval, and in the period before."""

    what: str
    now: str
    before: str
    means: str
    bar: Bar | None = None
    # rose or fell, and not by chance
    change: str = ""


def of_share(what: str, now: Share, before: Share, means: str) -> Line:
    return Line(
        what=what, now=said(now), before=said(before), means=means, bar=bars.bar(now, before),
        change=change(now, before),
    )  # fmt: skip


def said(share: Share) -> str:
    """Say a share with its interval; of too few that it is not enough, with the interval."""
    if not share.of:
        return NOT_ENOUGH
    if share.of < shares.ENOUGH:
        low, high = share.interval
        return f"{NOT_ENOUGH}: {share.count} of {share.of}, {percent(low)} to {percent(high)}"
    return str(share)


def change(now: Share, before: Share) -> str:
    """Say whether it rose or fell, where that is more than chance; nothing of too few."""
    if min(now.of, before.of) < shares.ENOUGH:
        return ""
    low, high = shares.difference(now, before)
    if low > 0:
        return "rose"
    return "fell" if high < 0 else ""


def rest(share: Share) -> Share:
    return Share(share.of - share.count, share.of)


def seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 10 else times.span(value)
