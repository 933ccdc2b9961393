"""What stands, who stopped it and why, how it was measured, and the buttons."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from handoffs.models import Stop, Workflow
from handoffs.stop_figures import Figures
from reviews.pages import times

EVERYTHING = "Everything"
DRILLS = ((30, "30 s"), (60, "1 min"), (300, "5 min"))


@dataclass(frozen=True, kw_only=True)
class StopLine:
    id: str
    what: str
    url: str
    since: times.Moment
    by: str
    reason: str
    drill: bool
    ends: str
    settled: str
    may_let_go: bool
    go_on_url: str


@dataclass(frozen=True, kw_only=True)
class PastLine:
    what: str
    url: str
    since: times.Moment
    lasted: str
    by: str
    reason: str
    drill: bool
    ended_by: str
    end_reason: str


@dataclass(frozen=True, kw_only=True)
class ThingLine:
    """Something that can be stopped; `slug` is empty for everything."""

    slug: str
    name: str
    state: str
    stopped: bool
    may_stop: bool


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody wrote into a form that was refused, and why."""

    where: str = ""
    reason: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class StopsPage:
    live: tuple[StopLine, ...]
    everything: ThingLine
    workflows: tuple[ThingLine, ...]
    past: tuple[PastLine, ...]
    drills: tuple[tuple[int, str], ...]
    said: Said


@dataclass(frozen=True, kw_only=True)
class HeardLine:
    client: str
    told: str
    met: str


@dataclass(frozen=True, kw_only=True)
class RecordPage:
    heading: str
    line: StopLine
    past: PastLine | None
    settled: str
    through: tuple[tuple[str, int], ...]
    measured: bool
    heard: tuple[HeardLine, ...]


def index(
    live: Iterable[Stop],
    past: Iterable[Stop],
    workflows: Iterable[Workflow],
    *,
    stoppable: Collection[int],
    stops_everything: bool,
    lets_go: Collection[str],
    said: Said,
    now: datetime,
) -> StopsPage:
    live = list(live)
    stopped = {stop.workflow_id for stop in live if not stop.drill}
    everything = None in {stop.workflow_id for stop in live}
    return StopsPage(
        live=tuple(line(stop, stop.id in lets_go, now) for stop in live),
        everything=ThingLine(
            slug="",
            name=EVERYTHING,
            state="stopped" if everything else "goes on",
            stopped=everything,
            may_stop=stops_everything and None not in stopped,
        ),
        workflows=tuple(
            _thing(one, live, may_stop=one.pk in stoppable and one.pk not in stopped)
            for one in workflows
        ),
        past=tuple(_past(stop, now) for stop in past),
        drills=DRILLS,
        said=said,
    )


def _thing(workflow: Workflow, live: Iterable[Stop], *, may_stop: bool) -> ThingLine:
    itself = any(stop.workflow_id == workflow.pk for stop in live)
    with_all = any(stop.workflow_id is None for stop in live)
    state = "stopped" if itself else "stopped with everything" if with_all else "goes on"
    return ThingLine(
        slug=workflow.slug,
        name=workflow.name,
        state=state,
        stopped=itself or with_all,
        may_stop=may_stop,
    )


def line(stop: Stop, may_let_go: bool, now: datetime) -> StopLine:
    ends = stop.ends_by_itself_at
    return StopLine(
        id=stop.id,
        what=named(stop),
        url=reverse("governance:stop", args=[stop.id]),
        since=times.since(stop.stopped_at, now),
        by=_who(stop.stopped_by, stop.stopped_role),
        reason=stop.reason,
        drill=stop.drill,
        ends=times.until(ends, now).phrase if ends else "",
        settled=_settled(stop),
        may_let_go=may_let_go,
        go_on_url=reverse("governance:stop-go-on", args=[stop.id]),
    )


def _past(stop: Stop, now: datetime) -> PastLine:
    assert stop.ended_at is not None
    return PastLine(
        what=named(stop),
        url=reverse("governance:stop", args=[stop.id]),
        since=times.since(stop.stopped_at, now),
        lasted=times.span((stop.ended_at - stop.stopped_at).total_seconds()),
        by=_who(stop.stopped_by, stop.stopped_role),
        reason=stop.reason,
        drill=stop.drill,
        ended_by=_who(stop.ended_by, stop.ended_role),
        end_reason=stop.end_reason,
    )


def record(stop: Stop, figures: Figures | dict[str, Any], *, now: datetime) -> RecordPage:
    """Show one stop with what was measured; of one that ended, as it was kept then."""
    told = figures if isinstance(figures, dict) else vars(figures)
    heard = [one if isinstance(one, dict) else vars(one) for one in told["heard"]]
    return RecordPage(
        heading=f"{named(stop)}: {'drill' if stop.drill else 'stop'}",
        line=line(stop, False, now),
        past=_past(stop, now) if stop.ended_at else None,
        settled=_settled(stop),
        through=tuple(told["let_through"].items()),
        measured=told["settled_after"] is not None,
        heard=tuple(_heard(one) for one in heard),
    )


def _heard(one: dict[str, Any]) -> HeardLine:
    told = _after(one["told_after"])
    if one["untold"] and not told:
        told = "not yet"
    refused = one["refused"]
    times_refused = f", refused {refused} time{'s' if refused > 1 else ''}" if refused else ""
    return HeardLine(
        client=one["client"],
        told=told or "has no webhook",
        met=(_after(one["met_after"]) or "has not called since") + times_refused,
    )


def named(stop: Stop) -> str:
    return stop.workflow.name if stop.workflow else EVERYTHING


def _settled(stop: Stop) -> str:
    if stop.settled_at is None:
        return ""
    return _after((stop.settled_at - stop.stopped_at).total_seconds())


def _after(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{max(1, round(seconds * 1000))} ms"
    return f"{seconds:.1f} s" if seconds < 10 else times.span(seconds)


def _who(user: Any, role: str) -> str:
    return f"{user.name} ({role})" if user else "The system" if role == "system" else f"A {role}"
