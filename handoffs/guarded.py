"""What the library `requests` sends goes through `outbound`: nothing inward, no redirects.

apprise's plugins call `requests` themselves. This module takes the place of the adapter that every
session of it begins with, for the whole process, so that no plugin and no option of an address can
go round it. Nothing else of ours uses the library.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from requests import sessions
from requests.adapters import HTTPAdapter

from handoffs import outbound
from handoffs.outbound import Delivery

MOST = 256 * 1024


@dataclass
class Traffic:
    """What a block sent, oldest first, and how far it may go; see `outbound.send`."""

    limits: Mapping[str, Any]
    sent: list[Delivery] = field(default_factory=list)


_here = threading.local()


@contextmanager
def watched(**limits: Any) -> Iterator[Traffic]:
    """Keep what this thread sends meanwhile; outside of such a block nothing is sent."""
    traffic = Traffic(limits)
    _here.traffic = traffic
    try:
        yield traffic
    finally:
        del _here.traffic


class Guarded(HTTPAdapter):
    """Send a prepared request to a vetted address; proxies, certificates and `verify` are ours."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        traffic: Traffic | None = getattr(_here, "traffic", None)
        if traffic is None:
            raise requests.ConnectionError("Nothing is sent from here.", request=request)
        delivery = outbound.send(
            str(request.method),
            str(request.url),
            _bytes(request),
            {str(name): str(value) for name, value in request.headers.items()},
            most=MOST,
            **traffic.limits,
        )
        traffic.sent.append(delivery)
        if delivery.status is None or 300 <= delivery.status < 400:
            raise requests.ConnectionError(delivery.error, request=request)
        return _response(request, delivery)


def _bytes(request: requests.PreparedRequest) -> bytes | None:
    """Return the body; files and streams, which we never hand over, are refused."""
    body = request.body
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    raise requests.ConnectionError("Only texts are sent.", request=request)


def _response(request: requests.PreparedRequest, delivery: Delivery) -> requests.Response:
    response = requests.Response()
    response.request = request
    response.url = str(request.url)
    response.status_code = delivery.status or 0
    response._content = delivery.content
    response.encoding = "utf-8"
    if delivery.retry_after is not None:
        response.headers["Retry-After"] = str(delivery.retry_after)
    return response


# the one name that a new session looks its adapters up by
sessions.HTTPAdapter = Guarded  # type: ignore[attr-defined]
