"""The page on which whoever leads a queue says how its people are told, and where else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group
from django.urls import reverse

from handoffs import queries, services, sla
from handoffs.models import NoticeChannel, OutboxMessage, Queue
from reviews.notice_rules import OF_TEAMS, How, Kind
from reviews.pages import times
from reviews.pages.notices import HOW, LABELS, Choice, Select, queue_url

_TOLD: dict[Kind, str] = {
    Kind.TRANSFERRED: "handed to the team",
    Kind.URGENT: "urgent",
    Kind.ARRIVED: "new",
    Kind.COMPLETED: "done",
}
_STATES: dict[str, str] = {
    OutboxMessage.State.DELIVERED: "arrived",
    OutboxMessage.State.PENDING: "under way",
    OutboxMessage.State.DEAD: "given up",
}
# what each thing that is typed is called again when the form comes back
_USUAL_KINDS = frozenset({Kind.URGENT.value, Kind.TRANSFERRED.value})


@dataclass(frozen=True, kw_only=True)
class ChannelLine:
    """A channel, and how its last message went."""

    service: str
    shown: str
    told: str
    when: str
    enabled: bool
    because: str
    last: str
    last_error: str
    urls: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class QueueNoticesPage:
    name: str
    hours: str
    kinds: tuple[Select, ...]
    channels: tuple[ChannelLine, ...]
    services: str
    ticks: tuple[Choice, ...]
    teams: tuple[Choice, ...]
    digest: bool
    in_hours: bool
    address: str
    error: str
    url: str
    add_url: str


def page(
    queue: Queue,
    how: Mapping[Kind, How],
    channels: Iterable[tuple[NoticeChannel, OutboxMessage | None]],
    teams: Iterable[Group],
    *,
    typed: Mapping[str, object] | None = None,
    error: str = "",
    now: datetime,
) -> QueueNoticesPage:
    said = typed or {"kinds": _USUAL_KINDS, "in_hours": True}
    role, kinds = said.get("role"), said.get("kinds")
    ticked = kinds if isinstance(kinds, list | frozenset) else ()
    return QueueNoticesPage(
        name=queue.name,
        hours=sla.hours_in_words(queries.calendar(queue)) if queue.hours else "day and night",
        kinds=tuple(_select(kind, how[kind]) for kind in LABELS),
        channels=tuple(_line(queue, channel, last, now) for channel, last in channels),
        services=", ".join(services.SERVICES),
        ticks=tuple(
            Choice(value=kind.value, label=LABELS[kind][0], chosen=kind.value in ticked)
            for kind in OF_TEAMS
        ),
        teams=tuple(
            Choice(value=str(team.pk), label=team.name, chosen=team == role) for team in teams
        ),
        digest=bool(said.get("digest")),
        in_hours=bool(said.get("in_hours")),
        address=str(said.get("address") or ""),
        error=error,
        url=queue_url(queue),
        add_url=reverse("reviews:channel-add", args=[queue.slug]),
    )


def _select(kind: Kind, said: How) -> Select:
    label, hint = LABELS[kind]
    choices = tuple(Choice(value=how, label=HOW[how], chosen=how == said) for how in How)
    return Select(name=kind.value, label=label, hint=hint, choices=choices)


def _line(
    queue: Queue, channel: NoticeChannel, last: OutboxMessage | None, now: datetime
) -> ChannelLine:
    told = ", ".join(said for kind, said in _TOLD.items() if kind.value in channel.kinds)
    rhythm = "every hour" if channel.digest else "at once"
    hours = ", in its hours" if channel.in_hours and queue.hours else ""
    whose = f", for {channel.role.name}" if channel.role else ""
    named = {"test": "test", "off": "off", "on": "on", "remove": "remove"}
    return ChannelLine(
        service=channel.service,
        shown=channel.shown,
        told=told,
        when=f"{rhythm}{hours}{whose}",
        enabled=channel.enabled,
        because=channel.disabled_because,
        last=_last(last, now),
        last_error=last.last_error if last else "",
        urls={
            name: reverse("reviews:channel-change", args=[queue.slug, channel.pk, what])
            for name, what in named.items()
        },
    )


def _last(message: OutboxMessage | None, now: datetime) -> str:
    if message is None:
        return "Nothing was sent there yet."
    said, tries = _STATES[message.state], message.attempts
    again = f", tried {tries} times" if tries > 1 else ""
    return f"The last message is {said}{again}, {times.since(message.created_at, now).phrase}."
