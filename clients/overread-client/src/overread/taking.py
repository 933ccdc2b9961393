"""Take up a run whose answer a process waited for, so that nobody else does the same."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from overread.backoff import Settings
from overread.errors import LeaseLost, RunEnded, Stale
from overread.flows import Flow, Sleep
from overread.operations import resumptions, runs
from overread.values import (
    Answer,
    Change,
    Handoff,
    NothingToResume,
    Precondition,
    Resumption,
    Run,
    RunState,
)

# Given what must still be so, find out what is not.
Changed: TypeAlias = Callable[[Sequence[Precondition]], Flow[list[Change]]]

_ENDED = frozenset({RunState.COMPLETED, RunState.FAILED})
_TURN_GONE = frozenset({RunState.RESUMING, RunState.RUNNING})
# How often to look whether it was this very process that took the turn, for a parallel branch.
_LOOKS = 6


def take_up(
    settings: Settings,
    handoff: Handoff,
    answer: Answer,
    *,
    waited: bool,
    expected: Sequence[Precondition],
    changed: Changed,
) -> Flow[list[Change]]:
    """Make sure that this process may act on the answer, unless changes sent it back for review.

    1. Every question of the run is answered (HUMAN_RESPONDED): claim the turn, re-check the
       preconditions, acknowledge. Only one process gets the turn.
    2. The turn is gone: fine if this process took it for a parallel branch, or finished waiting
       in an earlier life; else a worker has it, and with it the effect (LeaseLost).
    3. Other questions are still open, or the run never paused: this answer counts now.
    """
    run_id = handoff.run
    if run_id is None:
        return []
    for attempt in range(1, _LOOKS + 1):
        run = yield from runs.read(settings, run_id)
        if run.state in _ENDED:
            raise RunEnded(run)
        if run.state == RunState.HUMAN_RESPONDED:
            turn = yield from resumptions.claim(settings, [run.workflow], run=run.id)
            if not isinstance(turn, NothingToResume):
                for one in turn.answers:
                    settings.taken.add(one.id)
                found = yield from changed(expected or turn.preconditions)
                yield from _go_on(settings, turn, found)
                return found
        elif _ours(settings, run, handoff, answer, waited):
            if found := (yield from changed(expected)):
                raise Stale(found)
            return []
        yield Sleep(settings.backoff.delay(attempt, None, settings.random))
    raise LeaseLost(f"Another worker goes on with {run_id}. Nothing ran here.")


def _go_on(settings: Settings, turn: Resumption, found: list[Change]) -> Flow[None]:
    if found:
        yield from resumptions.acknowledge_stale(settings, turn, found)
    else:
        yield from resumptions.acknowledge(settings, turn)


def _ours(settings: Settings, run: Run, handoff: Handoff, answer: Answer, waited: bool) -> bool:
    if run.state not in _TURN_GONE or handoff.blocking is False:
        return True
    return answer.id in settings.taken or (run.state == RunState.RUNNING and not waited)
