"""Where a link in an e-mail is in its life."""

from enum import StrEnum


class Standing(StrEnum):
    LIVE = "live"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    ASKED_BACK = "asked_back"
