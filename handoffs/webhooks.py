"""Sign webhook messages as Standard Webhooks asks, and say when to try again."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from handoffs.outbound import Delivery, post

__all__ = ["RETRIES", "Delivery", "SecretUnusable", "delay", "new_secret", "post", "sign"]

# seconds before each attempt, about 75 hours in all; beside the code, as the row holds the time
RETRIES = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.1
_PREFIX = "whsec_"


class SecretUnusable(ValueError):
    """A secret that is not `whsec_` and 24 to 64 bytes in base64."""


def new_secret() -> str:
    """Make a secret for one endpoint, in the form its receiver is given."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(message_id: str, timestamp: int, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """Return the three headers; while a secret rotates, the message carries both signatures."""
    if not keys or "." in message_id:
        raise ValueError("A message needs a secret, and an id without a dot.")
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    signatures = [hmac.digest(_key(secret), signed, hashlib.sha256) for secret in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(s).decode()}" for s in signatures),
    }


def delay(attempts: int, message_id: str, retry_after: int | None = None) -> float | None:
    """Return the seconds to wait after so many attempts, or None when it was the last.

    Up to a tenth is added, from the message's id: messages that failed together do not come back
    together, and the same message always waits the same. A receiver that asks for more time gets
    it; one that asks for less does not.
    """
    if attempts >= len(RETRIES):
        return None
    fraction = int.from_bytes(hashlib.sha256(f"{message_id}:{attempts}".encode()).digest()[:8])
    planned = RETRIES[attempts] * (1 + JITTER * fraction / 2**64)
    return max(planned, float(min(retry_after or 0, RETRIES[-1])))


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not 24 <= len(key) <= 64:
        raise SecretUnusable("The secret is not in the form whsec_… Make a new one.")
    return key
