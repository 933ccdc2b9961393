"""Take up a run whose answer a process waited for, so that nobody else does the same."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from overread.backoff import Settings
from overread.errors import LeaseLost, RunEnded, Stale
from overread.flows import Flow, Sleep
from overread.operations import resumptions, runs
from overread.values import Answer, Change, Handoff, NothingToResume, Resumption, Run, RunState

# Given what must still be so, find out what is not.
Changed: TypeAlias = Callable[[Sequence[Mapping[str, Any]]], Flow[list[Change]]]

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
    expected: Sequence[Mapping[str, Any]],
    changed: Changed,
) -> Flow[bool]:
    """Make sure that this process may act on the answer; False when it went back for review.

    1. Every question of the run is answered (HUMAN_RESPONDED): claim the turn, re-check the
       preconditions, acknowledge. Only one process gets the turn.
    2. The turn is gone: fine if this process took it for a parallel branch, or finished waiting
       in an earlier life; else a worker has it, and with it the effect (LeaseLost).
    3. Other questions are still open, or the run never paused: this answer counts now.
    """
    run_id = handoff.run
    if run_id is None:
        return True
    for attempt in range(1, _LOOKS + 1):
        run = yield from runs.read(settings, run_id)
        if run.state in _ENDED:
            raise RunEnded(run)
        if run.state == RunState.HUMAN_RESPONDED:
            turn = yield from resumptions.claim(settings, [run.workflow], run=run.id)
            if not isinstance(turn, NothingToResume):
                return (yield from _go_on(settings, turn, changed))
        elif _ours(settings, run, handoff, answer, waited):
            if found := (yield from changed(expected)):
                raise Stale(found)
            return True
        yield Sleep(settings.backoff.delay(attempt, None, settings.random))
    raise LeaseLost(f"Another worker goes on with {run_id}. Nothing ran here.")


def _go_on(settings: Settings, turn: Resumption, changed: Changed) -> Flow[bool]:
    for answer in turn.answers:
        settings.taken.add(answer.id)
    if found := (yield from changed([vars(one) for one in turn.preconditions])):
        yield from resumptions.acknowledge_stale(settings, turn, found)
        return False
    yield from resumptions.acknowledge(settings, turn)
    return True


def _ours(settings: Settings, run: Run, handoff: Handoff, answer: Answer, waited: bool) -> bool:
    if run.state not in _TURN_GONE or handoff.blocking is False:
        return True
    return answer.id in settings.taken or (run.state == RunState.RUNNING and not waited)
