"""Which team has which level on which queue or workflow: give it, take it back, read it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from guardian.shortcuts import get_objects_for_user

from accounts import queries as people
from accounts.errors import FieldProblem
from accounts.models import User
from accounts.roles import Can
from handoffs import audit, verdicts
from handoffs.actors import Actor
from handoffs.errors import BadShape
from handoffs.models import (
    Handoff,
    Queue,
    QueueGroupPermission,
    Workflow,
    WorkflowGroupPermission,
)
from handoffs.verdicts import GIVEN_BY, LEVELS_OF, Asked, Grant, Kin, Level, Person, Verdict

Thing = Queue | Workflow
# who has which level on one queue and one workflow, teams before people
_GIVEN = """
select 'queue ' || thing.slug, permission.codename, team.id, null::bigint, team.name
from handoffs_queuegrouppermission given join handoffs_queue thing
    on thing.id = given.content_object_id
join auth_permission permission on permission.id = given.permission_id
join auth_group team on team.id = given.group_id where thing.id = %(queue)s
union all
select 'queue ' || thing.slug, permission.codename, null, person.id, person.name
from handoffs_queueuserpermission given join handoffs_queue thing
    on thing.id = given.content_object_id
join auth_permission permission on permission.id = given.permission_id
join accounts_user person on person.id = given.user_id where thing.id = %(queue)s
union all
select 'workflow ' || thing.slug, permission.codename, team.id, null, team.name
from handoffs_workflowgrouppermission given join handoffs_workflow thing
    on thing.id = given.content_object_id
join auth_permission permission on permission.id = given.permission_id
join auth_group team on team.id = given.group_id where thing.id = %(workflow)s
union all
select 'workflow ' || thing.slug, permission.codename, null, person.id, person.name
from handoffs_workflowuserpermission given join handoffs_workflow thing
    on thing.id = given.content_object_id
join auth_permission permission on permission.id = given.permission_id
join accounts_user person on person.id = given.user_id where thing.id = %(workflow)s
order by 1, 5, 2
"""


@transaction.atomic
def give(thing: Thing, *, team: Group, level: Level, by: Actor, now: datetime) -> bool:
    """Give `team` this level; its people have it with their next request. False: it had it."""
    permission = _permission(thing, level)
    _, made = _rows(thing).get_or_create(content_object=thing, permission=permission, group=team)
    if made:
        _note("given", thing, team, level, by)
    return bool(made)


@transaction.atomic
def take_back(thing: Thing, *, team: Group, level: Level, by: Actor, now: datetime) -> bool:
    """Take this level away from `team`. False: it did not have it."""
    permission = _permission(thing, level)
    gone, _ = _rows(thing).filter(content_object=thing, permission=permission, group=team).delete()
    if gone:
        _note("taken_back", thing, team, level, by)
    return bool(gone)


@transaction.atomic
def settle(
    thing: Thing, wanted: Mapping[Group, Collection[Level]], *, by: Actor, now: datetime
) -> int:
    """Make the levels of these teams exactly what is `wanted`; return how many changed."""
    changed = 0
    for team, levels in wanted.items():
        for level in LEVELS_OF[kind_of(thing)]:
            change = give if level in levels else take_back
            changed += change(thing, team=team, level=level, by=by, now=now)
    return changed


def teams_with(thing: Thing, level: Level) -> list[Group]:
    """Return the teams that were given exactly this level."""
    given = _rows(thing).filter(content_object=thing, permission=_permission(thing, level))
    return list(Group.objects.filter(pk__in=given.values("group_id")).order_by("name"))


def workers(queues: Iterable[Queue]) -> dict[int, list[str]]:
    """Return the names of the teams that work each of these queues, in one query."""
    rows = QueueGroupPermission.objects.filter(
        content_object__in=queues, permission__codename=f"{Level.WORK}_queue"
    )
    found: dict[int, list[str]] = {}
    for queue, team in rows.order_by("group__name").values_list("content_object", "group__name"):
        found.setdefault(queue, []).append(team)
    return found


def given(*, queue: int | None = None, workflow: int | None = None) -> tuple[Grant, ...]:
    """Return every level given on this queue and this workflow, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVEN, {"queue": queue, "workflow": workflow})
        rows = cursor.fetchall()
    found = []
    for on, codename, team, person, to in rows:
        level = codename.partition("_")[0]
        if level in set(Level):
            found.append(Grant(on=on, level=Level(level), team=team, person=person, to=to))
    return tuple(found)


def person(user: User) -> Person:
    """Gather what a verdict needs to know of someone, their teams as they are now."""
    return Person(
        id=user.pk,
        name=user.name,
        email=user.email,
        active=user.is_active,
        roles=tuple(user.roles),
        teams=dict(user.groups.values_list("id", "name")),
        kin=tuple(Kin(id=id, email=email, group=group) for id, email, group in people.kin(user.pk)),
    )


def asked(handoff: Handoff) -> Asked:
    """Say what answering this handoff takes."""
    requester = handoff.run.requester
    return Asked(
        queue=handoff.queue.slug,
        workflow=handoff.workflow.slug,
        team_id=handoff.role_id,
        team=handoff.role.name,
        requester=str(requester.get("email") or "") if isinstance(requester, dict) else "",
    )


def leads(user: User, thing: Thing) -> Verdict:
    """Say whether this person may change how a queue or workflow runs."""
    who = person(user)
    known = () if verdicts.manages(who) else _given_on(thing)
    if isinstance(thing, Queue):
        return verdicts.lead_queue(who, known, queue=thing.slug)
    return verdicts.lead_workflow(who, known, workflow=thing.slug, owner=thing.owner_id)


def owns(user: User, thing: Thing) -> Verdict:
    """Say whether this person may say who has which level on it."""
    who = person(user)
    known = () if verdicts.manages(who) else _given_on(thing)
    if isinstance(thing, Queue):
        return verdicts.own_queue(who, known, queue=thing.slug)
    return verdicts.own_workflow(who, known, workflow=thing.slug, owner=thing.owner_id)


def viewable_queues(user: User) -> QuerySet[Queue]:
    """Return the queues that a level lets this person read, without working them."""
    found: QuerySet[Queue] = _viewable(user, Queue)
    return found


def led_queues(user: User) -> QuerySet[Queue]:
    """Return the queues that this person may change, a manager every one."""
    if verdicts.manages(person(user)):
        return Queue.objects.all()
    found: QuerySet[Queue] = _with(user, Queue, Level.LEAD, Can.EDIT_MATRIX)
    return found


def led_workflows(user: User) -> QuerySet[Workflow]:
    """Return the workflows that this person may change or answers for, a manager every one."""
    if verdicts.manages(person(user)):
        return Workflow.objects.all()
    if not user.can(Can.EDIT_WORKFLOW):
        return Workflow.objects.none()
    led = _with(user, Workflow, Level.LEAD, Can.EDIT_WORKFLOW)
    return Workflow.objects.filter(Q(owner=user) | Q(pk__in=led.values("pk")))


def viewable_workflows(user: User) -> QuerySet[Workflow]:
    """Return the workflows whose handoffs a level lets this person read, in whichever queue."""
    found: QuerySet[Workflow] = _viewable(user, Workflow)
    return found


def _viewable(user: User, model: type[Any]) -> Any:
    return _with(user, model, Level.VIEW, Can.READ_GOVERNANCE)


def _with(user: User, model: type[Any], level: Level, role: Can) -> Any:
    """Ask guardian for objects only: what is given on all of a model, or to a superuser, is not."""
    if not user.can(role):
        return model.objects.none()
    name = model._meta.model_name
    return get_objects_for_user(
        user,
        [f"handoffs.{one}_{name}" for one in sorted(GIVEN_BY[level])],
        klass=model,
        any_perm=True,
        with_superuser=False,
        accept_global_perms=False,
    )


def kind_of(thing: Thing) -> str:
    return "queue" if isinstance(thing, Queue) else "workflow"


def _given_on(thing: Thing) -> tuple[Grant, ...]:
    return given(queue=thing.pk) if isinstance(thing, Queue) else given(workflow=thing.pk)


def _rows(thing: Thing) -> Any:
    model = QueueGroupPermission if isinstance(thing, Queue) else WorkflowGroupPermission
    return model.objects


def _permission(thing: Thing, level: Level) -> Permission:
    kind = kind_of(thing)
    if level not in LEVELS_OF[kind]:
        raise BadShape(fields=(FieldProblem("level", f"There is no {level} on a {kind}."),))
    return Permission.objects.get(
        codename=f"{level}_{kind}",
        content_type__app_label="handoffs",
        content_type__model=kind,
    )


def _note(what: str, thing: Thing, team: Group, level: Level, by: Actor) -> None:
    body = {"team": team.name, "level": level.value}
    audit.record(by=by, action=f"{kind_of(thing)}.level_{what}", subject=thing.slug, body=body)
