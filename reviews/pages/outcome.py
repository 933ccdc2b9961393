"""What became of a handoff, for whoever reads it without holding it."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from handoffs.states import ActorKind, HandoffState
from reviews.challenge import Kept
from reviews.desk import HandoffDetail
from reviews.pages import panel, times, words
from reviews.pages.afterwards import is_done
from reviews.pages.changes import Change, stored
from reviews.pages.text import marked


@dataclass(frozen=True, kw_only=True)
class Question:
    at: times.Moment
    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The margin of a page that asks for nothing: what happened, by whom, in which words."""

    heading: str
    line: str
    tone: str = "plain"
    reason: str = ""
    stated: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    questions: tuple[Question, ...] = ()
    kept: str = ""
    digest: str = ""
    run: str = ""
    pick_url: str = ""


def questions(detail: HandoffDetail, now: datetime) -> tuple[Question, ...]:
    """Give what the agent was asked, each with its answer in words."""
    return tuple(
        Question(
            at=times.since(one.asked_at, now),
            question=marked(one.question),
            answer=marked(one.message),
        )
        for one in detail.questions
    )


def outcome(detail: HandoffDetail, *, kept: str, now: datetime) -> Outcome:
    """Say what became of it, in the heading first."""
    asked = questions(detail, now)
    match HandoffState(detail.handoff.state):
        case HandoffState.ANSWERED:
            return _answered(detail, asked, kept, now)
        case HandoffState.DECIDED:
            who = f"{detail.decided_by} ({detail.handoff.role.name})" if detail.decided_by else ""
            line = f"{who or detail.handoff.role.name} decided this. The agent is told in a moment."
            return Outcome(heading="Decided", line=line, questions=asked, kept=kept)
        case HandoffState.WITHDRAWN if is_done(detail):
            line = "Nobody answered in time, so nothing was judged and nothing was undone."
            return Outcome(heading="Not looked at", line=line, questions=asked, kept=kept)
        case HandoffState.WITHDRAWN:
            line = "The agent no longer asks this. There is nothing to decide."
            return Outcome(heading="Withdrawn", line=line, questions=asked, kept=kept)
        case HandoffState.NEEDS_INFORMATION:
            line = "The agent was asked for information. This comes back with its answer."
            return Outcome(heading="Waits for the agent", line=line, questions=asked, kept=kept)
        case HandoffState.WAITING:
            return _waiting(detail, asked, kept)


def _answered(
    detail: HandoffDetail, asked: tuple[Question, ...], kept: str, now: datetime
) -> Outcome:
    answer = detail.answer
    if answer is None:
        return Outcome(heading="Answered", line="", questions=asked)
    heading, did, tone = words.ANSWERED[answer.verb]
    who = answer.role or words.ACTORS[answer.by_kind]
    if detail.decided_by:
        who = f"{detail.decided_by} ({who})"
    said = " ".join(part for part in (answer.reason, answer.message) if part)
    if detail.panel is not None and detail.panel.shown and answer.by_kind == ActorKind.PERSON.value:
        # each of them is quoted beside it
        said = ""
    return Outcome(
        heading=heading,
        line=f"{who[:1].upper()}{who[1:]} {did} at {times.clock(answer.answered_at, now)} UTC.",
        tone=tone,
        reason=marked(said),
        stated=_stated(detail.stated),
        changes=stored(answer.edits),
        questions=asked,
        kept=kept,
        digest=answer.arguments_digest,
        run=words.AFTERWARDS[detail.handoff.run.state],
    )


def _waiting(detail: HandoffDetail, asked: tuple[Question, ...], kept: str) -> Outcome:
    if detail.panel is not None and detail.has_decided:
        heading, line = panel.kept(detail.panel)
        return Outcome(heading=heading, line=line, questions=asked, kept=kept)
    if detail.held_by:
        line = "It comes back when they decide it, give it back or leave it."
        heading = f"{detail.held_by} has this one"
        return Outcome(heading=heading, line=line, questions=asked, kept=kept)
    if not detail.may_decide:
        who = panel.open_for(detail.panel) if detail.panel else detail.handoff.role.name
        line = f"You may read it; {who} decide it."
        return Outcome(heading="Waiting", line=line, questions=asked, kept=kept)
    may_take = detail.handoff.queue.pick_allowed or bool(kept)
    line = "Nobody has it now." if may_take else "Nobody has it now. Take the next from the desk."
    return Outcome(
        heading="Waiting",
        line=line,
        questions=asked,
        kept=kept,
        pick_url=reverse("reviews:pick", args=[detail.handoff.id]) if may_take else "",
    )


def _stated(kept: Kept) -> tuple[str, ...]:
    """Say in a line each what was checked and what would have made the answer wrong."""
    parts = (("checked", "Checked"), ("wrong_if", "Would be wrong by"))
    lists = [(title, [one["label"] for one in kept.get(part, [])]) for part, title in parts]
    return tuple(marked(f"{title}: {'; '.join(labels)}") for title, labels in lists if labels)
