"""The form behind a link: one answer out of several, none chosen before, and a few words."""

from django.http import QueryDict

from accounts.errors import DomainError
from handoffs.states import Verb
from reviews.errors import SafeguardUnmet
from reviews.forms import decision
from reviews.pages.approver import CHOOSE_PREFIX
from reviews.pages.handoff import Typed
from reviews.wording import Choice


def answer(typed: QueryDict) -> str:
    """Return which answer was chosen; "" where nobody chose any."""
    return typed.get("answer", "")


def choice(typed: QueryDict) -> Choice:
    chosen = answer(typed)
    option = chosen.removeprefix(CHOOSE_PREFIX) if chosen.startswith(CHOOSE_PREFIX) else None
    verb = Verb.CHOOSE.value if option is not None else chosen
    words = decision.words(typed)
    tells = verb in (Verb.ANSWER, Verb.REDIRECT)
    return Choice(verb=verb, reason=words, message=words if tells else "", option=option)


def again(typed: QueryDict, refusal: DomainError) -> Typed:
    """Keep the form as it was filled in, with why it did not go through."""
    unmet = tuple(refusal.unmet) if isinstance(refusal, SafeguardUnmet) else ()
    return Typed(
        words=typed.get("words", ""), option=answer(typed), error=refusal.message, unmet=unmet
    )
