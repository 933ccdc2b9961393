"""How the people of a queue are told, and where else: for whoever leads it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import UserRequest
from handoffs import channels, queues
from handoffs.errors import ChannelRefused
from handoffs.models import Queue
from reviews import notice_wishes
from reviews.forms import notices as forms
from reviews.notice_rules import USUALLY
from reviews.pages import desk as desk_pages
from reviews.pages import queue_notices as pages
from reviews.views.refusals import explained


@require_http_methods(["GET", "POST"])
@never_cache
@explained
def queue(request: UserRequest, slug: str) -> HttpResponse:
    """Show how its people are told, and keep what whoever leads it changes."""
    found = notice_wishes.lead(request.user, slug)
    if request.method == "POST":
        how = USUALLY | forms.queue_wishes(request.POST)
        notice_wishes.say_for_queue(found, how=how, by=request.user, now=timezone.now())
        messages.success(request, "Kept. It holds for whoever has not said otherwise.")
        return redirect("reviews:queue-notices", slug=slug)
    return _page(request, found)


@require_POST
@explained
def add(request: UserRequest, slug: str) -> HttpResponse:
    """Tell a chat or a pager as well."""
    found = notice_wishes.lead(request.user, slug)
    typed = forms.channel(request.POST, {team.pk: team for team in queues.teams(found)})
    try:
        added = channels.add(found, **typed, by=request.user, now=timezone.now())
    except ChannelRefused as refusal:
        return _page(request, found, typed=typed, error=refusal.message, status=422)
    messages.success(request, f"{added.service} is told from now on. Send a test to be sure.")
    return redirect("reviews:queue-notices", slug=slug)


@require_POST
@explained
def change(request: UserRequest, slug: str, channel_id: int, what: str) -> HttpResponse:
    """Try a channel, switch it off and on, or remove it."""
    channel = channels.get(notice_wishes.lead(request.user, slug), channel_id)
    by, now = request.user, timezone.now()
    match what:
        case "test":
            channels.test(channel, by=by, now=now)
            said = "A test is on its way. Load this page again in a moment to see how it went."
        case "off":
            channels.switch(channel, on=False, by=by, now=now)
            said = f"{channel.service} is not told any more."
        case "on":
            channels.switch(channel, on=True, by=by, now=now)
            said = f"{channel.service} is told again."
        case "remove":
            channels.remove(channel, by=by, now=now)
            said = f"{channel.service} is removed, and its address forgotten."
        case _:
            raise Http404
    messages.success(request, said)
    return redirect("reviews:queue-notices", slug=slug)


def _page(request: UserRequest, found: Queue, status: int = 200, **typed: Any) -> HttpResponse:
    page = pages.page(
        found,
        notice_wishes.of_queue(found),
        channels.listed(found),
        queues.teams(found),
        now=timezone.now(),
        **typed,
    )
    context = {"page": page, "here": desk_pages.here(found.name)}
    return render(request, "reviews/queue_notices.html", context, status=status)
