"""Named refusals at the desk: what happened, what it means, what to do."""

from dataclasses import dataclass
from datetime import datetime

from accounts.errors import DomainError
from handoffs.texts import mark_invisible
from reviews.standings import Standing


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """What became of a handoff while someone was still at it.

    `person` is empty where the reader may not know who it was; `role` is always there. `mine`
    marks what the reader did, say by a second click. `verb` is what was decided, empty where
    something else happened.
    """

    what: str
    role: str
    at: datetime
    person: str = ""
    mine: bool = False
    verb: str = ""

    @property
    def who(self) -> str:
        return f"{self.person} ({self.role})" if self.person else self.role

    @property
    def sentence(self) -> str:
        who = "You" if self.mine else self.who
        return f"{who} {self.what} at {self.at:%H:%M} UTC."


class MayNotDecide(DomainError):
    """Your roles do not let you decide handoffs. Nothing was changed. Ask a manager for one."""

    code, status, title = "may_not_decide", 403, "No role that decides"


class NoAuthorityHere(DomainError):
    """You may read this handoff, but another team decides it. Nothing was changed or sent."""

    code, status, title = "no_authority_here", 403, "Another team decides this"


class OwnRequest(DomainError):
    """You, or somebody who counts as one with you, asked for this. Nothing was sent. Give it back:
    somebody else decides it."""

    code, status, title = "own_request", 403, "Your own request"


class HasAStake(DomainError):
    """Several people decide this independently, and you own its workflow, defined its task, or
    count as one with who did. Nothing was sent. Give it back: others decide it."""

    code, status, title = "has_a_stake", 403, "You have a stake in it"


class AlreadyDecided(DomainError):
    """You, or somebody who counts as one with you, has decided this. Nothing was sent now. The
    others decide it too, each without knowing what was said."""

    code, status, title = "already_decided", 409, "Decided once already"


class PickNotAllowed(DomainError):
    """This queue hands out the next one; nobody chooses. Nothing was taken. Take the next."""

    code, status, title = "pick_not_allowed", 409, "No picking in this queue"


class AlreadyClaimed(DomainError):
    """A colleague has this one just now. Nothing was changed. Take another."""

    code, status, title = "already_claimed", 409, "A colleague has it"

    def __init__(self, message: str = "", *, conflict: Conflict | None = None) -> None:
        self.conflict = conflict
        if conflict is not None and not message:
            message = f"{conflict.sentence} Nothing was changed. Take the next one."
        super().__init__(message)


class CapReached(DomainError):
    """You hold as many handoffs as one person may. Nothing was taken. Decide or give back one."""

    code, status, title = "cap_reached", 409, "Enough for one person"


class EnoughForNow(CapReached):
    """You have had as many handoffs as one person takes in an hour. Nothing was taken. Come back
    in a while; what waits is not lost."""

    title = "Enough for this hour"


class EnoughForToday(CapReached):
    """You have had as many handoffs as one person takes in a day. Nothing was taken. Colleagues
    have the rest; tomorrow there is room again."""

    title = "Enough for today"


class LongEnoughToday(CapReached):
    """You have been at it as long as one person should in a day. Nothing was taken. Colleagues
    have the rest; tomorrow there is time again."""

    title = "Long enough for today"


class NotYours(DomainError):
    """These are somebody else's hours. Nothing was changed. Ask them, or a manager."""

    code, status, title = "not_yours", 403, "Somebody else's hours"


class HoursShape(DomainError):
    """These hours cannot be read. Nothing was changed. Write them as 09:00-12:00, 13:00-17:00."""

    code, status, title = "hours_shape", 422, "Hours that cannot be read"


class AbsenceShape(DomainError):
    """This is no time to be away: it is over, ends before it begins, or is longer than a year.
    Nothing was changed. Choose both days anew."""

    code, status, title = "absence_shape", 422, "From when until when?"


class CapsShape(DomainError):
    """A cap is at least one: at most 100 at once, 1000 an hour, 10000 or 1440 minutes a day.
    Nothing was changed. Leave it empty for what everybody is given."""

    code, status, title = "caps_shape", 422, "Not a cap"


class ClaimLost(DomainError):
    """Your claim ran out or ended. Nothing was sent; what you wrote is kept. Take it again."""

    code, status, title = "claim_lost", 409, "No longer yours"

    def __init__(self, message: str = "", *, conflict: Conflict | None = None) -> None:
        self.conflict = conflict
        if conflict is not None and not message:
            kept = "It was sent once." if conflict.mine else "What you wrote is kept."
            message = f"{conflict.sentence} Nothing was sent now. {kept}"
        super().__init__(message)


class BeatRefused(DomainError):
    """This page is no longer the one that counts. Nothing was counted. Load it once more."""

    code, status, title = "beat_refused", 409, "Open it once more"


class VerbNotOffered(DomainError):
    """This handoff cannot be answered that way. Nothing was sent. Choose one of its buttons."""

    code, status, title = "verb_not_offered", 422, "Not an answer to this"


class EditsOffSchema(DomainError):
    """Your changes do not fit what the action takes. Nothing was sent. Mend the marked fields."""

    code, status, title = "arguments_off_schema", 422, "Changes do not fit"


class SessionShape(DomainError):
    """A session takes 1 to 100 handoffs or 1 to 240 minutes. Nothing was started. Choose anew."""

    code, status, title = "session_shape", 422, "How many, or how long?"


class NothingGathered(DomainError):
    """Colleagues have taken these by now. Nothing was started. The desk shows what waits."""

    code, status, title = "nothing_gathered", 409, "These are taken"


class NothingToTakeBack(DomainError):
    """Nothing you said here can still be taken back. Nothing was changed. Read how it went on."""

    code, status, title = "nothing_to_take_back", 409, "Nothing to take back"


class FilterNameMissing(DomainError):
    """A saved search needs a name and something it searches for. Nothing was saved. Give it one."""

    code, status, title = "filter_name_missing", 422, "No name"


class FilterNameTaken(DomainError):
    """You have a saved search of this name. Nothing was saved. Choose another, or remove it."""

    code, status, title = "filter_name_taken", 422, "A name you have"


class TooManyFilters(DomainError):
    """You have twelve saved searches, which is all there is room for. Remove one, then save."""

    code, status, title = "too_many_filters", 422, "Enough saved searches"


class FormIncomplete(DomainError):
    """The form is not complete, or does not fit. Nothing was sent. Mend what is marked."""

    code, status, title = "form_incomplete", 422, "Not complete"


class NothingLeftOut(DomainError):
    """Every part is still ticked, so it is not narrower. Nothing was sent. Untick what to leave."""

    code, status, title = "nothing_left_out", 422, "Nothing left out"


class NotForThem(DomainError):
    """They may not decide this one. Nothing was changed: it is still yours. Choose another."""

    code, status, title = "not_for_them", 422, "Not theirs to decide"


class ColleagueAway(DomainError):
    """They are away, and nobody stands in who may have it. Nothing was changed: it is yours.
    Choose another."""

    code, status, title = "colleague_away", 409, "Away just now"


class HandsFull(DomainError):
    """They hold as many as one person may. Nothing was changed: it is yours. Choose another."""

    code, status, title = "hands_full", 409, "Their hands are full"


class NobodyToAsk(DomainError):
    """They do not work this queue, so they could not read it. Nothing was sent. Choose another."""

    code, status, title = "nobody_to_ask", 422, "Not a colleague here"


class TextMissing(DomainError):
    """This needs a sentence from you. Nothing was sent. Write it and send again."""

    code, status, title = "text_missing", 422, "A sentence is missing"


class SummaryRefused(DomainError):
    """This summary cannot be kept. Nothing was changed. Say in one line what it comes down to."""

    code, status, title = "summary_refused", 422, "Not a summary"


class TextTooLong(DomainError):
    """This is more text than can be kept. Nothing was sent or saved. Shorten it and send again."""

    code, status, title = "text_too_long", 422, "Too long"


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """One thing that is still needed before a decision counts, as a calm sentence.

    `seconds` is set where only time is missing.
    """

    code: str
    sentence: str
    seconds: int | None = None


class SafeguardUnmet(DomainError):
    """Something is still needed before this can be decided. Nothing was sent. It is listed."""

    code, status, title = "safeguard_unmet", 422, "Still needed"

    def __init__(self, unmet: list[Unmet]) -> None:
        self.unmet = unmet
        needed = " ".join(one.sentence for one in unmet)
        super().__init__(f"Nothing was sent yet. {needed}")


class RequesterSaidMore(DomainError):
    """The requester wrote since you opened this. Nothing was sent. Read it and answer again."""

    code, status, title = "requester_said_more", 409, "The requester wrote"

    @classmethod
    def of(cls, kind: str, text: str) -> "RequesterSaidMore":
        """Say what they wrote, as far as it fits into a sentence."""
        shown = mark_invisible(" ".join(text.split())).text
        words = {
            "not_needed": "that it is no longer needed",
            "needed": "that it is needed after all",
        }.get(kind, f"“{shown if len(shown) <= 300 else shown[:299] + '…'}”")
        return cls(
            f"Since you opened this, the requester wrote {words}. Nothing was sent. Read it on the "
            "page, and send your answer again if it stays."
        )


class NothingWithheld(DomainError):
    """Nothing is withheld here, so there is nothing to commit first. Nothing was kept. Decide."""

    code, status, title = "nothing_withheld", 409, "Nothing is withheld"


class AlreadyJudged(DomainError):
    """You have committed your own answer already. It stays as it was. Decide by what you see."""

    code, status, title = "already_judged", 409, "Already committed"


class LinkUnknown(DomainError):
    """This link opens nothing: it is not ours, or not whole. Nothing was decided or sent.

    Open it from the mail again, or copy the whole of it.
    """

    code, status, title = "link_unknown", 404, "This link does not open"


class LinkNotYours(DomainError):
    """This link was made for somebody else. Nothing was opened or decided.

    Sign out, and let whoever got the mail open it.
    """

    code, status, title = "link_not_yours", 403, "Somebody else's link"


class LinkNotOpened(DomainError):
    """This browser has not opened the link itself. Nothing was opened or decided.

    Open it from the mail, and go on from there.
    """

    code, status, title = "link_not_opened", 403, "Open it from the mail"


class LinkOver(DomainError):
    """This link is over. Nothing was decided now. Sign in to see what waits for you."""

    code, status, title = "link_over", 410, "This link is over"

    def __init__(self, standing: Standing, conflict: Conflict | None = None) -> None:
        self.standing, self.conflict = standing, conflict
        super().__init__()


class NoticesNotYours(DomainError):
    """Who is told of this queue is said by those who lead it. Nothing was changed. Ask one."""

    code, status, title = "notices_not_yours", 403, "Not yours to set"


class MayNotIntervene(DomainError):
    """Only whoever leads this workflow or decides in it may do this. Nothing was changed. Tell them
    what you saw."""

    code, status, title = "may_not_intervene", 403, "Not yours to stop"
