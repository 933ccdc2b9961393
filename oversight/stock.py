"""What may be met in a workflow now: faults that two others approved, under their certificates."""

from dataclasses import dataclass

from handoffs.models import Workflow
from oversight import certificates, fault_files, library, written_files
from oversight.faults import Fault
from oversight.models import LibraryFault
from oversight.written import Written


@dataclass(frozen=True, kw_only=True)
class Stocked:
    """A fault of the library, what it is approved by, and the people who would know its tests.

    A test by hand is one of them until it is used.
    """

    id: int
    digest: str
    fault: Fault | Written
    known_to: frozenset[int]

    @property
    def action_type(self) -> str:
        fault = self.fault
        return fault.material.action_type if isinstance(fault, Written) else fault.action_type


def usable(workflow: Workflow) -> list[Stocked]:
    """Return the faults whose tests nobody tells from real handoffs, and what is written by hand.

    Of what stands once nothing can be learned, so it needs no certificate.
    """
    return [*_generators(workflow), *_by_hand(workflow)]


def _by_hand(workflow: Workflow) -> list[Stocked]:
    return [
        Stocked(
            id=one.id,
            digest=fault_files.digest(written_files.write(one.written)),
            fault=one.written,
            known_to=frozenset(one.known_to),
        )
        for one in library.usable_by_hand(workflow)
    ]


def _generators(workflow: Workflow) -> list[Stocked]:
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
