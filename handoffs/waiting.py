"""Signed, short-lived addresses at which an agent waits without holding a worker or a key.

A token is ``<subject>~<expiry>`` in URL-safe base 64, a dot, and its HMAC-SHA256 under a key that
is derived from the secret key for this use alone. A subject is ``ho_…:<version>``,
``run_…:<version>`` or ``wf:<client>:<id>,<id>``: what is waited for, and what its reader knew.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

VALID_SECONDS = 3600
# Expiries fall on these, so that the same state gives the same address for a while.
GRAIN_SECONDS = 600
MAX_TOKEN_LENGTH = 2000
_PURPOSE = b"overread.waiting.v1"


class BadToken(Exception):
    """Nobody here signed this."""


class ExpiredToken(Exception):
    """It was good, and is no longer."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What is waited for: a row past `version`, or a turn for `client` in one of `workflows`."""

    id: str = ""
    version: int = 0
    client: int = 0
    workflows: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.client:
            return f"wf:{self.client}:" + ",".join(map(str, self.workflows))
        return f"{self.id}:{self.version}"


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Makes wait addresses: `Signer(secret=settings.SECRET_KEY, base_url=settings.WAIT_URL)`."""

    secret: str
    base_url: str

    def url_for_handoff(self, handoff_id: str, version: int, *, now: datetime) -> str:
        return self._url(Watched(id=handoff_id, version=version), now)

    def url_for_run(self, run_id: str, version: int, *, now: datetime) -> str:
        return self._url(Watched(id=run_id, version=version), now)

    def url_for_workflows(
        self, workflow_ids: Iterable[int], *, client_id: int, now: datetime
    ) -> str:
        """Wait for a turn to go on that `client_id` may claim."""
        return self._url(Watched(client=client_id, workflows=tuple(sorted(set(workflow_ids)))), now)

    def _url(self, watched: Watched, now: datetime) -> str:
        expires_at = int(now.timestamp()) + VALID_SECONDS + GRAIN_SECONDS
        expires_at -= expires_at % GRAIN_SECONDS
        return f"{self.base_url}/wait/{sign(watched, key_of(self.secret), expires_at)}"


@cache
def key_of(secret: str) -> bytes:
    """Derive the signing key, so that a wait token is never good for anything else."""
    return hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)


def sign(watched: Watched, key: bytes, expires_at: int) -> str:
    body = _encode(f"{watched}~{expires_at}".encode())
    return f"{body}.{_encode(hmac.digest(key, body.encode(), hashlib.sha256))}"


def read(token: str, keys: Iterable[bytes], now: float) -> Watched:
    """Return what `token` waits for, or raise BadToken or ExpiredToken. Any of `keys` is good."""
    body, _, signature = token.partition(".")
    if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
        raise BadToken
    given = _decode(signature)
    if not any(
        hmac.compare_digest(hmac.digest(key, body.encode(), hashlib.sha256), given) for key in keys
    ):
        raise BadToken
    subject, _, expires_at = _decode(body).decode().rpartition("~")
    if now >= int(expires_at):
        raise ExpiredToken
    return _parse(subject)


def _parse(subject: str) -> Watched:
    head, _, tail = subject.rpartition(":")
    if head.startswith("wf:"):
        workflows = tuple(int(number) for number in tail.split(",") if number)
        return Watched(client=int(head.removeprefix("wf:")), workflows=workflows)
    return Watched(id=head, version=int(tail))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise BadToken from None
