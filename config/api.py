"""Composes the agent-facing API: keys, routers, problems, document."""

from typing import Any, cast

from django.http import Http404
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from accounts.api_auth import AgentKey
from config import openapi
from handoffs.api import governance, handoffs, problems, proposals, reading, resumptions, runs


class AgentApi(NinjaAPI):
    """NinjaAPI that tells the whole truth in its document."""

    def get_openapi_schema(self, **_: Any) -> OpenAPISchema:
        """Write the document; where it is mounted is known here, so no URLs are needed for it."""
        return openapi.complete(super().get_openapi_schema(path_prefix="api/v1/"))


api = AgentApi(
    title="Overread",
    version="1",
    description=openapi.DESCRIPTION,
    auth=AgentKey(),
    parser=reading.StrictParser(),
    # served by config.docs, which knows who may read them
    openapi_url=None,
    docs_url=None,
)
# the hottest first: addresses are tried in this order
for router in (proposals, handoffs, resumptions, runs, governance):
    api.add_router("", router.router)
for kind in (Http404, HttpError, ValidationError, Exception):
    api.add_exception_handler(kind, cast(Any, problems.response))
