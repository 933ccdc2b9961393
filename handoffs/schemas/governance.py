"""What binds an agent, how full the people are, and proof."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from handoffs.schemas.base import Out
from handoffs.schemas.runs import StoppedOut


class QueuePressureOut(Out):
    queue: str
    depth: int
    limit: int


class PressureOut(Out):
    """The fullest queue of the workflow decides the level."""

    workflow: str
    level: Literal["open", "slow", "closed"]
    depth: int
    limit: int
    expected_wait_seconds: int | None = Field(description="Null: too few answers to say.")
    retry_after: int | None = Field(description="Seconds to leave this workflow alone.")
    queues: list[QueuePressureOut]


class StandingOut(Out):
    """Whether the workflow goes on; ask before a step that cannot be undone."""

    workflow: str
    stopped: StoppedOut | None = Field(description="Null: it goes on.")


class LevelOut(Out):
    """A level above the first; nobody answered below it in time."""

    level: int
    role: str
    queue: str
    deadline_seconds: int
    required_context: list[str] = Field(description="Labels of facts that this level needs.")


class PlaceOut(Out):
    role: str
    queue: str


class RowOut(Out):
    """One row of the governance matrix; null means any. The most specific row wins."""

    action_type: str | None
    kind: str | None
    tier: str | None
    role: str
    queue: str
    overflow_queue: str | None = Field(description="Where it goes when the queue is full.")
    deadline_seconds: int
    business_time: bool = Field(description="Counted while the queue is open, not by the clock.")
    deadline_in_words: str
    urgent_seconds: int = Field(description="So long before its deadline it is urgent.")
    ladder: list[LevelOut]
    send_to: list[PlaceOut] = Field(description="Where a reviewer may send it instead.")
    fallback: str = Field(
        description="What happens above the last level: reject, approve, fail or hold."
    )
    email: str = Field(description="Answered from an e-mail: yes, sign_in, step_up or no.")
    latency_tolerance: str | None = Field(description="Null: as its action type says.")
    batch_seconds: int = Field(description="How long handoffs gather before they are offered.")
    safeguards: dict[str, Any]
    effective_from: datetime
    effective_until: datetime | None


class QueueOut(Out):
    """Where handoffs wait; with so many in it, it takes no more."""

    slug: str
    name: str
    depth_limit: int


class GovernanceOut(Out):
    workflow: str
    name: str
    purpose: str
    revision: int = Field(description="Moves with every change of what binds you.")
    review_on: str | None
    launched: bool
    digest: str = Field(description="Of all that binds you: map, rows and queues.")
    map_version: int | None = Field(description="Null: no map is in force.")
    map_digest: str | None
    rows: list[RowOut]
    queues: list[QueueOut]


class ActionTypeOut(Out):
    name: str
    title: str
    impact: str
    reversibility: str
    latency_tolerance: str
    arguments_schema: dict[str, Any]
    required_context: list[str]


class MapRuleOut(Out):
    id: str
    tier: str
    because: str
    when: str = Field(description="The condition in words.")
    condition: Any
    if_missing: str = Field(description="What follows when a signal it reads is unknown.")


class SignatureOut(Out):
    """Who signed, by role; names are for the audit log."""

    seat: str = Field(description="product, compliance or engineering")
    signed_at: datetime


class NextMapOut(Out):
    """A version that is published and takes over at its moment."""

    version: int
    digest: str
    effective_at: datetime


class MapOut(Out):
    workflow: str
    version: int
    digest: str
    published_at: datetime | None
    effective_at: datetime | None = Field(description="In force since then.")
    signatures: list[SignatureOut] = Field(
        description="Whose signatures this version was published with; empty: none were asked for."
    )
    next: NextMapOut | None = Field(description="The version that takes over, if one is scheduled.")
    time_zone: str = Field(description="In which rules read the time of day.")
    lists: Any = Field(description="Word lists and watchlists that rules name.")
    default: str = Field(description="The tier when no rule fires and no floor asks for more.")
    floors: Any
    rules: list[MapRuleOut]
    action_types: list[ActionTypeOut]


class ReceiptOut(Out):
    handoff: str
    receipt: str = Field(description="A compact JWS, alg Ed25519.")


class KeysOut(Out):
    keys: list[dict[str, Any]]
