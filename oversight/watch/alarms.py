"""Raise alarms, say when they are over, and keep who saw them and what was done about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from accounts.errors import FieldProblem, NotAllowed
from accounts.models import User
from handoffs import audit
from handoffs.actors import person_actor
from handoffs.errors import BadShape
from oversight.models import Alarm, Threshold
from oversight.statistics import marks
from oversight.statistics.marks import Measure, Reading, Standing
from oversight.watch import alarm_notices, alarm_words, gauges, thresholds

LEAST_WORDS, MOST_SAID, MOST_DONE = 2, 300, 1000
# two looks lie no further apart; what is later was noted by a clock that has been set back since
_OVERLAP = timedelta(minutes=5)
# of workflows and queues alike, so that a look reads each once
_RELATED = ("workflow__owner", "queue", "owner")


_KEEP = """
update oversight_threshold threshold set
    looked_at = %s, value = seen.value, value_low = seen.low, value_high = seen.high,
    value_of = seen.many, turning_since = seen.since
from unnest(%s::bigint[], %s::float8[], %s::float8[], %s::float8[], %s::integer[],
    %s::timestamptz[]) as seen (id, value, low, high, many, since)
where threshold.id = seen.id
"""


def look(*, now: datetime) -> int:
    """Look at every threshold; return how many alarms were raised or are over."""
    thresholds.set_usual()
    return sum(_look_at(one, gauges.read(one, now=now), now=now) for one in Measure)


@dataclass(frozen=True, kw_only=True)
class _Looked:
    threshold: Threshold
    reading: Reading | None
    after: Standing


@transaction.atomic
def _look_at(measure: Measure, found: gauges.Readings, *, now: datetime) -> int:
    """Keep what was measured; raise or clear what turned, unless somebody else just looks.

    It asks as often for a thousand thresholds as for one. What was read before another's look is
    thrown away: it would take back what that one saw.
    """
    locked = Threshold.objects.select_for_update(skip_locked=True, of=("self",))
    newer = Q(looked_at__gte=now, looked_at__lt=now + _OVERLAP)
    those = locked.select_related(*_RELATED).filter(~newer, measure=measure, is_on=True)
    these = list(those.order_by("pk"))
    open_now = Alarm.objects.filter(threshold__measure=measure, cleared_at=None)
    raised = {alarm.threshold_id: alarm for alarm in open_now}
    looked = [_judged(one, found, raised=one.pk in raised, now=now) for one in these]
    if looked:
        _keep(looked, now)
    turned = [one for one in looked if one.after.raised is not (one.threshold.pk in raised)]
    for one in turned:
        _turn(one, raised.get(one.threshold.pk), now=now)
    return len(turned)


def _judged(one: Threshold, found: gauges.Readings, *, raised: bool, now: datetime) -> _Looked:
    reading = found.get(one.workflow_id or one.queue_id)
    after = marks.judge(one.marks, reading, one.standing(raised=raised), now=now)
    return _Looked(threshold=one, reading=reading, after=after)


def _keep(looked: Sequence[_Looked], now: datetime) -> None:
    """Store how all of these stand, in one statement."""
    rows = [
        (
            one.threshold.pk,
            *((one.reading.value, one.reading.low, one.reading.high, one.reading.of)
              if one.reading else (None, None, None, None)),
            one.after.turning_since,
        )
        for one in looked
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [now, *(list(column) for column in zip(*rows, strict=True))])


def _turn(one: _Looked, raised: Alarm | None, *, now: datetime) -> None:
    assert one.reading is not None
    said = alarm_words.said(Measure(one.threshold.measure), one.reading)[:MOST_SAID]
    if raised is None:
        alarm = Alarm.objects.create(threshold=one.threshold, raised_at=now, said=said)
        alarm_notices.tell("alarm.raised", alarm, said, one.reading, now=now)
        return
    Alarm.objects.filter(pk=raised.pk).update(cleared_at=now)
    raised.threshold = one.threshold
    alarm_notices.tell("alarm.cleared", raised, said, one.reading, now=now)


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
