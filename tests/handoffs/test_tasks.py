"""What the clock calls: known by fixed names, harmless to call again, deaf to old arguments."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Client
from config.celery import app
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
    tasks,
)
from handoffs.models import AuditSeal, IdempotencyRecord, OutboxMessage, Run
from tests import walks
from tests.database import Databases
from tests.factories import Shop

TASKS = {
    "handoffs.seal_audit": (audit, "seal"),
    "handoffs.deliver_outbox": (deliveries, "deliver"),
    "handoffs.end_stale_leases": (resumptions, "end_expired"),
    "handoffs.fire_overdue": (ladder, "fire_overdue"),
    "handoffs.recount_deadlines": (recounts, "recount_due"),
    "handoffs.release_due": (release, "release_due"),
    "handoffs.forget_old_keys": (idempotency, "forget"),
    "handoffs.forget_delivered": (outbox, "forget"),
    "handoffs.open_audits": (audits, "open_due"),
    "handoffs.detect_anomalies": (detection, "look"),
    "handoffs.open_findings": (findings, "open_due"),
    "handoffs.watch_pressure": (pressures, "watch"),
    "handoffs.tend_stops": (stops, "tend"),
    "handoffs.remind_of_stops": (stops, "remind"),
}


@pytest.fixture(autouse=True)
def _tasks_are_known() -> None:
    app.loader.import_default_modules()


@pytest.mark.parametrize("name", TASKS)
def test_the_clock_knows_each_task_and_each_calls_one_operation(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, operation = TASKS[name]
    calls = []
    monkeypatch.setattr(module, operation, lambda **given: calls.append(given))

    app.tasks[name](something_that_was_once_sent=True)

    assert len(calls) == 1
    assert name in {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_every_task_of_ours_is_listed_here() -> None:
    ours = {name for name in app.tasks if name.startswith("handoffs.")}

    assert ours == set(TASKS)


def test_every_task_of_the_clock_exists() -> None:
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert scheduled <= set(app.tasks)


def test_a_minute_of_the_clock_moves_everything_on(
    committed_db: Databases, shop: Shop, bot: Client, bot_key: str
) -> None:
    """An overdue handoff, a lease that ran out, unsealed entries, unsent mail, an old key."""
    overdue = walks.waiting(shop, bot, bot_key)
    past = timezone.now() - timedelta(minutes=5)
    walks.overdue(overdue, ladder=[])
    leased = walks.waiting(shop, bot, bot_key)
    walks.say(leased)
    assert (lease := walks.lease(shop, bot))
    type(lease.resumption).objects.update(lease_expires_at=past)
    old = {"client": bot, "fingerprint": "", "status": 200, "body": ""}
    IdempotencyRecord.objects.create(key="old", created_at=past - timedelta(days=31), **old)
    IdempotencyRecord.objects.create(key="new", **old)

    for name in TASKS:
        app.tasks[name]()

    assert Run.objects.get(id=overdue.run_id).state == "HUMAN_RESPONDED"
    assert Run.objects.get(id=leased.run_id).state == "HUMAN_RESPONDED"
    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["new"]
    assert not OutboxMessage.objects.filter(state="pending").exists()
    while not AuditSeal.objects.exists():
        tasks.seal_audit()


def test_a_key_is_kept_while_its_handoff_is_open(
    db: None, shop: Shop, bot: Client, bot_key: str
) -> None:
    handoff = walks.waiting(shop, bot, bot_key)
    kept: dict[str, Any] = {"client": bot, "fingerprint": "", "status": 201, "body": ""}
    IdempotencyRecord.objects.all().delete()
    IdempotencyRecord.objects.create(
        key="k",
        handoff_id=handoff.id,
        created_at=timezone.now() - timedelta(days=31),
        **kept,
    )

    tasks.forget_old_keys()
    assert IdempotencyRecord.objects.exists()

    walks.say(handoff)
    tasks.forget_old_keys()
    assert not IdempotencyRecord.objects.exists()
