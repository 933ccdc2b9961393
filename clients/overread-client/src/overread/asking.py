"""What happens at a gate, as flows: ask, wait, take up the run, check, run, report."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypedDict

from overread import binding, errors, receipts, standing
from overread.backoff import Settings
from overread.binding import Binding
from overread.errors import OverreadError, Paused, Stopped, UnexpectedAnswer, Withdrawn
from overread.flows import Flow, Invoke
from overread.material import Brief, Expectation, Information, Signals
from overread.operations import handoffs, proposals
from overread.standing import Permission
from overread.taking import take_up
from overread.values import (
    Act,
    Answer,
    Change,
    Handoff,
    HandoffState,
    Precondition,
    Ruling,
    Run,
    Verb,
    differences,
)

log = logging.getLogger(__name__)

_RUNS_NOW = frozenset({Act.PROCEED, Act.PROCEED_AND_TELL})
# To confirm is to permit here: where the action already ran, it is caught before.
_PERMITS = frozenset({Verb.APPROVE, Verb.APPROVE_WITH_EDITS, Verb.CONFIRM})
_REFUSALS: Mapping[str, type[errors.NotApproved]] = {
    Verb.REJECT: errors.Rejected,
    Verb.ROLL_BACK: errors.Rejected,
    Verb.REDIRECT: errors.Redirected,
    Verb.TAKE_OVER: errors.TakenOver,
}


class Terms(TypedDict, total=False):
    """How a gate asks. What may be a callable is called with the arguments by name."""

    brief: Brief | Callable[..., Any]
    signals: Signals | Callable[..., Any]
    checkpoint: Any
    preconditions: Sequence[Expectation] | Callable[..., Any]
    # The step's own name: a process that restarts asks the same question again, not a second one.
    key: str | Callable[..., str] | None
    # False: raise Paused instead of waiting, so that the process may exit.
    block: bool
    timeout: float | None
    # Answers a reviewer's question; without it InformationNeeded is raised.
    inform: Callable[[Handoff], Any] | None
    # Undoes the action. Without it a soft review is waited for like an approval.
    roll_back: Callable[..., Any] | None
    on_ruling: Callable[[Ruling], Any] | None
    # Public keys: demand a signed receipt that proves the answer before running.
    jwks: Mapping[str, Any] | None
    leave_out: Collection[str]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A function, the action type it performs, and how to ask for it."""

    function: Callable[..., Any]
    action_type: str
    terms: Terms
    binding: Binding


@dataclass(frozen=True, kw_only=True)
class _Case:
    """One question on its way through a gate."""

    settings: Settings
    gate: Gate
    left_out: Mapping[str, Any]
    proposal: str | None = None
    # What was asked for, to fall back on where the answer names no arguments of its own.
    proposed: Mapping[str, Any] | None = None
    expected: Sequence[Precondition] = ()

    def approved(self, answer: Answer) -> Mapping[str, Any]:
        arguments = self.proposed if answer.arguments is None else answer.arguments
        if arguments is None:
            raise UnexpectedAnswer("The answer carries no arguments. Nothing ran.")
        return arguments

    def after(self, changes: Sequence[Change]) -> _Case:
        """Expect what was found: it is what the next review is shown."""
        found = {change.name: change.found for change in changes}
        return replace(
            self,
            expected=[replace(one, value=found.get(one.name, one.value)) for one in self.expected],
        )

    def permit(self, answer: Answer | None) -> Permission:
        key = answer.idempotency_key if answer else self.proposal
        if not key:
            raise UnexpectedAnswer("The ruling has no id. Nothing ran.")
        return Permission(
            action_type=self.gate.action_type,
            proposal=self.proposal,
            answer=answer,
            idempotency_key=key,
        )

    @property
    def undo(self) -> Callable[..., Any] | None:
        return self.gate.terms.get("roll_back")


def ask(settings: Settings, gate: Gate, run: Run | str, bound: inspect.BoundArguments) -> Flow[Any]:
    """Ask whether the bound call may be made, and make it, or what was approved in its place."""
    arguments = gate.binding.arguments(bound)
    material = yield from _material(gate.terms, arguments)
    ruling = yield from proposals.propose(settings, run, gate.action_type, arguments, **material)
    if observer := gate.terms.get("on_ruling"):
        yield Invoke(partial(observer, ruling))
    case = _Case(
        settings=settings,
        gate=gate,
        left_out=gate.binding.left_out(bound),
        proposal=ruling.id,
        proposed=arguments,
        expected=[Precondition(**one) for one in material["preconditions"] or ()],
    )
    if ruling.act in _RUNS_NOW or (ruling.act == Act.PROCEED_TENTATIVELY and case.undo):
        binding.verify(gate.binding.arguments(bound), ruling.arguments_digest)
        return (yield from _run(case, None, bound))
    _, answer = yield from _answer(case, _asked(gate, ruling))
    return (yield from _obey(case, answer))


def _asked(gate: Gate, ruling: Ruling) -> Handoff:
    """Get the handoff to wait for, or end here."""
    if ruling.act == Act.STOP:
        raise Stopped(ruling)
    if ruling.act not in (Act.WAIT, Act.PROCEED_TENTATIVELY) or ruling.handoff is None:
        raise UnexpectedAnswer(f"The ruling says {ruling.act!r}, which is not known. Nothing ran.")
    if not gate.terms.get("block", True):
        raise Paused(ruling, ruling.handoff)
    return ruling.handoff


def resume(
    settings: Settings,
    gate: Gate,
    subject: Paused | Handoff | Answer | str,
    left_out: Mapping[str, Any],
) -> Flow[Any]:
    """Go on after a pause. Whoever hands us an Answer holds the turn; for the rest we take it."""
    case = _Case(settings=settings, gate=gate, left_out=left_out)
    if isinstance(subject, Answer):
        answer = subject
    else:
        asked = subject.handoff if isinstance(subject, Paused) else subject
        handoff, answer = yield from _answer(case, asked)
        case = replace(case, proposed=handoff.arguments)
    if answer.action_type not in (None, gate.action_type):
        raise ValueError(f"This answer is about {answer.action_type}, not {gate.action_type}.")
    asked_as = subject.ruling.id if isinstance(subject, Paused) else None
    case = replace(case, proposal=answer.proposal or asked_as)
    if case.undo and answer.verb == Verb.CONFIRM:
        raise errors.AlreadyDone(answer)
    if case.undo and answer.verb == Verb.ROLL_BACK:
        yield from _roll_back(case, answer, case.undo)
        raise errors.RolledBack(answer)
    return (yield from _obey(case, answer))


def _material(terms: Terms, arguments: Mapping[str, Any]) -> Flow[dict[str, Any]]:
    material = {"idempotency_key": (yield from _supplied(terms.get("key"), arguments))}
    for name in ("signals", "brief", "checkpoint", "preconditions"):
        material[name] = yield from _supplied(terms.get(name), arguments)
    return material


def _supplied(source: Any, arguments: Mapping[str, Any]) -> Flow[Any]:
    if callable(source):
        source = yield Invoke(partial(source, **arguments))
    return source


def _answer(case: _Case, handoff: Handoff | str) -> Flow[tuple[Handoff, Answer]]:
    """Wait for an answer and take up its run with it; a stale one is waited for again."""
    waited = False
    while True:
        known = yield from handoffs.read(case.settings, handoff)
        waited = waited or known.state != HandoffState.ANSWERED
        known = yield from _settled(case, known)
        answer = known.answer
        if answer is None:
            raise UnexpectedAnswer(f"{known.id} is answered, but the answer is not there.")
        if answer.verb == Verb.TAKE_OVER:
            return known, answer
        changes = yield from take_up(
            case.settings,
            known,
            answer,
            waited=waited,
            expected=case.expected,
            changed=partial(_changed, case, answer),
        )
        if not changes:
            return known, answer
        case, handoff = case.after(changes), known.id


def _settled(case: _Case, handoff: Handoff | str) -> Flow[Handoff]:
    """Wait until a person or policy answers, telling the reviewer more when asked."""
    terms = case.gate.terms
    while True:
        known = yield from handoffs.wait(case.settings, handoff, timeout=terms.get("timeout"))
        if known.state == HandoffState.ANSWERED:
            return known
        if known.state == HandoffState.WITHDRAWN:
            raise Withdrawn(known)
        if known.state != HandoffState.NEEDS_INFORMATION:
            raise UnexpectedAnswer(f"{known.id} is {known.state!r}, which is not known.")
        inform = terms.get("inform")
        if inform is None:
            raise errors.InformationNeeded(known)
        told: Information = yield Invoke(partial(inform, known))
        handoff = (yield from handoffs.give_information(case.settings, known, **told)).id


def _changed(case: _Case, answer: Answer, expected: Sequence[Precondition]) -> Flow[list[Change]]:
    """Ask a `preconditions` callable again: what it said when asking must still be so."""
    source = case.gate.terms.get("preconditions")
    arguments = answer.arguments if case.proposed is None else case.proposed
    if not callable(source) or arguments is None or not _permits(answer):
        return []
    found = yield from _supplied(source, arguments)
    return differences(expected, {one["name"]: one["value"] for one in found})


def _obey(case: _Case, answer: Answer) -> Flow[Any]:
    """Do what the answer says and nothing else; a verb not known here is no permission."""
    if not _permits(answer):
        raise _REFUSALS.get(answer.verb, errors.NotApproved)(answer)
    approved = case.approved(answer)
    bound = case.gate.binding.rebind(approved, case.left_out)
    binding.verify(approved, answer.arguments_digest)
    _check(case.gate, answer, bound)
    return (yield from _run(case, answer, bound))


def _permits(answer: Answer) -> bool:
    chosen = answer.verb == Verb.CHOOSE and answer.arguments is not None
    return chosen or answer.verb in _PERMITS


def _check(gate: Gate, answer: Answer, bound: inspect.BoundArguments) -> None:
    """Hold what is about to run against the answer and, where demanded, its signed receipt."""
    arguments = gate.binding.arguments(bound)
    binding.verify(arguments, answer.arguments_digest)
    keys = gate.terms.get("jwks")
    if keys is None:
        return
    proven = receipts.verify(
        answer.receipt or "", keys, handoff=answer.handoff, arguments=arguments
    )
    if (proven.verb, proven.action_type) != (answer.verb, gate.action_type):
        raise errors.ReceiptInvalid("The receipt is about another answer than this.")


def _roll_back(case: _Case, answer: Answer, undo: Callable[..., Any]) -> Flow[None]:
    bound = case.gate.binding.rebind(case.approved(answer), case.left_out)
    permission = case.permit(answer)
    with standing.permitted(permission):
        yield Invoke(partial(undo, *bound.args, **bound.kwargs))
    yield from _report(case.settings, permission, "rolled_back")


def _run(case: _Case, answer: Answer | None, bound: inspect.BoundArguments) -> Flow[Any]:
    permission = case.permit(answer)
    try:
        with standing.permitted(permission):
            result = yield Invoke(partial(case.gate.function, *bound.args, **bound.kwargs))
    except Exception as error:
        cause = f"{type(error).__name__}: {error}"
        yield from _report(case.settings, permission, "failed", cause)
        raise
    yield from _report(case.settings, permission, "done")
    return result


def _report(
    settings: Settings, permission: Permission, status: str, detail: str | None = None
) -> Flow[None]:
    """Tell what was done. It is done either way, so a failure here is logged and not raised."""
    if permission.proposal is None:
        log.warning("The outcome cannot be reported: the answer names no proposal.")
        return
    try:
        yield from proposals.report_outcome(
            settings, permission.proposal, status, detail and detail[:500]
        )
    except OverreadError as error:
        log.warning(
            "The outcome could not be reported.",
            extra={"action": "outcome.unreported", "proposal": permission.proposal},
            exc_info=error,
        )
