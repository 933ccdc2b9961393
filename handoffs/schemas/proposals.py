"""Proposals: may I?"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from handoffs.schemas.base import (
    In,
    Label,
    Note,
    Object,
    Out,
    Paragraph,
    PublicId,
    Score,
    Slug,
    WarningOut,
)
from handoffs.schemas.briefs import Brief
from handoffs.schemas.problems import Problem

Words = Annotated[list[Note], Field(max_length=50)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class SignalsIn(In):
    """What policy reads besides the action. Left out or null: the agent does not say."""

    confidence: Score | None = None
    risk_score: Score | None = None
    ood_score: Score | None = None
    flags: Words | None = None
    missing_fields: Words | None = None
    conflicts: Words | None = None
    retries: Count | None = None
    sentiment: Label | None = None
    customer_tier: Label | None = None
    options_count: Count | None = None
    values: Annotated[dict[str, Any], Field(max_length=100)] | None = None


class Precondition(In):
    """What must still be so when the agent comes to act on an approval."""

    name: Label
    value: Any = None


class ProposalIn(In):
    run: PublicId
    action_type: Slug
    arguments: Object
    signals: SignalsIn = SignalsIn()
    brief: Brief | None = None
    checkpoint: Any = Field(default=None, description="Saved with the proposal, in one step.")
    preconditions: Annotated[list[Precondition], Field(max_length=50)] = []
    blocking: bool = Field(default=True, description="Whether the run stops for the answer.")


class BatchIn(In):
    """Up to 100 proposals; each is judged by itself, also its shape."""

    proposals: list[Object] = Field(
        min_length=1,
        max_length=100,
        description="Each as in POST /proposals, with its own `key` besides: what the "
        "Idempotency-Key header is to a single one.",
    )


class OutcomeIn(In):
    status: Literal["done", "failed", "rolled_back"]
    detail: Paragraph = ""


class MapVersionOut(Out):
    workflow: str
    version: int


class RuleOut(Out):
    id: str
    tier: str
    because: str


class ProposedHandoffOut(Out):
    id: str
    state: str
    queue: str
    deadline_at: datetime
    position: int
    expected_by: datetime
    url: str
    status_url: str
    wait_url: str


class RulingOut(Out):
    id: str
    tier: str
    act: str = Field(description="What the agent does now.")
    map: MapVersionOut
    rules: list[RuleOut] = Field(description="Every rule that fired.")
    arguments_digest: str = Field(description="SHA-256 over RFC 8785 canonical JSON.")
    warnings: list[WarningOut]
    handoff: ProposedHandoffOut | None


class ForeseenHandoffOut(Out):
    queue: str
    deadline_at: datetime
    position: int


class DryRunOut(Out):
    """What a proposal would be told; it was not stored, so it has no id."""

    id: None
    dry_run: Literal[True]
    tier: str
    act: str
    map: MapVersionOut
    rules: list[RuleOut]
    arguments_digest: str
    warnings: list[WarningOut]
    handoff: ForeseenHandoffOut | None


class BatchResultOut(Out):
    status: int = Field(description="What this proposal alone would have been answered with.")
    replayed: bool
    body: RulingOut | Problem


class BatchOut(Out):
    results: list[BatchResultOut] = Field(description="In the order of the proposals.")


class OutcomeOut(Out):
    id: str
    outcome: str
