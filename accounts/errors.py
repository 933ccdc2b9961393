"""The one shape of every refusal."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldProblem:
    """One thing wrong with the input; `path` is dotted, as the sender wrote it."""

    path: str
    message: str


class DomainError(Exception):
    """A refusal that its receiver can act on.

    Subclasses fix `code` (stable, machine-readable), `status` (HTTP) and `title`; the message says
    what happened, what it means and what to do. The docstring is the default message.
    """

    code = "refused"
    status = 400
    title = "Refused"

    def __init__(
        self,
        message: str = "",
        *,
        fields: tuple[FieldProblem, ...] = (),
        retry_after: int | None = None,
    ) -> None:
        self.message = message or " ".join((self.__doc__ or "").split())
        self.fields = fields
        self.retry_after = retry_after
        super().__init__(self.message)


class NotSignedIn(DomainError):
    """No valid API key came with this. Nothing was read or stored. Send one as a bearer token."""

    code, status, title = "unauthorized", 401, "No valid key"


class NotAllowed(DomainError):
    """Your roles do not allow this. Nothing was changed. Ask a manager to do it or for the role."""

    code, status, title = "not_allowed", 403, "Not allowed"


class NoSuchRole(DomainError):
    """There is no such role. Nothing was changed. Choose among the roles that exist."""

    code, status, title = "no_such_role", 422, "No such role"


class AlreadyInvited(DomainError):
    """A person with this e-mail address exists. Nobody was invited. Change their roles instead."""

    code, status, title = "already_invited", 409, "Already invited"


class LastManager(DomainError):
    """Nobody could manage any more, so nothing was changed. Make someone else a manager first."""

    code, status, title = "last_manager", 409, "Last manager"


class KeyGone(DomainError):
    """This key is revoked or expired. Nothing was changed. Issue a new one instead."""

    code, status, title = "key_gone", 409, "Key is gone"


class NoWorkflowNamed(DomainError):
    """No workflow was named, so no key was made. Name at least one, or * for all."""

    code, status, title = "no_workflow_named", 422, "No workflow named"


class ConflictGroupExists(DomainError):
    """Another conflict group has this name. Nothing was changed. Add its people there instead."""

    code, status, title = "conflict_group_exists", 409, "Name is taken"


class ConflictGroupTooSmall(DomainError):
    """A conflict takes two. Nothing was changed. Name two people or more, or remove the group."""

    code, status, title = "conflict_group_too_small", 422, "Two people or more"
