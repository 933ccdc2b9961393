"""The form behind a link: one answer out of several, none chosen before, and a few words."""

from django.http import QueryDict

from accounts.errors import DomainError
from reviews.errors import SafeguardUnmet
from reviews.forms import decision
from reviews.pages.handoff import Typed
from reviews.wording import Choice


def answer(typed: QueryDict) -> str:
    """Return which answer was chosen; "" where nobody chose any."""
    return typed.get("answer", "")


def choice(typed: QueryDict) -> Choice:
    """Read the answer as the desk reads its form: a verb, perhaps an option, and the words."""
    said, chosen = typed.copy(), answer(typed)
    verb, _, option = chosen.partition(":")
    said["verb"], said["option"] = verb, option
    return decision.choice(said)


def again(typed: QueryDict, refusal: DomainError | None = None, error: str = "") -> Typed:
    """Keep the form as it was filled in, and why it did not go through if it did not."""
    unmet = tuple(refusal.unmet) if isinstance(refusal, SafeguardUnmet) else ()
    return Typed(
        words=typed.get("words", ""),
        option=answer(typed),
        challenge=decision.challenge(typed),
        error=refusal.message if refusal else error,
        unmet=unmet,
    )
