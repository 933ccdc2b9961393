"""Verify what Overread's webhooks deliver (Standard Webhooks), also while a secret rotates."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from overread.errors import WebhookInvalid

# how far the sender's clock and ours may be apart, in seconds; older messages could be replays
TOLERANCE = 300
_PREFIX = "whsec_"


def verify(
    body: bytes | str,
    headers: Mapping[str, str],
    secrets: str | Sequence[str],
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> Any:
    """Return the event in `body`, or raise WebhookInvalid and say why.

    `body` must be the bytes as they came in: one that was parsed and written again verifies no
    more. Give both secrets while one is rotated out. The same event may come more than once, by
    its `webhook-id`: remember the ids that you have handled.
    """
    content = body.encode() if isinstance(body, str) else body
    given = {name.lower(): value for name, value in headers.items()}
    try:
        id, sent_at, signatures = (
            given[f"webhook-{name}"] for name in ("id", "timestamp", "signature")
        )
    except KeyError as missing:
        raise WebhookInvalid(f"The header {missing} is missing.") from None
    _check_time(sent_at, tolerance, time.time() if now is None else now)
    signed = b".".join((id.encode(), sent_at.encode(), content))
    keys = [_key(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    if not keys:
        raise ValueError("Give the endpoint's secret.")
    if not any(_fits(key, signed, one) for key in keys for one in signatures.split()):
        raise WebhookInvalid("No signature fits: another secret, or another body than was sent.")
    try:
        return json.loads(content)
    except ValueError as error:
        raise WebhookInvalid("The body is well signed and no JSON.") from error


def _check_time(sent_at: str, tolerance: float, now: float) -> None:
    if not (sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 16):
        raise WebhookInvalid("The timestamp is no number.")
    if abs(now - int(sent_at)) > tolerance:
        raise WebhookInvalid("It was sent too long ago, or a clock is wrong.")


def _fits(key: bytes, signed: bytes, signature: str) -> bool:
    version, _, value = signature.partition(",")
    right = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    return version == "v1" and hmac.compare_digest(right, value.encode())


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("A webhook secret looks like whsec_ and base64.")
    return key
