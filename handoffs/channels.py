"""Where the notices of a queue go beside e-mail: add it, try it, switch it off, send to it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import User
from handoffs import audit, outbox, services
from handoffs.actors import SYSTEM, person_actor
from handoffs.errors import ChannelRefused, NotFound
from handoffs.models import NoticeChannel, OutboxMessage, Queue
from handoffs.outbound import Delivery

MOST_CHANNELS = 20
# so many tries within the half hour in which it is still news
ATTEMPTS = 4
SECONDS = 10
# what a service answers when the address is no longer one
_GONE = frozenset({401, 403, 404, 410})


def inward() -> dict[str, Any]:
    """Return how far messages may go: outside, unless somebody said otherwise of this machine."""
    if not settings.WEBHOOKS_MAY_GO_INWARD:
        return {}
    return {"allow_http": True, "allow_private": True, "ports": None}


@transaction.atomic
def add(
    queue: Queue,
    *,
    address: str,
    kinds: Collection[str],
    role: Group | None = None,
    digest: bool = False,
    in_hours: bool = True,
    by: User,
    now: datetime,
) -> NoticeChannel:
    """Send a queue's notices to this address as well, or raise ChannelRefused with why not."""
    if NoticeChannel.objects.filter(queue=queue).count() >= MOST_CHANNELS:
        raise ChannelRefused("This queue has all the channels there is room for. Remove one first.")
    try:
        service, shown = services.read(address.strip(), allow_http="allow_http" in inward())
    except services.AddressRefused as refused:
        raise ChannelRefused(f"{refused} Nothing was kept.") from refused
    if not kinds:
        raise ChannelRefused("Nothing would be told there. Nothing was kept. Choose of what.")
    channel = NoticeChannel.objects.create(
        queue=queue,
        role=role,
        service=service,
        address=address.strip(),
        shown=shown[:200],
        kinds=sorted(kinds),
        digest=digest,
        in_hours=in_hours,
        added_by=by,
    )
    _note("channel.added", channel, by, service=service, kinds=sorted(kinds))
    return channel


def get(queue: Queue, channel_id: int) -> NoticeChannel:
    found = NoticeChannel.objects.filter(queue=queue, pk=channel_id).first()
    if found is None:
        raise NotFound
    return found


def listed(queue: Queue) -> list[tuple[NoticeChannel, OutboxMessage | None]]:
    """Return a queue's channels, each with the message that was last written for it."""
    found = list(NoticeChannel.objects.filter(queue=queue).select_related("role").order_by("pk"))
    latest = OutboxMessage.objects.filter(channel__in=found).order_by("channel", "-created_at")
    last = {message.channel_id: message for message in latest.distinct("channel")}
    return [(channel, last.get(channel.pk)) for channel in found]


def tell(channel: NoticeChannel, *, event: str, title: str, text: str) -> str:
    """Add a message to the channel in this transaction; return its id."""
    return outbox.tell_channel(channel.pk, event, title=title, text=text).id


@transaction.atomic
def test(channel: NoticeChannel, *, by: User, now: datetime) -> None:
    """Send a message that says what it is, so that whoever set it up sees where it arrives."""
    text = f"{by.name} tries whether the notices of {channel.queue.name} arrive here. They do."
    outbox.tell_channel(channel.pk, "channel.test", title="Overread: a test", text=text)


@transaction.atomic
def switch(channel: NoticeChannel, *, on: bool, by: User, now: datetime) -> None:
    """Send there again, or no more until somebody says so; what was given up stays so."""
    because = "" if on else "Switched off by hand."
    NoticeChannel.objects.filter(pk=channel.pk).update(enabled=on, disabled_because=because)
    if not on:
        _give_up(channel.pk)
    _note("channel.switched_on" if on else "channel.switched_off", channel, by)


@transaction.atomic
def remove(channel: NoticeChannel, *, by: User, now: datetime) -> None:
    """Forget the address and whatever was to go there."""
    _note("channel.removed", channel, by, service=channel.service)
    channel.delete()


def send(address: str, payload: dict[str, Any]) -> Delivery:
    """Send what is in the outbox for a channel; touches no database."""
    title, text = str(payload.get("subject") or ""), str(payload.get("text") or "")
    site = settings.PUBLIC_URL
    return services.send(address, title=title, text=text, seconds=SECONDS, site=site, **inward())


def is_gone(delivery: Delivery) -> bool:
    return delivery.status in _GONE


@transaction.atomic
def give_up(channel_id: int, delivery: Delivery) -> None:
    """Switch a channel off whose service no longer knows its address; whoever added it is told."""
    because = f"{delivery.error or 'The service refused it.'}"[:200]
    on = NoticeChannel.objects.filter(pk=channel_id, enabled=True)
    if not on.update(enabled=False, disabled_because=because):
        return
    _give_up(channel_id)
    channel = NoticeChannel.objects.select_related("queue", "added_by").get(pk=channel_id)
    audit.record(
        by=SYSTEM,
        action="channel.disabled",
        subject=f"channel {channel_id}",
        body={"because": because},
    )
    if channel.added_by is not None and channel.added_by.is_active:
        outbox.mail(channel.added_by.email, "channel.disabled", _mail(channel, because))


def _mail(channel: NoticeChannel, because: str) -> dict[str, str]:
    queue = channel.queue
    return {
        "subject": f"{queue.name}: {channel.service} is no longer told",
        "text": f"{because} So nothing more is sent to {channel.service} ({channel.shown}). "
        "E-mail goes on. Put in a new address here:\n\n"
        f"{settings.PUBLIC_URL}/queues/{queue.slug}/notices\n",
    }


def _give_up(channel_id: int) -> None:
    OutboxMessage.objects.filter(channel=channel_id, state=OutboxMessage.State.PENDING).update(
        state=OutboxMessage.State.DEAD, last_error="The channel was switched off."
    )


def _note(action: str, channel: NoticeChannel, by: User, **facts: object) -> None:
    body = {"queue": channel.queue.slug, **facts}
    actor = person_actor(by.pk, "")
    audit.record(by=actor, action=action, subject=f"channel {channel.pk}", body=body)
