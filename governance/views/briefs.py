"""What whoever leads a workflow reads about its briefs."""

import json
from collections.abc import Iterator

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import UserRequest
from governance.pages import briefs as pages
from governance.pages.here import here
from handoffs import grants
from handoffs.models import Workflow
from reviews import feedback


@require_GET
def briefs(request: UserRequest, slug: str) -> HttpResponse:
    workflow = _led(request, slug)
    page = pages.page(workflow, edits=feedback.count(workflow), now=timezone.now())
    return render(request, "governance/briefs.html", {"page": page, "here": here()})


@require_GET
def edits(request: UserRequest, slug: str) -> StreamingHttpResponse:
    """Hand out the better summaries as JSON Lines, to learn from."""
    workflow = _led(request, slug)
    response = StreamingHttpResponse(_lines(workflow), content_type="application/jsonl")
    response["Content-Disposition"] = f'attachment; filename="{workflow.slug}-summaries.jsonl"'
    return response


def _lines(workflow: Workflow) -> Iterator[str]:
    for one in feedback.export(workflow):
        yield json.dumps(one, ensure_ascii=False) + "\n"


def _led(request: UserRequest, slug: str) -> Workflow:
    workflow = get_object_or_404(Workflow, slug=slug)
    if not grants.leads(request.user, workflow).allowed:
        raise PermissionDenied
    return workflow
