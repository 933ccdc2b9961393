"""The decision form: one text box, one verb, perhaps an option."""

from typing import Any

from django.http import QueryDict

from accounts.errors import DomainError
from handoffs.states import Verb
from reviews.errors import SafeguardUnmet
from reviews.pages.handoff import Typed
from reviews.wording import Choice

# what is written with these is for the agent; it is also the reason
_MESSAGES = (Verb.ANSWER, Verb.REDIRECT)


def words(typed: QueryDict) -> str:
    return typed.get("words", "").strip()


def challenge(typed: QueryDict) -> dict[str, Any]:
    """Read what is stated beside the reason; nothing where nothing is."""
    said = {
        "checked": typed.getlist("checked"),
        "checked_own": typed.get("checked_own", "").strip(),
        "wrong_if": typed.getlist("wrong_if"),
        "wrong_if_own": typed.get("wrong_if_own", "").strip(),
    }
    return said if any(said.values()) else {}


def written(typed: QueryDict) -> dict[str, Any]:
    """Read what is being written, for the draft."""
    kept = {
        "reason": typed.get("words", ""),
        "message": "",
        "option": typed.get("option"),
        "challenge": challenge(typed),
    }
    if "answer" in typed or "confidence" in typed:
        kept |= {"confidence": typed.get("confidence")}
        kept["verb"], _, kept["option"] = typed.get("answer", "").partition(":")
    return kept


def unsaved(typed: QueryDict) -> dict[str, Any]:
    """Read what a page wrote that it had no time to save; nothing where that is nothing."""
    return written(typed) if words(typed) or challenge(typed) else {}


def choice(typed: QueryDict) -> Choice:
    """Read what was chosen and written."""
    verb = typed.get("verb", "")
    return Choice(
        verb=verb,
        reason=words(typed),
        message=words(typed) if verb in _MESSAGES else "",
        option=typed.get("option") if verb == Verb.CHOOSE else None,
        challenge=challenge(typed),
    )


def again(typed: QueryDict, refusal: DomainError) -> Typed:
    """Keep the form as it was filled in, with why it did not go through."""
    unmet = tuple(refusal.unmet) if isinstance(refusal, SafeguardUnmet) else ()
    return Typed(
        words=typed.get("words", ""),
        option=typed.get("option", ""),
        challenge=challenge(typed),
        error=refusal.message,
        unmet=unmet,
    )
