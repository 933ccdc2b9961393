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
    return HttpResponseRedirect(reverse("reviews:handoff", args=[handoff_id]) + "#revealed")
