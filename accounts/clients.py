"""Take in, describe, stop and let back the systems that act for agents."""

from datetime import datetime

from django.db import transaction

from accounts import access
from accounts.models import Client, User
from accounts.roles import Can


@transaction.atomic
def take_in(*, name: str, contact: str, by: User | None, now: datetime) -> Client:
    access.check(by, Can.MANAGE_KEYS)
    client = Client.objects.create(name=name, contact=contact)
    access.note(by, "client.taken_in", f"client {client.pk}", name=name)
    return client


@transaction.atomic
def describe(client: Client, *, name: str, contact: str, by: User | None, now: datetime) -> None:
    access.check(by, Can.MANAGE_KEYS)
    Client.objects.filter(pk=client.pk).update(name=name, contact=contact)
    access.note(by, "client.described", f"client {client.pk}", name=name)


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
