"""Whether the machine is at work, in words."""

from dataclasses import dataclass
from datetime import datetime

from oversight.watch import machine
from oversight.watch.machine import Dead, Job, Machine, Refused
from reviews.pages import times


@dataclass(frozen=True, kw_only=True)
class JobLine:
    name: str
    done: str
    allowed: str
    is_late: bool


@dataclass(frozen=True, kw_only=True)
class RefusedLine:
    what: str
    tried: str
    last: times.Moment


@dataclass(frozen=True, kw_only=True)
class Page:
    state: str
    is_late: bool
    jobs: tuple[JobLine, ...]
    outbox: str
    dead: tuple[Dead, ...]
    refused: tuple[RefusedLine, ...]
    oldest: str


def page(*, now: datetime) -> Page:
    found = machine.read(now=now)
    late = [job for job in found.jobs if job.is_late]
    # what stands still first
    ordered = sorted(found.jobs, key=lambda job: not job.is_late)
    return Page(
        state=_state(late, len(found.jobs)),
        is_late=bool(late),
        jobs=tuple(_job(job) for job in ordered),
        outbox=_outbox(found),
        dead=found.dead,
        refused=tuple(_refused(one, now) for one in found.refused),
        oldest=times.span(found.oldest_transaction_seconds),
    )


def _state(late: list[Job], all: int) -> str:
    if not late:
        return "The clock and all its jobs were at work lately."
    if len(late) == all:
        return (
            "Nothing is done any more: deadlines, deliveries and the log's seals wait. Start the "
            "beat and a worker, and look at REDIS_URL."
        )
    many = "One job stands still" if len(late) == 1 else f"{len(late)} jobs stand still"
    return f"{many}, others are done. Look for the errors in the worker's log."


def _job(job: Job) -> JobLine:
    done = "never" if job.silent is None else f"{times.span(job.silent)} ago"
    allowed = times.span(job.allowed)
    return JobLine(name=job.name, done=done, allowed=allowed, is_late=job.is_late)


def _refused(one: Refused, now: datetime) -> RefusedLine:
    before = one.before or "nothing"
    what = f"A {one.entity} from {before} to {one.to}"
    return RefusedLine(what=what, tried=f"{one.times:,}", last=times.since(one.last_at, now))


def _outbox(found: Machine) -> str:
    if not found.pending:
        return "Nothing is to be sent."
    many = "1 message is" if found.pending == 1 else f"{found.pending:,} messages are"
    if not found.due_seconds:
        return f"{many} to be sent later."
    return f"{many} to be sent, the first due since {times.span(found.due_seconds)}."
