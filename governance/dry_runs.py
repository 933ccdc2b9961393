"""Try a row's ladder on what waited in the last 30 days; nothing is stored and nobody asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from governance import silence_trial
from governance.silence_trial import Counts, Ladder, Level, Seen
from handoffs import authority, queries, real
from handoffs.models import (
    Answer,
    Handoff,
    InformationRequest,
    MatrixRow,
    Queue,
    Rung,
    Transition,
    Workflow,
)
from handoffs.states import ActorKind, HandoffKind, HandoffState, RungName, Tier

DAYS = 30
# of more, the newest: what a page can count while somebody waits
MOST = 10_000
_CLIMBED, _ASKED_AGAIN = "climbed", "asked_again"


@dataclass(frozen=True)
class Proposed:
    """What is tried: the time of each level from the first, and the urgent time."""

    seconds: tuple[int, ...]
    urgent_seconds: int
    business_time: bool


@dataclass(frozen=True)
class Met:
    """What did happen: how many of the same questions became urgent, climbed, ran out."""

    urgent: int
    climbed: int
    timed_out: int


@dataclass(frozen=True)
class DryRun:
    """The history under the row as it stands and under what is proposed, beside what happened."""

    since: datetime
    questions: int
    cut: bool
    happened: Met
    standing: Counts
    proposed: Counts


def rows(workflow: Workflow, *, now: datetime) -> list[MatrixRow]:
    """Return the rows in force, the most specific last."""
    found = workflow.rows.select_related(
        "action_type", "role", "queue__overflow_queue", "overflow_queue__overflow_queue"
    ).prefetch_related("steps__role", "steps__queue")
    held = Q(effective_until=None) | Q(effective_until__gt=now)
    return list(found.filter(held, effective_from__lte=now).order_by("id"))


def as_it_stands(row: MatrixRow) -> Proposed:
    return Proposed(
        seconds=(row.deadline_seconds, *(step.seconds for step in row.steps.all())),
        urgent_seconds=row.urgent_seconds,
        business_time=row.business_time,
    )


def run(row: MatrixRow, proposed: Proposed, *, now: datetime, days: int = DAYS) -> DryRun:
    """Let what this row decided in the last days wait on the proposed ladder."""
    since = now - timedelta(days=days)
    found = _covered(row, since, now)
    handoffs, cut = found[:MOST], len(found) > MOST
    history = _history(handoffs, now)
    return DryRun(
        since=since,
        questions=len(handoffs),
        cut=cut,
        happened=_met([one.id for one in handoffs]),
        standing=silence_trial.run(_ladder(row, as_it_stands(row)), history),
        proposed=silence_trial.run(_ladder(row, proposed), history),
    )


def _covered(row: MatrixRow, since: datetime, now: datetime) -> list[Handoff]:
    """Return, newest first, what this row and none that is more specific would decide today."""
    of_the_matrix = [queries.authority_row(one) for one in rows(row.workflow, now=now)]
    opened = Handoff.objects.filter(
        real.of("run"),
        workflow=row.workflow_id,
        opened_at__gte=since,
        opened_at__lt=now,
        stepped_in=False,
    )
    found = (
        opened.select_related("proposal")
        .only("id", "run_id", "kind", "tier", "state", "opened_at", "proposal__action_type")
        .order_by("-opened_at", "-id")[: MOST * 5]
    )
    return [one for one in found if _decides(of_the_matrix, one) == row.pk][: MOST + 1]


def _decides(matrix: Sequence[authority.Row], handoff: Handoff) -> int | str | None:
    chosen = authority.choose(
        matrix,
        action_type=handoff.proposal.action_type if handoff.proposal else None,
        kind=HandoffKind(handoff.kind),
        tier=Tier(handoff.tier) if handoff.tier else None,
    )
    return chosen.id if chosen else None


def _history(handoffs: Sequence[Handoff], now: datetime) -> list[Seen]:
    """Read of each when its first answer came, or until when there was none."""
    ids = [one.id for one in handoffs]
    first = {
        id: (at, kind)
        for id, kind, at in Answer.objects.filter(handoff__in=ids, round=1).values_list(
            "handoff_id", "by_kind", "answered_at"
        )
    }
    over = _over(handoffs)
    asked: dict[str, list[tuple[datetime, datetime]]] = {}
    for id, since, until in (
        InformationRequest.objects.filter(handoff__in=ids, answered_at__isnull=False)
        .order_by("asked_at")
        .values_list("handoff_id", "asked_at", "answered_at")
    ):
        asked.setdefault(id, []).append((since, until or now))
    return [
        Seen(
            opened_at=one.opened_at,
            until=first[one.id][0] if one.id in first else over.get(one.id, now),
            answered=one.id in first and first[one.id][1] == ActorKind.PERSON.value,
            pauses=asked.get(one.id, ()),
        )
        for one in handoffs
    ]


def _over(handoffs: Sequence[Handoff]) -> dict[str, datetime]:
    """Return when those ended that were taken back or lapsed."""
    withdrawn = [one for one in handoffs if one.state == HandoffState.WITHDRAWN.value]
    moved = Transition.objects.filter(
        run__in={one.run_id for one in withdrawn}, to_state=HandoffState.WITHDRAWN.value
    ).exclude(handoff_id=None)
    return {str(id): at for id, at in moved.values_list("handoff_id", "at")}


def _met(ids: Iterable[str]) -> Met:
    """Count of how many each rung fired, first put or put again."""
    fired = Rung.objects.filter(handoff__in=list(ids)).exclude(outcome=_ASKED_AGAIN)
    urgent = Q(rung=RungName.URGENT.value)
    climbed = Q(outcome=_CLIMBED)
    counted = fired.aggregate(
        urgent=Count("handoff", filter=urgent, distinct=True),
        climbed=Count("handoff", filter=climbed, distinct=True),
        timed_out=Count("handoff", filter=~urgent & ~climbed, distinct=True),
    )
    return Met(**counted)


def _ladder(row: MatrixRow, proposed: Proposed) -> Ladder:
    """Give each level its hours; a level more than the row has waits where the last one does."""
    queues: list[Queue] = [row.queue, *(step.queue for step in row.steps.all())]
    return Ladder(
        levels=tuple(
            Level(
                seconds,
                queries.calendar(queues[min(number, len(queues) - 1)])
                if proposed.business_time
                else None,
            )
            for number, seconds in enumerate(proposed.seconds)
        ),
        urgent_seconds=proposed.urgent_seconds,
    )
