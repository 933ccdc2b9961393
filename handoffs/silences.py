"""What a silence comes to for many handoffs at once: so many statements, whatever the number.

A lot is one transaction. In it are the plain ones: alone in their run, a level up, held, or told
no. What is odd is named, for `ladder` to look at one by one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from handoffs import audit, bulk, clocks, holding, ids, levels, moves, rungs, saying, standstill
from handoffs.actors import POLICY
from handoffs.answers import payload
from handoffs.bulk import Entry, Event
from handoffs.failpoints import failpoint
from handoffs.models import Answer, Brief, Handoff, Queue, Resumption, Run
from handoffs.saying import Said
from handoffs.states import (
    AUTONOMOUS_TIERS,
    Cause,
    Fallback,
    HandoffState,
    RungName,
    RunState,
    Tier,
    Verb,
)

UNANSWERED = "Nobody answered in time."
# what is held is looked at again after its deadline's time, yet not more often than daily
REVIEW_SECONDS = 86_400
# of a run or proposal no lot needs these, and they may be large
_LARGE = ("input", "output", "task", "partial", "error", "next_step")
_LARGE_OF_PROPOSAL = ("proposal__arguments", "proposal__signals", "proposal__preconditions")


@dataclass(frozen=True)
class Due:
    """What the sweep found, as it stood then."""

    handoff_id: str
    run_id: str
    at: datetime


@dataclass(frozen=True)
class Fired:
    """How many fired together, and what is to be looked at one by one."""

    count: int
    odd: Sequence[Due]


@dataclass(frozen=True)
class _One:
    """A handoff of the lot, whose run is locked and stops for it or does not."""

    handoff: Handoff
    due: Due
    rung: RungName
    paused: bool


@dataclass(frozen=True)
class _Stay:
    """It waits on: a level up, or held. What is written of it, logged and told."""

    one: _One
    moved: dict[str, Any]
    outcome: str
    entry: Entry
    event: Event


_Queues = dict[int, Any]


def fire(due: Sequence[Due], *, now: datetime) -> Fired:
    """Fire what is plain among the due, under the locks of their runs.

    A run that somebody else works on at this moment is left to the next sweep.
    """
    with transaction.atomic():
        lot, odd = _look(due)
        stays, answered = _plan(lot, odd)
        plain = [*(stay.one for stay in stays), *answered]
        said = _Said()
        _pass_over(plain, said)
        paused = [one.handoff.run_id for one in plain if one.paused]
        bulk.move_runs(paused, RunState.TIMED_OUT, by=POLICY, cause=Cause.TIMED_OUT)
        failpoint("silences.after_timing_out")
        _keep(stays, said)
        _answer(answered, said, now=now)
        said.say()
        outcomes = [(stay.one, stay.outcome) for stay in stays]
        outcomes += [(one, Verb.REJECT.value) for one in answered]
        rungs.log_all([(one.handoff, one.rung, one.due.at, to) for one, to in outcomes])
        failpoint("silences.before_commit")
    failpoint("silences.after_commit")
    return Fired(len(plain), odd)


class _Said:
    """What is logged and told of a lot, gathered to be written at once."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.events: list[Event] = []
        self.woken: list[str] = []

    def say(self) -> None:
        bulk.record(self.entries, by=POLICY)
        bulk.tell(self.events)
        moves.notify(*self.woken)


def _look(due: Sequence[Due]) -> tuple[list[_One], list[Due]]:
    """Lock the runs that nobody works on, and look again: an answer may have come meanwhile."""
    free = Run.objects.select_for_update(of=("self",), skip_locked=True).defer(*_LARGE)
    runs = free.select_related("workflow__owner").in_bulk({d.run_id for d in due})
    seen = {one.handoff_id: one for one in due if one.run_id in runs}
    waiting = Handoff.objects.filter(
        id__in=seen, state__in=[HandoffState.WAITING.value, HandoffState.NEEDS_INFORMATION.value]
    )
    found = waiting.select_related("proposal", "queue", "role").defer(*_LARGE_OF_PROPOSAL)
    as_seen = [one for one in found.order_by("next_at", "id") if one.next_at == seen[one.id].at]
    standing = standstill.standing(as_seen)
    there = [one for one in as_seen if one.id not in standing]
    in_run = Counter(one.run_id for one in there)
    ended = rungs.ended_once([one for one in there if one.next_rung == RungName.URGENT.value])
    lot, odd = [], []
    for handoff in there:
        handoff.run = runs[handoff.run_id]
        one = _One(handoff, seen[handoff.id], _rung(handoff, ended), _is_paused(handoff))
        if in_run[handoff.run_id] > 1 or _is_odd(one):
            odd.append(one.due)
        else:
            lot.append(one)
    return lot, odd


def _rung(handoff: Handoff, ended: set[str]) -> RungName:
    """Return what fires: of what is urgent and over as well, its end."""
    if handoff.next_rung != RungName.URGENT.value:
        return RungName(handoff.next_rung)
    return RungName.REVIEW if handoff.id in ended else RungName.DEADLINE


def _is_paused(handoff: Handoff) -> bool:
    return handoff.blocking and handoff.run.state == RunState.PAUSED_PENDING_HUMAN.value


def _is_odd(one: _One) -> bool:
    handoff = one.handoff
    return (
        handoff.tier in AUTONOMOUS_TIERS
        or handoff.stepped_in
        or handoff.state != HandoffState.WAITING.value
        or one.rung is RungName.INFORMATION
        or handoff.blocking != one.paused
    )


def _plan(lot: Sequence[_One], odd: list[Due]) -> tuple[list[_Stay], list[_One]]:
    """Tell what waits on from what is told no; name what is neither."""
    queues = _queues(lot)
    stays: list[_Stay] = []
    answered: list[_One] = []
    for one in lot:
        handoff = one.handoff
        if handoff.ladder and handoff.ladder[0]["queue_id"] in queues:
            stays.append(_climbs(one, queues))
        elif not handoff.ladder and handoff.fallback == Fallback.HOLD.value:
            stays.append(_held(one, queues))
        elif _is_refused(one):
            answered.append(one)
        else:
            odd.append(one.due)
    return stays, answered


def _is_refused(one: _One) -> bool:
    """It is the last that stops its run, and silence is a no."""
    handoff = one.handoff
    refused = handoff.fallback == Fallback.REJECT.value and not handoff.ladder
    alone = one.paused and handoff.run.open_blocking == 1
    return refused and alone and handoff.tier != Tier.SOFT_REVIEW.value


def _queues(lot: Iterable[_One]) -> _Queues:
    """Read the queues in which the lot waits on, each with the time by the database."""
    wanted = {one.handoff.queue_id for one in lot}
    wanted |= {one.handoff.ladder[0]["queue_id"] for one in lot if one.handoff.ladder}
    return Queue.objects.annotate(now=Now()).in_bulk(wanted) if wanted else {}


def _climbs(one: _One, queues: _Queues) -> _Stay:
    handoff = one.handoff
    up, *above = levels.from_json(handoff.ladder)
    terms = replace(clocks.terms_of(handoff), required_context=up.required_context)
    clock = clocks.begin_in(queues[up.queue_id], up.seconds, terms)
    facts = {"reason": UNANSWERED, "level": up.level, "role": up.role, "queue": up.queue}
    moved = {
        "climbs": True,
        "level": up.level,
        "queue": up.queue_id,
        "role": up.role_id,
        "ladder": levels.to_json(above),
        "terms": levels.terms_to_json(terms),
        "deadline_seconds": up.seconds,
    }
    told = payload(handoff, level=up.level)
    return _Stay(
        one=one,
        moved=moved | clock,
        outcome="climbed",
        entry=Entry("handoff.escalated", handoff.id, facts),
        event=Event(handoff.run.client_id, "handoff.level_changed", told),
    )


def _held(one: _One, queues: _Queues) -> _Stay:
    handoff = one.handoff
    seconds = max(handoff.deadline_seconds, REVIEW_SECONDS)
    clock = clocks.hold_in(queues[handoff.queue_id], seconds, clocks.terms_of(handoff))
    facts = {"next_review_at": clock["deadline_at"].isoformat()}
    moved = {
        "climbs": False,
        "level": handoff.level,
        "queue": handoff.queue_id,
        "role": handoff.role_id,
        "ladder": handoff.ladder,
        "terms": handoff.terms,
        "deadline_seconds": handoff.deadline_seconds,
    }
    return _Stay(
        one=one,
        moved=moved | clock,
        outcome="held",
        entry=Entry("handoff.held", handoff.id, facts),
        event=Event(handoff.run.client_id, "handoff.held", payload(handoff, **facts)),
    )


def _pass_over(plain: Iterable[_One], said: _Said) -> None:
    """Note what was urgent while nobody looked; nobody is told of it."""
    urgent = [o.handoff for o in plain if o.handoff.next_rung == RungName.URGENT.value]
    new = rungs.pass_over_all(urgent)
    said.entries += [
        Entry("handoff.urgency_passed", one.id, rungs.passed_facts(one))
        for one in urgent
        if one.id in new
    ]


def _keep(stays: Sequence[_Stay], said: _Said) -> None:
    """Let them wait on, and their runs with them."""
    paused = [stay.one.handoff.run_id for stay in stays if stay.one.paused]
    bulk.move_runs(paused, RunState.PAUSED_PENDING_HUMAN, by=POLICY, cause=Cause.TIMED_OUT)
    given = [_as_seen(stay.one) | _written(stay.moved) for stay in stays]
    bulk.keep_waiting(given, by=POLICY, cause=Cause.TIMED_OUT)
    bulk.shift_queues(
        Counter(stay.one.handoff.queue_id for stay in stays),
        Counter(stay.moved["queue"] for stay in stays),
    )
    for stay in stays:
        said.entries.append(stay.entry)
        said.events.append(stay.event)
        said.woken.append(stay.one.handoff.id)
    held = (stay for stay in stays if stay.outcome == "held")
    # one of each workflow: its owner is told once
    for stay in {stay.one.handoff.workflow_id: stay for stay in held}.values():
        holding.tell_owner(stay.one.handoff, stay.moved["deadline_at"], by=POLICY)


def _as_seen(one: _One) -> dict[str, Any]:
    return {"id": one.handoff.id, "round": one.handoff.round, "seen": one.due.at.isoformat()}


def _written(moved: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in moved.items()
    }


def _answer(ones: Sequence[_One], said: _Said, *, now: datetime) -> None:
    """Tell them no, each with its receipt, and let their runs have their turn to go on."""
    if not ones:
        return
    bulk.answer([_as_seen(one) for one in ones], by=POLICY, cause=Cause.TIMED_OUT)
    bulk.shift_queues(Counter(one.handoff.queue_id for one in ones), Counter())
    refusal = Said(verb=Verb.REJECT, reason=UNANSWERED)
    digests, head = _brief_digests([one.handoff.id for one in ones]), audit.head()
    stored = Answer.objects.bulk_create(
        saying.made(
            one.handoff,
            refusal,
            brief=digests.get(one.handoff.id),
            head=head,
            by=POLICY,
            now=now,
        )
        for one in ones
    )
    runs = [one.handoff.run for one in ones]
    versions = bulk.move_runs(
        [run.id for run in runs],
        RunState.HUMAN_RESPONDED,
        by=POLICY,
        cause=Cause.TIMED_OUT,
        freed=True,
    )
    Resumption.objects.bulk_create(
        Resumption(id=ids.new_resumption(), run=run, workflow_id=run.workflow_id, pause=run.pause)
        for run in runs
    )
    for one, answer in zip(ones, stored, strict=True):
        _say_answered(one.handoff, answer, versions[one.handoff.run_id], said)


def _say_answered(handoff: Handoff, answer: Answer, version: int, said: _Said) -> None:
    run, facts = handoff.run, saying.facts(answer, by=POLICY)
    told = {"run": run.id, "state": RunState.HUMAN_RESPONDED.value, "sequence": version}
    said.entries += [
        Entry("handoff.answered", handoff.id, facts),
        Entry("run.pause_ended", run.id, told),
    ]
    said.events += [
        Event(run.client_id, "handoff.answered", payload(handoff, **facts)),
        Event(run.client_id, "run.state_changed", told | {"cause": Cause.TIMED_OUT.value}),
    ]
    said.woken += [handoff.id, run.id, f"wf:{run.workflow_id}"]


def _brief_digests(handoff_ids: Sequence[str]) -> dict[str, str]:
    """Return the digest of the newest brief of each."""
    newest = Brief.objects.filter(handoff__in=handoff_ids).order_by("handoff", "-version")
    return dict(newest.distinct("handoff").values_list("handoff_id", "digest"))
