"""Read side: which client a key belongs to, and who counts as one with whom."""

import hashlib
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import ApiKey, Client, ConflictGroup

# as the one entry of a key's workflows
EVERY_WORKFLOW = "*"


@dataclass(frozen=True, kw_only=True)
class KeyHolder:
    """Who calls, and how far the key reaches."""

    client: Client
    key: ApiKey
    workflows: frozenset[str]

    def may_use(self, workflow: str) -> bool:
        return EVERY_WORKFLOW in self.workflows or workflow in self.workflows


def client_for_key(raw: str) -> KeyHolder | None:
    """Return the holder of a live key of an active client, else None.

    Whatever is wrong, the work is the same: one hash and one look-up of it in an index. How long
    that takes tells nothing about a secret, because only its hash is ever compared.
    """
    secret_hash = hashlib.sha256(raw.encode()).hexdigest()
    key = (
        ApiKey.objects.select_related("client")
        .filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=Now()),
            secret_hash=secret_hash,
            revoked_at__isnull=True,
            client__is_active=True,
        )
        .first()
    )
    if key is None:
        return None
    return KeyHolder(client=key.client, key=key, workflows=frozenset(key.workflows))


def kin(user_id: int) -> list[tuple[int, str, str]]:
    """Return everyone whom a conflict group puts together with this person: id, e-mail, group."""
    through = ConflictGroup.people.through.objects
    mine = through.filter(user=user_id).values("conflictgroup")
    rows = through.filter(conflictgroup__in=mine).exclude(user=user_id)
    return list(
        rows.order_by("conflictgroup__name", "user").values_list(
            "user", "user__email", "conflictgroup__name"
        )
    )


def apart() -> dict[int, frozenset[int]]:
    """Return everybody in a conflict group, each with the others of all of theirs."""
    groups: dict[int, set[int]] = {}
    for group, person in ConflictGroup.people.through.objects.values_list("conflictgroup", "user"):
        groups.setdefault(group, set()).add(person)
    found: dict[int, set[int]] = {}
    for people in groups.values():
        for person in people:
            found.setdefault(person, set()).update(people - {person})
    return {person: frozenset(others) for person, others in found.items()}
