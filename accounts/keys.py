"""Issue, rotate and revoke the keys that clients' agents carry."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.errors import DomainError, FieldProblem
from accounts.models import ApiKey, Client, User

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
EVERY_WORKFLOW = "*"


class KeyGone(DomainError):
    """This key is revoked or expired. Nothing was changed. Issue a new one instead."""

    code, status, title = "key_gone", 409, "Key is gone"


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A new key; `raw` is known here and to its receiver, and nowhere else, ever again."""

    key: ApiKey
    raw: str


def digest(raw: str) -> str:
    """Return what is stored of a key. Its secret is random, so one fast hash is enough."""
    return hashlib.sha256(raw.encode()).hexdigest()


def issue(
    client: Client,
    *,
    workflows: list[str],
    by: User,
    now: datetime,
    expires_at: datetime | None = None,
) -> Issued:
    """Give `client` a key for `workflows`; the one entry ``*`` means every workflow."""
    names = sorted(set(workflows))
    if not names:
        raise DomainError(
            "No workflow was named, so no key was made. Name at least one, or * for all.",
            fields=(FieldProblem("workflows", "Name at least one workflow."),),
        )
    if EVERY_WORKFLOW in names:
        names = [EVERY_WORKFLOW]
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(8))
    raw = f"ovr_{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        client=client,
        prefix=prefix,
        secret_hash=digest(raw),
        workflows=names,
        created_at=now,
        expires_at=expires_at,
    )
    return Issued(key=key, raw=raw)


def rotate(key: ApiKey, *, old_until: datetime, by: User, now: datetime) -> Issued:
    """Issue a successor with the same reach; the old key works until `old_until`."""
    with transaction.atomic():
        live = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        ended = ApiKey.objects.filter(live, pk=key.pk, revoked_at__isnull=True)
        if ended.update(expires_at=old_until) != 1:
            raise KeyGone
        return issue(key.client, workflows=key.workflows, by=by, now=now)


def revoke(key: ApiKey, *, by: User, now: datetime) -> None:
    """End `key` at once; revoking it again changes nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now)
