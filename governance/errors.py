"""Refusals of those who change policy; the docstring is what they read."""

from accounts.errors import DomainError


class EditedMeanwhile(DomainError):
    """Someone saved this draft after you read it. Nothing of yours was saved. Read it again."""

    code, status, title = "edited_meanwhile", 409, "Edited meanwhile"


class NotYourSeat(DomainError):
    """Your roles do not let you sign for this. Nothing was signed. Ask someone who has the role."""

    code, status, title = "not_your_seat", 403, "Not your signature to give"


class SeatNotAsked(DomainError):
    """This workflow does not ask for that signature. Nothing was signed."""

    code, status, title = "seat_not_asked", 409, "Signature not asked for"


class AlreadySigned(DomainError):
    """There is a signature by you, or for this, already. Nothing was signed twice."""

    code, status, title = "already_signed", 409, "Already signed"


class NotSigned(DomainError):
    """You have not signed this draft as it is now. Nothing was changed."""

    code, status, title = "not_signed", 409, "Not signed"


class InThePast(DomainError):
    """A map cannot have been in force before it was published. Choose now or a later time."""

    code, status, title = "effective_in_the_past", 422, "Effective time in the past"


class MapInForce(DomainError):
    """Agents act on this version now. It was not retired. Publish its successor first."""

    code, status, title = "map_in_force", 409, "Map in force"


class NothingToTry(DomainError):
    """The map cannot be read, so there is nothing to try. Nothing was started. Mend it first."""

    code, status, title = "nothing_to_try", 409, "Map cannot be read"


class BadPeriod(DomainError):
    """The period ends before it begins. Nothing was started. Choose an earlier beginning."""

    code, status, title = "bad_period", 422, "No such period"


class FileTooLarge(DomainError):
    """The file is larger than what is taken. Nothing was kept. Send a smaller part of it."""

    code, status, title = "file_too_large", 413, "File too large"


class ShareRefused(DomainError):
    """This is no share to audit by. Nothing was saved. Set 0.5 % to 100 %, or say why none."""

    code, status, title = "audit_share_refused", 422, "No share to audit by"
