"""Certificates of faults on recorded traffic, as the product would measure them: pure.

What is recorded are proposals as agents send them, and of each whether it was right.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from oversight.blind_tests import fault_files, proving
from oversight.blind_tests.faults import Fault
from oversight.blind_tests.material import Material
from oversight.blind_tests.proving import Original
from oversight.statistics import blindness
from oversight.statistics.blindness import Certificate

# recordings do not say when: they are taken for so old
AGE = timedelta(days=50)
_KEY, _SEED = b"recorded", 1


@dataclass(frozen=True, kw_only=True)
class Measured:
    """`certificate` is of sources that are drawn to resemble all of them.

    `even`, if all were drawn as often; `beside_sources` is the same against the sources alone: it
    is the copying that tells there, and not which were taken for it.
    """

    fault: Fault
    certificate: Certificate
    even: Certificate
    beside_sources: Certificate
    asked: int
    unfit: tuple[tuple[str, int], ...]


def faults(text: str) -> list[Fault]:
    """Read a file of faults; raises ValueError where it holds anything else."""
    return [fault_files.read(one) for one in json.loads(text)]


def originals(
    proposals: Iterable[str], truth: Iterable[str], *, now: datetime
) -> Iterator[Original]:
    """Read proposals and, line by line, of which of them it is known that they were right."""
    right = {one["key"] for one in map(json.loads, truth) if one["is_correct"] is True}
    for said in map(json.loads, proposals):
        yield Original(
            id=said["key"],
            run=said["run"]["external_id"],
            opened=now - AGE,
            material=_material(said["run"], said["proposal"]),
            right=said["key"] in right,
        )


def _material(run: dict[str, Any], proposal: dict[str, Any]) -> Material:
    brief = {name: one for name, one in proposal["brief"].items() if one is not None}
    body = {"arguments": proposal["arguments"], "brief": brief, "input": run["input"]}
    return Material(action_type=proposal["action_type"], kind="approval", body=body)


def measure(fault: Fault, found: Sequence[Original], *, now: datetime) -> Measured:
    """Make copies with this fault of what is of its action type, and try to tell them."""
    same = [one for one in found if one.material.action_type == fault.action_type]
    seen = proving.look(fault, same, key=_KEY, now=now)
    sources = [seen.reals[at] for at in sorted(set(seen.sources))]
    return Measured(
        fault=fault,
        certificate=blindness.certify(seen.copies, seen.reals, seed=_SEED, sources=seen.sources),
        even=blindness.certify(seen.copies, seen.reals, seed=_SEED),
        beside_sources=blindness.certify(seen.copies, sources, seed=_SEED),
        asked=seen.asked,
        unfit=seen.unfit,
    )
