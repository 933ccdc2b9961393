"""What may be met in a workflow now: faults that two others approved."""

from dataclasses import dataclass

from handoffs.models import Workflow
from oversight import fault_files, library
from oversight.faults import Fault


@dataclass(frozen=True, kw_only=True)
class Stocked:
    """A fault of the library, what it is approved by, and the people who would know its tests."""

    id: int
    digest: str
    fault: Fault
    known_to: frozenset[int]


def usable(workflow: Workflow) -> list[Stocked]:
    """Return the faults that may make tests."""
    return [
        Stocked(
            id=one.id,
            digest=fault_files.digest(fault_files.write(one.fault)),
            fault=one.fault,
            known_to=frozenset(one.known_to),
        )
        for one in library.usable(workflow)
    ]
