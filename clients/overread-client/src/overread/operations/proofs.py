"""Fetch what proves an answer. Checking it needs no server: see `overread.receipts`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from overread.backoff import Settings, send
from overread.flows import Flow
from overread.http import segment
from overread.values import Handoff, identify
from overread.wire import decode


@dataclass(frozen=True, kw_only=True)
class _Signed:
    receipt: str


def receipt(settings: Settings, handoff: Handoff | str) -> Flow[str]:
    """Fetch the signed receipt of a handoff, as the compact JWS it is."""
    request = settings.door.get(f"/api/v1/receipts/{segment(identify(handoff))}")
    response = yield from send(settings, request)
    return decode(_Signed, response.json()).receipt


def jwks(settings: Settings) -> Flow[Mapping[str, Any]]:
    """Fetch the public keys that receipts are signed with; keep them to verify offline."""
    response = yield from send(settings, settings.door.get("/.well-known/jwks.json"))
    keys: Mapping[str, Any] = response.json()
    return keys
