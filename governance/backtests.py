"""Ask for a map to be tried on what was once proposed, and cancel it; `turns` does the work."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.errors import FieldProblem
from accounts.models import User
from governance import recorded, uploads
from governance.errors import BadPeriod, NothingToTry
from governance.models import Backtest, BacktestChunk
from handoffs import audit, canonical, policy
from handoffs.actors import Actor
from handoffs.models import RiskTierMap, Workflow
from handoffs.policy import PolicyError

_OPEN = (Backtest.State.QUEUED, Backtest.State.RUNNING)
_PROPOSALS, _TRUTH = BacktestChunk.Kind.values


@dataclass(frozen=True)
class File:
    """An uploaded file that can be read more than once."""

    name: str
    blocks: Callable[[], Iterable[bytes]]


def over_period(
    map: RiskTierMap,
    *,
    since: datetime,
    until: datetime,
    by: Actor,
    user: User | None,
    now: datetime,
) -> Backtest:
    """Ask for a backtest over what was proposed in a period; the same question is asked once."""
    if not since < until:
        raise BadPeriod(fields=(FieldProblem("until", "It has to lie after the beginning."),))
    made = _new(map, user=user, now=now)
    made.source, made.since, made.until = Backtest.Source.PERIOD, since, until
    made.fingerprint = _fingerprint(made, since.isoformat(), until.isoformat())
    return _ask(made, by=by)


def over_file(
    map: RiskTierMap,
    *,
    proposals: File,
    truth: File | None,
    by: Actor,
    user: User | None,
    now: datetime,
) -> Backtest:
    """Ask for a backtest over an uploaded file, with what is known to be true or without."""
    stored = uploads.measure(_PROPOSALS, proposals.blocks())
    known = uploads.measure(_TRUTH, truth.blocks()) if truth else None
    made = _new(map, user=user, now=now)
    made.source, made.file_name = Backtest.Source.FILE, proposals.name[:200]
    made.total, made.with_truth = stored.lines, known is not None
    made.fingerprint = _fingerprint(made, stored.digest, known.digest if known else "")
    return _ask(made, by=by, files={_PROPOSALS: proposals} | ({_TRUTH: truth} if truth else {}))


def _new(map: RiskTierMap, *, user: User | None, now: datetime) -> Backtest:
    workflow = map.workflow
    try:
        policy.parse_map(map.body)
    except PolicyError as error:
        raise NothingToTry(fields=(FieldProblem(error.path, error.reason),)) from None
    return Backtest(
        workflow=workflow,
        map=map,
        body=map.body,
        in_force=_in_force(workflow, now),
        action_types={
            one.name: [one.impact.value, one.reversibility.value]
            for one in recorded.action_types(workflow).values()
        },
        requested_by=user,
        requested_at=now,
    )


def _in_force(workflow: Workflow, now: datetime) -> dict[str, Any] | None:
    rules = RiskTierMap.objects.filter(workflow=workflow).in_force(now).first()
    return rules.body if rules else None


def _fingerprint(made: Backtest, *source: str) -> str:
    ruled_with = canonical.digest(
        {"map": made.body, "in_force": made.in_force, "types": made.action_types}
    )
    return hashlib.sha256("\0".join([str(made.map_id), ruled_with, *source]).encode()).hexdigest()


def _ask(made: Backtest, *, by: Actor, files: dict[str, File] | None = None) -> Backtest:
    """Store the question with its files, or return the same one that is being worked on."""
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            for kind, file in (files or {}).items():
                uploads.store(made, kind, file.blocks())
            note("backtest.asked", made, by=by, source=made.source)
    except IntegrityError as error:
        if "backtest_asked_once_at_a_time" not in str(error):
            raise
        found = Backtest.objects.filter(fingerprint=made.fingerprint, state__in=_OPEN).first()
        # the other one may have ended this very moment
        return found or _ask(made, by=by, files=files)
    return made


@transaction.atomic
def cancel(backtest: Backtest, *, by: Actor, now: datetime) -> bool:
    """Stop a backtest; a turn under way sees it before it writes next. False: it had ended."""
    open_ones = Backtest.objects.filter(pk=backtest.pk, state__in=_OPEN)
    if not open_ones.update(state=Backtest.State.CANCELLED, ended_at=now, checkpoint={}):
        return False
    uploads.forget(backtest.pk)
    note("backtest.cancelled", backtest, by=by)
    return True


def note(action: str, backtest: Backtest, *, by: Actor, **facts: Any) -> None:
    """Put into the audit log what became of a backtest."""
    audit.record(
        by=by,
        action=action,
        subject=backtest.workflow.slug,
        body={"backtest": backtest.pk, "version": backtest.map.version, **facts},
    )
