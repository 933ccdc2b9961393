"""A secret that goes out in an e-mail and is kept nowhere: not in the outbox, not in a backup.

What is stored is a mark, in the place where the secret will be, and the secret's SHA-256. The
secret itself comes of the mark and the server's key, at the moment of sending. The mark is random:
nobody whose words are in the same mail can have written it there before.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

_SALT = b"overread.mail-secret.v1:"


class KeyGone(ValueError):
    """The key that this secret was made with is no longer among the server's."""


@dataclass(frozen=True, kw_only=True)
class MailSecret:
    """256 bits for one mail: `mark` stands for it in the text, `digest` is what is looked up."""

    mark: str
    digest: str


def new(key: str) -> MailSecret:
    mark = secrets.token_urlsafe(32)
    return MailSecret(mark=mark, digest=digest(_secret(key, mark)))


def digest(secret: str) -> str:
    """Return what is stored in a secret's place: SHA-256, in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def fill(text: str, sealed: MailSecret, keys: Iterable[str]) -> str:
    """Put the secret where its mark is; `keys` are the server's present one and those before."""
    for key in keys:
        secret = _secret(key, sealed.mark)
        if hmac.compare_digest(digest(secret), sealed.digest):
            return text.replace(sealed.mark, secret)
    raise KeyGone("The key that its link was made with is gone, so the link would not open.")


def _secret(key: str, mark: str) -> str:
    made = hmac.digest(_SALT + key.encode(), mark.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
