"""Fetch what proves an answer. Checking it needs no server: see `overread.receipts`."""

import json
from collections.abc import Mapping
from typing import Any

from overread.backoff import Settings, send
from overread.flows import Flow
from overread.http import segment
from overread.values import Handoff, identify


def receipt(settings: Settings, handoff: Handoff | str) -> Flow[str]:
    """Fetch the signed receipt of a handoff, as the compact JWS it is."""
    request = settings.door.get(f"/api/v1/receipts/{segment(identify(handoff))}")
    response = yield from send(settings, request)
    text = response.body.decode()
    if not text.lstrip().startswith(("{", '"')):
        return text.strip()
    data = json.loads(text)
    return str(data["receipt"] if isinstance(data, dict) else data)


def jwks(settings: Settings) -> Flow[Mapping[str, Any]]:
    """Fetch the public keys that receipts are signed with; keep them to verify offline."""
    response = yield from send(settings, settings.door.get("/.well-known/jwks.json"))
    keys: Mapping[str, Any] = response.json()
    return keys
