"""Why someone may or may not do what with a queue, a workflow, a handoff or a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from accounts.models import User
from accounts.roles import Can
from handoffs import grants, verdicts
from handoffs.errors import NotFound
from handoffs.models import Handoff, Queue, Run, Workflow
from handoffs.verdicts import Verdict
from reviews import permissions

KINDS = ("queue", "workflow", "handoff", "run")


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Everything one person may and may not do with one thing."""

    person: str
    thing: str
    verdicts: tuple[Verdict, ...]


def explain(user: User, thing: str) -> Explanation:
    """Explain `queue:slug`, `workflow:slug`, `handoff:id` or `run:id`; NotFound when not there."""
    kind, _, name = thing.partition(":")
    if kind not in KINDS:
        raise NotFound(f"“{kind}” is none of {', '.join(KINDS)}. Nothing was looked up.")
    found = {"queue": _queue, "workflow": _workflow, "handoff": _handoff, "run": _run}[kind]
    return Explanation(
        person=f"{user.name} ({user.email})", thing=thing, verdicts=tuple(found(user, name))
    )


def _queue(user: User, slug: str) -> Iterator[Verdict]:
    queue = Queue.objects.filter(slug=slug).first() or _nothing("queue", slug)
    who, given = grants.person(user), grants.given(queue=queue.pk)
    yield verdicts.see(who, given, queue=slug)
    yield verdicts.work(who, given, queue=slug)
    yield verdicts.lead_queue(who, given, queue=slug)
    yield verdicts.own_queue(who, given, queue=slug)


def _workflow(user: User, slug: str) -> Iterator[Verdict]:
    workflow = Workflow.objects.filter(slug=slug).first() or _nothing("workflow", slug)
    who, given = grants.person(user), grants.given(workflow=workflow.pk)
    yield verdicts.by_role(who, "governance", "read its governance", Can.READ_GOVERNANCE)
    yield verdicts.see(who, given, workflow=slug)
    yield verdicts.lead_workflow(who, given, workflow=slug, owner=workflow.owner_id)
    yield verdicts.own_workflow(who, given, workflow=slug, owner=workflow.owner_id)


def _handoff(user: User, id: str) -> Iterator[Verdict]:
    related = Handoff.objects.select_related("queue", "role", "run", "workflow")
    handoff = related.filter(id=id).first() or _nothing("handoff", id)
    yield permissions.sees(user, handoff)
    yield permissions.decides(user, handoff)
    yield _record(user)


def _run(user: User, id: str) -> Iterator[Verdict]:
    """Explain the run's record, and each of its handoffs, since people meet a run through them."""
    if not Run.objects.filter(id=id).exists():
        _nothing("run", id)
    yield _record(user)
    related = Handoff.objects.select_related("queue", "role", "run", "workflow")
    for handoff in related.filter(run=id).order_by("opened_at", "id"):
        yield permissions.sees(user, handoff)
        yield permissions.decides(user, handoff)


def _record(user: User) -> Verdict:
    means = "read its record in the admin"
    return verdicts.by_role(grants.person(user), "record", means, Can.READ_AUDIT)


def _nothing(kind: str, name: str) -> NoReturn:
    raise NotFound(f"There is no {kind} {name}. Nothing was changed. Check the name.")
