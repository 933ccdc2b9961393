"""What is raised, what was done about it, and what is watched: in words."""

import csv
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from accounts.models import User
from oversight.models import Alarm, Threshold
from oversight.statistics import marks
from oversight.statistics.marks import Measure, Reading
from oversight.watch import alarm_words, alarms, thresholds
from reviews.pages import times

PAST = 50
EVERYTHING = "This installation"
_WHERE = {
    **dict.fromkeys(marks.OF_WORKFLOWS, "The figures of this workflow"),
    **dict.fromkeys(marks.OF_QUEUES, "Who is there, and who is needed"),
    **dict.fromkeys(marks.OF_ALL, "What the machine does"),
}
_ORDER = {measure.value: place for place, measure in enumerate(Measure)}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One alarm, raised or over; `now` is what is measured at this moment."""

    pk: int
    title: str
    of: str
    said: str
    now: str
    means: str
    try_this: str
    rule: str
    since: times.Moment
    lasted: str
    seen: str
    done: str
    may_tend: bool
    acknowledge_url: str
    note_url: str
    threshold_url: str
    # where it can be looked into
    where_url: str
    where: str


@dataclass(frozen=True, kw_only=True)
class Watched:
    title: str
    of: str
    now: str
    raise_at: str
    clear_at: str
    owner: str
    is_on: bool
    is_raised: bool
    url: str


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody wrote about an alarm that was refused, and why."""

    pk: int = 0
    done: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    state: str
    raised: tuple[Line, ...]
    # over, and nobody said what was done
    unexplained: tuple[Line, ...]
    past: tuple[Line, ...]
    watched: tuple[Watched, ...]
    said: Said
    csv_url: str


def page(user: User, said: Said, *, now: datetime) -> Page:
    """Show this person what they answer for or may read."""
    seen = alarms.seen_by(user)
    watched = list(thresholds.seen_by(user))
    may = thresholds.tended_by(user, watched)
    raised = _lines(seen.filter(cleared_at=None), may, now)
    over = seen.filter(cleared_at__isnull=False)
    return Page(
        state=_state(len(raised)),
        raised=raised,
        unexplained=_lines(over.filter(done_at=None)[:PAST], may, now),
        past=_lines(over.filter(done_at__isnull=False)[:PAST], may, now),
        watched=_watched(watched, {one.title + one.of for one in raised}),
        said=said,
        csv_url=reverse("oversight:alarms-csv"),
    )


def name(threshold: Threshold) -> str:
    return str(threshold.workflow or threshold.queue or EVERYTHING)


def value(threshold: Threshold) -> str:
    """Say what was measured last."""
    if threshold.looked_at is None:
        return "not looked at yet"
    if threshold.value is None:
        return "nothing to tell"
    low, high = threshold.value_low, threshold.value_high
    assert low is not None and high is not None
    reading = Reading(value=threshold.value, low=low, high=high, of=threshold.value_of)
    return alarm_words.read(Measure(threshold.measure), reading)


def as_csv(user: User) -> str:
    """Return the log of alarms with how soon each was seen, for an auditor."""
    out = io.StringIO()
    names = ["measure", "of", "raised_at", "said", "acknowledged_at", "minutes_until_seen",
             "cleared_at", "done_at", "done"]  # fmt: skip
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    for alarm in alarms.seen_by(user).iterator(chunk_size=500):
        seen = alarm.acknowledged_at
        until = f"{(seen - alarm.raised_at).total_seconds() / 60:.1f}" if seen else ""
        done = _harmless(alarm.done)
        writer.writerow(
            [alarm.threshold.measure, _harmless(name(alarm.threshold)), _iso(alarm.raised_at),
             alarm.said, _iso(seen), until, _iso(alarm.cleared_at), _iso(alarm.done_at), done]
        )  # fmt: skip
    return out.getvalue()


def _lines(found: Iterable[Alarm], may: Collection[int], now: datetime) -> tuple[Line, ...]:
    return tuple(_line(one, one.threshold_id in may, now) for one in found)


def _line(alarm: Alarm, may_tend: bool, now: datetime) -> Line:
    one = alarm.threshold
    measure = Measure(one.measure)
    words = alarm_words.OF[measure]
    ends = alarm.cleared_at or now
    return Line(
        pk=alarm.pk,
        title=words.title,
        of=name(one),
        said=alarm.said,
        now=_now(alarm),
        means=words.means,
        try_this=words.try_this,
        rule=alarm_words.rule(measure, one.marks),
        since=times.since(alarm.raised_at, now),
        lasted=times.span((ends - alarm.raised_at).total_seconds()),
        seen=_seen(alarm),
        done=alarm.done,
        may_tend=may_tend,
        acknowledge_url=reverse("oversight:alarm-acknowledge", args=[alarm.pk]),
        note_url=reverse("oversight:alarm-note", args=[alarm.pk]),
        threshold_url=reverse("oversight:threshold", args=[one.pk]),
        where_url=_where(one),
        where=_WHERE[measure],
    )


def _now(alarm: Alarm) -> str:
    """Say what is measured now, where that is not what was said when it was raised."""
    now = value(alarm.threshold)
    return "" if alarm.said.endswith(f" {now}.") else now


def _where(one: Threshold) -> str:
    if one.workflow is not None:
        return reverse("oversight:workflow", args=[one.workflow.slug])
    if one.queue is not None:
        return reverse("oversight:capacity", args=[one.queue.slug])
    return reverse("oversight:machine")


def _seen(alarm: Alarm) -> str:
    if alarm.acknowledged_at is None:
        return ""
    after = times.span((alarm.acknowledged_at - alarm.raised_at).total_seconds())
    return f"{alarm.acknowledged_by or 'Somebody'} saw it after {after}."


def _watched(found: Iterable[Threshold], raised: set[str]) -> tuple[Watched, ...]:
    ordered = sorted(found, key=lambda one: (_ORDER[one.measure], name(one)))
    return tuple(_one_watched(one, raised) for one in ordered)


def _one_watched(one: Threshold, raised: set[str]) -> Watched:
    measure = Measure(one.measure)
    title = alarm_words.OF[measure].title
    owner = one.owner or (one.workflow.owner if one.workflow else None)
    return Watched(
        title=title,
        of=name(one),
        now=value(one),
        raise_at=alarm_words.number(measure, one.raise_at),
        clear_at=alarm_words.number(measure, one.clear_at),
        owner=str(owner or "the managers"),
        is_on=one.is_on,
        is_raised=title + name(one) in raised,
        url=reverse("oversight:threshold", args=[one.pk]),
    )


def _state(raised: int) -> str:
    if not raised:
        return "Nothing is raised."
    return "One alarm is raised." if raised == 1 else f"{raised} alarms are raised."


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _harmless(text: str) -> str:
    """Keep a spreadsheet from reading what somebody wrote as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
