"""What the agent supplies, as plain dictionaries that a type checker knows."""

from collections.abc import Mapping
from typing import Any, Required, TypedDict


class Money(TypedDict):
    amount: str
    currency: str


class Requester(TypedDict, total=False):
    name: str
    email: str
    locale: str
    time_zone: str


class Task(TypedDict, total=False):
    objective: str
    constraints: list[str]
    risk_tolerance: str
    success: str


class Signals(TypedDict, total=False):
    confidence: float
    risk_score: float
    ood_score: float
    flags: list[str]
    missing_fields: list[str]
    conflicts: list[str]
    retries: int
    sentiment: str
    customer_tier: str
    options_count: int
    values: Mapping[str, Any]


class Fact(TypedDict, total=False):
    label: Required[str]
    value: Required[str]
    kind: str
    source: str


class Flag(TypedDict, total=False):
    label: Required[str]
    severity: str


class Evidence(TypedDict, total=False):
    id: str
    title: Required[str]
    url: str
    snippet: str
    source: str
    must_open: bool


class Draft(TypedDict, total=False):
    kind: str
    body: Required[str]


class Option(TypedDict, total=False):
    id: Required[str]
    label: Required[str]
    consequence: str
    arguments: Mapping[str, Any]


class Recommendation(TypedDict, total=False):
    answer: Required[str]
    rationale: str


class Confidence(TypedDict, total=False):
    value: Required[float]
    basis: str


class Alternative(TypedDict, total=False):
    """Another tool, another route, or one part of the task."""

    id: Required[str]
    label: Required[str]
    consequence: str


class Recovery(TypedDict, total=False):
    """What a person may change so that what failed can go on."""

    tool: str
    input: Mapping[str, Any]
    input_schema: Mapping[str, Any]
    tools: list[Alternative]
    routes: list[Alternative]
    scope: list[Alternative]


class Brief(TypedDict, total=False):
    ask: str
    summary: str
    facts: list[Fact]
    flags: list[Flag]
    steps: list[str]
    evidence: list[Evidence]
    draft: Draft
    options: list[Option]
    recommendation: Recommendation
    confidence: Confidence
    on_answer: Mapping[str, str]
    recovery: Recovery


class Expectation(TypedDict):
    """A precondition: what must still be so when the agent goes on."""

    name: str
    value: Any


class Proposal(TypedDict, total=False):
    """A whole proposal, for the batch; `key` is its own Idempotency-Key."""

    run: Required[str]
    action_type: Required[str]
    arguments: Required[Mapping[str, Any]]
    signals: Signals
    brief: Brief
    checkpoint: Any
    preconditions: list[Expectation]
    blocking: bool
    key: str


class Information(TypedDict, total=False):
    """What answers a reviewer's question."""

    facts: list[Fact]
    evidence: list[Evidence]
    message: str
