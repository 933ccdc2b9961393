"""The form of the first stage: an answer, how sure, and why."""

from django.http import QueryDict

from accounts.errors import DomainError
from reviews.errors import SafeguardUnmet
from reviews.forms.decision import words
from reviews.pages.handoff import Typed
from reviews.wording import Choice


def choice(typed: QueryDict) -> Choice:
    """Read "approve", or "choose:" with the name under which an option was shown."""
    verb, _, option = typed.get("answer", "").partition(":")
    return Choice(verb=verb, option=option or None, reason=words(typed))


def confidence(typed: QueryDict) -> int | None:
    """Read how sure; None where nothing was said, or nothing that can be read."""
    said = typed.get("confidence", "")
    return int(said) if len(said) == 1 and said in "12345" else None


def again(typed: QueryDict, refusal: DomainError) -> Typed:
    """Keep the form as it was filled in, with why it was not committed."""
    chosen = choice(typed)
    return Typed(
        words=typed.get("words", ""),
        error=refusal.message,
        unmet=tuple(refusal.unmet) if isinstance(refusal, SafeguardUnmet) else (),
        chosen={
            "verb": chosen.verb,
            "option": chosen.option,
            "confidence": confidence(typed),
        },
    )
