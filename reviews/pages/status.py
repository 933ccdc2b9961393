"""What a requester may know: the state in a sentence, which team has it, since and until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handoffs.models import Handoff, Run
from handoffs.states import AUTONOMOUS_TIERS, OPEN_HANDOFF_STATES, HandoffState
from reviews.pages import times, words

ASKED_BACK = "We are looking something up for the person who has it."


@dataclass(frozen=True, kw_only=True)
class StatusPage:
    line: str
    state: str
    owner: str
    since: times.Moment
    expected: times.Moment | None
    passed_on: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "line": self.line,
            "state": self.state,
            "owner": self.owner or None,
            "since": self.since.iso,
            "expected_by": self.expected.iso if self.expected else None,
            "passed_on": list(self.passed_on),
        }


def page(run: Run, *, now: datetime) -> StatusPage:
    """Read the run's open question, if there is one; nothing in here names a person."""
    handoff = (
        Handoff.objects.filter(run=run, state__in=[state.value for state in OPEN_HANDOFF_STATES])
        # nobody waits for what is looked at afterwards
        .exclude(tier__in=AUTONOMOUS_TIERS)
        .select_related("role")
        .order_by("-blocking", "deadline_at")
        .first()
    )
    line = words.RUN_LINES[run.state]
    if handoff is not None and handoff.state == HandoffState.NEEDS_INFORMATION.value:
        line = ASKED_BACK
    brief = handoff.briefs.order_by("-version").first() if handoff else None
    return StatusPage(
        line=line,
        state=run.state,
        owner=handoff.role.name if handoff else "",
        since=times.since(handoff.owner_since if handoff else run.state_since, now),
        expected=times.until(handoff.deadline_at, now)
        if handoff and handoff.deadline_at > now
        else None,
        passed_on=_passed_on(run, brief.body) if brief else (),
    )


def _passed_on(run: Run, brief: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what the person was given, so that nobody has to tell it twice."""
    facts, evidence = len(brief.get("facts") or ()), len(brief.get("evidence") or ())
    said = [
        "Your request" if run.input else "",
        f"{facts} fact{'s' if facts != 1 else ''} about it" if facts else "",
        f"{evidence} record{'s' if evidence != 1 else ''}" if evidence else "",
        "What was done so far" if brief.get("steps") else "",
    ]
    return tuple(line for line in said if line)
