"""Which faults of a workflow's library may be met now, and who would know them."""

from dataclasses import dataclass

from handoffs.models import Workflow
from oversight import fault_files
from oversight.faults import Fault
from oversight.models import LibraryFault, Programme


@dataclass(frozen=True, kw_only=True)
class Stocked:
    """A fault of the library, its row, and the people who wrote, approved or run it."""

    row: LibraryFault
    fault: Fault
    known_to: frozenset[int]


def usable(workflow: Workflow) -> list[Stocked]:
    """Return what two others approved and nothing retired."""
    rows = LibraryFault.objects.filter(workflow=workflow, state=LibraryFault.State.APPROVED)
    owners = _owners(workflow)
    return [
        Stocked(
            row=row,
            fault=fault_files.read(row.body),
            known_to=owners | {row.author_id, *(one.by_id for one in row.approvals.all())},
        )
        for row in rows.prefetch_related("approvals").order_by("pk")
    ]


def _owners(workflow: Workflow) -> frozenset[int]:
    found = {workflow.owner_id}
    found.update(Programme.objects.filter(workflow=workflow).values_list("noticed_by", flat=True))
    return frozenset(one for one in found if one is not None)
