"""What a fault does to real handoffs, for whoever writes or approves it: copies, never stored.

They are disguised as tests are, so that nobody reads here who asked for what.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handoffs.models import Handoff, Workflow
from handoffs.states import HandoffKind
from oversight.blind_tests import faults, guises, realism
from oversight.blind_tests.faults import Fault, Made, Unusable
from oversight.blind_tests.guises import Guise
from oversight.blind_tests.material import Material

LOOKED_AT, SHOWN = 20, 3
GUISE_GIVEN = ("Kim", "Robin", "Noor", "Alexis", "Sasha", "Jo")
GUISE_FAMILY = ("Berger", "Costa", "Novak", "Lindh", "Okoye", "Rossi")


@dataclass(frozen=True, kw_only=True)
class Example:
    """A copy of a handoff, and what the fault made of it."""

    handoff: Handoff
    before: Material
    made: Made


@dataclass(frozen=True, kw_only=True)
class Tried:
    """`misfits`: for each reason why nothing could be made of a handoff, of how many."""

    looked_at: int
    fits: int
    shown: tuple[Example, ...]
    misfits: tuple[tuple[str, int], ...]


def tried(workflow: Workflow, fault: Fault, *, now: datetime) -> Tried:
    """Put a fault into the latest handoffs of its kind."""
    found, misfits, looked_at = list[Example](), Counter[str](), 0
    for handoff in _latest(workflow, fault.action_type):
        looked_at += 1
        try:
            found.append(_made(handoff, fault, now))
        except (Unusable, ValueError) as why:
            misfits[str(why)] += 1
    return Tried(
        looked_at=looked_at,
        fits=len(found),
        shown=tuple(found[:SHOWN]),
        misfits=tuple(misfits.most_common()),
    )


def newest(workflow: Workflow, action_type: str, *, now: datetime) -> Material | None:
    """Return a copy of the latest handoff of this kind, to write a fault by."""
    for handoff in _latest(workflow, action_type):
        try:
            return _disguised(handoff, now)
        except ValueError:
            continue
    return None


def stand_in(workflow: Workflow, action_type: str) -> Handoff | None:
    """Return a handoff of this kind, whose place a test by hand would have."""
    return next(_latest(workflow, action_type), None)


def _made(handoff: Handoff, fault: Fault, now: datetime) -> Example:
    before = _disguised(handoff, now)
    problems = realism.unfit_source(before)
    if problems:
        raise Unusable(problems[0])
    return Example(handoff=handoff, before=before, made=faults.make(fault, before))


def _disguised(handoff: Handoff, now: datetime) -> Material:
    days = guises.weeks_between(handoff.opened_at.date(), now.date())
    guise = Guise(
        key=handoff.id.encode(), given_names=GUISE_GIVEN, family_names=GUISE_FAMILY, days=days
    )
    return guises.disguise(_material(handoff), guise)


def _latest(workflow: Workflow, action_type: str) -> Iterator[Handoff]:
    found = Handoff.objects.filter(
        workflow=workflow,
        kind=HandoffKind.APPROVAL.value,
        proposal__action_type=action_type,
        run__client__stands_for=None,
    ).select_related("run__client", "proposal", "queue", "role", "workflow", "overflow_from")
    return iter(found.order_by("-id")[:LOOKED_AT])


def _material(handoff: Handoff) -> Material:
    assert handoff.proposal is not None
    brief = handoff.briefs.order_by("version").values_list("body", flat=True).first()
    body: dict[str, Any] = {
        "arguments": json.loads(handoff.proposal.arguments),
        "brief": brief or {},
        "input": handoff.run.input,
    }
    return Material(action_type=handoff.proposal.action_type, kind=handoff.kind, body=body)
