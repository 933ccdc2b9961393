"""Tell of an alarm: the log, whoever sees to it, chats of its queue, and agents that may know."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from handoffs import audit, channels, outbox, pressures
from handoffs.actors import SYSTEM
from handoffs.models import NoticeChannel
from oversight.models import Alarm
from oversight.statistics import marks
from oversight.statistics.marks import Measure, Reading
from oversight.watch import alarm_words, thresholds
from reviews.notice_rules import Kind


def tell(event: str, alarm: Alarm, said: str, reading: Reading, *, now: datetime) -> None:
    """Log it, mail it to whoever sees to it, and send it on where others may know."""
    one = alarm.threshold
    audit.record(
        by=SYSTEM,
        action=event,
        subject=thresholds.subject(one),
        body={**asdict(reading), "raise_at": one.raise_at, "clear_at": one.clear_at},
    )
    mail = _mail(event, alarm, said)
    for person in thresholds.told(one):
        outbox.mail(person.email, event, mail)
    if one.queue is not None:
        _tell_chats(event, alarm, said)
    if Measure(one.measure) not in marks.NOT_FOR_AGENTS:
        _tell_clients(event, alarm, said, reading, now=now)


def _tell_chats(event: str, alarm: Alarm, said: str) -> None:
    """Say it where the queue's people are told of what becomes urgent; no alarm is about a team."""
    queue = alarm.threshold.queue
    where = f"{settings.PUBLIC_URL}{reverse('oversight:alarms')}"
    for channel in NoticeChannel.objects.filter(
        queue=queue, enabled=True, kinds__contains=[Kind.URGENT.value]
    ):
        title = _subject(event, alarm)
        channels.tell(channel, event=event, title=title, text=f"{said} {where}")


def _tell_clients(event: str, alarm: Alarm, said: str, reading: Reading, *, now: datetime) -> None:
    one = alarm.threshold
    thing = one.workflow or one.queue
    payload: dict[str, Any] = {
        "alarm": alarm.pk,
        "measure": one.measure,
        "workflow": one.workflow.slug if one.workflow else None,
        "queue": one.queue.slug if one.queue else None,
        "at": now.isoformat(),
        "value": reading.value,
        "raise_at": one.raise_at,
        "clear_at": one.clear_at,
        "sentence": f"{thing.name}: {said}" if thing else said,
    }
    for client in pressures.clients(one.workflow):
        outbox.tell(client.pk, event, payload)


def _subject(event: str, alarm: Alarm) -> str:
    one = alarm.threshold
    title = alarm_words.OF[Measure(one.measure)].title
    name = f"{one.workflow or one.queue}: " if one.workflow or one.queue else ""
    begins = "Over" if event == "alarm.cleared" else "Alarm"
    return f"{begins}: {name}{title[0].lower()}{title[1:]}"


def _mail(event: str, alarm: Alarm, said: str) -> dict[str, str]:
    one = alarm.threshold
    words = alarm_words.OF[Measure(one.measure)]
    where = f"{settings.PUBLIC_URL}{reverse('oversight:alarms')}"
    if event == "alarm.cleared":
        text = (
            f"{said} So this alarm is over. Note what was done about it, if anything was:\n\n"
            f"{where}\n"
        )
    else:
        rule = alarm_words.rule(Measure(one.measure), one.marks)
        text = (
            f"{said}\n\n{words.means} {words.try_this}\n\n{rule} Say that you saw it, and what "
            f"was done, here:\n\n{where}\n"
        )
    return {"subject": _subject(event, alarm), "text": text}
