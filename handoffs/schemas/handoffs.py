"""Handoffs: the transfer to a person, and what the run is told."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from handoffs.schemas.base import In, Out, Paragraph, PublicId, WarningOut
from handoffs.schemas.briefs import EscalationBrief, Evidences, Facts


class EscalationIn(In):
    run: PublicId
    kind: Literal["ambiguity", "exception", "recovery", "sign_off", "takeover", "task_definition"]
    brief: EscalationBrief
    checkpoint: Any = None
    blocking: bool = True


class InformationIn(In):
    """What answers a reviewer's question; at least one of the three."""

    facts: Facts = []
    evidence: Evidences = []
    message: Paragraph = ""

    @model_validator(mode="after")
    def says_something(self) -> "InformationIn":
        if not (self.facts or self.evidence or self.message.strip()):
            raise ValueError("Send facts, evidence or a message: an empty answer helps nobody")
        return self


class WithdrawalIn(In):
    reason: Annotated[str, Field(min_length=1, max_length=4_000, pattern=r"\S")]


class OwnerOut(Out):
    role: str
    level: str = Field(description="L1, then one up for each level it climbed.")
    since: datetime


class AnsweredByOut(Out):
    kind: str
    role: str


class EditOut(Out):
    path: str
    before: Any
    after: Any


class AnswerOut(Out):
    """What the run is told. Act on exactly these arguments."""

    id: str
    handoff: str
    proposal: str | None
    action_type: str | None
    round: int
    verb: str
    by: AnsweredByOut
    arguments: dict[str, Any] | None = Field(description="Null: nothing is released.")
    arguments_digest: str | None
    option: str | None
    message: str
    reason: str
    edits: list[EditOut]
    draft: str | None
    details: dict[str, Any] = Field(description="What this verb says beyond words; often {}.")
    answered_at: datetime
    receipt: str = Field(description="A JWS over this answer; verifies offline.")


class RungOut(Out):
    rung: str = Field(description="urgent, deadline, review or information.")
    level: str
    round: int
    due_at: datetime
    fired_at: datetime
    outcome: str = Field(
        description="urgent, climbed, held, failed, lapsed, asked_again, or the answer you got."
    )
    passed_over: bool = Field(
        description="Nothing here could act when it was due, and the next one came first."
    )


class HandoffOut(Out):
    id: str
    run: str
    workflow: str
    proposal: str | None
    action_type: str | None
    kind: str
    tier: str | None
    state: str
    round: int = Field(description="How often it was asked: a stale approval is asked again.")
    blocking: bool
    queue: str
    overflow_from: str | None = Field(description="That queue was full when it came.")
    beyond_limit: bool = Field(description="No place was free, and its client cannot be slowed.")
    owner: OwnerOut
    deadline_at: datetime
    deadline_derivation: str = Field(
        description="How the deadline comes about: 2 h of Mon–Fri 09:00–17:00 Berlin, paused "
        "14:05–15:20 → Tue 10:35. While you are asked for information the clock stands."
    )
    urgent_at: datetime = Field(
        description="From when on it breaches within its row's urgent time without an answer."
    )
    urgent_since: datetime | None = Field(
        description="Since when it is worked before what is not urgent; null: it is not yet."
    )
    fired: list[RungOut] = Field(description="What its silence came to so far, in order.")
    expected_by: datetime = Field(description="The next news: an answer, a level up, a fallback.")
    held_since: datetime | None = Field(
        description="Nobody answered on any level and the matrix says to hold it: a person still "
        "has to answer. Its owner is told again at `expected_by`."
    )
    arguments: dict[str, Any] | None = Field(description="What was proposed, as proposed.")
    roll_back_until: datetime | None = Field(
        description="Of what you did by yourself: until when you may be told to roll it back."
    )
    question: str | None = Field(description="What a reviewer wants to know from you.")
    url: str
    status_url: str
    wait_url: str
    answer: AnswerOut | None


class EscalatedOut(HandoffOut):
    warnings: list[WarningOut] = Field(description="What to shorten or mend in the brief.")
