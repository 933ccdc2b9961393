"""The form behind a link: one answer out of several, none chosen before, and a few words."""

from dataclasses import replace

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


def typed(said: QueryDict) -> Typed:
    """Return what the form held."""
    return Typed(
        words=said.get("words", ""), option=answer(said), challenge=decision.challenge(said)
    )


def again(said: QueryDict, refusal: DomainError) -> Typed:
    """Keep the form as it was filled in, with why it did not go through."""
    unmet = tuple(refusal.unmet) if isinstance(refusal, SafeguardUnmet) else ()
    return replace(typed(said), error=refusal.message, unmet=unmet)
