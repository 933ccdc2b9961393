"""A whole workflow as one readable file: policy that lives in a repository."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from governance import (
    case,
    maps,
    marked_yaml,
    matrix,
    matrix_rows,
    matrix_schema,
    sampling,
    signoffs,
    workflow_schema,
)
from governance.errors import FourEyesAsked
from governance.marked_yaml import Path
from governance.matrix_schema import QueueIn, RowFacts
from governance.workflow_schema import BadFile, Problem, WorkflowIn
from handoffs import audit, queries, queues
from handoffs.actors import Actor
from handoffs.calendars import WEEKDAYS
from handoffs.models import ActionType, Queue, RiskTierMap, Workflow
from handoffs.policy import PolicyError

_WHY = "Imported from a workflow file."


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What came of a file: the workflow as it was, or empty when there was none, and as it is."""

    workflow: Workflow
    before: str
    after: str
    # the version that waits for signatures, and which ones, as sentences
    draft: RiskTierMap | None = None
    awaited: tuple[str, ...] = ()


def load(
    text: str,
    *,
    by: Actor,
    now: datetime,
    launch: bool = False,
    staffed: bool = False,
    dry_run: bool = False,
) -> Loaded:
    """Make the workflow what the file says, in one transaction, and publish its map.

    Action types and rows that the file does not have are removed; queues and teams are shared
    with other workflows and only added or changed. A map that says the same as the published one
    makes no new version; one that needs signatures stays a draft, except for the first, which was
    signed where the file lives. With `staffed` it is only launched when somebody is there to be
    asked. Raises BadFile or a DomainError and then nothing has changed; a dry run goes all the
    way and then takes everything back.
    """
    file, lines = workflow_schema.read_with_lines(text)
    with transaction.atomic():
        known = Workflow.objects.filter(slug=file.workflow).first()
        if known is not None and known.four_eyes and not file.four_eyes:
            raise FourEyesAsked
        before = export(known) if known else ""
        signed = bool(file.sign_offs or (known and known.sign_offs))
        workflow, _ = Workflow.objects.update_or_create(
            slug=file.workflow,
            defaults={
                "name": file.name,
                "purpose": file.purpose,
                "owner": _owner(file, lines),
                "review_on": date.fromisoformat(file.review_on) if file.review_on else None,
                "strict_briefs": file.strict_briefs,
                "four_eyes": file.four_eyes,
                "requester_sees": file.requester_sees,
                "writes_to_requesters": file.writes_to_requesters,
                "sign_offs": sorted(set(file.sign_offs)),
            },
        )
        for slug, queue in file.queues.items():
            _load_queue(slug, queue, by=by, now=now)
        _load_overflow(file, lines)
        _load_action_types(workflow, file)
        matrix.bring(workflow, file.matrix, by=by, why=_WHY, now=now)
        sampling.load(workflow, file.sampling, file.detector, by=by, now=now)
        left = _load_map(workflow, file, signed=signed, by=by, now=now)
        after = export(workflow)
        if after != before:
            facts = {"after": file.model_dump()}
            audit.record(by=by, action="workflow.imported", subject=workflow.slug, body=facts)
        if launch and workflow.launched_at is None:
            maps.launch(workflow, by=by, now=now, staffed=staffed)
        maps.check_launched(workflow, staffed=False)
        awaited = tuple(signoffs.missing(left)) if left else ()
        transaction.set_rollback(dry_run)
    return Loaded(workflow=workflow, before=before, after=after, draft=left, awaited=awaited)


def _owner(file: WorkflowIn, lines: dict[Path, int]) -> User | None:
    if file.owner is None:
        return None
    owner = User.objects.filter(email=file.owner.lower(), is_active=True).first()
    if owner is None:
        line = marked_yaml.line_of(("owner",), lines)
        raise BadFile([Problem(line, f"owner: nobody here has the address {file.owner}.")])
    return owner


def _load_queue(slug: str, queue: QueueIn, *, by: Actor, now: datetime) -> None:
    stored, _ = Queue.objects.update_or_create(
        slug=slug,
        defaults={
            "name": queue.name,
            "depth_limit": queue.depth_limit,
            "work_minutes_limit": queue.work_minutes_limit,
            "pick_allowed": queue.pick_allowed,
            "lease_seconds": queue.lease_seconds,
            "mode": queue.mode,
            "push_seconds": queue.push_seconds,
            "time_zone": queue.time_zone,
            "hours": queue.hours,
            "holidays": queue.holidays,
            "country": queue.country,
        },
    )
    teams = [Group.objects.get_or_create(name=name)[0] for name in queue.teams]
    queues.let_work(stored, teams=teams, by=by, now=now)


def _load_overflow(file: WorkflowIn, lines: dict[Path, int]) -> None:
    """Say where each queue overflows, once all are there; also by way of another file's queues."""
    known = Queue.objects.select_related("overflow_queue")
    named = known.in_bulk(list(file.queues), field_name="slug")
    # first what ends, so that a chain that is turned round is no circle in between
    for slug, queue in file.queues.items():
        if named[slug].overflow_queue not in (None, named.get(queue.overflow or "")):
            queues.overflow_into(named[slug], None)
    for slug, queue in file.queues.items():
        to = named[queue.overflow] if queue.overflow else None
        if not queues.overflow_into(named[slug], to):
            place = ("queues", slug, "overflow")
            sentence = f"{matrix_schema.OVERFLOW_CIRCLE} another file's queue leads back to {slug}."
            raise BadFile([Problem(marked_yaml.line_of(place, lines), f"queues: {sentence}")])


def _load_action_types(workflow: Workflow, file: WorkflowIn) -> None:
    workflow.action_types.exclude(name__in=file.action_types).delete()
    for name, action in file.action_types.items():
        ActionType.objects.update_or_create(
            workflow=workflow,
            name=name,
            defaults={
                "title": action.title,
                "impact": action.impact,
                "reversibility": action.reversibility,
                "latency_tolerance": action.latency_tolerance,
                "roll_back_seconds": matrix_schema.seconds(action.roll_back_within)
                if action.roll_back_within
                else None,
                "arguments_schema": action.arguments,
                "required_context": action.required_context,
            },
        )


def _load_map(
    workflow: Workflow, file: WorkflowIn, *, signed: bool, by: Actor, now: datetime
) -> RiskTierMap | None:
    """Publish what the file says if it says anything new; return the draft that must be signed."""
    body = maps.normalised(file.map)
    listed = [case.to_json(one) for one in case.parse_all(file.cases)]
    stored = RiskTierMap.objects.filter(workflow=workflow)
    if any(_says(map, body, listed) for map in [*stored.in_force(), *stored.scheduled()]):
        return None
    first = not stored.exclude(published_at=None).exists()
    for map in stored.filter(state=RiskTierMap.State.DRAFT) if signed and not first else ():
        if _says(map, body, listed):
            return map
    made = maps.draft(workflow, body, cases=listed, base=stored.in_force().first(), by=by, now=now)
    if first:
        maps.publish_first(made, by=by, now=now)
    elif signed:
        return made
    else:
        maps.publish(made, by=by, now=now)
    return None


def _says(map: RiskTierMap, body: dict[str, Any], listed: list[dict[str, Any]]) -> bool:
    return bool(_written(map) == body and map.cases == listed)


def _written(map: RiskTierMap) -> dict[str, Any] | None:
    try:
        return maps.normalised(map.body)
    except PolicyError:
        return None


def export(workflow: Workflow) -> str:
    """Write the workflow as `load` reads it; the same workflow always gives the same bytes."""
    return yaml.dump(
        document(workflow), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96
    )


def document(workflow: Workflow) -> dict[str, Any]:
    """Return all that a file says of a workflow, as plain data in the order of the file."""
    published = RiskTierMap.objects.filter(workflow=workflow).in_force().first()
    now = timezone.now()
    rows = sorted(
        (matrix_rows.facts(row, now=now) for row in queries.rows_from(workflow, now)), key=_order
    )
    named = _named_queues({slug for row in rows for slug in row.queues})
    return {
        "workflow": workflow.slug,
        "name": workflow.name,
        **_said("purpose", workflow.purpose),
        **_said("owner", workflow.owner.email if workflow.owner else None),
        **_said("review_on", workflow.review_on.isoformat() if workflow.review_on else None),
        **_said("strict_briefs", workflow.strict_briefs),
        **_said("four_eyes", workflow.four_eyes),
        **({"requester_sees": "first_name"} if workflow.requester_sees != "role" else {}),
        **({} if workflow.writes_to_requesters else {"writes_to_requesters": False}),
        "queues": {slug: _queue(named[slug]) for slug in sorted(named)},
        "action_types": {
            action.name: _action(action) for action in workflow.action_types.order_by("name")
        },
        "map": maps.normalised(published.body) if published else {"default": "hard_approval"},
        **_said("cases", published.cases if published else []),
        **_said("sign_offs", workflow.sign_offs),
        "matrix": [matrix_schema.written(row) for row in rows],
        **sampling.document(workflow),
    }


def _named_queues(slugs: set[str]) -> dict[str, Queue]:
    """Return these queues and those they overflow into."""
    every = Queue.objects.select_related("overflow_queue").in_bulk(field_name="slug")
    found: dict[str, Queue] = {}
    for slug in slugs:
        at: Queue | None = every[slug]
        while at is not None and at.slug not in found:
            found[at.slug] = every[at.slug]
            at = every[at.slug].overflow_queue
    return found


def _order(row: RowFacts) -> tuple[Any, ...]:
    """Order rows as a reader expects: the general ones first, then by name and by time."""
    named = [(one is not None, one or "") for one in row.named]
    return (*named, row.starts or "")


class _Dumper(yaml.SafeDumper):
    """Writes what is the same twice, twice: a reader should not have to follow aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _said(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "teams": [team.name for team in queues.teams(queue)],
        "depth_limit": queue.depth_limit,
        **_said("work_minutes_limit", queue.work_minutes_limit),
        **_said("overflow", queue.overflow_queue.slug if queue.overflow_queue else None),
        "pick_allowed": queue.pick_allowed,
        "lease_seconds": queue.lease_seconds,
        **(
            {"mode": queue.mode, "push_seconds": queue.push_seconds} if queue.mode != "pull" else {}
        ),
        **({"time_zone": queue.time_zone} if queue.time_zone != "UTC" else {}),
        **_said("hours", {day: queue.hours[day] for day in WEEKDAYS if day in queue.hours}),
        **_said("country", queue.country),
        **_said("holidays", dict(sorted(queue.holidays.items()))),
    }


def _action(action: ActionType) -> dict[str, Any]:
    return {
        "title": action.title,
        "impact": action.impact,
        "reversibility": action.reversibility,
        "latency_tolerance": action.latency_tolerance,
        **_said(
            "roll_back_within",
            action.roll_back_seconds and matrix_schema.duration(action.roll_back_seconds),
        ),
        **_said("required_context", action.required_context),
        "arguments": action.arguments_schema,
    }
