"""What a requester may know: how it stands in a line, who has it, since when, what comes next."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from handoffs import languages
from handoffs.models import Answer, Handoff, RequesterWord, Run
from handoffs.models.workflows import RequesterSees
from handoffs.states import (
    AUTONOMOUS_TIERS,
    FINAL_RUN_STATES,
    OPEN_HANDOFF_STATES,
    Cause,
    RunState,
    Verb,
)
from reviews import leases, spec
from reviews.models import Claim, Expectation
from reviews.pages import status_lines as lines
from reviews.pages.text import marked

Kind = RequesterWord.Kind
_TURNS: dict[str, str] = {
    Kind.NOT_NEEDED: languages.noted("You told us that you no longer need this."),
    Kind.NEEDED: languages.noted("You told us that you need this after all."),
}
# how often a page that is left open asks whether something changed
LOOK_AGAIN_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time; `here`: nobody knows by whose clock they read it, so their browser says it anew."""

    iso: str
    text: str
    here: bool


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the requester told us here; `line` says it where it has no words of its own."""

    kind: str
    line: str
    text: str
    at: Moment


@dataclass(frozen=True, kw_only=True)
class StatusPage:
    """What the page prints; no time in it counts along, so that it changes when something did."""

    language: str
    line: str
    told: str
    state: str
    final: bool
    owner: str
    since: Moment
    expected: Moment | None
    # how sure that is, and whether they were told an earlier time before
    sure: str
    revised: bool
    confidence: float | None
    latest: Moment | None
    passed_on: tuple[str, ...]
    said: tuple[Said, ...]
    not_needed: bool
    typed: str = ""
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "line": self.line,
            "message": self.told or None,
            "language": self.language,
            "state": self.state,
            "final": self.final,
            "owner": self.owner or None,
            "since": self.since.iso,
            "expected_by": self.expected.iso if self.expected else None,
            "confidence": self.confidence,
            "revised": self.revised,
            "latest_by": self.latest.iso if self.latest else None,
            "passed_on": list(self.passed_on),
            "said": [{"kind": one.kind, "text": one.text, "at": one.at.iso} for one in self.said],
            "not_needed": self.not_needed,
            "look_again_seconds": None if self.final else LOOK_AGAIN_SECONDS,
        }

    @property
    def look_again(self) -> int:
        return LOOK_AGAIN_SECONDS

    @property
    def etag(self) -> str:
        said = json.dumps(self.as_json(), sort_keys=True)
        return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A run, the question that it waits for, and when its requester is told to expect an answer."""

    run: Run
    handoff: Handoff | None
    told: Expectation | None
    stopped: bool


def page(standing: Standing, *, language: str, now: datetime) -> StatusPage:
    """Say how it stands in this language."""
    with languages.speaking(language):
        return _page(standing, language, now, languages.zone_of(_requester(standing.run)))


def _requester(run: Run) -> Mapping[str, Any]:
    return run.requester if isinstance(run.requester, dict) else {}


def _page(standing: Standing, language: str, now: datetime, zone: tzinfo | None) -> StatusPage:
    run, handoff, told = standing.run, standing.handoff, standing.told
    claim = _claim(handoff) if handoff else None
    taken_on = claim is not None and claim.kept_until is not None and claim.kept_until > now
    if standing.stopped and RunState(run.state) not in FINAL_RUN_STATES:
        line = languages.say("The work on your request is paused at the moment.")
    elif handoff is None:
        line = lines.of_run(run, answered_by=_answered_by(run))
    else:
        line = lines.of_handoff(handoff, name=_name(run, handoff, claim), taken_on=taken_on)
    words = list(run.requester_words.order_by("number"))
    turns = [word for word in words if word.kind in _TURNS]
    brief = handoff.briefs.order_by("-version").first() if handoff else None
    since = handoff.owner_since if handoff else run.state_since
    due = handoff.deadline_at if handoff and handoff.deadline_at > now else None
    return StatusPage(
        language=language,
        line=line,
        told=_told(run),
        state=run.state,
        final=RunState(run.state) in FINAL_RUN_STATES,
        owner=handoff.role.name if handoff else "",
        since=_moment(since, now, zone),
        expected=_moment(told.by_at, now, zone) if told else None,
        sure=_sure(told) if told else "",
        revised=told is not None and told.revision > 1,
        confidence=told.confidence / 100 if told else None,
        latest=_moment(due, now, zone) if due else None,
        passed_on=_passed_on(run, brief.body) if brief else (),
        said=tuple(_said(word, now, zone) for word in words),
        not_needed=bool(turns) and turns[-1].kind == Kind.NOT_NEEDED,
    )


def _said(word: RequesterWord, now: datetime, zone: tzinfo | None) -> Said:
    line = languages.say(_TURNS[word.kind]) if word.kind in _TURNS else ""
    at = _moment(word.said_at, now, zone)
    return Said(kind=word.kind, line=line, text=marked(word.text), at=at)


def _moment(at: datetime, now: datetime, zone: tzinfo | None) -> Moment:
    return Moment(iso=at.isoformat(), text=languages.moment(at, now, zone), here=zone is None)


def _sure(told: Expectation) -> str:
    return languages.say(
        "In %(kept)d of 10 cases like this it comes by then.", kept=round(told.confidence / 10)
    )


def asked(run: Run) -> Handoff | None:
    """Return the question that the run waits for; nobody waits for what is looked at afterwards."""
    return (
        Handoff.objects.filter(
            run=run, blocking=True, state__in=[state.value for state in OPEN_HANDOFF_STATES]
        )
        .exclude(tier__in=AUTONOMOUS_TIERS)
        .select_related("role", "queue")
        .order_by("deadline_at", "id")
        .first()
    )


def _claim(handoff: Handoff) -> Claim | None:
    return leases.standing(handoff.id).select_related("reviewer").order_by("id").first()


def _name(run: Run, handoff: Handoff, claim: Claim | None) -> str:
    """Return the first name of whoever has it, where the workflow lets requesters know it.

    Never where several decide: they read no more of each other here than at the desk.
    """
    several = spec.read(handoff.safeguards)
    if claim is None or run.workflow.requester_sees != RequesterSees.FIRST_NAME:
        return ""
    if several.approvers > 1 or several.seats:
        return ""
    return marked((claim.reviewer.name.split() or [""])[0])


def _answered_by(run: Run) -> str:
    answers = Answer.objects.filter(handoff__run=run).order_by("-answered_at")
    return answers.values_list("by_kind", flat=True).first() or ""


def _told(run: Run) -> str:
    """Return what whoever took the task over wrote to its requester."""
    if run.cause != Cause.TRANSFERRED.value:
        return ""
    answers = Answer.objects.filter(handoff__run=run, verb=Verb.TAKE_OVER.value)
    details = answers.order_by("-answered_at").values_list("details", flat=True).first() or {}
    return marked(details.get("told") or "")


def _passed_on(run: Run, brief: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what the person was given, so that nobody has to tell it twice."""
    facts, evidence = len(brief.get("facts") or ()), len(brief.get("evidence") or ())
    said = [
        languages.say("Your request") if run.input else "",
        languages.count("%(count)d fact about it", "%(count)d facts about it", facts)
        if facts
        else "",
        languages.count("%(count)d record", "%(count)d records", evidence) if evidence else "",
        languages.say("What was done so far") if brief.get("steps") else "",
    ]
    return tuple(line for line in said if line)
