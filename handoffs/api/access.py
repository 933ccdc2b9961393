"""The one door to each kind of object: load it and check that it is the caller's, or 404."""

import re
from typing import Any

from django.http import HttpRequest

from accounts import keys, queries
from accounts.api_auth import bearer
from accounts.errors import NotSignedIn
from accounts.queries import KeyHolder
from handoffs import actors
from handoffs.actors import Actor
from handoffs.api.reading import Received
from handoffs.errors import NotFound, WorkflowNotYours
from handoffs.models import Handoff, Proposal, Resumption, Run, Workflow

_PUBLIC_ID = re.compile(r"[a-z]{2,4}_[0-9a-z]{26}")
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,60}")


class AgentRequest(HttpRequest):
    """A request with a good key; `sent` is its body, once read."""

    auth: KeyHolder
    sent: Any
    request_id: str


def actor(request: AgentRequest) -> Actor:
    return actors.client_actor(request.auth.client.name, request.auth.key.prefix)


def secret_hash(request: Received) -> str:
    """Return the hash of the key that came along, known or not; none at all is refused here."""
    token = bearer(request)
    if token is None:
        raise NotSignedIn
    return keys.digest(token)


def check_key(request: Received) -> None:
    """Refuse a key that is not good, before telling its sender anything else."""
    if not has_key(request):
        raise NotSignedIn


def has_key(request: Received) -> bool:
    token = bearer(request)
    return token is not None and queries.client_for_key(token) is not None


def workflow(request: AgentRequest, slug: str) -> Workflow:
    """Return the workflow; what the key does not cover is refused alike, there or not."""
    if not request.auth.may_use(slug):
        raise WorkflowNotYours
    found = Workflow.objects.filter(slug=slug).first() if _SLUG.fullmatch(slug) else None
    if found is None:
        raise NotFound("There is no such workflow. Nothing was done. Check its name.")
    return found


def run(request: AgentRequest, id: str) -> Run:
    rows = Run.objects.select_related("workflow")
    found = rows.filter(id=_known(id), client=request.auth.client).first()
    if found is None:
        raise NotFound
    _check_reach(request, found.workflow)
    return found


def handoff(request: AgentRequest, id: str) -> Handoff:
    rows = Handoff.objects.select_related("run", "workflow", "queue", "role", "proposal")
    found = rows.filter(id=_known(id), run__client=request.auth.client).first()
    if found is None:
        raise NotFound
    _check_reach(request, found.workflow)
    return found


def proposal(request: AgentRequest, id: str) -> Proposal:
    rows = Proposal.objects.select_related("run__workflow")
    found = rows.filter(id=_known(id), run__client=request.auth.client).first()
    if found is None:
        raise NotFound
    _check_reach(request, found.run.workflow)
    return found


def resumption(request: AgentRequest, id: str) -> Resumption:
    rows = Resumption.objects.select_related("workflow")
    found = rows.filter(id=_known(id), run__client=request.auth.client).first()
    if found is None:
        raise NotFound
    _check_reach(request, found.workflow)
    return found


def _check_reach(request: AgentRequest, workflow: Workflow) -> None:
    """It is this client's, but perhaps not this key's to use."""
    if not request.auth.may_use(workflow.slug):
        raise WorkflowNotYours


def _known(id: str) -> str:
    """Refuse at once what cannot be an id: the database need not see it."""
    if not _PUBLIC_ID.fullmatch(id):
        raise NotFound
    return id
