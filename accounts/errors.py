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
