"""Raise alarms, say when they are over, and keep who saw them and what was done about them."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.errors import FieldProblem, NotAllowed
from accounts.models import User
from handoffs import audit, outbox, pressures
from handoffs.actors import SYSTEM, person_actor
from handoffs.errors import BadShape
from oversight import alarm_words, gauges, marks, thresholds
from oversight.marks import Measure, Reading
from oversight.models import Alarm, Threshold

LEAST_WORDS, MOST_SAID, MOST_DONE = 2, 300, 1000
# two looks lie no further apart; what is later was noted by a clock that has been set back since
_OVERLAP = timedelta(minutes=5)
# of workflows and queues alike, so that a look reads each once
_RELATED = ("workflow__owner", "queue", "owner")


def look(*, now: datetime) -> int:
    """Look at every threshold; return how many alarms were raised or are over."""
    thresholds.set_usual()
    turned = 0
    for measure in Measure:
        found = gauges.read(measure, now=now)
        for pk, workflow, queue in Threshold.objects.filter(
            measure=measure, is_on=True
        ).values_list("pk", "workflow_id", "queue_id"):
            turned += _look_at(pk, found.get(workflow or queue), now=now)
    return turned


@transaction.atomic
def _look_at(pk: int, reading: Reading | None, *, now: datetime) -> bool:
    """Keep what was measured; raise or clear it, unless somebody else just looks.

    What was read before another's look is thrown away: it would take back what that one saw.
    """
    locked = Threshold.objects.select_for_update(skip_locked=True, of=("self",))
    newer = Q(looked_at__gte=now, looked_at__lt=now + _OVERLAP)
    one = locked.select_related(*_RELATED).filter(~newer, pk=pk, is_on=True).first()
    if one is None:
        return False
    raised = Alarm.objects.filter(threshold=one, cleared_at=None).first()
    before = one.standing(raised=raised is not None)
    after = marks.judge(one.marks, reading, before, now=now)
    Threshold.objects.filter(pk=pk).update(
        looked_at=now,
        value=reading.value if reading else None,
        value_low=reading.low if reading else None,
        value_high=reading.high if reading else None,
        value_of=reading.of if reading else None,
        turning_since=after.turning_since,
    )
    if after.raised is before.raised:
        return False
    assert reading is not None
    said = alarm_words.said(Measure(one.measure), reading)[:MOST_SAID]
    if raised is None:
        raised = Alarm.objects.create(threshold=one, raised_at=now, said=said)
        _tell("alarm.raised", raised, said, reading, now=now)
    else:
        Alarm.objects.filter(pk=raised.pk).update(cleared_at=now)
        _tell("alarm.cleared", raised, said, reading, now=now)
    return True


def _tell(event: str, alarm: Alarm, said: str, reading: Reading, *, now: datetime) -> None:
    """Log it, mail it to whoever sees to it, and send webhooks where agents may know."""
    one = alarm.threshold
    measure = Measure(one.measure)
    thing = one.workflow or one.queue
    audit.record(
        by=SYSTEM,
        action=event,
        subject=thresholds.subject(one),
        body={**asdict(reading), "raise_at": one.raise_at, "clear_at": one.clear_at},
    )
    mail = _mail(event, alarm, said)
    for person in thresholds.told(one):
        outbox.mail(person.email, event, mail)
    if measure in marks.NOT_FOR_AGENTS:
        return
    payload: dict[str, Any] = {
        "alarm": alarm.pk,
        "measure": measure.value,
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


def _mail(event: str, alarm: Alarm, said: str) -> dict[str, str]:
    one = alarm.threshold
    words = alarm_words.OF[Measure(one.measure)]
    name = f"{one.workflow or one.queue}: " if one.workflow or one.queue else ""
    where = f"{settings.PUBLIC_URL}{reverse('oversight:alarms')}"
    if event == "alarm.cleared":
        return {
            "subject": f"Over: {name}{words.title[0].lower()}{words.title[1:]}",
            "text": f"{said} So this alarm is over. Note what was done about it, if anything "
            f"was:\n\n{where}\n",
        }
    rule = alarm_words.rule(Measure(one.measure), one.marks)
    return {
        "subject": f"Alarm: {name}{words.title[0].lower()}{words.title[1:]}",
        "text": f"{said}\n\n{words.means} {words.try_this}\n\n{rule} Say that you saw it, and "
        f"what was done, here:\n\n{where}\n",
    }


@transaction.atomic
def acknowledge(alarm: Alarm, *, by: User, now: datetime) -> bool:
    """Note that somebody saw it and sees to it. False: somebody did before."""
    _may(by, alarm)
    return _acknowledge(alarm, by, now)


@transaction.atomic
def note(alarm: Alarm, done: str, *, by: User, now: datetime) -> None:
    """Keep what was done about it, also when that was nothing; whoever says so has seen it."""
    _may(by, alarm)
    text = done.strip()
    if len(text.split()) < LEAST_WORDS or len(text) > MOST_DONE or "\x00" in text:
        problem = f"Say in {LEAST_WORDS} words to {MOST_DONE} characters what was done, and why."
        raise BadShape(fields=(FieldProblem("done", problem),))
    _acknowledge(alarm, by, now)
    Alarm.objects.filter(pk=alarm.pk).update(done=text, done_at=now, done_by=by)
    _note("alarm.done", alarm, by, done=text)


def _acknowledge(alarm: Alarm, by: User, now: datetime) -> bool:
    unseen = Alarm.objects.filter(pk=alarm.pk, acknowledged_at=None)
    if not unseen.update(acknowledged_at=now, acknowledged_by=by):
        return False
    _note("alarm.acknowledged", alarm, by)
    return True


def seen_by(user: User) -> QuerySet[Alarm]:
    """Return the alarms that this person reads, the newest first."""
    related = ("acknowledged_by", "done_by", *(f"threshold__{name}" for name in _RELATED))
    these = Alarm.objects.filter(threshold__in=thresholds.seen_by(user).values("pk"))
    return these.select_related(*related).order_by("-raised_at", "-pk")


def _may(by: User, alarm: Alarm) -> None:
    if not thresholds.may_tend(by, alarm.threshold):
        raise NotAllowed(
            "Whoever answers for this alarm sees to it, and it is not yours. Nothing was changed. "
            "Tell its owner what you know."
        )


def _note(action: str, alarm: Alarm, by: User, **facts: object) -> None:
    actor = person_actor(by.pk, "")
    body = {"alarm": alarm.pk, **facts}
    audit.record(by=actor, action=action, subject=thresholds.subject(alarm.threshold), body=body)
