"""What binds a workflow now: who owns it, its map as sentences, its rows, queues and roles."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse

from accounts.roles import GRANTS, REASONS, Role
from governance import explorer
from governance.pages import rows, words
from handoffs import conditions, grants, policy, queries, rates, readings, rooms, sla
from handoffs.authority import say
from handoffs.in_force import InForce
from handoffs.models import Queue, RiskTierMap, Workflow
from handoffs.policy import IfMissing, RiskMap, Rule
from handoffs.rooms import Room
from handoffs.states import Pressure, Tier
from reviews.pages import times


@dataclass(frozen=True, kw_only=True)
class WorkflowLine:
    name: str
    purpose: str
    url: str
    owner: str
    review: str
    overdue: bool
    launched: bool
    map: str


@dataclass(frozen=True, kw_only=True)
class RuleLine:
    id: str
    when: str
    tier: str
    tier_name: str
    because: str
    unknown: str


@dataclass(frozen=True, kw_only=True)
class MapView:
    """The map in force; `floors` are tiers by impact, then reversibility."""

    version: int
    digest: str
    since: times.Moment
    by: str
    default: str
    floors: tuple[tuple[str, str, str], ...]
    rules: tuple[RuleLine, ...]
    lists: tuple[tuple[str, str, str], ...]
    following: str


@dataclass(frozen=True, kw_only=True)
class QueueLine:
    """A queue; `now` is how full it is at this moment, `state` sets apart what agents feel."""

    name: str
    limit: int
    minutes: str
    overflow: str
    now: str
    work: str
    state: str
    hours: str
    pick: bool
    given: str
    teams: str


@dataclass(frozen=True, kw_only=True)
class RoleLine:
    name: str
    reason: str
    may: str


@dataclass(frozen=True, kw_only=True)
class WorkflowPage:
    name: str
    purpose: str
    owner: str
    review: str
    overdue: bool
    launched: bool
    digest: str
    map: MapView | None
    situations: tuple[rows.SituationLine, ...]
    gaps: tuple[str, ...]
    rows: tuple[rows.RowLine, ...]
    queues: tuple[QueueLine, ...]
    pressure: str
    roles: tuple[RoleLine, ...]
    levels: tuple[str, ...]
    explorer_url: str
    # whether blind tests are run, in the words that staff are told
    tests_url: str


def index(
    workflows: Iterable[Workflow], maps: dict[int, RiskTierMap], *, today: date
) -> tuple[WorkflowLine, ...]:
    return tuple(
        WorkflowLine(
            name=workflow.name,
            purpose=workflow.purpose,
            url=reverse("governance:workflow", args=[workflow.slug]),
            owner=workflow.owner.name if workflow.owner else "",
            review=_review(workflow),
            overdue=_overdue(workflow, today),
            launched=workflow.launched_at is not None,
            map=f"version {maps[workflow.pk].version}" if workflow.pk in maps else "",
        )
        for workflow in workflows
    )


def page(found: InForce) -> WorkflowPage:
    """Arrange everything that binds the workflow at that moment."""
    workflow, now = found.workflow, found.at
    ruling = explorer.policy_at(workflow, at=now)
    lines = {one.id: one for one in (rows.line(row, now) for row in found.rows)}
    return WorkflowPage(
        name=workflow.name,
        purpose=workflow.purpose,
        owner=workflow.owner.name if workflow.owner else "",
        review=_review(workflow),
        overdue=_overdue(workflow, now.date()),
        launched=workflow.launched_at is not None,
        digest=found.digest,
        map=_map(found, ruling.map) if found.map and ruling.map else None,
        situations=rows.situations(explorer.situations(ruling, at=now), lines),
        gaps=tuple(explorer.loose_gaps(ruling, at=now)),
        rows=tuple(lines.values()),
        queues=_queues(found.queues),
        pressure=_pressure(workflow) if workflow.launched_at else "",
        roles=_roles(),
        levels=_levels(workflow),
        explorer_url=reverse("governance:what-happens", args=[workflow.slug]),
        tests_url=reverse("oversight:tests-notice", args=[workflow.slug]),
    )


def _review(workflow: Workflow) -> str:
    return f"{workflow.review_on:%-d %b %Y}" if workflow.review_on else ""


def _overdue(workflow: Workflow, today: date) -> bool:
    return workflow.review_on is not None and workflow.review_on < today


def _map(found: InForce, read: RiskMap) -> MapView:
    stored, following = found.map, found.following
    assert stored is not None
    floors = read.floors
    return MapView(
        version=stored.version,
        digest=read.digest,
        since=times.since(stored.effective_at or found.at, found.at),
        by=stored.published_by.name if stored.published_by else "",
        default=say(read.default),
        floors=(
            ("low", say(floors.low_reversible), say(floors.low_irreversible)),
            ("high", say(floors.high_reversible), say(floors.high_irreversible)),
        ),
        rules=tuple(_rule(rule) for rule in read.rules),
        lists=_lists(read),
        following=_following(following, found.at),
    )


def _following(map: RiskTierMap | None, now: datetime) -> str:
    if map is None or map.effective_at is None:
        return ""
    return f"Version {map.version} takes over {times.clock(map.effective_at, now)} UTC."


def _rule(rule: Rule) -> RuleLine:
    silent = rule.if_missing is IfMissing.DOES_NOT_FIRE
    return RuleLine(
        id=rule.id,
        when=conditions.in_words(rule.when),
        tier=rule.tier.value,
        tier_name=say(rule.tier),
        because=rule.because,
        unknown="It does not fire when what it reads is not given." if silent else "",
    )


def _lists(read: RiskMap) -> tuple[tuple[str, str, str], ...]:
    written = policy.map_to_json(read).get("lists", {})
    return tuple(
        (name, one["kind"], ", ".join(map(str, one["entries"]))) for name, one in written.items()
    )


def _queues(queues: tuple[Queue, ...]) -> tuple[QueueLine, ...]:
    teams = grants.workers(queues)
    room, rate = rooms.read([one.pk for one in queues]), rates.of([one.pk for one in queues])
    return tuple(
        QueueLine(
            name=queue.name,
            limit=queue.depth_limit,
            minutes=_minutes(queue, room[queue.pk]),
            overflow=queue.overflow_queue.name if queue.overflow_queue else "",
            now=f"{room[queue.pk].waiting} waiting",
            work=_work(rates.work_seconds(rate.get(queue.pk), room[queue.pk].waiting)),
            state="late" if not room[queue.pk].takes(presses=False) else "",
            hours=_hours(queue),
            pick=queue.pick_allowed,
            given="assigned to who is there" if queue.mode == "push" else "taken by people",
            teams=", ".join(teams.get(queue.pk, [])),
        )
        for queue in queues
    )


def _minutes(queue: Queue, room: Room) -> str:
    """Say the minutes of work that it takes, and how many that is now where it is fewer."""
    if queue.work_minutes_limit is None:
        return ""
    said = f"and {queue.work_minutes_limit} min of work"
    return f"{said}: {room.limit} now" if room.limit < queue.depth_limit else said


def _work(seconds: float) -> str:
    return f"about {times.span(seconds)} of work" if seconds else ""


def _pressure(workflow: Workflow) -> str:
    """Say what agents are told of it now, and why."""
    stands = readings.of(workflow)
    if stands.paused_since is not None:
        return f"Paused: a queue was full, and nobody is asked until it has room. {stands.because}"
    return {
        Pressure.OPEN: "Agents may ask: there is room.",
        Pressure.SLOW: f"Agents are asked to slow down. {stands.because}",
        Pressure.CLOSED: f"Agents are sent away and told when to come again. {stands.because}",
    }[stands.level]


def _hours(queue: Queue) -> str:
    calendar = queries.calendar(queue)
    if calendar.always_open:
        return "always open"
    closed = [f"public holidays of {queue.country}"] if queue.country else []
    if queue.holidays:
        days = len(queue.holidays)
        closed.append(f"{days} day{'' if days == 1 else 's'} of its own")
    without = f", but not on {' and '.join(closed)}" if closed else ""
    return f"{sla.hours_in_words(calendar)}{without}"


def _roles() -> tuple[RoleLine, ...]:
    return tuple(
        RoleLine(
            name=role.replace("_", " "),
            reason=REASONS[role],
            may=", ".join(sorted(can.replace("_", " ") for can in GRANTS[role])),
        )
        for role in Role
    )


def _levels(workflow: Workflow) -> tuple[str, ...]:
    """Say which teams have a level on the workflow; people are not named here."""
    given = [one for one in grants.given(workflow=workflow.pk) if one.team is not None]
    return tuple(f"{one.to}: {one.level}" for one in given)


def tiers() -> tuple[tuple[str, str], ...]:
    return tuple((say(tier), words.TIERS[tier]) for tier in Tier)
