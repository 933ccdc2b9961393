"""What a requester may know: the state in a sentence, which team has it, since and until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from handoffs.models import Answer, Handoff, Run
from handoffs.states import AUTONOMOUS_TIERS, OPEN_HANDOFF_STATES, Cause, HandoffState, Verb
from reviews.models import Claim
from reviews.pages import times, words
from reviews.pages.text import marked

TAKEN_ON = "A person has taken it over and is working on it."
BY_HAND = "A person has taken it over and finishes it by hand."
ASKED_BACK = "We are looking something up for the person who has it."


@dataclass(frozen=True, kw_only=True)
class StatusPage:
    line: str
    told: str
    state: str
    owner: str
    since: times.Moment
    expected: times.Moment | None
    passed_on: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "line": self.line,
            "message": self.told or None,
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
    line, told = words.RUN_LINES[run.state], ""
    if run.cause == Cause.TRANSFERRED.value:
        line, told = BY_HAND, _told(run)
    if handoff is not None and _is_taken_on(handoff):
        line = TAKEN_ON
    if handoff is not None and handoff.state == HandoffState.NEEDS_INFORMATION.value:
        line = ASKED_BACK
    brief = handoff.briefs.order_by("-version").first() if handoff else None
    return StatusPage(
        line=line,
        told=told,
        state=run.state,
        owner=handoff.role.name if handoff else "",
        since=times.since(handoff.owner_since if handoff else run.state_since, now),
        expected=times.until(handoff.deadline_at, now)
        if handoff and handoff.deadline_at > now
        else None,
        passed_on=_passed_on(run, brief.body) if brief else (),
    )


def _is_taken_on(handoff: Handoff) -> bool:
    return Claim.objects.filter(
        handoff=handoff, ended_at=None, kept_until__gt=Now(), level=handoff.level
    ).exists()


def _told(run: Run) -> str:
    """Return what whoever took the task over wrote to its requester."""
    answers = Answer.objects.filter(handoff__run=run, verb=Verb.TAKE_OVER.value)
    details = answers.order_by("-answered_at").values_list("details", flat=True).first() or {}
    return marked(details.get("told") or "")


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
