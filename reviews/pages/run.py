"""A run for people: where it is, how it came there, what it asks, and the way to step in."""

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from django.urls import reverse

from handoffs.models import Handoff, Rung, Transition
from handoffs.states import (
    OPEN_HANDOFF_STATES,
    Cause,
    HandoffKind,
    HandoffState,
    ResumptionState,
    RunState,
)
from reviews.pages import times, words
from reviews.pages.text import marked
from reviews.run_detail import RunDetail

_STATES: dict[str, tuple[str, str]] = {
    RunState.RUNNING: ("The agent works", "green"),
    RunState.PAUSED_PENDING_HUMAN: ("Waits for a person", "amber"),
    RunState.TIMED_OUT: ("Nobody answered in time", "amber"),
    RunState.HUMAN_RESPONDED: ("Answered; the agent has not gone on yet", "plain"),
    RunState.RESUMING: ("An agent is about to go on", "plain"),
    RunState.COMPLETED: ("Complete", "green"),
    RunState.FAILED: ("Ended", "red"),
}
_CAUSES: dict[str, str] = {
    Cause.CREATED: "started by {who}",
    Cause.PROPOSED: "{who} asked a person",
    Cause.ANSWERED: "answered by {who}",
    Cause.CLAIMED: "taken up by {who}",
    Cause.LEASE_ENDED: "the agent that had taken it up was not heard of again",
    Cause.RELEASED: "given back by {who}",
    Cause.RESUMED: "{who} goes on",
    Cause.STALE: "what was approved had changed; asked again by {who}",
    Cause.TIMED_OUT: "nobody answered in time",
    Cause.COMPLETED: "{who} says it is done",
    Cause.ERROR: "{who} reported an error",
    Cause.STOPPED: "stopped by {who}",
    Cause.STEPPED_IN: "{who} stepped in",
    Cause.TRANSFERRED: "taken over by {who}",
    Cause.WITHDRAWN: "{who} took the question back",
}


@dataclass(frozen=True, kw_only=True)
class AskedLine:
    """A question of the run; no `url` where it is not the reader's to open."""

    kind: str
    url: str
    who: str
    state: str
    due: times.Moment | None


@dataclass(frozen=True, kw_only=True)
class MoveLine:
    at: times.Moment
    what: str
    state: str
    handoff: str


@dataclass(frozen=True, kw_only=True)
class RunPage:
    heading: str
    workflow: str
    workflow_url: str
    state: str
    tone: str
    since: times.Moment
    facts: tuple[tuple[str, str], ...]
    notice: str
    held_why: str
    held_url: str
    open: tuple[AskedLine, ...]
    past: tuple[AskedLine, ...]
    moves: tuple[MoveLine, ...]
    hands: str
    has_it: bool
    may_stop: bool
    may_step_in: bool
    stop_url: str
    step_in_url: str
    stops_url: str
    typed: str
    error: str
    failed_on: str


def page(
    detail: RunDetail, *, now: datetime, typed: str = "", error: str = "", failed_on: str = ""
) -> RunPage:
    """Arrange it; what was typed into a form that was refused comes back with why."""
    run, held = detail.run, detail.held
    state, tone = _STATES[run.state]
    waiting = {one.value for one in OPEN_HANDOFF_STATES}
    return RunPage(
        heading=marked(run.external_id),
        workflow=run.workflow.name,
        workflow_url=reverse("governance:workflow", args=[run.workflow.slug]),
        state="A person has stepped in" if held else state,
        tone="amber" if held else tone,
        since=times.since(run.state_since, now),
        facts=tuple(_facts(detail, now)),
        notice=_notice(detail),
        held_why=_held_why(detail, now),
        held_url=reverse("reviews:handoff", args=[held.id])
        if held and held.id in detail.readable
        else "",
        open=tuple(_asked(one, detail, now) for one in detail.handoffs if one.state in waiting),
        past=tuple(_asked(one, detail, now) for one in detail.handoffs if one.state not in waiting),
        moves=_moves(detail, now),
        hands=detail.hands,
        has_it=detail.has_it,
        may_stop=detail.intervenes,
        may_step_in=detail.intervenes and held is None and bool(detail.hands),
        stop_url=reverse("reviews:run-stop", args=[run.id]),
        step_in_url=reverse("reviews:run-step-in", args=[run.id]),
        stops_url=reverse("governance:stops"),
        typed=typed,
        error=error,
        failed_on=failed_on,
    )


def _facts(detail: RunDetail, now: datetime) -> list[tuple[str, str]]:
    run = detail.run
    facts = [
        ("Started", f"{times.clock(run.created_at, now)} UTC by {run.client.name}"),
        ("Its last state", _kept(detail, now)),
    ]
    if detail.turn is not None:
        leased = detail.turn.state == ResumptionState.LEASED.value
        facts.append(("Turn to go on", "taken by a worker" if leased else "waits for a worker"))
    if run.error:
        facts.append(("Error", marked(run.error[:500])))
    if run.next_step:
        facts.append(("Next step", marked(run.next_step[:500])))
    return facts


def _kept(detail: RunDetail, now: datetime) -> str:
    kept = detail.checkpoint
    if kept is None:
        return "none stored"
    return f"version {kept.version}, stored {times.clock(kept.saved_at, now)} UTC"


def _notice(detail: RunDetail) -> str:
    if detail.stop is not None:
        what = detail.stop.workflow.name if detail.stop.workflow else "Everything"
        return f"{what} is stopped: this run stands where it is."
    return ""


def _held_why(detail: RunDetail, now: datetime) -> str:
    """Say who stepped in, when and why, in their words."""
    if detail.halt is None:
        return ""
    since = times.clock(detail.halt.since, now)
    return f"The {detail.halt.role} have it since {since} UTC: {marked(detail.halt.reason[:500])}"


def _asked(handoff: Handoff, detail: RunDetail, now: datetime) -> AskedLine:
    undecided = handoff.state in {HandoffState.WAITING.value, HandoffState.DECIDED.value}
    other = detail.held is not None and detail.held.id != handoff.id
    stands = undecided and (detail.stop is not None or other)
    state = "waits" if undecided else handoff.state.replace("_", " ")
    state = "waits, its time stands still" if stands else state
    readable = handoff.id in detail.readable
    return AskedLine(
        kind=words.KINDS[HandoffKind(handoff.kind)],
        url=reverse("reviews:handoff", args=[handoff.id]) if readable else "",
        who=f"{handoff.role.name}, {handoff.queue.name}",
        state=state,
        due=times.until(handoff.deadline_at, now) if undecided and not stands else None,
    )


def _moves(detail: RunDetail, now: datetime) -> tuple[MoveLine, ...]:
    """Say what happened, the newest first; what a silence came to, its rung says."""
    told = {one.handoff_id for one in detail.rungs}
    lines = [
        (one.at, _move(one, now))
        for one in detail.moves
        if not (one.handoff_id in told and one.cause == Cause.TIMED_OUT)
    ]
    lines += [(one.fired_at, _rung(one, now)) for one in detail.rungs]
    return tuple(line for _, line in sorted(lines, key=itemgetter(0), reverse=True))


def _rung(rung: Rung, now: datetime) -> MoveLine:
    at = times.since(rung.fired_at, now)
    return MoveLine(at=at, what=words.fired(rung), state="", handoff="a question")


def _move(move: Transition, now: datetime) -> MoveLine:
    client = move.actor_kind == "client"
    who = move.actor if client else words.ACTORS.get(move.actor_kind, move.actor)
    if move.actor_kind == "person" and move.actor:
        who = f"the {move.actor}"
    said = words.MOVES if move.handoff_id else _CAUSES
    template = said.get(move.cause) or _CAUSES.get(move.cause) or move.cause.replace("_", " ")
    return MoveLine(
        at=times.since(move.at, now),
        what=template.format(who=who),
        state="" if move.handoff_id else _STATES[move.to_state][0],
        handoff="a question" if move.handoff_id else "",
    )
