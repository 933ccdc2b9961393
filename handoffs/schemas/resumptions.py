"""Resumptions: who goes on?"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from handoffs.schemas.base import In, Label, Out, PublicId, Slug
from handoffs.schemas.handoffs import AnswerOut
from handoffs.schemas.runs import RunOut

Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ClaimIn(In):
    workflows: Annotated[list[Slug], Field(min_length=1, max_length=50)]
    worker: Label = Field(description="Who you are, for the log: a host and process.")
    lease_seconds: Annotated[int, Field(ge=5, le=3600)] = 60
    run: PublicId | None = Field(None, description="Take only this run's turn.")


class TokenIn(In):
    token: Token


class ChangeIn(In):
    """A precondition that no longer holds."""

    name: Label
    expected: Any = None
    found: Any = None


class AcknowledgementIn(In):
    token: Token
    outcome: Literal["resumed", "stale"]
    changed: Annotated[list[ChangeIn], Field(max_length=50)] = Field(
        default=[], description="Only with `stale`, and then at least one."
    )

    @model_validator(mode="after")
    def says_what_changed(self) -> "AcknowledgementIn":
        if (self.outcome == "stale") != bool(self.changed):
            raise ValueError("Name what changed with the outcome stale, and only with it")
        return self


class LeaseOut(Out):
    token: str
    expires_at: datetime


class PreconditionOut(Out):
    name: str
    value: Any


class ResumptionOut(Out):
    id: str
    run: RunOut
    checkpoint: Any
    answers: list[AnswerOut] = Field(description="Every answer since the pause, oldest first.")
    preconditions: list[PreconditionOut]
    lease: LeaseOut
    attempt: int


class HeartbeatOut(Out):
    lease: LeaseOut


class ReleaseOut(Out):
    id: str
    released: bool
