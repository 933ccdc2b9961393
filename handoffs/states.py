"""The words and the transition tables that everything else obeys.

`RUN_TRANSITIONS` and `HANDOFF_TRANSITIONS` are the single source: the database guard, the docs
diagram and the tests are compared with them.
"""

from enum import StrEnum


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
    # said, and not yet told: the person may take it back for a moment
    DECIDED = "decided"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class ResumptionState(StrEnum):
    READY = "ready"
    LEASED = "leased"
    RESUMED = "resumed"
    STALE = "stale"
    CANCELLED = "cancelled"


RUN_TRANSITIONS: dict[RunState | None, frozenset[RunState]] = {
    None: frozenset({RunState.RUNNING}),
    RunState.RUNNING: frozenset(
        {RunState.PAUSED_PENDING_HUMAN, RunState.COMPLETED, RunState.FAILED}
    ),
    # back to RUNNING when the agent withdraws the only question
    RunState.PAUSED_PENDING_HUMAN: frozenset(
        {RunState.HUMAN_RESPONDED, RunState.TIMED_OUT, RunState.RUNNING, RunState.FAILED}
    ),
    RunState.TIMED_OUT: frozenset(
        {RunState.PAUSED_PENDING_HUMAN, RunState.HUMAN_RESPONDED, RunState.FAILED}
    ),
    # back to PAUSED when a person steps in before anybody has gone on
    RunState.HUMAN_RESPONDED: frozenset(
        {RunState.RESUMING, RunState.PAUSED_PENDING_HUMAN, RunState.FAILED}
    ),
    # back to HUMAN_RESPONDED when the lease ends; back to PAUSED when the approval is stale, or a
    # person steps in
    RunState.RESUMING: frozenset(
        {
            RunState.RUNNING,
            RunState.HUMAN_RESPONDED,
            RunState.PAUSED_PENDING_HUMAN,
            RunState.FAILED,
        }
    ),
    RunState.COMPLETED: frozenset(),
    RunState.FAILED: frozenset(),
}

HANDOFF_TRANSITIONS: dict[HandoffState | None, frozenset[HandoffState]] = {
    None: frozenset({HandoffState.WAITING}),
    # waiting -> waiting: moved to another level or queue
    HandoffState.WAITING: frozenset(
        {
            HandoffState.WAITING,
            HandoffState.NEEDS_INFORMATION,
            HandoffState.DECIDED,
            HandoffState.ANSWERED,
            HandoffState.WITHDRAWN,
        }
    ),
    HandoffState.NEEDS_INFORMATION: frozenset(
        {HandoffState.WAITING, HandoffState.ANSWERED, HandoffState.WITHDRAWN}
    ),
    # back to waiting when the person takes it back, or it can no longer be what they said
    HandoffState.DECIDED: frozenset(
        {HandoffState.WAITING, HandoffState.ANSWERED, HandoffState.WITHDRAWN}
    ),
    # reopened because the approval was stale when the agent came to act on it
    HandoffState.ANSWERED: frozenset({HandoffState.WAITING}),
    HandoffState.WITHDRAWN: frozenset(),
}

FINAL_RUN_STATES = frozenset({RunState.COMPLETED, RunState.FAILED})
ACCEPTS_PROPOSALS = frozenset({RunState.RUNNING, RunState.PAUSED_PENDING_HUMAN})
# nobody has said anything yet: what a deadline is for
UNDECIDED_STATES = frozenset({HandoffState.WAITING, HandoffState.NEEDS_INFORMATION})
# the agent has been told nothing yet
OPEN_HANDOFF_STATES = UNDECIDED_STATES | {HandoffState.DECIDED}


def as_told(state: str) -> str:
    """Return a handoff's state as everyone outside hears it: until it is answered, it waits."""
    return HandoffState.WAITING.value if state == HandoffState.DECIDED else state


class Cause(StrEnum):
    """Why a run or handoff moved."""

    CREATED = "created"
    DECIDED = "decided"
    TAKEN_BACK = "taken_back"
    PROPOSED = "proposed"
    ESCALATED = "escalated"
    ANSWERED = "answered"
    INFORMATION_ASKED = "information_asked"
    INFORMATION_GIVEN = "information_given"
    WITHDRAWN = "withdrawn"
    CLAIMED = "claimed"
    LEASE_ENDED = "lease_ended"
    RELEASED = "released"
    RESUMED = "resumed"
    STALE = "stale"
    # a person sent it to another queue
    SENT_ON = "sent_on"
    # its queue was full; and then had room again
    OVERFLOWED = "overflowed"
    WENT_BACK = "went_back"
    TIMED_OUT = "timed_out"
    COMPLETED = "completed"
    ERROR = "error"
    STOPPED = "stopped"
    # a person paused a run that had not asked for anybody
    STEPPED_IN = "stepped_in"
    TRANSFERRED = "transferred"


class RungName(StrEnum):
    """What happens to a handoff when its next moment comes and nobody has answered."""

    URGENT = "urgent"
    # the level's time is over: the next level, or the stated fallback
    DEADLINE = "deadline"
    # what is held is looked at again
    REVIEW = "review"
    # the agent was asked for information and did not give it
    INFORMATION = "information"


class Tier(StrEnum):
    """How much human attention an action deserves, from least to most."""

    AUTONOMOUS = "autonomous"
    NOTIFY = "notify"
    SOFT_REVIEW = "soft_review"
    HARD_APPROVAL = "hard_approval"
    HARD_STOP = "hard_stop"


TIERS = tuple(Tier)
# as texts, tiers would sort by alphabet
RANK = {tier: rank for rank, tier in enumerate(Tier)}


class Act(StrEnum):
    """What the agent does now."""

    PROCEED = "proceed"
    PROCEED_AND_TELL = "proceed_and_tell"
    PROCEED_TENTATIVELY = "proceed_tentatively"
    WAIT = "wait"
    STOP = "stop"


ACT_OF: dict[Tier, Act] = {
    Tier.AUTONOMOUS: Act.PROCEED,
    Tier.NOTIFY: Act.PROCEED_AND_TELL,
    Tier.SOFT_REVIEW: Act.PROCEED_TENTATIVELY,
    Tier.HARD_APPROVAL: Act.WAIT,
    Tier.HARD_STOP: Act.STOP,
}
# tiers that open a handoff
ASKED_TIERS = frozenset({Tier.SOFT_REVIEW, Tier.HARD_APPROVAL, Tier.HARD_STOP})
# tiers that act on their own: what a handoff of these asks about has been done already
AUTONOMOUS_TIERS = frozenset({Tier.AUTONOMOUS, Tier.NOTIFY})


class Impact(StrEnum):
    LOW = "low"
    HIGH = "high"


class Reversibility(StrEnum):
    REVERSIBLE = "reversible"
    IRREVERSIBLE = "irreversible"


class SignOff(StrEnum):
    """Whose signature a workflow can ask for before a map of it is published."""

    PRODUCT = "product"
    COMPLIANCE = "compliance"
    ENGINEERING = "engineering"


class HandoffKind(StrEnum):
    TASK_DEFINITION = "task_definition"
    APPROVAL = "approval"
    EXCEPTION = "exception"
    AMBIGUITY = "ambiguity"
    RECOVERY = "recovery"
    SIGN_OFF = "sign_off"
    TAKEOVER = "takeover"
    AUDIT = "audit"


# what an agent may open directly; the others are opened by policy
ESCALATION_KINDS = frozenset(HandoffKind) - {HandoffKind.APPROVAL, HandoffKind.AUDIT}


class Verb(StrEnum):
    """What a run can be told."""

    APPROVE = "approve"
    APPROVE_WITH_EDITS = "approve_with_edits"
    REJECT = "reject"
    CHOOSE = "choose"
    ANSWER = "answer"
    REDIRECT = "redirect"
    TAKE_OVER = "take_over"
    CONFIRM = "confirm"
    ROLL_BACK = "roll_back"
    # of what was done already: it should not have been, and it stays
    WRONG = "wrong"
    # of an ambiguity: the question put right, or nobody can know and the agent goes on so
    REFRAME = "reframe"
    ACCEPT_UNCERTAINTY = "accept_uncertainty"
    # of a recovery: what to do about what failed
    RETRY = "retry"
    PATCH_INPUT = "patch_input"
    SWITCH_TOOL = "switch_tool"
    REROUTE = "reroute"
    NARROW_SCOPE = "narrow_scope"
    STOP = "stop"
    # of a task definition: what the run is to achieve, within which limits
    DEFINE = "define"
    # of a takeover: a person did their part, the agent does the rest
    HAND_BACK = "hand_back"


# answers after which the agent may act; each binds the exact arguments
RELEASING_VERBS = frozenset(
    {Verb.APPROVE, Verb.APPROVE_WITH_EDITS, Verb.CHOOSE, Verb.CONFIRM, Verb.PATCH_INPUT}
)
# answers that end the run, and why it ended then
ENDING_VERBS = {Verb.TAKE_OVER: Cause.TRANSFERRED, Verb.STOP: Cause.STOPPED}


class AtLimit(StrEnum):
    """What happens to new questions of a row when its queue is full."""

    OVERFLOW = "overflow"
    PAUSE = "pause"


class Pressure(StrEnum):
    """How full the people are to whom a workflow turns; what an agent goes by."""

    OPEN = "open"
    SLOW = "slow"
    CLOSED = "closed"


class Fallback(StrEnum):
    """What happens above the last level of the ladder, when nobody answered."""

    REJECT = "reject"
    # the safe default answer; never for what cannot be undone
    APPROVE = "approve"
    FAIL = "fail"
    # it stays where it is, its workflow's owner is told, and looked at again at a stated time
    HOLD = "hold"


class ByEmail(StrEnum):
    """Whether a handoff may be answered from a link in an e-mail."""

    YES = "yes"
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    NO = "no"


# what is this grave is answered by somebody who signed in
SIGN_IN_TIERS = frozenset({Tier.HARD_STOP})


class ActorKind(StrEnum):
    CLIENT = "client"
    PERSON = "person"
    POLICY = "policy"
    SYSTEM = "system"
