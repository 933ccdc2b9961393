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
