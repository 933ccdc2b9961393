"""Work on backtests turn by turn, as Celery's clock calls.

The row is the queue. A turn holds the one lock over all processes, goes on where the checkpoint
stands and moves checkpoint and progress in one statement under its epoch: a turn that dies is
repeated from there, one that comes late writes nothing, and nothing is counted twice.
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from governance import backtests, findings, flight, handling, recorded, recordings, uploads
from governance.findings import Asked
from governance.models import Backtest, BacktestChunk
from governance.recordings import Truths
from governance.tally import Tally
from governance.trial import Trial, action_types, surroundings
from handoffs import locks, policy
from handoffs.actors import SYSTEM
from handoffs.failpoints import failpoint
from handoffs.policy import PolicyError
from handoffs.states import Verb

log = logging.getLogger(__name__)

MAX_PROPOSALS = 1_000_000
# a turn ends well before a task is told to; others of the worker's tasks get theirs in between
TURN_SECONDS = 15
# so often is written how far it is, and looked whether it was cancelled
SAVE_SECONDS = 0.5
MAX_ATTEMPTS = 3
_WORKER_LOCK = 0x6F766572_F11E
_QUEUED, _RUNNING, _DONE, _FAILED, _CANCELLED = Backtest.State.values
_OPEN = (_QUEUED, _RUNNING)
_PROPOSALS, _TRUTH = BacktestChunk.Kind.values

# answers that say that the action, as proposed, was right or wrong; the others say neither
_WRONG = {
    Verb.APPROVE.value: False,
    Verb.CONFIRM.value: False,
    Verb.REJECT.value: True,
    Verb.APPROVE_WITH_EDITS.value: True,
    Verb.ROLL_BACK.value: True,
}

_TAKE = """
update governance_backtest taken
set state = 'running', epoch = taken.epoch + 1, attempts = taken.attempts + 1,
    started_at = coalesce(taken.started_at, %(now)s), worked_at = %(now)s
where taken.id = (
    select next.id from governance_backtest next
    where next.state = 'running' or (next.state = 'queued' and not exists (
        select from governance_backtest other
        where other.workflow_id = next.workflow_id and other.state = 'running'))
    order by next.worked_at nulls first, next.id
    limit 1 for update skip locked)
returning taken.id
"""


class CannotGoOn(Exception):
    """Why a backtest fails, as its page says it."""


def work(*, now: datetime) -> int | None:
    """Do one turn of whichever waits longest; return its number, None when there is nothing.

    One process over all works at a time: people's handoffs need the other hands.
    """
    with locks.only_one(_WORKER_LOCK) as alone:
        if not alone:
            return None
        _end_overdue(now)
        taken = _take(now)
        if taken is not None:
            _turn(taken)
        return taken.pk if taken else None


def _take(now: datetime) -> Backtest | None:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"now": now})
        row = cursor.fetchone()
    return Backtest.objects.select_related("workflow", "map").get(pk=row[0]) if row else None


def _end_overdue(now: datetime) -> None:
    """Let go of files that have been kept for a day, whatever became of their backtest."""
    for number in uploads.overdue(now):
        with transaction.atomic():
            Backtest.objects.filter(pk=number, state__in=_OPEN).update(
                state=_FAILED,
                why="Its file was kept for a day and is deleted now. Send it again.",
                ended_at=now,
                checkpoint={},
            )
            uploads.forget(number)


def _turn(job: Backtest, clock: Callable[[], float] = time.monotonic) -> None:
    """Work until it is done, cancelled, overtaken or the turn is over."""
    if job.attempts > MAX_ATTEMPTS:
        _fail(job, f"It broke off {MAX_ATTEMPTS} times after {job.progress:,} proposals. "
                   "The log says why; ask for it again when that is mended.")  # fmt: skip
        return
    try:
        _count_on(job, clock)
    except CannotGoOn as reason:
        _fail(job, str(reason))


def _count_on(job: Backtest, clock: Callable[[], float]) -> None:
    counted = Tally.from_json(job.checkpoint["tally"]) if job.checkpoint else Tally()
    trial = _trial(job)
    truths = _truths(job)
    until, save_at = clock() + TURN_SECONDS, clock() + SAVE_SECONDS
    if job.total is None:
        _save_total(job)
    for position in _verdicts(job, trial, counted, truths):
        if clock() < save_at:
            continue
        if not _save(job, counted, position) or clock() >= until:
            return
        save_at = clock() + SAVE_SECONDS
    failpoint("backtests.before_done")
    _finish(job, counted, trial, truths)


def _trial(job: Backtest) -> Trial:
    try:
        in_force = policy.parse_map(job.in_force) if job.in_force else None
        return Trial(policy.parse_map(job.body, version=job.map.version), in_force)
    except PolicyError as error:
        raise CannotGoOn(f"The map cannot be read: {error}") from None


def _truths(job: Backtest) -> Truths:
    if job.source == Backtest.Source.PERIOD or not job.with_truth:
        return Truths()
    return recordings.truths(uploads.read(job.pk, _TRUTH))


def _verdicts(job: Backtest, trial: Trial, counted: Tally, truths: Truths) -> Iterator[str]:
    """Count verdict after verdict; yield each position from which one can go on."""
    after = str(job.checkpoint.get("position", "")) if job.checkpoint else ""
    if job.source == Backtest.Source.PERIOD:
        return _of_period(job, trial, counted, after)
    return _of_file(job, trial, counted, truths, int(after or 0))


def _of_period(job: Backtest, trial: Trial, counted: Tally, after: str) -> Iterator[str]:
    assert job.since is not None and job.until is not None
    types = action_types(job.action_types)
    reads = surroundings(trial.risk_map)
    for page in recorded.pages(
        job.workflow_id, types, since=job.since, until=job.until, after=after, reads=reads
    ):
        verdicts = [trial.rule(one) for one in page.recorded]
        answers = recorded.answers([verdict.id for verdict in verdicts])
        for verdict in verdicts:
            counted.add(verdict, _WRONG.get(answers.get(verdict.id, "")))
        for name, count in page.gone.items():
            counted.add_unknown_type(name, count)
        failpoint("backtests.after_page")
        yield page.last


def _of_file(
    job: Backtest, trial: Trial, counted: Tally, truths: Truths, after: int
) -> Iterator[str]:
    types = action_types(job.action_types)
    lines = uploads.read(job.pk, _PROPOSALS)
    for number, verdict in flight.verdicts(lines, trial, types, counted, after=after):
        if verdict is not None:
            counted.add(verdict, truths.wrong.get(verdict.id))
        yield str(number)


def _mine(job: Backtest) -> Any:
    return Backtest.objects.filter(pk=job.pk, state=_RUNNING, epoch=job.epoch)


def _save_total(job: Backtest) -> None:
    assert job.since is not None and job.until is not None
    try:
        total = recorded.count(
            job.workflow_id, since=job.since, until=job.until, most=MAX_PROPOSALS + 1
        )
    except OperationalError:
        raise CannotGoOn("The period holds too much to count. Choose a shorter one.") from None
    if total > MAX_PROPOSALS:
        raise CannotGoOn(
            f"The period holds more than {MAX_PROPOSALS:,} proposals, which is the most that one "
            "backtest takes. Choose a shorter one."
        )
    _mine(job).update(total=total)


def _save(job: Backtest, counted: Tally, position: str) -> bool:
    """Move checkpoint and progress together; False: it is not this turn's any more."""
    kept = {"position": position, "tally": counted.to_json()}
    progress = int(position) if job.source == Backtest.Source.FILE else counted.seen
    saved: int = _mine(job).update(
        checkpoint=kept, progress=progress, attempts=0, worked_at=timezone.now()
    )
    failpoint("backtests.after_save")
    return saved == 1


@transaction.atomic
def _finish(job: Backtest, counted: Tally, trial: Trial, truths: Truths) -> None:
    period = job.source == Backtest.Source.PERIOD
    seen = counted.seen if period else job.total
    now = timezone.now()
    measured = handling.medians(job.workflow_id, now=now)
    asked = Asked(
        truth_from=findings.ANSWERS if period else _FROM_FILE[job.with_truth],
        length=job.until - job.since if job.until and job.since else None,
        handling={name: (one.seconds, one.decisions) for name, one in measured.items()},
        assumed_seconds=handling.ASSUMED_SECONDS,
        truth_unread=truths.unread_count,
        reads_briefs=period and "brief" in surroundings(trial.risk_map),
        then="then" if period else "with the map in force",
    )
    ended = _mine(job).update(
        state=_DONE,
        result=findings.of(counted, trial, asked),
        progress=seen,
        total=seen,
        checkpoint={},
        ended_at=now,
    )
    if ended:
        uploads.forget(job.pk)
        backtests.note("backtest.done", job, by=SYSTEM, proposals=counted.count)


_FROM_FILE = {True: findings.FILE, False: findings.NO_TRUTH}


@transaction.atomic
def _fail(job: Backtest, why: str) -> None:
    if _mine(job).update(state=_FAILED, why=why, ended_at=timezone.now(), checkpoint={}):
        uploads.forget(job.pk)
        log.warning("A backtest failed.", extra={"action": "backtest.failed", "backtest": job.pk})
