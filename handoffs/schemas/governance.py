"""What binds an agent, how full the people are, and proof."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from handoffs.schemas.base import Out
from handoffs.schemas.runs import StoppedOut


class QueuePressureOut(Out):
    """A queue with those it overflows into: the one of them that has most room left."""

    queue: str
    depth: int
    limit: int
    expected_wait_seconds: int | None = Field(
        description="Of one that comes now; null: nothing to tell it by."
    )


class PressureOut(Out):
    """How hard a workflow presses on its people; the fullest of its queues decides."""

    workflow: str
    level: Literal["open", "slow", "closed"]
    depth: int
    limit: int
    expected_wait_seconds: int | None = Field(
        description="Of one that comes now, at the rate at which people finish; null: not known."
    )
    retry_after: int | None = Field(
        description="While closed: seconds to leave this workflow alone. While slow: seconds to "
        "leave between two questions."
    )
    since: datetime | None = Field(description="The level was announced then; null: not yet.")
    because: str = Field(description="Why, in a sentence; empty while open.")
    paused: bool = Field(description="A queue was full whose row pauses the workflow then.")
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
    overflow_queue: str | None = Field(
        description="Where it goes when the queue is full; null: where the queue itself says."
    )
    at_limit: str = Field(description="When its queue is full: overflow, or pause the workflow.")
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
    work_minutes_limit: int | None = Field(
        description="Nor more than makes up so many minutes of work; null: no such limit."
    )
    overflow_queue: str | None = Field(description="Where handoffs go while it is full.")


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
