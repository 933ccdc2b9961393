"""Certificates of blindness: measured anew each week, and a fault that is told apart retires.

A fault makes tests only while its last certificate holds and is fresh. It holds if classifiers that
know copies with this fault can't tell others from real handoffs: the bound of their AUC is at most
0.55. Where they surely can, the fault retires and the owner is told by what. Where too little is
known it makes no tests, and is measured again.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Now

from handoffs import ids, jobs, outbox
from oversight.blind_tests import fault_files, library, proving, untouched
from oversight.blind_tests.errors import FaultRetired
from oversight.blind_tests.material import Material
from oversight.blind_tests.proving import Original, Proof
from oversight.models import FaultCertificate, LibraryFault
from oversight.statistics import blindness
from oversight.statistics.blindness import Certificate

RENEWED, FRESH = timedelta(days=7), timedelta(days=35)
# what is looked at: the latest of so many days, and not more than these
BACK, MOST = timedelta(days=180), 400
_TOLD_SHORT = 200
State = FaultCertificate.State

_ORIGINALS = f"""
select h.id, h.run_id, h.opened_at, proposal.arguments, brief.body, run.input, {untouched.SQL}
from handoffs_handoff h
join handoffs_proposal proposal on proposal.id = h.proposal_id
join handoffs_run run on run.id = h.run_id
join accounts_client client on client.id = run.client_id and client.stands_for_id is null
join handoffs_brief brief on brief.handoff_id = h.id and brief.version = 1
left join handoffs_answer answer on answer.handoff_id = h.id and answer.round = h.round
where h.id >= %(since)s and h.workflow_id = %(workflow)s and h.kind = 'approval'
    and proposal.action_type = %(action_type)s
order by h.id desc limit %(most)s
"""


# which handoffs tests may be made of, and how often each is to be drawn
Draws = Mapping[str, float]


def holds(fault: LibraryFault) -> bool:
    """Tell whether tests may be made with this fault now."""
    return fault.pk in holding([fault])


def holding(faults: Collection[LibraryFault]) -> dict[int, Draws]:
    """Return the draws of those whose last certificate of what they say holds and is fresh."""
    says = {fault.pk: fault.digest for fault in faults}
    found = FaultCertificate.objects.filter(fault__in=says, digest__in=says.values())
    last = found.order_by("fault", "digest", "-measured_at", "-id").distinct("fault", "digest")
    return {
        one.fault_id: one.draws
        for one in last.annotate(is_fresh=Q(measured_at__gt=Now() - FRESH))
        if one.digest == says[one.fault_id] and one.state == State.HOLDS and one.is_fresh
    }


def latest(fault: LibraryFault) -> FaultCertificate | None:
    """Return the last certificate of what the fault says now."""
    found = FaultCertificate.objects.filter(fault=fault, digest=fault.digest)
    return found.order_by("-measured_at", "-id").first()


def renew_due(*, now: datetime) -> int:
    """Measure the faults in use whose certificate is a week old or of another text."""
    return jobs.drain(lambda: _renew_one(now), full=1)


def _renew_one(now: datetime) -> int:
    last = FaultCertificate.objects.filter(fault=OuterRef("pk"), digest=OuterRef("digest"))
    measured = Subquery(last.order_by("-measured_at").values("measured_at")[:1])
    due = LibraryFault.objects.filter(state=LibraryFault.State.APPROVED).annotate(last=measured)
    # what is written by hand stands once: nothing can be learned of it
    generators = due.filter(body__has_key="edits").select_related("workflow__owner")
    fault = generators.filter(Q(last=None) | Q(last__lt=Now() - RENEWED)).order_by("pk").first()
    if fault is None:
        return 0
    renew(fault, now=now)
    return 1


def renew(fault: LibraryFault, *, now: datetime) -> FaultCertificate:
    """Measure this fault, store its certificate, and retire it where it is told apart."""
    said = fault_files.read(fault.body)
    originals = list(_originals(fault, said.action_type, now))
    # copies are measured under a key of their own: no test is made under it
    key = f"certificate:{fault.digest}:{settings.SECRET_KEY}".encode()
    return _store(fault, proving.prove(said, originals, key=key, now=now), now=now)


def _originals(fault: LibraryFault, action_type: str, now: datetime) -> Iterator[Original]:
    asked: dict[str, Any] = {
        "since": ids.at("ho", now - BACK),
        "workflow": fault.workflow_id,
        "action_type": action_type,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ORIGINALS, asked)
        rows = cursor.fetchall()
    for handoff, run, opened, arguments, brief, input, right in rows:
        body = {"arguments": _plain(arguments), "brief": _plain(brief), "input": _plain(input)}
        material = Material(action_type=action_type, kind="approval", body=body)
        yield Original(id=handoff, run=run, opened=opened, material=material, right=right is True)


def _plain(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


@transaction.atomic
def _store(fault: LibraryFault, proof: Proof, *, now: datetime) -> FaultCertificate:
    found = proof.certificate
    known = found.sources >= blindness.LEAST
    stored = FaultCertificate.objects.create(
        fault=fault,
        digest=fault.digest,
        state=state(found),
        sources=found.sources,
        copies=found.tests,
        reals=found.reals,
        auc=found.worst.auc if known else None,
        upper=found.worst.upper,
        by=found.worst.by if known else "",
        telling=[[name, round(weight, 3)] for name, weight in found.worst.telling],
        unfit=dict(proof.unfit),
        draws={id: round(often, 3) for id, often in proof.draws.items()},
    )
    if stored.state == State.TOLD_APART:
        _retire(fault, stored, now)
    return stored


def state(found: Certificate) -> State:
    if found.holds:
        return State.HOLDS
    return State.TOLD_APART if found.is_told_apart else State.UNCERTAIN


def _retire(fault: LibraryFault, found: FaultCertificate, now: datetime) -> None:
    because = f"A classifier tells its tests from real handoffs: {by(found)}."[:_TOLD_SHORT]
    try:
        library.retire(fault, because, by=None, now=now)
    except FaultRetired:
        return
    owner = fault.workflow.owner
    if owner is not None and owner.is_active:
        said = {"subject": f"Retired: “{fault.name}”", "text": _letter(fault, found)}
        outbox.mail(owner.email, "fault.retired", said)


def by(found: FaultCertificate) -> str:
    """Name what told them apart."""
    return ", ".join(name for name, _ in found.telling[:3])


def _letter(fault: LibraryFault, found: FaultCertificate) -> str:
    return (
        f"“{fault.name}”, a generator of blind tests in {fault.workflow}, makes no more tests.\n\n"
        f"Of {found.copies} copies a classifier by {found.by} told {found.auc:.0%} apart from real "
        f"handoffs; with 95 % confidence it is at most {found.upper:.0%}, and 55 % are allowed. "
        f"What gave them away: {by(found)}.\n\n"
        "A tell that a classifier finds people find too, and whoever can tell a test is no longer "
        "tested. Write it anew without that, and let two others approve it.\n"
    )
