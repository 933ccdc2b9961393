"""The first stage of a handoff with a withheld suggestion: commit, then read what was suggested."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.http import UserRequest
from reviews import judgements
from reviews.errors import AlreadyJudged, NothingWithheld, SafeguardUnmet, VerbNotOffered
from reviews.forms import judgement as forms
from reviews.views import handoff as page
from reviews.views.refusals import explained


@require_POST
@explained
def judge(request: UserRequest, handoff_id: str) -> HttpResponse:
    """Commit what this person would answer; a second click finds the first one kept."""
    now, choice = timezone.now(), forms.choice(request.POST)
    try:
        judgements.commit(
            handoff_id,
            by=request.user,
            choice=choice,
            confidence=forms.confidence(request.POST),
            now=now,
        )
    except (SafeguardUnmet, VerbNotOffered) as refusal:
        typed = forms.again(request.POST, refusal)
        return page.show(request, handoff_id, now=now, typed=typed)
    except (AlreadyJudged, NothingWithheld) as refusal:
        messages.info(request, refusal.message)
    return _back(handoff_id)


@require_POST
@explained
def second_reader(request: UserRequest, handoff_id: str) -> HttpResponse:
    """Ask one more person, who judges it blind; a second click asks nobody else."""
    if judgements.ask_second_reader(handoff_id, by=request.user, now=timezone.now()):
        messages.success(request, "A second reader is asked. You decide now, they decide blind.")
    else:
        messages.info(request, "A second reader was asked already. Nobody else was asked now.")
    return _back(handoff_id)


def _back(handoff_id: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("reviews:handoff", args=[handoff_id]) + "#revealed")
