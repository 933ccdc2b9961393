"""What Celery's clock calls; each finds its own work in PostgreSQL."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from handoffs import (
    audit,
    audits,
    deliveries,
    detection,
    findings,
    idempotency,
    ladder,
    outbox,
    pressures,
    recounts,
    release,
    resumptions,
    stops,
)


@shared_task(name="handoffs.seal_audit")
def seal_audit(**_: Any) -> None:
    audit.seal()


@shared_task(name="handoffs.deliver_outbox")
def deliver_outbox(**_: Any) -> None:
    deliveries.deliver()


@shared_task(name="handoffs.end_stale_leases")
def end_stale_leases(**_: Any) -> None:
    resumptions.end_expired(now=timezone.now())


@shared_task(name="handoffs.fire_overdue")
def fire_overdue(**_: Any) -> None:
    ladder.fire_overdue()


@shared_task(name="handoffs.recount_deadlines")
def recount_deadlines(**_: Any) -> None:
    recounts.recount_due(now=timezone.now())


@shared_task(name="handoffs.release_due")
def release_due(**_: Any) -> None:
    release.release_due(now=timezone.now())


@shared_task(name="handoffs.forget_delivered")
def forget_delivered(**_: Any) -> None:
    outbox.forget(now=timezone.now())


@shared_task(name="handoffs.forget_old_keys")
def forget_old_keys(**_: Any) -> None:
    idempotency.forget(now=timezone.now())


@shared_task(name="handoffs.open_audits")
def open_audits(**_: Any) -> None:
    audits.open_due(now=timezone.now())


@shared_task(name="handoffs.detect_anomalies")
def detect_anomalies(**_: Any) -> None:
    detection.look(now=timezone.now())


@shared_task(name="handoffs.open_findings")
def open_findings(**_: Any) -> None:
    findings.open_due(now=timezone.now())


@shared_task(name="handoffs.watch_pressure")
def watch_pressure(**_: Any) -> None:
    pressures.watch(now=timezone.now())


@shared_task(name="handoffs.tend_stops")
def tend_stops(**_: Any) -> None:
    stops.tend(now=timezone.now())


@shared_task(name="handoffs.remind_of_stops")
def remind_of_stops(**_: Any) -> None:
    stops.remind(now=timezone.now())
