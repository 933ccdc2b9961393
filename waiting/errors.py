"""Why a request is not waited on: what happened, what it means, what to do."""

from accounts.errors import DomainError, FieldProblem

MAX_SECONDS = 60


class NotHere(DomainError):
    """There is nothing at this address. Only signed wait addresses are answered here. Use the
    wait_url of a handoff or run."""

    code, status, title = "not_found", 404, "Not found"


class Gone(DomainError):
    """What this address waits for is not there any more. There is nothing to wait for. Read your
    run with your key."""

    code, status, title = "not_found", 404, "Not found"


class OnlyReads(DomainError):
    """A wait address can only be read. Nothing was changed. Use GET."""

    code, status, title = "method_not_allowed", 405, "Method not allowed"


class Forged(DomainError):
    """This wait address was not made here, or was cut or changed on the way. Nothing was told.
    Read the handoff or run with your key and use its wait_url."""

    code, status, title = "bad_wait_url", 403, "Not a wait address of ours"


class Expired(DomainError):
    """This wait address has expired. What you wait for is not affected. Read the handoff or run
    with your key and go on with its new wait_url."""

    code, status, title = "wait_url_expired", 410, "Wait address expired"


class BadSeconds(DomainError):
    """seconds is a whole number from 0 to 60. Nothing was waited for. Mend it and wait again."""

    code, status, title = "bad_shape", 422, "Wrong shape"

    def __init__(self) -> None:
        problem = FieldProblem("seconds", f"a whole number from 0 to {MAX_SECONDS}")
        super().__init__(fields=(problem,))


class Full(DomainError):
    """As many agents wait here as this process takes. What you wait for is not affected. Wait
    again in a few seconds."""

    code, status, title = "overloaded", 503, "Too many wait here"


class Ending(DomainError):
    """This process is about to end. What you wait for is not affected. Wait again at once."""

    code, status, title = "overloaded", 503, "About to end"


class Blind(DomainError):
    """The database does not answer. What you wait for is not affected. Wait again in a few
    seconds."""

    code, status, title = "overloaded", 503, "Cannot see the state"
