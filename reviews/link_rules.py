"""What a link in an e-mail may do, and what became of it: rules over plain data."""

from dataclasses import dataclass
from enum import StrEnum

from handoffs.states import SIGN_IN_TIERS, ByEmail, HandoffKind, HandoffState, Tier, Verb
from reviews.spec import Spec
from reviews.standings import Standing as Standing

# what is answered in full with one choice and a few words; everything else needs the desk's page
ON_ITS_OWN_PAGE = frozenset(
    {
        HandoffKind.APPROVAL,
        HandoffKind.EXCEPTION,
        HandoffKind.AMBIGUITY,
        HandoffKind.SIGN_OFF,
        HandoffKind.AUDIT,
    }
)
VERBS = frozenset(
    {
        Verb.APPROVE.value,
        Verb.REJECT.value,
        Verb.CHOOSE.value,
        Verb.ANSWER.value,
        Verb.REDIRECT.value,
        Verb.CONFIRM.value,
        Verb.ROLL_BACK.value,
        Verb.WRONG.value,
        Verb.REFRAME.value,
        Verb.ACCEPT_UNCERTAINTY.value,
        "ask_information",
        "escalate",
    }
)


class Needs(StrEnum):
    """What opens the brief behind a link, from least to most."""

    LINK = "link"
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What a link was made for, or what its handoff is at now."""

    round: int
    level: int
    brief_version: int
    brief_digest: str
    address: str


def needed(email: str, *, kind: HandoffKind, tier: Tier | None, spec: Spec) -> Needs | None:
    """Return what opens the brief, or None where no mail goes out; what cannot be read is none.

    Whoever holds a mail is not thereby the person: it is enough only where the row says so, for
    one pair of eyes, below the gravest tier, and where nothing is kept back from the mail.
    """
    if email not in (ByEmail.YES, ByEmail.SIGN_IN, ByEmail.STEP_UP):
        return None
    if email == ByEmail.STEP_UP or tier in SIGN_IN_TIERS:
        return Needs.STEP_UP
    alone = spec.approvers == 1
    if email == ByEmail.YES and alone and on_its_own_page(kind, spec):
        return Needs.LINK
    return Needs.SIGN_IN


def on_its_own_page(kind: HandoffKind, spec: Spec) -> bool:
    """Tell whether a choice and a few words are all it takes; else the link leads to the desk."""
    return kind in ON_ITS_OWN_PAGE and not spec.withhold_recommendation


def standing(
    *, ended: str, ran_out: bool, state: HandoffState, made_for: Bound, now_at: Bound
) -> Standing:
    """Say what became of a link: what somebody did to it first, then what became of the question.

    A question that was answered says more than a link that would have run out by now.
    """
    if ended == "revoked":
        return Standing.REVOKED
    if made_for.address.casefold() != now_at.address.casefold():
        return Standing.REVOKED
    if ended == "used":
        return Standing.USED
    if (made_for.round, made_for.level) != (now_at.round, now_at.level):
        return Standing.SUPERSEDED
    match state:
        case HandoffState.WITHDRAWN:
            return Standing.WITHDRAWN
        case HandoffState.NEEDS_INFORMATION:
            return Standing.ASKED_BACK
        case HandoffState.WAITING:
            pass
        case _:
            return Standing.ANSWERED
    if (made_for.brief_version, made_for.brief_digest) != (
        now_at.brief_version,
        now_at.brief_digest,
    ):
        return Standing.SUPERSEDED
    return Standing.EXPIRED if ran_out or ended else Standing.LIVE
