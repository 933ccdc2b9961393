"""Say how much of what agents do by themselves is looked at, how closely, and see how it goes."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Q, Sum

from governance import matrix_schema, sampling_schema
from governance.errors import ShareRefused
from governance.estimates import Share as Estimate
from governance.sampling_schema import DetectorIn, SamplingIn, ShareIn
from handoffs import audit, compiled, ids, real, sampling
from handoffs.actors import Actor
from handoffs.models import AuditShare, Detector, Finding, Workflow
from handoffs.models.sampling import SAMPLED
from handoffs.states import AUTONOMOUS_TIERS, HandoffKind

# of fewer audits no share is said
ENOUGH = 20
PANEL_DAYS = 90
_PANEL_FINDINGS = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class ShareFacts:
    """What holds of a tier; `off_by` and `off_at` say who switched it off, and when."""

    share: Decimal
    wait_seconds: int = sampling.DEFAULT_WAIT_SECONDS
    off_because: str = ""
    off_by: str = ""
    off_at: datetime | None = None

    @property
    def said(self) -> tuple[Decimal, int, str]:
        return self.share, self.wait_seconds, self.off_because


def shares(workflow: Workflow) -> dict[str, ShareFacts]:
    """Return what holds of each tier, the defaults where nobody said anything."""
    stored = {one.tier: one for one in AuditShare.objects.filter(workflow_id=workflow.pk)}
    held = {
        tier.value: ShareFacts(share=_exact(share))
        for tier, share in sampling.DEFAULT_SHARES.items()
    }
    for tier, one in stored.items():
        held[tier] = ShareFacts(
            share=_exact(one.share),
            wait_seconds=one.wait_seconds,
            off_because=one.off_because,
            off_by=one.off_by,
            off_at=one.off_at,
        )
    return {tier: held[tier] for tier in SAMPLED}


def _exact(share: Decimal | float) -> Decimal:
    return Decimal(str(share)).quantize(sampling_schema.PLACES)


def detector(workflow: Workflow) -> Detector:
    found = Detector.objects.filter(workflow_id=workflow.pk).first()
    return found or Detector(workflow_id=workflow.pk)


@transaction.atomic
def set_share(
    workflow: Workflow, tier: str, facts: ShareFacts, *, by: Actor, now: datetime
) -> bool:
    """Change a tier's share and log it; return whether it was another one.

    Raises ShareRefused below half a percent, and when it is switched off without a reason.
    """
    found = sampling_schema.problem(facts.share, facts.off_because)
    if found:
        raise ShareRefused(found)
    Workflow.objects.select_for_update().get(pk=workflow.pk)
    before = shares(workflow)[tier]
    if before.said == (_exact(facts.share), facts.wait_seconds, facts.off_because.strip()):
        return False
    off = facts.share == 0
    AuditShare.objects.update_or_create(
        workflow_id=workflow.pk,
        tier=tier,
        defaults={
            "share": facts.share,
            "wait_seconds": facts.wait_seconds,
            "off_because": facts.off_because.strip(),
            "off_by": by.audit_name if off else "",
            "off_at": now if off else None,
        },
    )
    after = shares(workflow)[tier]
    _note(
        workflow, "audit_share.changed", by, tier=tier, before=_plain(before), after=_plain(after)
    )
    return True


@transaction.atomic
def set_detector(workflow: Workflow, given: DetectorIn, *, by: Actor) -> bool:
    """Change how the detector looks at a workflow, and log it."""
    Workflow.objects.select_for_update().get(pk=workflow.pk)
    before = _settings(detector(workflow))
    if before == given.model_dump():
        return False
    Detector.objects.update_or_create(workflow_id=workflow.pk, defaults=given.model_dump())
    _note(workflow, "detector.changed", by, before=before, after=given.model_dump())
    return True


def _settings(found: Detector) -> dict[str, Any]:
    return {name: getattr(found, name) for name in DetectorIn.model_fields}


def _plain(facts: ShareFacts) -> dict[str, Any]:
    return {
        **asdict(facts),
        "share": str(facts.share),
        "off_at": facts.off_at.isoformat() if facts.off_at else None,
    }


def _note(workflow: Workflow, action: str, by: Actor, **facts: Any) -> None:
    audit.record(by=by, action=action, subject=workflow.slug, body=facts)


# --- files


def load(
    workflow: Workflow,
    given: SamplingIn | None,
    looks: DetectorIn | None,
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Make the workflow's settings what a file says; what it does not say is as by default."""
    for tier in SAMPLED:
        said = (given.tiers if given else {}).get(tier)
        default = ShareFacts(share=_exact(sampling.DEFAULT_SHARES[_TIERS[tier]]))
        facts = default if said is None else _facts(said)
        set_share(workflow, tier, facts, by=by, now=now)
    set_detector(workflow, looks or DetectorIn(), by=by)


_TIERS = {tier.value: tier for tier in AUTONOMOUS_TIERS}


def _facts(said: ShareIn) -> ShareFacts:
    return ShareFacts(
        share=_exact(said.share),
        wait_seconds=matrix_schema.seconds(said.wait),
        off_because=said.off_because.strip(),
    )


def document(workflow: Workflow) -> dict[str, Any]:
    """Return what a file says of it: nothing where the defaults hold."""
    default = {tier.value: _exact(share) for tier, share in sampling.DEFAULT_SHARES.items()}
    said = {
        tier: {
            "share": float(held.share),
            "wait": matrix_schema.duration(held.wait_seconds),
            **({"off_because": held.off_because} if held.off_because else {}),
        }
        for tier, held in shares(workflow).items()
        if held.said != ShareFacts(share=default[tier]).said
    }
    looks = _settings(detector(workflow))
    changed = {} if looks == DetectorIn().model_dump() else {"detector": looks}
    return {**({"sampling": said} if said else {}), **changed}


# --- what is missing, and how it goes


def gaps(workflow: Workflow) -> list[str]:
    """Say which audits and exceptions nobody would be asked about; they wait until somebody is."""
    policy = compiled.get(workflow.pk)
    found = []
    for kind in (HandoffKind.AUDIT, HandoffKind.EXCEPTION):
        for tier in sorted(AUTONOMOUS_TIERS):
            if kind is HandoffKind.AUDIT and not policy.shares.get(tier):
                continue
            missing = [name for name in policy.actions if not policy.authority(name, kind, tier)]
            if missing:
                found.append(
                    f"No row of the matrix covers kind {kind.value}, tier {tier.value} for "
                    f"{', '.join(sorted(missing))}: what is to be looked at waits until one does."
                )
    return found


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """How the audits of a tier went; `mixed` when they were drawn with different shares."""

    tier: str
    drawn: int
    to_open: int
    waiting: int
    lapsed: int
    audited: int
    wrong: int
    mixed: bool

    @property
    def estimate(self) -> str:
        """Say which share was wrong with its interval, or that too few were audited to say."""
        if self.audited < ENOUGH:
            return f"not enough data: {self.audited} audited, {ENOUGH} needed"
        return str(Estimate(self.wrong, self.audited))


_PANEL = f"""
select proposal.tier, count(*) as drawn,
    count(*) filter (where proposal.audit_opened_at is null) as to_open,
    count(*) filter (where handoff.state not in ('answered', 'withdrawn')) as waiting,
    count(*) filter (where handoff.state = 'withdrawn') as lapsed,
    count(answer.id) as audited,
    count(answer.id) filter (where answer.verb in ('wrong', 'roll_back')) as wrong,
    count(distinct proposal.audit_share) > 1 as mixed
from handoffs_proposal proposal
join handoffs_run run on run.id = proposal.run_id and run.workflow_id = %(workflow)s
    and {real.run()}
left join handoffs_handoff handoff
    on handoff.proposal_id = proposal.id and handoff.kind = 'audit'
left join handoffs_answer answer
    on answer.handoff_id = handoff.id and answer.round = handoff.round
where proposal.audit_drawn and proposal.id >= %(since)s
group by proposal.tier
"""


def panel(workflow: Workflow, *, now: datetime) -> list[Sampled]:
    """Return how the audits of the last 90 days went, by tier."""
    since = ids.at("prop", now - timedelta(days=PANEL_DAYS))
    with connection.cursor() as cursor:
        cursor.execute(_PANEL, {"workflow": workflow.pk, "since": since})
        names = [column.name for column in cursor.description]
        rows = [Sampled(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
    none = {"drawn": 0, "to_open": 0, "waiting": 0, "lapsed": 0, "audited": 0, "wrong": 0}
    found = {row.tier: row for row in rows}
    return [found.get(tier) or Sampled(tier=tier, **none, mixed=False) for tier in SAMPLED]


@dataclass(frozen=True, kw_only=True)
class Detected:
    """What stood out in the last week: storms, what came again in them, and what was held back."""

    findings: int
    again: int
    held_back: int
    to_open: int
    latest: list[Finding]


def detected(workflow: Workflow, *, now: datetime) -> Detected:
    recent = Finding.objects.filter(workflow_id=workflow.pk, last_at__gt=now - _PANEL_FINDINGS)
    counted = recent.aggregate(
        all=Count("id"),
        repeated=Sum(F("times") - 1, default=0),
        above=Count("id", filter=Q(held_back=True)),
        unopened=Count("id", filter=Q(handoff=None, held_back=False)),
    )
    return Detected(
        findings=counted["all"],
        again=counted["repeated"],
        held_back=counted["above"],
        to_open=counted["unopened"],
        latest=list(recent.order_by("-last_at")[:5]),
    )
