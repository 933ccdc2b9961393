"""What the clock leaves behind: when it was last at work, and old rows taken away in batches."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Client
from config import timetable
from config.celery import app
from handoffs import jobs, outbox
from handoffs.models import JobPulse, OutboxMessage

pytestmark = pytest.mark.django_db


def all_at_work() -> None:
    for name in (timetable.BEAT, *timetable.EVERY):
        jobs.done(name)


def falls_silent(*names: str) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    JobPulse.objects.filter(name__in=names).update(done_at=long_ago)


def asked() -> tuple[int, str]:
    answer = Browser().get("/healthz/jobs")
    return answer.status_code, answer.json()["sentence"]


def test_all_at_work_is_well() -> None:
    all_at_work()

    assert asked() == (200, "The beat and all its jobs were at work lately.")


def test_nothing_was_ever_at_work() -> None:
    status, sentence = asked()

    assert status == 503
    assert "The beat was never at work" in sentence


@pytest.mark.parametrize(
    ("silent", "said"),
    [
        ((timetable.BEAT,), "Start the beat process"),
        (tuple(timetable.EVERY), "Start a worker process"),
        (("handoffs.seal_audit",), "handoffs.seal_audit was last at work 3600 s ago"),
    ],
    ids=["the beat", "the workers", "one job"],
)
def test_who_is_silent_is_named_with_what_to_do(silent: tuple[str, ...], said: str) -> None:
    all_at_work()
    falls_silent(*silent)

    status, sentence = asked()

    assert status == 503
    assert said in sentence


def test_a_job_may_be_silent_as_long_as_its_interval_and_a_while() -> None:
    all_at_work()
    JobPulse.objects.filter(name="handoffs.forget_old_keys").update(
        done_at=timezone.now() - timedelta(minutes=15)
    )

    assert asked()[0] == 200


def test_a_job_that_is_done_says_so_and_one_that_fails_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app.loader.import_default_modules()
    monkeypatch.setattr("handoffs.audit.seal", lambda: 1 / 0)

    app.tasks["handoffs.forget_old_keys"].apply()
    app.tasks["handoffs.seal_audit"].apply()

    assert set(jobs.silent_for()) == {"handoffs.forget_old_keys"}


def test_what_is_done_often_is_noted_once_a_second() -> None:
    jobs.done("handoffs.seal_audit")
    first = JobPulse.objects.get().done_at

    jobs.done("handoffs.seal_audit")

    assert JobPulse.objects.get().done_at == first


def sent(bot: Client, number: int, **changes: object) -> OutboxMessage:
    return OutboxMessage.objects.create(
        id=f"msg_{number}", mail_to="a@example.com", event="x", payload={}, **changes
    )


def test_only_what_was_delivered_long_ago_is_forgotten(bot: Client) -> None:
    old, new = timezone.now() - timedelta(days=31), timezone.now() - timedelta(days=29)
    sent(bot, 1, state="delivered", delivered_at=old)
    sent(bot, 2, state="delivered", delivered_at=new)
    sent(bot, 3, state="dead", created_at=old)
    sent(bot, 4, state="pending", created_at=old)

    assert outbox.forget(now=timezone.now()) == 1

    assert set(OutboxMessage.objects.values_list("id", flat=True)) == {"msg_2", "msg_3", "msg_4"}


def test_forgetting_goes_batch_by_batch_until_nothing_is_left(bot: Client) -> None:
    old = timezone.now() - timedelta(days=31)
    for number in range(7):
        sent(bot, number, state="delivered", delivered_at=old)

    with connection.execute_wrapper(count_deletes := Deletes()):
        assert outbox.forget(now=timezone.now(), limit=3) == 7

    assert count_deletes.seen == 3


class Deletes:
    """Counts statements that delete."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        self.seen += "delete" in sql
        return execute(sql, params, many, context)


def test_forgetting_stops_when_its_time_is_up() -> None:
    assert jobs.drain(lambda: 5, full=5, seconds=0) == 5
