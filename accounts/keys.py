"""Issue, rotate and revoke the keys that clients' agents carry."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from accounts import access
from accounts.errors import FieldProblem, KeyGone, NoWorkflowNamed
from accounts.models import ApiKey, Client, User
from accounts.queries import EVERY_WORKFLOW
from accounts.roles import Can

# no letters that are read as one another
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A new key; `raw` is known here and to its receiver, and nowhere else, ever again."""

    key: ApiKey
    raw: str


def digest(raw: str) -> str:
    """Return what is stored of a key. Its secret is random, so one fast hash is enough."""
    return hashlib.sha256(raw.encode()).hexdigest()


@transaction.atomic
def issue(
    client: Client,
    *,
    workflows: list[str],
    by: User | None,
    now: datetime,
    expires_at: datetime | None = None,
) -> Issued:
    """Give `client` a key for `workflows`, by slug; the one entry ``*`` means every workflow."""
    access.check(by, Can.MANAGE_KEYS)
    names = sorted(set(workflows))
    if not names:
        raise NoWorkflowNamed(fields=(FieldProblem("workflows", "Name at least one, or *."),))
    if EVERY_WORKFLOW in names:
        names = [EVERY_WORKFLOW]
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    raw = f"ovr_{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        client=client,
        prefix=prefix,
        secret_hash=digest(raw),
        workflows=names,
        expires_at=expires_at,
    )
    access.note(by, "key.issued", f"key {prefix}", client=client.name, workflows=names)
    return Issued(key=key, raw=raw)


@transaction.atomic
def rotate(key: ApiKey, *, old_until: datetime, by: User | None, now: datetime) -> Issued:
    """Issue a successor with the same reach; the old key works until `old_until`, at most."""
    access.check(by, Can.MANAGE_KEYS)
    live = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    live_key = ApiKey.objects.filter(live, pk=key.pk, revoked_at__isnull=True)
    ends_later = Q(expires_at__isnull=True) | Q(expires_at__gt=old_until)
    if not live_key.exists():
        raise KeyGone
    live_key.filter(ends_later).update(expires_at=old_until)
    issued = issue(key.client, workflows=key.workflows, by=by, now=now)
    access.note(
        by,
        "key.rotated",
        f"key {key.prefix}",
        successor=issued.key.prefix,
        old_until=old_until.isoformat(),
    )
    return issued


@transaction.atomic
def revoke(key: ApiKey, *, by: User | None, now: datetime) -> None:
    """End `key` at once, with its next request; revoking it again changes nothing."""
    access.check(by, Can.MANAGE_KEYS)
    live = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True)
    if live.update(revoked_at=now):
        access.note(by, "key.revoked", f"key {key.prefix}", client=key.client.name)


def note_use(key: ApiKey, *, on: date) -> None:
    """Remember the day a key was last used: at most one write a day, whoever comes first."""
    ApiKey.objects.filter(Q(last_used_on__isnull=True) | Q(last_used_on__lt=on), pk=key.pk).update(
        last_used_on=on
    )
