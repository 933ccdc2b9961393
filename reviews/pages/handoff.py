"""The handoff page, from what the desk knows to what the template prints."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.urls import reverse

from handoffs import levels
from handoffs.models import Handoff, Rung, Transition
from handoffs.states import Cause, HandoffKind, HandoffState, Verb
from reviews import judged, panels, reading, safeguards
from reviews.challenge import stated
from reviews.desk import HandoffDetail
from reviews.errors import Unmet
from reviews.pages import (
    acting,
    afterwards,
    answering,
    challenge,
    colleagues,
    judgement,
    outcome,
    panel,
    rail,
    reach,
    requester,
    times,
    words,
)
from reviews.pages import brief as briefs
from reviews.pages.afterwards import StripItem
from reviews.pages.summary import Summary, summary
from reviews.pages.text import Prose, marked, prose
from reviews.pages.transcript import MOST_CHARACTERS, Transcript, last_said
from reviews.pages.transcript import transcript as read_transcript
from reviews.pages.values import Value, label, value
from reviews.verbs import VerbOption


@dataclass(frozen=True, kw_only=True)
class HistoryLine:
    at: times.Moment
    text: str


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What is one click away: never in the way, never missing."""

    text: str
    last: str
    input: Value | None
    transcript: Transcript
    checkpoint: Prose | None
    checkpoint_unseen: int
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """How a page keeps its claim: renews it, says that it is looked at, and says goodbye."""

    renew_url: str
    renew_every: int
    beat_url: str
    beat_every: int
    leave_url: str
    token: str


@dataclass(frozen=True, kw_only=True)
class HandoffPage:
    id: str
    ask: str
    kind: str
    stage: str
    workflow: str
    reference: str
    queue: str
    queue_slug: str
    role: str
    why: str
    answers: tuple[tuple[str, str], ...]
    deciding: tuple[tuple[bool, str], ...]
    strip: tuple[StripItem, ...]
    action: acting.ActionView | None
    brief: briefs.BriefView
    summary: Summary
    behind: Behind
    questions: tuple[outcome.Question, ...]
    requester: requester.Said
    thread: colleagues.Thread
    judging: judgement.Judging | None
    revealed: judgement.Revealed | None
    judged: tuple[str, ...]
    rail: rail.Rail | None
    outcome: outcome.Outcome | None
    voices: tuple[str, ...]
    keeping: Keeping | None
    urls: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a refused form held, and why it was refused."""

    words: str = ""
    option: str = ""
    challenge: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    unmet: tuple[Unmet, ...] = ()
    # of a better summary that was refused
    summary: str | None = None
    mend: str = ""
    # of a judgement: the answer that was marked, and how sure
    chosen: Mapping[str, Any] = field(default_factory=dict)


def page(detail: HandoffDetail, *, now: datetime, typed: Typed | None = None) -> HandoffPage:
    """Return the page to decide on, for whoever holds the claim, or else the page to read."""
    handoff, kind = detail.handoff, HandoffKind(detail.handoff.kind)
    action = acting.action(detail)
    urls, options = _urls(handoff.id), answering.offered(detail, now)
    urls["run"] = reverse("reviews:run", args=[handoff.run_id])
    margin = _rail(detail, options, urls, typed) if detail.claim else None
    brief = briefs.view(
        detail.brief,
        arguments=action.facts if action else (),
        opened=detail.opened,
        gates={gate.id for gate in detail.gates},
        withheld=detail.withheld,
    )
    return HandoffPage(
        id=handoff.id,
        ask=marked(detail.brief.get("ask") or "What should be done?"),
        kind=words.KINDS[kind],
        stage=words.STAGES.get(handoff.tier, ""),
        workflow=handoff.workflow.name,
        reference=marked(handoff.run.external_id),
        queue=handoff.queue.name,
        queue_slug=handoff.queue.slug,
        role=handoff.role.name,
        why=_why(detail, kind),
        strip=_strip(detail, now),
        action=acting.unnamed(action, brief),
        answers=_answers(detail, margin),
        deciding=reach.steps(detail.deciding),
        brief=brief,
        summary=_summary(detail, typed, now),
        behind=_behind(detail, now),
        judging=judgement.judging(detail, options, margin, _chosen(detail, typed)),
        revealed=judgement.revealed(detail, options, now),
        judged=judgement.before(detail, now),
        rail=margin,
        questions=outcome.questions(detail, now),
        requester=requester.said(detail, now),
        thread=colleagues.thread(detail, now),
        outcome=_outcome(detail, now),
        voices=panel.voices(detail.panel, now),
        keeping=keeping(detail),
        urls=urls,
    )


def _summary(detail: HandoffDetail, typed: Typed | None, now: datetime) -> Summary:
    said = typed or Typed()
    return summary(detail, now=now, typed=said.summary, error=said.mend)


def keeping(detail: HandoffDetail) -> Keeping | None:
    """Return what the page of whoever holds the claim needs to keep it."""
    if detail.claim is None:
        return None
    renew, beat, leave = (
        reverse(f"reviews:{name}", args=[detail.handoff.id]) for name in ("renew", "beat", "leave")
    )
    return Keeping(
        renew_url=renew,
        renew_every=max(5, detail.handoff.queue.lease_seconds // 3),
        beat_url=beat,
        beat_every=safeguards.BEAT_SECONDS,
        leave_url=leave,
        token=reading.token(
            reading.Place(
                claim=detail.claim.id,
                visit=detail.claim.visit,
                needed=safeguards.minimum_seconds(detail.handoff.safeguards, detail.seen.words),
            )
        ),
    )


def lease(expires_at: datetime, now: datetime) -> times.Moment:
    """Say until when it is theirs; that this is soon is no alarm, the page renews it."""
    return replace(times.until(expires_at, now), state="calm")


def _urls(handoff_id: str) -> dict[str, str]:
    names = ["decide", "ask", "hand-up", "give-back", "renew", "draft", "evidence", "source"]
    names += ["comment", "summary"]
    urls = {name.replace("-", "_"): reverse(f"reviews:{name}", args=[handoff_id]) for name in names}
    return urls | {
        "handoff": reverse("reviews:handoff", args=[handoff_id]),
        "desk": reverse("reviews:desk"),
    }


def _why(detail: HandoffDetail, kind: HandoffKind) -> str:
    if afterwards.is_done(detail):
        return afterwards.why(detail, kind)
    if detail.handoff.stepped_in:
        return words.STEPPED_IN
    rules = detail.proposal.rules if detail.proposal else []
    return words.here_because(
        reach.triggers(rules, detail.handoff.tier),
        kind=kind,
        action=detail.proposal.action_type if detail.proposal else "",
    )


def _strip(detail: HandoffDetail, now: datetime) -> tuple[StripItem, ...]:
    """Say whose it is and until when, when it is due, what happens otherwise, and who waits."""
    handoff, items = detail.handoff, []
    if detail.claim is not None:
        own = lease(detail.claim.expires_at, now)
        items.append(StripItem(label="Yours until", text=own.clock, moment=own, live="lease"))
    since = times.since(handoff.opened_at, now)
    if handoff.answered_at is not None:
        return _took(handoff.opened_at, handoff.answered_at, handoff.deadline_at, now)
    if handoff.state != HandoffState.WITHDRAWN:
        due = times.until(handoff.deadline_at, now, urgent=is_urgent(handoff))
        otherwise = reach.otherwise(detail)
        items += [
            StripItem(
                label=_due_label(handoff),
                text=due.phrase,
                detail=due.clock,
                moment=due,
                live="until",
                note=detail.derivation,
            ),
            StripItem(label="If nobody answers", text=otherwise.first, detail=otherwise.last),
        ]
    if detail.panel is not None:
        seat = detail.claim.seat if detail.claim else None
        items.append(panel.progress(detail.panel, seat=seat))
    if afterwards.is_done(detail):
        return (*items, afterwards.undoing(detail, now))
    waits = (handoff.run.requester or {}).get("name") or "The agent"
    items.append(
        StripItem(label="Who waits", text=marked(waits), detail=since.phrase.removesuffix(" ago"))
    )
    if detail.claim is not None:
        team = panels.team_of(handoff, detail.claim.seat)
        you = reach.why_you(detail.deciding, team)
        items.append(StripItem(label="Why you", text=you))
    items += reach.came(handoff)
    lacking = levels.lacking(detail.brief, handoff.terms.get("required_context", ()))
    if lacking:
        items.append(
            StripItem(label="This level needs", text=marked(", ".join(lacking)), detail="not given")
        )
    return tuple(items)


def is_urgent(handoff: Handoff) -> bool:
    return handoff.urgent_since is not None


def _due_label(handoff: Handoff) -> str:
    if handoff.held_since:
        return "Held, next review"
    return "Urgent, due" if is_urgent(handoff) else "Due"


def _took(
    opened_at: datetime, answered_at: datetime, deadline_at: datetime, now: datetime
) -> tuple[StripItem, ...]:
    """Say when it was asked and answered, and whether that was in time."""
    took = times.span((answered_at - opened_at).total_seconds())
    kept = "in time" if answered_at <= deadline_at else "late"
    return (
        StripItem(label="Asked", text=times.clock(opened_at, now)),
        StripItem(label="Answered", text=times.clock(answered_at, now), detail=f"after {took}"),
        StripItem(label="Was due", text=times.clock(deadline_at, now), detail=kept),
    )


def _answers(detail: HandoffDetail, asked: rail.Rail | None) -> tuple[tuple[str, str], ...]:
    """Say what happens on each answer: on the buttons' words, else as the agent announced it."""
    announced = detail.brief.get("on_answer") or {}
    if asked is None:
        # stored JSON has no order: as the verbs have it
        places = {verb.value: place for place, verb in enumerate(Verb)}
        verbs = sorted(announced, key=lambda verb: (places.get(verb, len(places)), verb))
        return tuple((label(verb), marked(announced[verb])) for verb in verbs if announced[verb])
    likely = {view.verb for view in asked.bar}
    views = (*asked.lead, *asked.other)
    return tuple(
        (view.short, view.effect)
        for view in views
        if view.effect and (view.verb in likely or announced.get(view.verb))
    )


def _behind(detail: HandoffDetail, now: datetime) -> Behind:
    """Put the original words first; whatever else the agent sent along stays readable."""
    run_input = detail.input
    given = dict(run_input) if isinstance(run_input, dict) else {"text": run_input}
    text, transcript = given.pop("text", ""), given.pop("transcript", "")
    stored, found = _pretty(detail.checkpoint or ""), read_transcript(transcript)
    return Behind(
        text=marked(text) if isinstance(text, str) else marked(json.dumps(text)),
        input=value(given) if given else None,
        transcript=found,
        last=last_said(found, text),
        checkpoint=prose(stored[:MOST_CHARACTERS], markdown=False) if stored else None,
        checkpoint_unseen=max(0, len(stored) - MOST_CHARACTERS),
        history=history(detail.history, detail.rungs, now),
    )


def history(
    moves: Iterable[Transition], rungs: Iterable[Rung], now: datetime
) -> tuple[HistoryLine, ...]:
    """Say in order what happened; where a rung says what a silence came to, that says it."""
    fired = [(rung.fired_at, words.fired(rung)) for rung in rungs]
    moved = [
        (move.at, words.moved(move.cause, marked(move.actor or words.ACTORS[move.actor_kind])))
        for move in moves
        if not (fired and move.cause == Cause.TIMED_OUT)
    ]
    lines = sorted([*moved, *fired], key=itemgetter(0))
    return tuple(HistoryLine(at=times.since(at, now), text=text) for at, text in lines)


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _chosen(detail: HandoffDetail, typed: Typed | None) -> Mapping[str, Any]:
    return typed.chosen if typed else detail.draft or {}


def _rail(
    detail: HandoffDetail,
    options: list[VerbOption],
    urls: Mapping[str, str],
    typed: Typed | None,
) -> rail.Rail:
    kept = detail.draft or {}
    # the likeliest answer: what is no answer needs nothing
    first = next(one.verb for one in options if one.verb in set(Verb))
    spec = detail.handoff.safeguards
    terms = judged.terms(spec) if detail.withheld else spec
    said = typed or Typed(
        words=_words(detail),
        option=str(kept.get("option") or ""),
        challenge=kept.get("challenge") or {},
    )
    facts = detail.facts(first, said.words, stated(said.challenge))
    return rail.build(
        options,
        urls=urls,
        unmet=said.unmet or safeguards.unmet(terms, facts),
        reason_always=safeguards.needs_reason(terms, first, drawn=detail.seen.drawn),
        challenge=challenge.view(terms, detail.seen, said.challenge),
        words=said.words,
        chosen=said.option,
        saved="Your text is kept." if kept_words(kept) else "",
        error=said.error,
    )


def _words(detail: HandoffDetail) -> str:
    """Return what this person wrote, or else what they committed: nobody writes it twice."""
    committed = detail.judgement.reason if detail.judgement else ""
    return kept_words(detail.draft or {}) or committed


def _outcome(detail: HandoffDetail, now: datetime) -> outcome.Outcome | None:
    if detail.claim is not None:
        return None
    return outcome.outcome(detail, kept=marked(kept_words(detail.draft or {})), now=now)


def kept_words(draft: Mapping[str, Any]) -> str:
    """Return what someone wrote, whichever answer it was meant for."""
    return str(draft.get("reason") or draft.get("message") or "")
