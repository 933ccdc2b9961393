"""Named refusals: what happened, what it means, what to do."""

from dataclasses import dataclass
from datetime import datetime

from accounts.errors import DomainError


@dataclass(frozen=True, kw_only=True)
class Halt:
    """What keeps an agent from going on: `scope` is run, workflow or everywhere, `role` whose."""

    id: str
    scope: str
    since: datetime
    reason: str
    role: str
    drill: bool = False


class NotFound(DomainError):
    """There is nothing here under this id, or it is not yours to know. Check the id and the key."""

    code, status, title = "not_found", 404, "Not found"


class WorkflowNotYours(DomainError):
    """This key may not use this workflow. Nothing was stored. Ask a manager to add it."""

    code, status, title = "workflow_not_yours", 403, "Not this client's workflow"


class NotLaunched(DomainError):
    """This workflow is not launched, so nothing was stored. A manager has to launch it first."""

    code, status, title = "not_launched", 409, "Workflow not launched"


class BadShape(DomainError):
    """The request does not have the right shape. Nothing was stored. Mend the fields and resend."""

    code, status, title = "bad_shape", 422, "Wrong shape"


class UnknownActionType(BadShape):
    """This workflow has no such action type. Nothing was stored. Read the published map."""

    code, title = "unknown_action_type", "Unknown action type"


class ArgumentsOffSchema(BadShape):
    """The arguments do not match the action type. Nothing was stored. Mend them and resend."""

    code, title = "arguments_off_schema", "Arguments off schema"


class MissingContext(BadShape):
    """The brief lacks what the reviewer needs. Nothing was stored. Add the facts and resend."""

    code, title = "missing_context", "Missing required context"


class OverBudget(BadShape):
    """The brief takes more than 30 seconds to read. Nothing was stored. Shorten it and resend."""

    code, title = "over_reading_budget", "Over the reading budget"


class IdempotencyMismatch(DomainError):
    """This Idempotency-Key was used with another body. Nothing was stored. Use a new key."""

    code, status, title = "idempotency_mismatch", 422, "Idempotency key reused"


class InProgress(DomainError):
    """The same request is still being worked on. Nothing was done twice. Ask again in a second."""

    code, status, title = "in_progress", 409, "In progress"


class IllegalTransition(DomainError):
    """It is in a state that does not allow this. Nothing was changed. Read its state first."""

    code, status, title = "illegal_transition", 409, "Not allowed in this state"

    def __init__(
        self,
        message: str = "",
        *,
        entity: str = "run",
        from_state: str = "",
        to_state: str = "",
        workflow: int | None = None,
    ) -> None:
        self.entity, self.from_state, self.to_state = entity, from_state, to_state
        self.workflow = workflow
        super().__init__(message)


class CheckpointConflict(DomainError):
    """The checkpoint was changed by someone else. Yours was not stored. Read it and try again."""

    code, status, title = "checkpoint_conflict", 412, "Checkpoint changed meanwhile"


class StaleLease(DomainError):
    """Your lease ran out; someone else may go on. Nothing was recorded. Stop, then claim anew."""

    code, status, title = "stale_lease", 409, "Lease ran out"


class QueueFull(DomainError):
    """The queue for this is full. Nothing was stored. Slow down and send it again later."""

    code, status, title = "queue_full", 429, "Queue full"


class WorkflowStopped(DomainError):
    """People stopped this workflow. Nothing was stored. Keep your state, and ask again later."""

    code, status, title = "workflow_stopped", 503, "Stopped by people"

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: int | None = None,
        halt: Halt | None = None,
        client_id: int = 0,
    ) -> None:
        self.halt, self.client_id = halt, client_id
        super().__init__(message, retry_after=retry_after)


class SteppedIn(DomainError):
    """A person has stepped into this run. Nothing was stored. Stop, and wait for your turn."""

    code, status, title = "stepped_in", 503, "A person has stepped in"

    def __init__(
        self, message: str = "", *, retry_after: int | None = None, halt: Halt | None = None
    ) -> None:
        self.halt = halt
        super().__init__(message, retry_after=retry_after)


class AlreadySteppedIn(DomainError):
    """Somebody has stepped into this run already. Nothing was changed. See who has it."""

    code, status, title = "already_stepped_in", 409, "Already paused by a person"


class StandsStill(DomainError):
    """Its workflow is stopped. Nothing was sent. Wait until it goes on, or end the run."""

    code, status, title = "stands_still", 409, "Stopped meanwhile"


class AlreadyStopped(DomainError):
    """It is stopped already. Nothing was changed. Read by whom and why on its page."""

    code, status, title = "already_stopped", 409, "Already stopped"


class NotStopped(DomainError):
    """It goes on already. Nothing was changed. Somebody was faster than you."""

    code, status, title = "not_stopped", 409, "Not stopped"


class ReasonMissing(DomainError):
    """The reason is missing. Nothing was changed. Write one: those who come after read it."""

    code, status, title = "reason_missing", 422, "Reason missing"


class NoAuthority(DomainError):
    """No row of the governance matrix covers this. Nothing was stored. A manager has to add one."""

    code, status, title = "no_matrix_row", 409, "Nobody has authority over this"


class NotGapless(DomainError):
    """The workflow has gaps, so it was not launched. Mend them and launch again."""

    code, status, title = "not_gapless", 409, "Gaps before launch"


class HandoffMoved(DomainError):
    """Someone else answered this meanwhile. Yours was not sent. What you typed is kept."""

    code, status, title = "handoff_moved", 409, "Already handled"


class AlreadyReleased(DomainError):
    """The agent has been told, so this stands. Nothing was changed. Stop the run if you must."""

    code, status, title = "already_released", 409, "Too late to take back"


class RollBackOver(DomainError):
    """This can no longer be rolled back. Nothing was sent. Say that it was wrong, or fine."""

    code, status, title = "roll_back_over", 409, "No longer to be undone"


class NotSentThere(DomainError):
    """The matrix does not let it be sent there. Nothing was changed. Choose one of those named."""

    code, status, title = "not_sent_there", 409, "Not to be sent there"


class NoHigherLevel(DomainError):
    """The governance matrix names nobody above this level. Nothing was changed. Decide it here."""

    code, status, title = "no_higher_level", 409, "No higher level"


class NotPublishable(DomainError):
    """The map has problems, so it was not published. Mend them and publish again."""

    code, status, title = "not_publishable", 409, "Problems in the map"


class NotADraft(DomainError):
    """This version was published before and stays as it is. Make a new version instead."""

    code, status, title = "not_a_draft", 409, "Not a draft"


class ChannelRefused(DomainError):
    """Nothing can be sent there. Nothing was kept. Paste the address as the service shows it."""

    code, status, title = "channel_refused", 422, "No such channel"


class NothingSaid(DomainError):
    """There are no words in it. Nothing was sent. Write what we should know."""

    code, status, title = "nothing_said", 422, "No words"


class SaidTooLong(DomainError):
    """This is longer than 2,000 characters. Nothing was sent. Shorten it."""

    code, status, title = "said_too_long", 422, "Too long"


class SaidTooOften(DomainError):
    """You have written several times. Nothing was sent this time. Write again in an hour."""

    code, status, title = "said_too_often", 429, "Written often"


class SaidEnough(DomainError):
    """You have written as often as this page takes it. Nothing was sent. Get in touch with us."""

    code, status, title = "said_enough", 409, "Written enough"


class RequestOver(DomainError):
    """The work on this request is over. Nothing was sent. Get in touch with us."""

    code, status, title = "request_over", 409, "It is over"
