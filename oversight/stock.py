"""What may be met in a workflow now: faults that two others approved, under their certificates."""

from dataclasses import dataclass

from handoffs.models import Workflow
from oversight import certificates, fault_files, library
from oversight.faults import Fault
from oversight.models import LibraryFault


@dataclass(frozen=True, kw_only=True)
class Stocked:
    """A fault of the library, what it is approved by, and the people who would know its tests."""

    id: int
    digest: str
    fault: Fault
    known_to: frozenset[int]


def usable(workflow: Workflow) -> list[Stocked]:
    """Return the faults whose tests nobody tells from real handoffs."""
    rows = LibraryFault.objects.in_bulk([one.id for one in library.usable(workflow)])
    return [
        Stocked(
            id=one.id,
            digest=fault_files.digest(fault_files.write(one.fault)),
            fault=one.fault,
            known_to=frozenset(one.known_to),
        )
        for one in library.usable(workflow)
        if certificates.holds(rows[one.id])
    ]
