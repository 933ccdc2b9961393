"""Look at each new autonomous action once, and write down what stood out.

Proposals, what was learnt of them, findings and the cursor move in one transaction: a crash begins
the same stretch again, and a second worker finds the cursor taken.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Sum

from handoffs import anomalies, histories, ids, real
from handoffs.anomalies import THRESHOLDS, Figure, Sensitivity
from handoffs.failpoints import failpoint
from handoffs.histories import History, Seen
from handoffs.models import ActionHistory, Detector, DetectorCursor, Finding

# an id can be made this long before its row is seen: no statement runs longer than 15 seconds
SETTLED = timedelta(seconds=20)
# what is older when it is first looked at is only learnt from
STALE = timedelta(hours=24)
LEARNS_FROM = timedelta(days=30)
# one that comes again within this time is the same storm
STORM = timedelta(hours=1)

_NEW = f"""
select proposal.id, run.workflow_id, proposal.action_type, proposal.arguments,
    proposal.arguments_digest, proposal.run_id, proposal.created_at, proposal.tier
from handoffs_proposal proposal join handoffs_run run on run.id = proposal.run_id
where proposal.id > %(after)s and proposal.id < %(until)s and {real.run()}
order by proposal.id limit %(limit)s
"""


@dataclass(kw_only=True)
class _Watched:
    """A workflow while it is looked at: its settings, and what is known of its action types."""

    workflow_id: int
    detector: Detector
    total: int
    known: dict[str, History] = field(default_factory=dict)


def look(*, now: datetime, limit: int = 2000) -> int:
    """Look at what is new since the last time, a bounded stretch; return how many that were."""
    start = ids.at("prop", now - LEARNS_FROM)
    DetectorCursor.objects.get_or_create(id=1, defaults={"proposal": start})
    with transaction.atomic():
        cursor = DetectorCursor.objects.select_for_update(skip_locked=True).first()
        if cursor is None:
            return 0
        stretch = _read(cursor.proposal, ids.at("prop", now - SETTLED), limit)
        for workflow_id in dict.fromkeys(row[1] for row in stretch):
            rows = [row for row in stretch if row[1] == workflow_id]
            _look_at(_watched(workflow_id), rows, now=now)
        failpoint("detection.before_cursor")
        if stretch:
            DetectorCursor.objects.filter(id=1).update(proposal=stretch[-1][0])
    return len(stretch)


def _read(after: str, until: str, limit: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_NEW, {"after": after, "until": until, "limit": limit})
        return list(cursor.fetchall())


def _watched(workflow_id: int) -> _Watched:
    detector = Detector.objects.filter(workflow_id=workflow_id).first()
    known = ActionHistory.objects.filter(workflow_id=workflow_id)
    return _Watched(
        workflow_id=workflow_id,
        detector=detector or Detector(workflow_id=workflow_id),
        total=known.aggregate(total=Sum("total"))["total"] or 0,
    )


def _look_at(watched: _Watched, rows: Iterable[tuple[Any, ...]], *, now: datetime) -> None:
    """Judge each proposal by what came before it, then learn it; the asked tiers have a person."""
    limits = THRESHOLDS[Sensitivity(watched.detector.sensitivity)]
    for row in rows:
        if row[7] not in anomalies.WATCHED:
            continue
        seen = _seen(row)
        history = _history(watched, seen.action_type)
        if watched.detector.enabled and seen.at > now - STALE:
            figures = anomalies.judge(history, seen, others=watched.total, limits=limits)
            if figures:
                _note(watched, seen, figures)
        histories.learn(history, seen)
        watched.total += 1
    for action_type, history in watched.known.items():
        ActionHistory.objects.update_or_create(
            workflow_id=watched.workflow_id,
            action_type=action_type,
            defaults={"total": history.total, "body": history.to_json()},
        )


def _seen(row: tuple[Any, ...]) -> Seen:
    arguments = json.loads(row[3])
    return Seen(
        id=row[0], action_type=row[2], arguments=arguments, digest=row[4], run=row[5], at=row[6]
    )


def _history(watched: _Watched, action_type: str) -> History:
    if action_type not in watched.known:
        stored = ActionHistory.objects.filter(
            workflow_id=watched.workflow_id, action_type=action_type
        ).first()
        found = histories.from_json(stored.body) if stored else History()
        watched.known[action_type] = found
    return watched.known[action_type]


def _note(watched: _Watched, seen: Seen, figures: list[Figure]) -> None:
    """Write a finding, unless all of it belongs to a storm that is known already."""
    keys = [figure.key for figure in figures]
    recent = Finding.objects.filter(
        workflow_id=watched.workflow_id, last_at__gt=seen.at - STORM, keys__overlap=keys
    )
    storms = list(recent.values_list("id", "keys"))
    known = {key for _, storm in storms for key in storm}
    Finding.objects.filter(id__in=[id for id, _ in storms]).update(
        times=F("times") + 1, last_at=seen.at
    )
    fresh = [figure for figure in figures if figure.key not in known]
    if not fresh:
        return
    Finding.objects.create(
        workflow_id=watched.workflow_id,
        proposal_id=seen.id,
        keys=[figure.key for figure in fresh],
        sentences=[figure.sentence for figure in fresh],
        at=seen.at,
        last_at=seen.at,
        held_back=_opened_in_hour(watched, seen.at) >= watched.detector.most_per_hour,
    )


def _opened_in_hour(watched: _Watched, at: datetime) -> int:
    hour = at.replace(minute=0, second=0, microsecond=0)
    within = Finding.objects.filter(
        workflow_id=watched.workflow_id, at__gte=hour, at__lt=hour + timedelta(hours=1)
    )
    return within.filter(held_back=False).count()
