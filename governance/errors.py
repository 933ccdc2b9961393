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


class BadRow(DomainError):
    """The row does not hold together. Nothing was changed. Mend what is named and save again."""

    code, status, title = "bad_row", 422, "Row does not hold"


class WhyMissing(DomainError):
    """Nobody would know later why. Nothing was changed. Say in a sentence why it should change."""

    code, status, title = "why_missing", 422, "Reason missing"


class NothingChanged(DomainError):
    """The row says the same already. Nothing was changed."""

    code, status, title = "nothing_changed", 409, "Nothing to change"


class RowChanged(DomainError):
    """Someone changed this row after you read it. Nothing of yours was saved. Read it again."""

    code, status, title = "row_changed", 409, "Row changed meanwhile"


class RowTaken(DomainError):
    """Another row stands for exactly the same at that time. Nothing was changed. Change that."""

    code, status, title = "row_taken", 409, "Row for the same"


class RowInThePast(DomainError):
    """A row cannot have held before it was decided. Nothing was changed. Choose now or later."""

    code, status, title = "row_in_the_past", 422, "Effective time in the past"


class StaleChange(DomainError):
    """The row was changed since this was proposed. Nothing was changed. Propose it anew."""

    code, status, title = "stale_change", 409, "Proposal out of date"


class OwnChange(DomainError):
    """You proposed this, so somebody else has to approve it. Nothing was changed."""

    code, status, title = "own_change", 403, "Your own proposal"


class ChangeDecided(DomainError):
    """This was approved or refused already. Nothing was changed."""

    code, status, title = "change_decided", 409, "Already decided"


class FourEyesAsked(DomainError):
    """Two people decide on this workflow's matrix, and a file is one. Nothing was changed.

    Change its rows in the admin, where somebody else approves them.
    """

    code, status, title = "four_eyes_asked", 409, "Four eyes asked for"


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
