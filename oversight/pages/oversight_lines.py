"""The figures under each of the three questions, with their intervals."""

from governance import estimates
from governance.estimates import Share
from oversight.counted.summary import Summary
from oversight.counted.totals import Figures
from oversight.pages import lengths, tested_lines
from oversight.pages.lines import NOT_ENOUGH, Line, of_share, said, seconds
from oversight.statistics import bins, shares, speeds
from oversight.watch import gauges


def working(found: Summary) -> list[Line]:
    """Say what a minute is enough for; the rest is in `more_working`."""
    now, before = found.now, found.before
    return [
        tested_lines.caught(found),
        *([] if tested_lines.is_told(found.tested) else tested_lines.across(found)),
        *tested_lines.evidence(found.tested),
        rapid(now, before),
        of_share("Overridden", now.overridden, before.overridden,
                 "Alone it says little: it moves with how often the agent is wrong."),
    ]  # fmt: skip


def more_working(now: Figures, before: Figures) -> list[Line]:
    return [
        of_share(f"Decided within {gauges.SPIKE_SECONDS} seconds", spike(now), spike(before),
                 "The usual mark of a rubber stamp."),
        of_share("Challenged in any way", now.challenged, before.challenged,
                 "Decided otherwise, sent back with a question, handed up or passed on."),
        of_share("Approved with edits", now.edited, before.edited, "A part of the overridden."),
        *tested_lines.reveal(now, before),
    ]  # fmt: skip


def healthy(now: Figures, before: Figures) -> list[Line]:
    return [
        Line(what="Came", now=f"{now.counts['came']:,}", before=f"{before.counts['came']:,}",
             means=f"{now.counts['open']:,} of them are open."),
        of_share("Answered by people in time", now.in_time, before.in_time, "Of all that ended."),
        of_share("Nobody answered", now.by_policy, before.by_policy,
                 "What is stated for that case was done."),
        _half("Half were answered within", now, before),
    ]  # fmt: skip


def more_healthy(now: Figures, before: Figures) -> list[Line]:
    return [
        of_share("Late at some level", now.late, before.late, "Moved up when a time was over."),
        of_share("Accepted by whoever took it first", now.accepted, before.accepted,
                 "The others were put down, ran out or were passed on."),
        of_share("Resolved without asking again", now.at_once, before.at_once,
                 "No question in between, and the answer held."),
        of_share("Handed up by people", now.escalated, before.escalated,
                 "To the next level, before its time was up."),
        of_share("Sent back with a question", now.asked, before.asked,
                 "Something was missing in the brief."),
    ]  # fmt: skip


def _half(what: str, now: Figures, before: Figures) -> Line:
    found, earlier = (lengths.time("", one.times.get("response", {})) for one in (now, before))
    means = f"One in ten within {found.tenth}, nine in ten within {found.nine}."
    return Line(what=what, now=found.half or NOT_ENOUGH, before=earlier.half or NOT_ENOUGH,
                means=means if found.half else "From opening to a person's answer.")  # fmt: skip


def improving(found: Summary) -> list[Line]:
    now, before = found.now, found.before
    asked = of_share(
        "Asked a person", now.escalation, before.escalation,
        estimates.against_the_band(now.escalation),
    )  # fmt: skip
    return [
        # of a queue, a tier or a kind it is not known what was proposed
        *([asked] if found.subject.knows_proposals else []),
        of_share("Approved as proposed", now.approved, before.approved,
                 "Says the more, the more of what is wrong is caught."),
        of_share("Could have been automatic, at most", now.untouched, before.untouched,
                 "As proposed, at once, and nobody minded. Whether they should, see below."),
    ]  # fmt: skip


def more_improving(found: Summary) -> list[Line]:
    return [
        of_share("Asked again", found.now.reopened, found.before.reopened,
                 "The approval was stale when the agent came to act."),
        *_refused(found),
    ]  # fmt: skip


def _refused(found: Summary) -> list[Line]:
    if found.refused is None:
        return []
    return [
        Line(what="Moves that were refused", now=f"{found.refused:,}",
             before=f"{found.refused_before or 0:,}",
             means="Tried by a program in a state that does not allow them.")
    ]  # fmt: skip


def rapid(now: Figures, before: Figures) -> Line:
    """Say how many decisions were too fast to have been made, and by which rule."""
    found, earlier = rapid_of(now), rapid_of(before)
    if found is None:
        return Line(what=_RAPID, now=NOT_ENOUGH, before=_rapid_said(before), means=_OF_TEAM)
    rule = "two kinds of decisions" if found.mixture else "a tenth of the mean"
    line = of_share(
        _RAPID, rapid_share(found), rapid_share(earlier) if earlier else Share(0, 0),
        f"Below {seconds(found.cut)}, by {rule}. {_OF_TEAM}",
    )  # fmt: skip
    # another cut is another figure
    return line if earlier and bool(earlier.mixture) == bool(found.mixture) else _unlike(line)


_RAPID, _OF_TEAM = "Decided too fast to have been read", "Of the team; nothing here is of a person."


def _unlike(line: Line) -> Line:
    return Line(what=line.what, now=line.now, before=line.before, means=line.means, bar=line.bar)


def _rapid_said(figures: Figures) -> str:
    found = rapid_of(figures)
    return said(rapid_share(found)) if found else NOT_ENOUGH


def rapid_of(figures: Figures) -> speeds.Rapid | None:
    looked = figures.times.get("review", {})
    return speeds.rapid(bins.timed(looked)) if sum(looked.values()) >= shares.ENOUGH else None


def rapid_share(found: speeds.Rapid) -> Share:
    total = round(found.of)
    return Share(min(total, round(found.share * total)), total)


def spike(figures: Figures) -> Share:
    looked = figures.times.get("review", {})
    return Share(bins.below(looked, gauges.SPIKE_SECONDS), sum(looked.values()))
