"""The pages on which people say how they are told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from handoffs import queries, sla
from handoffs.models import Queue
from reviews.models import Notice
from reviews.notice_rules import How, Kind
from reviews.notice_wishes import Wishes
from reviews.pages import times

LABELS: dict[Kind, tuple[str, str]] = {
    Kind.TRANSFERRED: (
        "Something is handed to your team",
        "It climbed to your level, colleagues sent it on to you, or another queue was full.",
    ),
    Kind.ASSIGNED: (
        "Something is given to you",
        "In queues that give out work. Only if you have not opened it after 20 seconds.",
    ),
    Kind.URGENT: (
        "Something becomes urgent",
        "It will be late soon. While somebody holds it, only they are told.",
    ),
    Kind.ARRIVED: (
        "Something new waits for your team",
        "An agent asked. Whoever looks at the desk sees it there anyway.",
    ),
    Kind.COMPLETED: (
        "Something is done",
        "What you were told of or passed on is answered, or a run in which you decided has ended.",
    ),
}
HOW: dict[How, str] = {
    How.AT_ONCE: "At once",
    How.DIGEST: "In a digest",
    How.NONE: "Not at all",
}
_OUTCOMES: dict[str, str] = {
    Notice.Ended.SENT: "told",
    Notice.Ended.OVER: "not told: it was over by then",
    Notice.Ended.STOPPED: "not told: you stopped these",
    Notice.Ended.NOT_THEIRS: "not told: it was no longer yours to see",
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Select:
    name: str
    label: str
    hint: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, kw_only=True)
class QueueTick:
    id: int
    name: str
    hours: str
    told: bool


@dataclass(frozen=True, kw_only=True)
class Latest:
    what: str
    outcome: str
    at: times.Moment
    url: str


@dataclass(frozen=True, kw_only=True)
class NoticesPage:
    email: str
    kinds: tuple[Select, ...]
    digest: Select
    wakes: bool
    queues: tuple[QueueTick, ...]
    leads: tuple[tuple[str, str], ...]
    latest: tuple[Latest, ...]
    url: str


def page(
    email: str,
    wishes: Wishes,
    queues: Iterable[Queue],
    latest: Iterable[Notice],
    *,
    leads: Iterable[Queue] = (),
    now: datetime,
) -> NoticesPage:
    queues = list(queues)
    known = {queue.pk for queue in queues}
    return NoticesPage(
        email=email,
        kinds=tuple(_select(kind, wishes.how[kind], as_queue=True) for kind in LABELS),
        digest=_digest(wishes.digest_hour),
        wakes=wishes.wakes,
        queues=tuple(_tick(queue, wishes) for queue in queues),
        leads=tuple((queue.name, queue_url(queue)) for queue in leads),
        latest=tuple(_latest(one, known, now) for one in latest),
        url=reverse("reviews:notices"),
    )


def queue_url(queue: Queue) -> str:
    return reverse("reviews:queue-notices", args=[queue.slug])


def _select(kind: Kind, said: str, *, as_queue: bool) -> Select:
    label, hint = LABELS[kind]
    choices = [Choice(value=how.value, label=HOW[how], chosen=said == how) for how in How]
    if as_queue:
        usual = Choice(value="", label="As each queue has it", chosen=not said)
        choices = [usual, *choices]
    return Select(name=kind.value, label=label, hint=hint, choices=tuple(choices))


def _digest(hour: int | None) -> Select:
    hours = tuple(
        Choice(value=str(one), label=f"Once a day, at {one:02}:00", chosen=one == hour)
        for one in range(24)
    )
    hourly = Choice(value="hourly", label="Every hour, if there is something", chosen=hour is None)
    return Select(
        name="digest",
        label="The digest comes",
        hint="Within your hours. One mail for everything that was gathered.",
        choices=(hourly, *hours),
    )


def _tick(queue: Queue, wishes: Wishes) -> QueueTick:
    return QueueTick(
        id=queue.pk,
        name=queue.name,
        hours=sla.hours_in_words(queries.calendar(queue)) if queue.hours else "",
        told=queue.pk not in wishes.quiet,
    )


def _latest(notice: Notice, known: set[int], now: datetime) -> Latest:
    """Say what was told; where it is by now only to those who work there."""
    outcome = _OUTCOMES.get(notice.ended_because, "")
    what, mine = LABELS[Kind(notice.kind)][0], notice.handoff.queue_id in known
    return Latest(
        what=f"{what}: {notice.handoff.queue.name}" if mine else what,
        outcome=outcome or f"goes out {times.until(notice.due_at, now).phrase}",
        at=times.since(notice.made_at, now),
        url=reverse("reviews:handoff", args=[notice.handoff_id]) if mine else "",
    )
