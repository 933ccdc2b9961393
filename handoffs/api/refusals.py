"""What the door itself refuses, before anything is looked up."""

from accounts.errors import DomainError
from handoffs.errors import BadShape


class NotJson(DomainError):
    """The body is not JSON, so nothing was read and nothing stored. Mend it and send it again."""

    code, status, title = "not_json", 400, "Not JSON"


class MethodNotAllowed(DomainError):
    """This address does not take this method. Nothing was done. Use one of those in Allow."""

    code, status, title = "method_not_allowed", 405, "Method not allowed"


class TooLarge(DomainError):
    """The body is too large, so it was not read and nothing was stored. Send less."""

    code, status, title = "too_large", 413, "Too large"


class NotJsonType(DomainError):
    """The body is not declared as JSON, so it was not read. Send Content-Type: application/json."""

    code, status, title = "not_json_type", 415, "Not JSON by its type"


class BadHeader(BadShape):
    """A header does not have the right shape. Nothing was stored. Mend it and send it again."""

    code, title = "bad_header", "Wrong header"


class InternalError(DomainError):
    """Something broke on our side. What was asked may or may not be done. Send it again with the
    same Idempotency-Key, and tell us the request id if it stays."""

    code, status, title = "internal_error", 500, "Broken on our side"


class Conflict(DomainError):
    """Something changed at the same moment. Nothing was stored. Read it anew and send it again."""

    code, status, title = "conflict", 409, "Changed at the same moment"


class Overloaded(DomainError):
    """The service is stopped or overloaded just now. Nothing was stored. Send it again later."""

    code, status, title = "overloaded", 503, "Overloaded"
