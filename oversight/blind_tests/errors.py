"""Refusals of those who look after blind tests; the docstring is what they read."""

from accounts.errors import DomainError


class NotYours(DomainError):
    """You do not lead this workflow. Nothing was changed. Ask its owner, or for the level lead."""

    code, status, title = "not_your_workflow", 403, "Not your workflow"


class NotAReader(DomainError):
    """Your roles do not let you approve faults. Nothing was changed. Ask a signer or the owner."""

    code, status, title = "not_a_fault_reader", 403, "Not yours to approve"


class OwnFault(DomainError):
    """You wrote this fault, or count as one with who did. It was not approved. Ask somebody else.

    Whoever wrote it sees what they meant; two others see what is there.
    """

    code, status, title = "own_fault", 403, "Your own fault"


class ApprovedAlready(DomainError):
    """You, or somebody who counts as one with you, approved it. Nothing changed. Ask another."""

    code, status, title = "fault_approved_already", 409, "Approved by you already"


class NotAsRead(DomainError):
    """This is not the text that you read. Nothing was approved. Read it again, and approve that."""

    code, status, title = "fault_not_as_read", 409, "Another text than you read"


class NotADraftFault(DomainError):
    """It is approved or retired already. Nothing was changed. Write another fault to say more."""

    code, status, title = "fault_not_a_draft", 409, "No draft"


class FaultRetired(DomainError):
    """This fault was retired already. Nothing was changed. To have it again, write it anew."""

    code, status, title = "fault_retired", 409, "Retired already"


class WhyRetired(DomainError):
    """Nobody would know later why. It was not retired. Say in a sentence why nobody meets it."""

    code, status, title = "why_retired_missing", 422, "Reason missing"


class BadFault(DomainError):
    """The fault does not hold together. Nothing was stored. Mend what is named, save again."""

    code, status, title = "bad_fault", 422, "Fault does not hold"


class FaultExists(DomainError):
    """This workflow has a fault of this name, or one that says the same. Nothing was stored.

    Give it another name, or let the other one be.
    """

    code, status, title = "fault_exists", 409, "Fault exists"


class NotNoticed(DomainError):
    """Nobody has recorded that staff were told. Tests stay off. Tell them, then record it here."""

    code, status, title = "staff_not_told", 409, "Staff not told yet"


class NoticeChanged(DomainError):
    """The notice was changed after you read it. Nothing was recorded. Read it, and tell that."""

    code, status, title = "notice_changed", 409, "Notice changed meanwhile"


class BadNotice(DomainError):
    """Something is missing that shows later who was told what. Nothing was stored. Mend it."""

    code, status, title = "bad_notice", 422, "Something is missing"


class BadRate(DomainError):
    """Tests are 1 to 5 of a hundred reviews. The rate stays as it was. Choose one in between."""

    code, status, title = "bad_test_rate", 422, "No rate for tests"
