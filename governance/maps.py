"""Draft, publish and retire a workflow's maps, and launch the workflow when nothing is missing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.errors import DomainError, FieldProblem
from accounts.models import User
from governance import examination, signoffs, staffing, succession
from governance.errors import EditedMeanwhile, MapInForce
from governance.signoffs import Seat, sign, signatures, withdraw_signature
from governance.succession import Standing, standing
from handoffs import audit, authority, policy, queries
from handoffs import gaps as matrix_gaps
from handoffs.actors import Actor
from handoffs.errors import NotADraft, NotGapless, NotPublishable
from handoffs.models import RiskTierMap, Workflow
from handoffs.policy import PolicyError, RiskMap
from handoffs.signals import ActionType

__all__ = [
    "Seat", "Standing", "normalised", "draft", "edit", "sign", "signatures", "withdraw_signature",
    "publish", "publish_first", "retire", "review", "standing", "problems", "content_problems",
    "warnings", "launch", "check_launched", "gaps", "standing_gaps", "unattended",
    "published_map", "action_types", "rows",
]  # fmt: skip

DRAFT, PUBLISHED, RETIRED = RiskTierMap.State.values


def normalised(body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` with every default spelled out, so that two that say the same are the same."""
    return policy.map_to_json(policy.parse_map(body))


@transaction.atomic
def draft(
    workflow: Workflow,
    body: dict[str, Any],
    *,
    cases: Iterable[dict[str, Any]] = (),
    base: RiskTierMap | None = None,
    by: Actor,
    author: User | None = None,
    now: datetime,
) -> RiskTierMap:
    """Start the next version of a workflow's map, from `base` if it was made from one."""
    _one_at_a_time(workflow)
    last = workflow.maps.aggregate(last=Max("version"))["last"] or 0
    made = RiskTierMap.objects.create(
        workflow=workflow,
        version=last + 1,
        body=_written(body),
        cases=list(cases),
        base=base,
        author=author,
    )
    _note("map.drafted", made, by, body=made.body, cases=len(made.cases))
    return made


@transaction.atomic
def edit(
    map: RiskTierMap,
    *,
    body: dict[str, Any],
    cases: Iterable[dict[str, Any]],
    edition: int,
    by: Actor,
    now: datetime,
) -> None:
    """Replace what a draft says, if it is still the edition that was read; signatures are void."""
    read = RiskTierMap.objects.filter(pk=map.pk, state=DRAFT, edition=edition)
    written, listed = _written(body), list(cases)
    if read.update(body=written, cases=listed, edition=edition + 1) != 1:
        raise _not_as_read(map)
    map.refresh_from_db(fields=["body", "cases", "edition"])
    _note("map.edited", map, by, edition=map.edition, body=written, cases=len(listed))


@transaction.atomic
def publish(
    map: RiskTierMap,
    *,
    by: Actor,
    now: datetime,
    published_by: User | None = None,
    effective_at: datetime | None = None,
) -> None:
    """Publish the edition of a draft that `map` holds; from `effective_at`, or now, it rules.

    What would have ruled then ends at that very moment. Refused, with a sentence each, when
    anything in `problems` stands against it, or when it would open gaps in the matrix of a
    workflow that is launched.
    """
    _publish(map, by=by, now=now, published_by=published_by, effective_at=effective_at)


@transaction.atomic
def publish_first(map: RiskTierMap, *, by: Actor, now: datetime) -> None:
    """Publish the first map of a workflow as a file gives it: it was signed where the file lives.

    Everything but the signatures is asked for as ever.
    """
    if map.workflow.maps.exclude(published_at=None).exists():
        raise NotPublishable(fields=_fields("map", signoffs.missing(map)))
    _publish(map, by=by, now=now, signed_elsewhere=True)


def _publish(
    map: RiskTierMap,
    *,
    by: Actor,
    now: datetime,
    published_by: User | None = None,
    effective_at: datetime | None = None,
    signed_elsewhere: bool = False,
) -> None:
    _one_at_a_time(map.workflow)
    current = _as_read(map)
    found = content_problems(current) if signed_elsewhere else problems(current)
    if found:
        raise NotPublishable(fields=_fields("map", found))
    risk_map = policy.parse_map(current.body, version=current.version)
    begins = succession.begin(effective_at)
    RiskTierMap.objects.filter(pk=current.pk).update(
        superseded_at=succession.make_room(current.workflow, begins),
        state=PUBLISHED,
        body=policy.map_to_json(risk_map),
        digest=risk_map.digest,
        signed=signoffs.frozen(current),
        effective_at=begins,
        published_at=now,
        published_by=published_by,
    )
    check_launched(current.workflow)
    _note(
        "map.published",
        current,
        by,
        digest=risk_map.digest,
        effective_at=begins.isoformat(),
        signed="where the file lives" if signed_elsewhere else signoffs.frozen(current),
    )
    map.refresh_from_db()


@transaction.atomic
def retire(map: RiskTierMap, *, by: Actor, now: datetime, why: str) -> None:
    """Take a version out of use for good: a draft, a scheduled or a superseded one.

    The version before a scheduled one goes on. What agents act on now is not taken away from
    under a launched workflow.
    """
    workflow = map.workflow
    _one_at_a_time(workflow)
    current = RiskTierMap.objects.select_related("workflow").get(pk=map.pk)
    was = succession.standing(current, succession.begin(None))
    if was is Standing.RETIRED or (was is Standing.IN_FORCE and workflow.launched_at):
        raise MapInForce if was is Standing.IN_FORCE else NotADraft
    RiskTierMap.objects.filter(pk=map.pk).update(state=RETIRED, retired_at=now)
    if was is Standing.SCHEDULED:
        succession.close_gap(current)
    check_launched(workflow)
    _note("map.retired", current, by, was=was.value, why=why.strip())
    map.refresh_from_db()


@transaction.atomic
def review(map: RiskTierMap, *, review_on: date | None, by: Actor, now: datetime) -> None:
    """Set when the owner looks at a version again; this may change also once it is published."""
    RiskTierMap.objects.filter(pk=map.pk).update(review_on=review_on)
    _note("map.review_set", map, by, review_on=review_on.isoformat() if review_on else None)
    map.refresh_from_db(fields=["review_on"])


@transaction.atomic
def launch(workflow: Workflow, *, by: Actor, now: datetime, staffed: bool = True) -> None:
    """Open a workflow to proposals, or refuse with a sentence for each gap.

    Without `staffed` also into an empty room, for what is only tried out.
    """
    found = gaps(workflow) if staffed else standing_gaps(workflow)
    if found:
        raise NotGapless(fields=_fields("matrix", found))
    unlaunched = Workflow.objects.filter(pk=workflow.pk, launched_at__isnull=True)
    if unlaunched.update(launched_at=now):
        audit.record(by=by, action="workflow.launched", subject=workflow.slug, body={})
    workflow.refresh_from_db()


def check_launched(workflow: Workflow, *, staffed: bool = True) -> None:
    """Refuse the caller's transaction when it leaves a launched workflow with gaps.

    With `staffed` also when nobody is there to be asked; a change that is not about who is asked
    must not be held up by somebody's leaving.
    """
    if workflow.launched_at is None:
        return
    found = gaps(workflow) if staffed else standing_gaps(workflow)
    if found:
        raise NotGapless(
            "This would leave the launched workflow with gaps, so nothing was changed. Mend them "
            "together with what you change.",
            fields=_fields("matrix", found),
        )


def problems(map: RiskTierMap) -> list[str]:
    """Say in sentences everything that keeps `map` from being published."""
    return [*content_problems(map), *signoffs.missing(map)]


def content_problems(map: RiskTierMap) -> list[str]:
    """Say in sentences what is wrong with what `map` says, whoever signed it."""
    try:
        risk_map = policy.parse_map(map.body, version=map.version)
    except PolicyError as error:
        return [str(error)]
    return examination.blocking(risk_map, action_types(map.workflow), map.cases)


def warnings(map: RiskTierMap) -> list[str]:
    """Name rules that change nothing: worth knowing, and no hindrance."""
    try:
        risk_map = policy.parse_map(map.body, version=map.version)
    except PolicyError:
        return []
    return examination.warnings(risk_map, action_types(map.workflow))


def gaps(workflow: Workflow) -> list[str]:
    """Say in sentences what is missing before `workflow` can be launched, or go on.

    That nobody is there today is among them: nobody opens a workflow to an empty room.
    """
    found = rows(workflow)
    return _gaps(workflow, found, staffing.read(found))


def standing_gaps(workflow: Workflow) -> list[str]:
    """Say what is missing whoever is there: people come and go, and no change brings them back."""
    return _gaps(workflow, rows(workflow), None)


def _gaps(
    workflow: Workflow, found: list[authority.Row], who: matrix_gaps.Staffing | None
) -> list[str]:
    """Hold the matrix against the map in force and against each that is scheduled, in its time."""
    stored = RiskTierMap.objects.filter(workflow=workflow)
    in_force = stored.in_force().first()
    if in_force is None:
        return ["It has no published map: nothing says how much attention an action deserves."]
    types = action_types(workflow)
    if not types:
        return ["It has no action types: an agent could propose nothing."]
    said: list[str] = []
    for map in (in_force, *stored.scheduled()):
        begins = max(timezone.now(), map.effective_at or timezone.now())
        read = policy.parse_map(map.body, version=map.version)
        then = _until(found, map.superseded_at)
        found_then = matrix_gaps.find(types, read, then, now=begins, staffing=who)
        said += [gap.sentence for gap in found_then if gap.blocks]
    return [*dict.fromkeys(said)]


def _until(found: list[authority.Row], end: datetime | None) -> list[authority.Row]:
    """Leave out what of the rows comes when a version has ended: it is no gap of that version."""
    if end is None:
        return found
    return [
        replace(row, effective_until=None)
        if row.effective_until and row.effective_until >= end
        else row
        for row in found
        if row.effective_from is None or row.effective_from < end
    ]


def unattended(workflow: Workflow) -> list[str]:
    """Say which teams a handoff would wait for in vain today."""
    standing = set(standing_gaps(workflow))
    return [sentence for sentence in gaps(workflow) if sentence not in standing]


def published_map(workflow: Workflow) -> RiskMap | None:
    map = RiskTierMap.objects.filter(workflow=workflow).in_force().first()
    return policy.parse_map(map.body, version=map.version) if map else None


def action_types(workflow: Workflow) -> list[ActionType]:
    return [queries.action_type(one) for one in workflow.action_types.order_by("name")]


def rows(workflow: Workflow) -> list[authority.Row]:
    """Return the rows that hold now, and those that begin later."""
    return [queries.authority_row(row) for row in queries.rows_from(workflow, timezone.now())]


def _one_at_a_time(workflow: Workflow) -> None:
    """Lock the workflow against other changes of its policy; proposals need not wait for it."""
    Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)


def _as_read(map: RiskTierMap) -> RiskTierMap:
    """Return the draft, kept as it is for this transaction, or say that it is not what was read."""
    current = (
        RiskTierMap.objects.select_for_update(of=("self",), no_key=True)
        .select_related("workflow", "author")
        .get(pk=map.pk)
    )
    if current.state != DRAFT or current.edition != map.edition:
        raise _not_as_read(current)
    return current


def _not_as_read(map: RiskTierMap) -> DomainError:
    still = RiskTierMap.objects.filter(pk=map.pk, state=DRAFT).exists()
    return EditedMeanwhile() if still else NotADraft()


def _written(body: dict[str, Any]) -> dict[str, Any]:
    """Spell defaults out where the body can be read; what cannot is kept for its author to mend."""
    try:
        return normalised(body)
    except PolicyError:
        return body


def _note(action: str, map: RiskTierMap, by: Actor, **facts: Any) -> None:
    body = {"version": map.version, **facts}
    audit.record(by=by, action=action, subject=map.workflow.slug, body=body)


def _fields(path: str, sentences: list[str]) -> tuple[FieldProblem, ...]:
    return tuple(FieldProblem(path, sentence) for sentence in sentences)
