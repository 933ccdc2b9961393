"""Every way a call can end without what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overread.values import Answer, Change, Handoff, Ruling, Run


class OverreadError(Exception):
    """Anything this package raises. `transient` errors may pass by waiting."""

    transient = False
    retry_after: float | None = None


class NotJson(OverreadError, ValueError):
    """The caller's data cannot be written as JSON; nothing was sent."""


class UnexpectedAnswer(OverreadError):
    """The server's answer is not what the contract promises; a proxy may have spoken for it."""


class Unreachable(OverreadError):
    """No answer came. The server may or may not have done what was asked; ask again to know."""

    transient = True


class StillWaiting(OverreadError):
    """The time the caller gave for waiting is over and nobody has answered yet."""

    def __init__(self, subject: Any) -> None:
        super().__init__(f"{subject.id} is still {subject.state}. It stays open; wait again later.")
        self.subject = subject


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing wrong with what was sent, and where."""

    path: str
    message: str


class Problem(OverreadError):
    """The server refused, in the words of RFC 9457. One subclass per status."""

    def __init__(
        self,
        *,
        status: int,
        code: str,
        detail: str,
        title: str = "",
        type: str = "about:blank",
        fields: tuple[Field, ...] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        where = "".join(f"\n  {field.path}: {field.message}" for field in fields)
        super().__init__(f"{status} {code}: {detail or title}{where}")
        self.status = status
        self.code = code
        self.detail = detail
        self.title = title
        self.type = type
        self.fields = fields
        self.request_id = request_id
        self.retry_after = retry_after


class BadRequest(Problem):
    """400: not JSON."""


class Unauthorized(Problem):
    """401: no key, or not a good one."""


class Forbidden(Problem):
    """403: not this client's."""


class NotFound(Problem):
    """404: not there, or not yours to know."""


class Conflict(Problem):
    """409: against what is already so; `code` says what."""


class InProgress(Conflict):
    """409 in_progress: the same request is being answered right now."""

    transient = True


class StaleLease(Conflict):
    """409 stale_lease: the lease ran out, so someone else may be going on."""


class Gone(Problem):
    """410: it was there and has ended."""


class PreconditionFailed(Problem):
    """412: someone wrote a newer version."""


class TooLarge(Problem):
    """413: over a size limit."""


class UnsupportedMediaType(Problem):
    """415: not JSON by its type."""


class Invalid(Problem):
    """422: shape, missing context, reading budget; `fields` says where."""


class IdempotencyMismatch(Invalid):
    """422 idempotency_mismatch: this key was used with another body."""


class SlowDown(Problem):
    """429: this workflow must slow down; people cannot keep up."""

    transient = True


class PeopleBusy(SlowDown):
    """429 for as long as the caller had patience: nobody was asked, and nothing was stored.

    Ask again no sooner than `retry_after` seconds from now, do without, or tell the requester.
    """

    def __init__(self, *, tries: int, waited: float, **problem: Any) -> None:
        super().__init__(**problem)
        self.tries = tries
        self.waited = waited

    @classmethod
    def after(cls, last: SlowDown, *, tries: int, waited: float) -> PeopleBusy:
        """Say that this was the last of so many refusals, in the server's own words."""
        names = ("status", "code", "detail", "title", "type", "fields", "request_id", "retry_after")
        return cls(tries=tries, waited=waited, **{name: getattr(last, name) for name in names})


class ServerError(Problem):
    """5xx: the server failed."""


class Unavailable(ServerError):
    """502, 503, 504: stopped or overloaded, for now."""

    transient = True


@dataclass(frozen=True, kw_only=True)
class Halt:
    """People keep you from going on: `scope` is run, workflow or everywhere; `role` is whose."""

    id: str
    scope: str
    reason: str
    role: str | None = None
    since: datetime | None = None
    drill: bool = False


class Halted(Unavailable):
    """503: people keep this from going on. Nothing was stored, and nothing is permitted: also an
    answer from before is none. `halt` says why and who; None where the server did not say."""

    halt: Halt | None = None

    @property
    def reason(self) -> str:
        return self.halt.reason if self.halt else self.detail

    @property
    def role(self) -> str | None:
        return self.halt.role if self.halt else None


class WorkflowStopped(Halted):
    """503 workflow_stopped: people stopped the workflow, or everything. Save what you need and ask
    again later; `retry_after` is already waited for within the call's deadline."""


class SteppedIn(Halted):
    """503 stepped_in: a person has this run and says how it goes on. Stop; when they have said it,
    there is a turn to claim, for a worker or for you. Asking again before does not help."""

    transient = False


class Paused(OverreadError):
    """A person is needed and the caller chose not to block: stop here, be resumed later."""

    def __init__(self, ruling: Ruling, handoff: Handoff) -> None:
        super().__init__(f"{handoff.id} waits for a person. This process may exit.")
        self.ruling = ruling
        self.handoff = handoff


class Stopped(OverreadError):
    """Hard stop: the task is a person's now, the agent does nothing more about it."""

    def __init__(self, ruling: Ruling) -> None:
        reasons = "; ".join(rule.because for rule in ruling.rules) or ruling.tier
        super().__init__(f"Not to be done by an agent: {reasons}. A person has the task.")
        self.ruling = ruling
        self.handoff = ruling.handoff


class InformationNeeded(OverreadError):
    """The reviewer asked something and the agent has nobody to ask: answer it, then go on."""

    def __init__(self, handoff: Handoff) -> None:
        super().__init__(f"The reviewer of {handoff.id} needs information before deciding.")
        self.handoff = handoff


class Withdrawn(OverreadError):
    """The handoff was taken back before anyone answered; there is no permission."""

    def __init__(self, handoff: Handoff) -> None:
        super().__init__(f"{handoff.id} was withdrawn. Nothing was approved.")
        self.handoff = handoff


class RunEnded(OverreadError):
    """The run ended before the answer could be acted on: stopped, failed or done elsewhere."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"{run.id} is {run.state} ({run.cause}). Nothing ran.")
        self.run = run


class NotApproved(OverreadError):
    """The answer is not a permission to act; `answer` says what it is."""

    def __init__(self, answer: Answer) -> None:
        why = answer.reason or answer.message or "no reason given"
        super().__init__(f"Not approved ({answer.verb}): {why}")
        self.answer = answer
        self.reason = answer.reason


class Rejected(NotApproved):
    """A reviewer said no; `reason` is theirs."""


class Redirected(NotApproved):
    """A reviewer wants something else done; `answer.message` is the new instruction."""


class TakenOver(NotApproved):
    """A person does it by hand."""


class RolledBack(NotApproved):
    """A tentative action was refused afterwards and has been undone."""


class AlreadyDone(NotApproved):
    """A tentative action was confirmed: it ran before, so it does not run again."""


class ArgumentsMismatch(OverreadError):
    """What would run is not what was approved, so it did not run."""

    def __init__(self, *, approved: str, about_to_run: str) -> None:
        super().__init__(
            "The arguments about to run are not the approved ones. Nothing ran. "
            f"Approved {approved}, about to run {about_to_run}."
        )
        self.approved = approved
        self.about_to_run = about_to_run


class WebhookInvalid(OverreadError):
    """A webhook is not from where it says, or not as it was sent. Answer 400 and do nothing."""


class ReceiptInvalid(OverreadError):
    """The receipt does not prove this answer."""


class LeaseLost(OverreadError):
    """This worker no longer owns the resumption; another may already be going on."""


class Stale(OverreadError):
    """Raised by a handler: the world changed since the answer, so it must be reviewed again."""

    def __init__(self, changed: list[Change]) -> None:
        super().__init__(", ".join(change.name for change in changed))
        self.changed = changed
