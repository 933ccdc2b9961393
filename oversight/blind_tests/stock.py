"""What may be met in a workflow now: what two others approved, generators under certificates."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from handoffs.models import Workflow
from oversight.blind_tests import certificates, fault_files, library
from oversight.blind_tests.certificates import Draws
from oversight.blind_tests.faults import Fault
from oversight.blind_tests.written import Written
from oversight.models import LibraryFault
from oversight.statistics.pacing import Block


@dataclass(frozen=True, kw_only=True)
class Stocked:
    """A generator or a test by hand, and the people who would know its tests."""

    id: int
    digest: str
    said: Fault | Written
    known_to: frozenset[int]
    # of a generator: what tests may be made of, see `certificates`
    draws: Draws = field(default_factory=dict)

    @property
    def block(self) -> Block:
        return Block(self.said.kind.value, self.said.difficulty.value, self.said.harm.value)


def usable(workflow: Workflow) -> list[Stocked]:
    """Return what may be made into a test, each once that is by hand."""
    return [*_generators(workflow), *_by_hand(workflow)]


def _generators(workflow: Workflow) -> Iterator[Stocked]:
    found = library.usable(workflow)
    rows = LibraryFault.objects.filter(pk__in=[one.id for one in found])
    holding = certificates.holding(rows)
    for one in found:
        if one.id in holding:
            digest = fault_files.digest(fault_files.write(one.fault))
            known = frozenset(one.known_to)
            draws = holding[one.id]
            yield Stocked(id=one.id, digest=digest, said=one.fault, known_to=known, draws=draws)


def _by_hand(workflow: Workflow) -> Iterator[Stocked]:
    for one in library.usable_by_hand(workflow):
        known = frozenset(one.known_to)
        yield Stocked(id=one.id, digest=f"by hand {one.id}", said=one.written, known_to=known)
