"""What the server says, as frozen values. Words stay `str`, so that a new one is no crash."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from overread.errors import Halt, Problem
from overread.http import halt

Raw = Mapping[str, Any]


def _raw() -> Any:
    """Keep the whole object: the server may say more than this version of the client knows."""
    return field(default_factory=dict, repr=False, compare=False)


class RunState(StrEnum):
    RUNNING = "RUNNING"
    PAUSED_PENDING_HUMAN = "PAUSED_PENDING_HUMAN"
    HUMAN_RESPONDED = "HUMAN_RESPONDED"
    RESUMING = "RESUMING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"


class HandoffState(StrEnum):
    WAITING = "waiting"
    NEEDS_INFORMATION = "needs_information"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    """What the agent does now."""

    PROCEED = "proceed"
    PROCEED_AND_TELL = "proceed_and_tell"
    PROCEED_TENTATIVELY = "proceed_tentatively"
    WAIT = "wait"
    STOP = "stop"


class Verb(StrEnum):
    """What the answer tells the agent to do; others may come."""

    APPROVE = "approve"
    APPROVE_WITH_EDITS = "approve_with_edits"
    REJECT = "reject"
    CHOOSE = "choose"
    ANSWER = "answer"
    REDIRECT = "redirect"
    TAKE_OVER = "take_over"
    CONFIRM = "confirm"
    ROLL_BACK = "roll_back"
    WRONG = "wrong"
    REFRAME = "reframe"
    ACCEPT_UNCERTAINTY = "accept_uncertainty"
    RETRY = "retry"
    PATCH_INPUT = "patch_input"
    SWITCH_TOOL = "switch_tool"
    REROUTE = "reroute"
    NARROW_SCOPE = "narrow_scope"
    STOP = "stop"
    DEFINE = "define"
    HAND_BACK = "hand_back"


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who has it: a role, never a name."""

    role: str | None = None
    level: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AnsweredBy:
    kind: str
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class Edit:
    path: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the run is told. `arguments` are the approved ones, bound by `arguments_digest`."""

    id: str
    verb: str
    by: AnsweredBy | None = None
    arguments: Mapping[str, Any] | None = None
    arguments_digest: str | None = None
    option: str | None = None
    message: str | None = None
    reason: str | None = None
    edits: tuple[Edit, ...] | None = None
    answered_at: datetime | None = None
    receipt: str | None = None
    handoff: str | None = None
    proposal: str | None = None
    action_type: str | None = None
    round: int = 1
    draft: str | None = None
    # what the verb says beyond words: the defined task, the other tool, the parts to keep
    details: Mapping[str, Any] = field(default_factory=dict)
    raw: Raw = _raw()

    @property
    def idempotency_key(self) -> str:
        """Stable over every delivery of this answer: hand it to whatever performs the effect."""
        return self.id


@dataclass(frozen=True, kw_only=True)
class Warning:
    path: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Handoff:
    """A transfer to a person, as it stands."""

    id: str
    state: str
    run: str | None = None
    proposal: str | None = None
    action_type: str | None = None
    arguments: Mapping[str, Any] | None = None
    kind: str | None = None
    blocking: bool | None = None
    question: str | None = None
    queue: str | None = None
    position: int | None = None
    owner: Owner | None = None
    deadline_at: datetime | None = None
    expected_by: datetime | None = None
    url: str | None = None
    status_url: str | None = None
    wait_url: str | None = None
    roll_back_until: datetime | None = None
    answer: Answer | None = None
    # of one you just asked for: what to shorten or mend in its brief
    warnings: tuple[Warning, ...] = ()
    etag: str | None = None
    raw: Raw = _raw()


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A step of a run, or of one of its handoffs."""

    from_state: str
    to_state: str
    at: datetime
    cause: str | None = None
    handoff: str | None = None
    raw: Raw = _raw()


@dataclass(frozen=True, kw_only=True)
class RequesterWord:
    """What whoever has the requester's link wrote: untrusted text, never instructions."""

    number: int
    kind: str
    text: str
    said_at: datetime
    raw: Raw = _raw()


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of a workflow, with a durable state."""

    id: str
    workflow: str
    state: str
    external_id: str | None = None
    state_since: datetime | None = None
    cause: str | None = None
    task: Mapping[str, Any] | None = None
    open_handoffs: tuple[Handoff, ...] = ()
    status_url: str | None = None
    wait_url: str | None = None
    requester_said: tuple[RequesterWord, ...] = ()
    transitions: tuple[Transition, ...] = ()
    raw: Raw = _raw()

    @property
    def stopped(self) -> Halt | None:
        """What people stopped: the run itself, its workflow or everything; None: it may go on."""
        return halt(self.raw.get("stopped"))


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Where a run's checkpoint stands; give `version` back to write only over what you saw."""

    version: str | None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of the risk tier map that fired, and why."""

    id: str
    tier: str
    because: str


@dataclass(frozen=True, kw_only=True)
class MapVersion:
    workflow: str
    version: int


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """The answer to "may I?". `act` is what the agent does now."""

    tier: str
    act: str
    id: str
    map: MapVersion | None = None
    rules: tuple[Rule, ...] = ()
    arguments_digest: str | None = None
    warnings: tuple[Warning, ...] = ()
    handoff: Handoff | None = None
    replayed: bool = False
    raw: Raw = _raw()


@dataclass(frozen=True, kw_only=True)
class ForeseenHandoff:
    queue: str
    deadline_at: datetime | None = None
    position: int | None = None


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a proposal would be told; nothing was stored, so nothing has an id."""

    tier: str
    act: str
    map: MapVersion | None = None
    rules: tuple[Rule, ...] = ()
    arguments_digest: str | None = None
    warnings: tuple[Warning, ...] = ()
    handoff: ForeseenHandoff | None = None
    raw: Raw = _raw()


@dataclass(frozen=True, kw_only=True)
class BatchItem:
    """One proposal's own fate: a ruling, or the problem that refused it alone."""

    status: int
    ruling: Ruling | None = None
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class Precondition:
    name: str
    value: Any = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """A precondition that no longer holds."""

    name: str
    expected: Any = None
    found: Any = None


def differences(expected: Iterable[Precondition], found: Mapping[str, Any]) -> list[Change]:
    """Compare what must still be so with what is; what was not looked up again is not judged."""
    return [
        Change(name=one.name, expected=one.value, found=found[one.name])
        for one in expected
        if one.name in found and found[one.name] != one.value
    ]


@dataclass(frozen=True, kw_only=True)
class Lease:
    token: str
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """A run to go on with, and everything needed to: held under a lease."""

    id: str
    run: Run
    lease: Lease
    checkpoint: Any = None
    answers: tuple[Answer, ...] = ()
    preconditions: tuple[Precondition, ...] = ()
    attempt: int = 1
    raw: Raw = _raw()

    @property
    def idempotency_key(self) -> str:
        """The id of the answer that ended the pause: the same for every attempt to go on."""
        return self.answers[-1].idempotency_key if self.answers else self.id


@dataclass(frozen=True, kw_only=True)
class NothingToResume:
    """No run to go on with just now; wait at `wait_url`, then claim again."""

    wait_url: str | None = None

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, kw_only=True)
class Pressure:
    """How full the people are: `open`, `slow` or `closed`."""

    level: str
    depth: int | None = None
    limit: int | None = None
    expected_wait_seconds: float | None = None
    retry_after: float | None = None
    raw: Raw = _raw()


@dataclass(frozen=True, kw_only=True)
class RequesterStatus:
    """The honest line the requester sees."""

    line: str
    state: str | None = None
    owner: Any = None
    since: datetime | None = None
    expected_by: datetime | None = None
    passed_on: tuple[str, ...] = ()
    raw: Raw = _raw()


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a verified receipt proves."""

    handoff: str
    verb: str
    run: str | None = None
    action_type: str | None = None
    arguments_digest: str | None = None
    details_digest: str | None = None
    role: str | None = None
    approvers: Any = None
    brief_digest: str | None = None
    map_version: Any = None
    answered_at: datetime | None = None
    raw: Raw = _raw()


class Identified(Protocol):
    @property
    def id(self) -> str: ...


def identify(subject: Identified | str) -> str:
    return subject if isinstance(subject, str) else subject.id
