"""Add days up to weeks, and say which of them may be told: those that tell of nobody."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db import connection

from handoffs import ids
from oversight.models import FigureDay, FigureWeek
from oversight.statistics import bins, overlaps
from reviews.measures import PEOPLE, SHARE

# decisions; fewer say nothing, and too much of whoever made them
ENOUGH = 20
# handoffs are named by another clock, a moment before they open; and zones lie so far apart
AROUND = timedelta(hours=15)
COUNTS = (
    "came", "open", "by_people", "by_policy", "withdrawn", "in_time", "late", "escalated",
    "sent_on", "asked", "reopened", "taken", "resisted", "at_once", "acted", "challenged",
    "settled", "untouched", "decisions", "taken_back", "approvals", "overridden", "edited",
    "judged", "changed", "against", "gave_in", "agreed", "turned",
)  # fmt: skip
Scope = FigureWeek.Scope
# each by itself makes up a workflow
_KINDS = (Scope.QUEUE, Scope.TIER, Scope.ACTION, Scope.KIND)

# who decided how much of what came this week: known here for a moment, and stored nowhere
_WHO = """
select h.workflow_id, coalesce(arrival.queue_id, h.queue_id), h.tier,
    coalesce(proposal.action_type, h.kind), h.kind, decision.reviewer_id, count(*)
from handoffs_handoff h
left join oversight_arrival arrival on arrival.handoff_id = h.id
join handoffs_queue queue on queue.id = coalesce(arrival.queue_id, h.queue_id)
left join handoffs_proposal proposal on proposal.id = h.proposal_id
join reviews_decision decision on decision.handoff_id = h.id and decision.undone_at is null
where h.id >= %(since)s and h.id < %(until)s
    and (h.opened_at at time zone queue.time_zone)::date >= %(monday)s
    and (h.opened_at at time zone queue.time_zone)::date < %(monday)s::date + 7
group by 1, 2, 3, 4, 5, 6
"""


class Part(NamedTuple):
    """What a week is told of."""

    scope: str
    workflow: int | None
    key: str


Who = Counter[int]
# workflow, queue, tier, action type and kind: what came as one of each
Cell = tuple[int, int, str, str, str]


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def recount(start: date) -> None:
    """Add up the week that begins on this Monday anew."""
    store(start, tellable_together(_who(start)))


def store(start: date, told: Collection[Part]) -> None:
    """Add up a week from its days; of these parts it may be told what people decided."""
    days = FigureDay.objects.filter(day__gte=start, day__lt=start + timedelta(days=7))
    found: dict[Part, FigureWeek] = {}
    for day in days:
        for part in parts(day.workflow_id, day.queue_id, day.tier, day.action_type, day.kind):
            week = found.get(part) or FigureWeek(
                scope=part.scope, workflow_id=part.workflow, key=part.key, monday=start
            )
            found[part] = week
            _add(week, day)
    for part, week in found.items():
        week.told = part in told
    FigureWeek.objects.filter(monday=start).delete()
    FigureWeek.objects.bulk_create(found.values())


def parts(workflow: int, queue: int, tier: str, action: str, kind: str) -> tuple[Part, ...]:
    """Return everything that one handoff is a part of."""
    return (
        Part(Scope.ALL, None, ""),
        Part(Scope.WORKFLOW, workflow, ""),
        Part(Scope.QUEUE, workflow, str(queue)),
        Part(Scope.TIER, workflow, tier),
        Part(Scope.ACTION, workflow, action),
        Part(Scope.KIND, workflow, kind),
    )


def _add(week: FigureWeek, day: FigureDay) -> None:
    for name in COUNTS:
        setattr(week, name, getattr(week, name) + getattr(day, name))
    bins.add(week.verbs, day.verbs)
    bins.add(week.known, day.known)
    for what, counted in day.times.items():
        bins.add(week.times.setdefault(what, {}), counted)


def _who(start: date) -> dict[Cell, Who]:
    begins = datetime.combine(start, time(), UTC)
    params: dict[str, Any] = {
        "monday": start,
        "since": ids.at("ho", begins - AROUND),
        "until": ids.at("ho", begins + timedelta(days=7) + AROUND),
    }
    found: dict[Cell, Who] = defaultdict(Counter)
    with connection.cursor() as cursor:
        cursor.execute(_WHO, params)
        for workflow, queue, tier, action, kind, reviewer, many in cursor.fetchall():
            found[workflow, queue, tier, action, kind][reviewer] += many
    return found


def tellable_together(cells: Mapping[Cell, Who]) -> set[Part]:
    """Return the parts that tell of nobody, also by what parts that overlap leave over."""
    who: dict[Part, Who] = defaultdict(Counter)
    inside: dict[Part, set[Cell]] = defaultdict(set)
    for cell, people in cells.items():
        for part in parts(*cell):
            who[part].update(people)
            inside[part].add(cell)

    def together(some: Iterable[Cell]) -> Who:
        found: Who = Counter()
        for one in some:
            found.update(cells[one])
        return found

    told = tellable(who)
    for whole in [part for part in told if part.scope == Scope.WORKFLOW]:
        told -= overlaps.held_back(
            [
                {part: frozenset(inside[part]) for part in told if part[:2] == (kind, whole[1])}
                for kind in _KINDS
            ],
            frozenset(inside[whole]),
            enough=lambda some: _enough(together(some)),
            size=lambda some: together(some).total(),
        )
    return told


def tellable(who: Mapping[Part, Who]) -> set[Part]:
    """Return the parts that tell of nobody, by themselves and by what others leave over."""
    told = {part for part, people in who.items() if _enough(people)}
    for whole, parts in _families(who):
        told -= _held_back(who, whole, parts, told)
    # all the queues of a workflow together are the workflow
    return {part for part in told if _whole(part) in told or part.scope == Scope.WORKFLOW}


def _whole(part: Part) -> Part:
    return part if part.workflow is None else Part(Scope.WORKFLOW, part.workflow, "")


def _families(who: Mapping[Part, Who]) -> Iterable[tuple[Part, list[Part]]]:
    """Yield each whole with the parts that make it up."""
    for workflow in [part for part in who if part.scope == Scope.WORKFLOW]:
        for scope in _KINDS:
            yield (
                workflow,
                [one for one in who if one.scope == scope and one.workflow == workflow.workflow],
            )
    whole = Part(Scope.ALL, None, "")
    if whole in who:
        yield whole, [part for part in who if part.scope == Scope.WORKFLOW]


def _held_back(
    who: Mapping[Part, Who], whole: Part, parts: list[Part], told: set[Part]
) -> set[Part]:
    """Return what must not be told beside the whole, the smallest first."""
    if whole not in told:
        return set()
    left = sorted((one for one in parts if one in told), key=lambda one: who[one].total())
    kept: set[Part] = set()
    while left:
        rest: Who = Counter()
        for one in parts:
            if one not in left:
                rest.update(who[one])
        if not rest or _enough(rest):
            break
        kept.add(left.pop(0))
    return kept


def _enough(people: Who) -> bool:
    total = people.total()
    return len(people) >= PEOPLE and total >= ENOUGH and max(people.values()) <= SHARE * total
