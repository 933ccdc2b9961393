"""Taking back what one has just decided."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.http import UserRequest
from reviews import undo
from reviews.forms import edits as editing
from reviews.views.refusals import explained


@require_POST
@explained
def take_back(request: UserRequest, handoff_id: str) -> HttpResponse:
    back = undo.take_back(handoff_id, by=request.user, now=timezone.now())
    if not back.yours:
        messages.info(request, "Taken back. Nothing was sent; your team has it again.")
        return redirect("reviews:desk")
    messages.info(request, "Taken back. Nothing was sent. It is yours again, with your text.")
    if editing.key(back.verb) in back.typed:
        return redirect("reviews:fill-in", handoff_id, back.verb)
    return redirect("reviews:handoff", handoff_id)
