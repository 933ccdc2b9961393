"""What a reviewer writes better than the agent did."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.http import UserRequest
from reviews import desk as reading
from reviews import feedback
from reviews.errors import SummaryRefused
from reviews.pages import handoff as pages
from reviews.pages.summary import summary as read_summary
from reviews.views.handoff import show
from reviews.views.refusals import explained


@require_POST
@explained
def summary(request: UserRequest, handoff_id: str) -> HttpResponse:
    """Keep a better summary; by htmx only the summary comes back."""
    now, text = timezone.now(), request.POST.get("summary", "")
    error = ""
    try:
        feedback.edit_summary(handoff_id, text=text, by=request.user, now=now)
    except SummaryRefused as refusal:
        error = refusal.message
        if not request.htmx:
            return show(request, handoff_id, now=now, typed=pages.Typed(summary=text, mend=error))
    if not request.htmx:
        return redirect("reviews:handoff", handoff_id)
    detail = reading.handoff(request.user, handoff_id, now)
    typed = text if error else None
    found = read_summary(detail, now=now, typed=typed, error=error)
    context = {"summary": found, "url": request.path}
    return render(request, "_components/summary.html", context, status=422 if error else 200)
