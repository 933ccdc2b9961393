"""The library of faults: one writes, two others approve, and then it makes tests until it retires.

Whoever wrote, approved or may read a fault would know its tests, so nobody of them meets one. The
database refuses the same as this does: an approval by its author, of another text, a third state.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts import queries as people
from accounts.errors import FieldProblem
from accounts.models import User
from accounts.roles import GRANTS, Can
from handoffs import audit, grants
from handoffs.actors import SYSTEM, Actor, person_actor
from handoffs.models import Workflow
from oversight.blind_tests import fault_files, faults, written, written_files
from oversight.blind_tests.errors import (
    ApprovedAlready,
    BadFault,
    FaultExists,
    FaultRetired,
    NotADraftFault,
    NotAReader,
    NotAsRead,
    NotYours,
    OwnFault,
    WhyRetired,
)
from oversight.blind_tests.faults import Fault
from oversight.blind_tests.written import Written
from oversight.models import FaultApproval, LibraryFault

APPROVERS = 2
DRAFT, APPROVED, RETIRED = LibraryFault.State.values
USED = "It was used: a test by hand is met once."
_REASON_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class Usable:
    """A generator that two people approved; `known_to` are those who would know its tests."""

    id: int
    fault: Fault
    known_to: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class UsableByHand:
    """A test by hand that two people approved and nobody has used; `spend` it before it stands."""

    id: int
    written: Written
    known_to: tuple[int, ...]


def usable(workflow: Workflow) -> list[Usable]:
    """Return the generators that may make tests, as far as approval goes; see also certificates."""
    insiders = readers(workflow)
    return [
        Usable(id=row.pk, fault=fault_files.read(row.body), known_to=_known(row, insiders))
        for row in _approved(workflow)
        if not written_files.is_by_hand(row.body)
    ]


def usable_by_hand(workflow: Workflow) -> list[UsableByHand]:
    """Return the tests by hand that nobody has used."""
    insiders = readers(workflow)
    return [
        UsableByHand(
            id=row.pk, written=written_files.read(row.body), known_to=_known(row, insiders)
        )
        for row in _approved(workflow)
        if written_files.is_by_hand(row.body)
    ]


def write(workflow: Workflow, fault: Fault, *, by: User, now: datetime) -> LibraryFault:
    """Add a generator as a draft, or say in sentences what is wrong with it."""
    return _write(workflow, fault, faults.problems(fault), fault_files.write(fault), by)


def write_by_hand(workflow: Workflow, test: Written, *, by: User, now: datetime) -> LibraryFault:
    """Add a test by hand as a draft, or say in sentences what is wrong with it."""
    return _write(workflow, test, written.problems(test), written_files.write(test), by)


@transaction.atomic
def approve(fault: LibraryFault, *, digest: str, by: User, now: datetime) -> LibraryFault:
    """Approve the text that was read, by its digest; the second approval lets it make tests."""
    # an approval either came before, and is seen here, or waits
    current = LibraryFault.objects.select_for_update(of=("self",)).select_related("workflow").get(
        pk=fault.pk
    )  # fmt: skip
    if not may_approve(by, current.workflow):
        raise NotAReader
    if current.state != DRAFT:
        raise NotADraftFault
    if current.digest != digest:
        raise NotAsRead
    alike = {by.pk, *(person for person, _, _ in people.kin(by.pk))}
    if current.author_id in alike:
        raise OwnFault
    given = FaultApproval.objects.filter(fault=current)
    if given.filter(by__in=alike).exists():
        raise ApprovedAlready
    FaultApproval.objects.create(fault=current, by=by, digest=digest)
    _note("fault.approved", current, person_actor(by.pk, ""))
    if given.count() >= APPROVERS:
        LibraryFault.objects.filter(pk=current.pk, state=DRAFT).update(state=APPROVED)
        _note("fault.usable", current, SYSTEM)
    current.refresh_from_db()
    return current


@transaction.atomic
def retire(fault: LibraryFault, because: str, *, by: User | None, now: datetime) -> LibraryFault:
    """Take a fault out of use for good; None is the house itself, when a certificate fails."""
    if by is not None and not leads(by, fault.workflow):
        raise NotYours
    reason = because.strip()[:_REASON_LENGTH]
    if not reason:
        raise WhyRetired
    live = LibraryFault.objects.filter(pk=fault.pk).exclude(state=RETIRED)
    if live.update(state=RETIRED, retired_because=reason) != 1:
        raise FaultRetired
    fault.refresh_from_db()
    actor = SYSTEM if by is None else person_actor(by.pk, "")
    _note("fault.retired", fault, actor, because=reason)
    return fault


@transaction.atomic
def spend(fault_id: int, *, now: datetime) -> bool:
    """Take a test by hand out of the library, as it is about to stand. False: it is gone."""
    live = LibraryFault.objects.filter(pk=fault_id, state=APPROVED, body__form=written_files.FORM)
    return live.update(state=RETIRED, retired_because=USED) == 1


def leads(user: User, workflow: Workflow) -> bool:
    """Let whoever answers for the workflow write, retire, and see to its tests."""
    return user.can(Can.EDIT_WORKFLOW) and grants.leads(user, workflow).allowed


def may_approve(user: User, workflow: Workflow) -> bool:
    """Let those who sign maps approve, and others who lead the workflow."""
    return user.can(Can.SIGN_MAP) or leads(user, workflow)


def may_read(user: User, workflow: Workflow) -> bool:
    """Let those read the library who may approve; auditors read, and change nothing."""
    return user.can(Can.READ_AUDIT) or may_approve(user, workflow)


def readers(workflow: Workflow) -> frozenset[int]:
    """Return everybody who may read this library: they would know a test, so they meet none."""
    roles = [
        role.value
        for role, can in GRANTS.items()
        if can & {Can.READ_AUDIT, Can.SIGN_MAP, Can.EDIT_WORKFLOW}
    ]
    found = User.objects.filter(is_active=True, roles__overlap=roles)
    return frozenset(user.pk for user in found if may_read(user, workflow))


def shelf(workflow: Workflow) -> Iterable[LibraryFault]:
    """Return all that stands in the library: what waits first, what is retired last."""
    order = {DRAFT: 0, APPROVED: 1, RETIRED: 2}
    found = LibraryFault.objects.filter(workflow=workflow).select_related("author")
    rows = found.prefetch_related("approvals__by").order_by("-written_at", "-id")
    return sorted(rows, key=lambda row: order[row.state])


def _write(
    workflow: Workflow,
    said: Fault | Written,
    problems: list[str],
    body: dict[str, Any],
    by: User,
) -> LibraryFault:
    if not leads(by, workflow):
        raise NotYours
    found = [*_misfits(workflow, body), *problems]
    if found:
        raise BadFault(fields=tuple(FieldProblem("fault", sentence) for sentence in found))
    try:
        with transaction.atomic():
            row = LibraryFault.objects.create(
                workflow=workflow,
                name=said.name.strip(),
                body=body,
                digest=fault_files.digest(body),
                author=by,
            )
            _note("fault.written", row, person_actor(by.pk, ""))
    except IntegrityError as error:
        if "fault_name_once" in str(error) or "fault_once" in str(error):
            raise FaultExists from None
        raise
    return row


def _misfits(workflow: Workflow, body: dict[str, Any]) -> Iterator[str]:
    name = str(body["name"]).strip()
    if not 3 <= len(name) <= 120:
        yield "Give it a name of 3 to 120 characters."
    if not workflow.action_types.filter(name=body["action_type"]).exists():
        yield "This workflow has no such action type."


def _approved(workflow: Workflow) -> list[LibraryFault]:
    found = LibraryFault.objects.filter(workflow=workflow, state=APPROVED)
    return list(found.prefetch_related("approvals").order_by("id"))


def _known(row: LibraryFault, insiders: frozenset[int]) -> tuple[int, ...]:
    approvers = {approval.by_id for approval in row.approvals.all()}
    return tuple(sorted({row.author_id, *approvers, *insiders}))


def _note(action: str, row: LibraryFault, by: Actor, **facts: object) -> None:
    """Say in the log who did what; what the fault says stands in the library alone."""
    body = {"fault": row.pk, "name": row.name, "digest": row.digest, **facts}
    audit.record(by=by, action=action, subject=row.workflow.slug, body=body)
