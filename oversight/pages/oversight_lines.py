"""The figures under each of the three questions, with their intervals, and how long it took."""

from dataclasses import dataclass

from governance import estimates
from governance.estimates import Share, percent
from oversight import bins, gauges, shares, speeds
from oversight.summary import Figures, Summary
from reviews.pages import times

NOT_ENOUGH = "not enough data"
_STATES = {
    "response": "From opening to a person's answer",
    "waiting": "Waiting, until it ended",
    "needs_information": "Waiting for information",
    "review": "Looked at by whoever decided",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure: now with its interval, and in the period before."""

    what: str
    now: str
    before: str
    means: str


@dataclass(frozen=True, kw_only=True)
class Time:
    what: str
    count: str
    tenth: str
    half: str
    nine: str


def working(now: Figures, before: Figures) -> list[Line]:
    return [
        _share("Overridden", now.overridden, before.overridden,
               "Alone it says little: it moves with how often the agent is wrong."),
        _share("Approved with edits", now.edited, before.edited, "A part of the overridden."),
        _share("Changed after the reveal", now.changed, before.changed,
               "Of those who judged before they saw the recommendation."),
        Line(what="Decided too fast to have been read", now=_rapid(now), before=_rapid(before),
             means="Of the whole team; no figure here is about a person."),
        Line(what=f"Decided within {gauges.SPIKE_SECONDS} seconds", now=_spike(now),
             before=_spike(before), means="The usual mark of a rubber stamp."),
        Line(what="Wrong ones caught", now=f"{NOT_ENOUGH}: no blind tests are run",
             before=NOT_ENOUGH, means="The one figure that would say it; below, what it takes."),
    ]  # fmt: skip


def healthy(now: Figures, before: Figures) -> list[Line]:
    return [
        Line(what="Came", now=f"{now.counts['came']:,}", before=f"{before.counts['came']:,}",
             means=f"{now.counts['open']:,} of them are open."),
        _share("Answered by people in time", now.in_time, before.in_time, "Of all that ended."),
        _share("Nobody answered", now.by_policy, before.by_policy,
               "What is stated for that case was done."),
        _share("Late at some level", now.late, before.late, "Moved up when a time was over."),
        _share("Handed up by people", Share(now.told["escalated"], now.told["came"]),
               Share(before.told["escalated"], before.told["came"]),
               "To the next level, before its time was up."),
        _share("Sent back with a question", Share(now.told["asked"], now.told["came"]),
               Share(before.told["asked"], before.told["came"]),
               "Something was missing in the brief."),
    ]  # fmt: skip


def improving(found: Summary) -> list[Line]:
    now, before = found.now, found.before
    asked = _share("Asked a person", now.escalation, before.escalation, _zone(now.escalation))
    refused = Line(
        what="Moves that were refused", now=f"{found.refused:,}", before="",
        means="Tried by a program in a state that does not allow them, since the start.",
    )  # fmt: skip
    return [
        # of a queue or a tier it is not known what was proposed; where a move was tried, of no part
        *([asked] if found.subject.knows_proposals else []),
        _share("Asked again", now.reopened, before.reopened,
               "The approval was stale when the agent came to act."),
        _share("Approved as proposed", rest(now.overridden), rest(before.overridden),
               "A candidate for doing without asking, if it were known to be right."),
        *([] if found.subject.is_part or found.is_demo else [refused]),
    ]  # fmt: skip


def _zone(escalation: Share) -> str:
    return estimates.against_the_band(escalation)


def rest(share: Share) -> Share:
    return Share(share.of - share.count, share.of)


def _share(what: str, now: Share, before: Share, means: str) -> Line:
    return Line(what=what, now=said(now), before=said(before), means=means)


def said(share: Share) -> str:
    """Say a share with its interval; of too few that it is not enough, with the interval."""
    if not share.of:
        return NOT_ENOUGH
    if share.of < shares.ENOUGH:
        low, high = share.interval
        return f"{NOT_ENOUGH}: {share.count} of {share.of}, {percent(low)} to {percent(high)}"
    return str(share)


def _rapid(figures: Figures) -> str:
    looked = figures.times.get("review", {})
    total = sum(looked.values())
    if total < shares.ENOUGH:
        return NOT_ENOUGH
    found = speeds.rapid(bins.timed(looked))
    rule = "two kinds of decisions" if found.mixture else "a tenth of the mean"
    told = said(Share(min(total, round(found.share * total)), total))
    return f"{told}; below {_seconds(found.cut)}, by {rule}"


def _spike(figures: Figures) -> str:
    looked = figures.times.get("review", {})
    return said(Share(bins.below(looked, gauges.SPIKE_SECONDS), sum(looked.values())))


def lengths(figures: Figures) -> tuple[Time, ...]:
    return tuple(_time(what, figures) for what in _STATES)


def _time(what: str, figures: Figures) -> Time:
    counted = figures.times.get(what, {})
    tenth, half, nine = (bins.quantile(counted, share) for share in (0.1, 0.5, 0.9))
    enough = sum(counted.values()) >= shares.ENOUGH
    return Time(
        what=_STATES[what],
        count=f"{sum(counted.values()):,}",
        tenth=_seconds(tenth) if enough and tenth else NOT_ENOUGH,
        half=_seconds(half) if enough and half else "",
        nine=_seconds(nine) if enough and nine else "",
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else times.span(seconds)
