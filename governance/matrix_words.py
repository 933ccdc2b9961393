"""Rows of the matrix and changes of them as a manager reads them: in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from governance import matrix_schema
from governance.matrix_schema import RowFacts, SafeguardsIn, StepIn
from handoffs import sla
from handoffs.authority import say_named
from handoffs.states import ByEmail, Fallback

FALLBACKS: Mapping[str, str] = {
    Fallback.REJECT: "the agent is told no",
    Fallback.APPROVE: "the agent is told yes, the safe answer here",
    Fallback.FAIL: "the run ends with a clear error",
    Fallback.HOLD: "it stays where it is and the owner is told",
    "": "nobody said what happens",
}
EMAILS: Mapping[str, str] = {
    ByEmail.YES: "may be answered from an e-mail",
    ByEmail.SIGN_IN: "is announced by e-mail and answered after signing in",
    ByEmail.STEP_UP: "is announced by e-mail and answered after signing in and confirming it",
    ByEmail.NO: "is not sent by e-mail",
}
_REASONS = {"never": "never", "on_reject": "when rejecting", "always": "always"}
AT_LIMIT = {
    "overflow": "it overflows; where to nothing has room, the agents wait",
    "pause": "the workflow pauses until there is room",
}
TIE_BREAKS: Mapping[str, str] = {
    "reject": "the agent is told no",
    "escalate": "the next level decides",
    "majority": "most of them win",
}


def title(row: RowFacts) -> str:
    """Say what a row stands for."""
    return say_named(row.named)


def ladder(row: RowFacts) -> str:
    """Say whom it goes to, level by level, and what happens above: the way of one handoff."""
    first = f"{row.role} in {row.queue} within {_time(row.deadline)}"
    levels = [first, *(_step(step) for step in row.ladder)]
    return f"{', then '.join(levels)}; then {FALLBACKS[row.fallback]}"


def _step(step: StepIn) -> str:
    needs = f" with {', '.join(step.required_context)}" if step.required_context else ""
    return f"{step.role} in {step.queue} within {_time(step.deadline)}{needs}"


def between(before: RowFacts | None, after: RowFacts | None) -> list[str]:
    """Say what a change does; empty when both say the same."""
    if before is None and after is None:
        return []
    if before is None:
        assert after is not None
        return [f"A new row for {title(after)}: {ladder(after)}."]
    if after is None:
        return [f"The row for {title(before)} ends: {ladder(before)}."]
    return [
        f"{label}: {now}. Before: {was}."
        for (label, was), (_, now) in zip(_said(before), _said(after), strict=True)
        if was != now
    ]


def _said(row: RowFacts) -> Iterator[tuple[str, str]]:
    """Yield everything that a row says, always in the same order."""
    guards = row.safeguards
    yield "Stands for", title(row)
    yield "Role with authority", row.role
    yield "Queue", row.queue
    yield "Overflow queue", row.overflow or "none"
    yield "When its queue is full", AT_LIMIT[row.at_limit]
    counted = ", in the queue's opening hours" if row.business_time else ""
    yield "Deadline", _time(row.deadline) + counted
    yield "Urgent", f"{_time(row.urgent)} before the deadline"
    yield "Ladder", "; then ".join(_step(step) for step in row.ladder) or "no level above"
    places = "; ".join(f"{place.role} in {place.queue}" for place in row.send_to)
    yield "May be sent to", places or "nobody else"
    yield "When nobody answers", FALLBACKS[row.fallback]
    yield "E-mail", EMAILS[row.email]
    yield "Latency tolerance", row.latency_tolerance or "as the action type says"
    yield "Gathered for", _time(row.batch) if row.batch != "0s" else "no time"
    yield "Minimum review time", _minimum(guards)
    yield "Reason asked", _REASONS[guards.reason]
    yield "Challenge", challenge(guards.challenge, guards.challenge_share)
    yield "Evidence to open", "none" if guards.evidence == "none" else "what the agent marks"
    yield "Recommendation withheld", "yes" if guards.withhold_recommendation else "no"
    yield "Approvers", _approvers(guards)
    yield "Can be taken back", "as usual" if guards.undo_seconds is None else _undo(guards)
    yield "Begins", row.starts or "at once"
    yield "Ends", row.ends or "not planned"


def _minimum(guards: SafeguardsIn) -> str:
    least = f"{guards.minimum_seconds} s"
    if guards.words_per_minute is None:
        return least
    return f"{least}, longer briefs at {guards.words_per_minute} words a minute"


def challenge(asked: str, share: float) -> str:
    """Say whom a challenge is put to."""
    return {
        "never": "no",
        "sampled": f"{share:.0%} of those who agree, drawn by chance",
        "always": "everybody, agreeing or not",
    }[asked]


def _approvers(guards: SafeguardsIn) -> str:
    if guards.approvers == 1:
        return "1"
    seats = f", one each of {', '.join(guards.seats)}" if guards.seats else ""
    return f"{guards.approvers}{seats}; when they differ, {TIE_BREAKS[guards.tie_break]}"


def _undo(guards: SafeguardsIn) -> str:
    return f"for {guards.undo_seconds} s" if guards.undo_seconds else "no, it counts at once"


def _time(duration: str) -> str:
    return sla.in_words(matrix_schema.seconds(duration))


def of_json(data: Mapping[str, Any] | None) -> RowFacts | None:
    return None if data is None else matrix_schema.read(data)
