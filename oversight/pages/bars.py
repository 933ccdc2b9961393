"""Shares as small drawings beside their figures: now and before, each with its interval."""

from dataclasses import dataclass

from governance.estimates import Share, percent

WIDTH = 120
_SCALES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, kw_only=True)
class Mark:
    low: str
    high: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    """`now` and `before` on one scale from nothing to `most`; one may be missing."""

    now: Mark | None
    before: Mark | None
    most: str
    said: str


def bar(now: Share, before: Share) -> Bar | None:
    """Draw both on the smallest scale that has room for them; nothing of nothing."""
    known = [one for one in (now, before) if one.of]
    if not known:
        return None
    highest = max(one.interval[1] for one in known)
    most = next(scale for scale in _SCALES if scale >= highest)
    said = ", before ".join(percent(one.share) for one in known)
    return Bar(now=_mark(now, most), before=_mark(before, most), most=percent(most), said=said)


def _mark(share: Share, most: float) -> Mark | None:
    if not share.of:
        return None
    low, high = share.interval
    return Mark(low=_x(low, most), high=_x(high, most), at=_x(share.share, most))


def _x(value: float, most: float) -> str:
    return f"{WIDTH * value / most:.1f}"
