"""Do what a POST asks for, once."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from handoffs import idempotency
from handoffs.api import reading, telling
from handoffs.api.access import AgentRequest
from handoffs.idempotency import Done, Keyed
from handoffs.schemas.base import Out


def keyed(request: AgentRequest) -> Keyed | None:
    key = reading.key(request)
    if key is None:
        return None
    return Keyed(
        client_id=request.auth.client.pk, key=key, fingerprint=fingerprint(request, request.sent)
    )


def fingerprint(request: HttpRequest, sent: object) -> str:
    return idempotency.fingerprint("POST", request.path, sent)


def once(request: AgentRequest, do: Callable[[], Done]) -> HttpResponse:
    """Do the work in one transaction with its idempotency record, or answer as the first time."""
    told = idempotency.once(keyed(request), do)
    return telling.replayed(telling.json(told.status, told.body), told.replayed)


def done(status: int, shape: Out, *, handoff: str | None = None) -> Done:
    return Done(status=status, body=shape.model_dump_json(), handoff=handoff)
