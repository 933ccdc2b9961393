"""Take in, describe, stop and let back the systems that act for agents."""

from datetime import datetime

from django.db import transaction

from accounts import access
from accounts.models import Client, User
from accounts.roles import Can


@transaction.atomic
def take_in(
    *, name: str, contact: str, can_be_slowed: bool = True, by: User | None, now: datetime
) -> Client:
    access.check(by, Can.MANAGE_KEYS)
    client = Client.objects.create(name=name, contact=contact, can_be_slowed=can_be_slowed)
    facts = {"name": name, "can_be_slowed": can_be_slowed}
    access.note(by, "client.taken_in", f"client {client.pk}", **facts)
    return client


@transaction.atomic
def describe(
    client: Client,
    *,
    name: str,
    contact: str,
    can_be_slowed: bool = True,
    by: User | None,
    now: datetime,
) -> None:
    """Write down what is known of a client; one that cannot be slowed is let in beyond limits."""
    access.check(by, Can.MANAGE_KEYS)
    Client.objects.filter(pk=client.pk).update(
        name=name, contact=contact, can_be_slowed=can_be_slowed
    )
    # what stands under its name is not to be told by an old one
    Client.objects.filter(stands_for=client.pk).update(name=name)
    facts = {"name": name, "can_be_slowed": can_be_slowed}
    access.note(by, "client.described", f"client {client.pk}", **facts)


@transaction.atomic
def stop(client: Client, *, by: User | None, now: datetime) -> None:
    """Refuse every key of `client` from its next request on; the keys themselves stay."""
    access.check(by, Can.MANAGE_KEYS)
    if Client.objects.filter(pk=client.pk, is_active=True).update(is_active=False):
        access.note(by, "client.stopped", f"client {client.pk}", name=client.name)


@transaction.atomic
def let_back(client: Client, *, by: User | None, now: datetime) -> None:
    access.check(by, Can.MANAGE_KEYS)
    if Client.objects.filter(pk=client.pk, is_active=False).update(is_active=True):
        access.note(by, "client.let_back", f"client {client.pk}", name=client.name)
