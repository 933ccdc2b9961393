"""Where tests come from: handoffs of the same workflow that people approved, and nothing undid.

Read side. A source is taken whole as its agent sent it; what only a later moment knows, or what
people added, makes it none. And what its workflow is like besides: its names, and usual words.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from handoffs import ids, real
from handoffs.models import Brief, Handoff
from oversight.blind_tests import guises, realism, untouched
from oversight.blind_tests.certificates import Draws
from oversight.blind_tests.material import Material
from oversight.models import Cohort

# by then what was decided is known to have been right, or not to have been
YOUNGEST, OLDEST = timedelta(days=3), timedelta(days=90)
# of these the last say what is usual
BRIEFS = 200
_DELAYS = 50
_LONGEST = timedelta(days=1)

_FOUND = f"""
select h.id, h.opened_at < %(settled)s from handoffs_handoff h
join handoffs_run run on run.id = h.run_id
join handoffs_proposal proposal on proposal.id = h.proposal_id
join handoffs_answer answer on answer.handoff_id = h.id
where h.id = any(%(certified)s) and h.workflow_id = %(workflow)s
    and h.queue_id = %(queue)s and h.role_id = %(team)s
    and proposal.action_type = %(action_type)s and {real.run()} and {untouched.SQL}
"""
_KNOW = """
select reviewer_id from reviews_claim where handoff_id = %(handoff)s
union select reviewer_id from reviews_decision where handoff_id = %(handoff)s
union select reviewer_id from reviews_evidenceopened where handoff_id = %(handoff)s
union select author_id from reviews_comment where handoff_id = %(handoff)s
"""
_DELAY = f"""
select extract(epoch from h.opened_at - run.created_at)::float
from handoffs_handoff h join handoffs_run run on run.id = h.run_id
join handoffs_proposal proposal on proposal.id = h.proposal_id
where h.id >= %(since)s and h.workflow_id = %(workflow)s and h.kind = 'approval'
    and {real.run()} and proposal.action_type = %(action_type)s
    and h.opened_at - run.created_at between interval '0' and %(longest)s
order by h.id desc limit %(limit)s
"""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A decided handoff, as plain data; `known_to` are the people who had to do with it."""

    handoff: Handoff
    material: Material
    known_to: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What briefs of one kind have in common: whom they name, and what they all say."""

    given_names: tuple[str, ...]
    family_names: tuple[str, ...]
    usual: frozenset[str]


def find(
    cohort: Cohort, action_type: str, *, draws: Draws, lot: Callable[[str], float], now: datetime
) -> Iterator[Source]:
    """Yield decided handoffs of this cohort, drawn by lot, each as often as its certificate says.

    Where none is settled yet, what was decided lately has to do.
    """
    asked: dict[str, Any] = {
        "settled": now - YOUNGEST,
        "certified": list(draws),
        "workflow": cohort.workflow_id,
        "queue": cohort.queue_id,
        "team": cohort.team_id,
        "action_type": action_type,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, asked)
        found = {handoff: is_settled for handoff, is_settled in cursor.fetchall()}
    # whose time comes first, if each comes so often
    comes = {one: -math.log(1 - lot(one)) / draws[one] for one in found}
    for one in sorted(found, key=lambda one: (not found[one], comes[one])):
        yield read(one)


def read(handoff_id: str) -> Source:
    """Return this handoff as what a test may be made of."""
    found = Handoff.objects.select_related("run__checkpoint", "proposal", "run__client")
    handoff = found.get(id=handoff_id)
    assert handoff.proposal is not None
    return Source(
        handoff=handoff,
        material=Material(
            action_type=handoff.proposal.action_type, kind=handoff.kind, body=_body(handoff)
        ),
        known_to=_known_to(handoff_id),
    )


def _body(handoff: Handoff) -> dict[str, Any]:
    run, proposal = handoff.run, handoff.proposal
    assert proposal is not None
    kept = getattr(run, "checkpoint", None)
    return {
        "arguments": json.loads(proposal.arguments),
        "brief": handoff.briefs.get().body,
        "input": run.input,
        "signals": proposal.signals,
        "preconditions": proposal.preconditions,
        "checkpoint": None if kept is None else json.loads(kept.body),
        "requester": _requester(run.requester),
        "external_id": run.external_id,
    }


def _requester(said: dict[str, Any] | None) -> dict[str, Any] | None:
    """Leave out how somebody can be reached: nobody is written to."""
    return said and {key: said[key] for key in ("name", "locale") if said.get(key)}


def _known_to(handoff_id: str) -> frozenset[int]:
    with connection.cursor() as cursor:
        cursor.execute(_KNOW, {"handoff": handoff_id})
        return frozenset(row[0] for row in cursor.fetchall() if row[0] is not None)


def latest(cohort: Cohort, action_type: str, *, now: datetime) -> Handoff | None:
    """Return the last real handoff of this kind that waited where the cohort works."""
    found = Handoff.objects.filter(
        real.of("run"), id__gte=ids.at("ho", now - OLDEST), workflow=cohort.workflow_id,
        queue=cohort.queue_id, proposal__action_type=action_type, kind="approval",
    )  # fmt: skip
    return found.select_related("run__client").order_by("-id").first()


def wording(workflow_id: int, action_type: str, *, now: datetime) -> Wording:
    """Read what the last briefs of this kind say."""
    briefs = Brief.objects.filter(
        handoff__workflow=workflow_id,
        handoff__proposal__action_type=action_type,
        handoff__id__gte=ids.at("ho", now - OLDEST),
        version=1,
    ).filter(real.of("handoff__run"))
    bodies = list(briefs.order_by("-handoff_id").values_list("body", flat=True)[:BRIEFS])
    given, family = guises.names(bodies)
    usual = realism.usual({"brief": body} for body in bodies)
    return Wording(given_names=given, family_names=family, usual=usual)


def delays(workflow_id: int, action_type: str, *, now: datetime) -> list[float]:
    """Return after how many seconds real runs asked for this lately."""
    asked: dict[str, Any] = {
        "since": ids.at("ho", now - OLDEST),
        "workflow": workflow_id,
        "action_type": action_type,
        "longest": _LONGEST,
        "limit": _DELAYS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DELAY, asked)
        return [row[0] for row in cursor.fetchall()]


def recent_names(workflow_id: int, *, now: datetime) -> Iterable[str]:
    """Return what the last runs of a workflow are called by their agents."""
    found = Handoff.objects.filter(
        real.of("run"), workflow=workflow_id, id__gte=ids.at("ho", now - OLDEST)
    )
    return found.order_by("-id").values_list("run__external_id", flat=True)[:BRIEFS]
