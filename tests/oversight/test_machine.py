"""Whether the machine is at work: for people a page, for Prometheus a text behind a token."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Client, User
from handoffs import jobs
from handoffs.models import OutboxMessage, RefusedTransition
from oversight.models import Alarm, Threshold
from oversight.watch import alarms, machine
from tests import walks
from tests.factories import Shop

pytestmark = pytest.mark.django_db


def page(user: User) -> str:
    browser = Browser()
    browser.force_login(user)
    return browser.get("/oversight/machine/").getvalue().decode()


def samples() -> dict[str, float]:
    lines = machine.told(now=timezone.now()).splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def all_done() -> None:
    for name in settings.JOBS_MAY_BE_SILENT:
        jobs.done(name)


def give_up(event: str, error: str, **changes: object) -> None:
    OutboxMessage.objects.create(
        mail_to="a@example.com", event=event, payload={}, state="dead", last_error=error, **changes
    )


def test_the_page_says_in_words_what_stands_still(olga: User, ann: User) -> None:
    assert "Nothing is done any more" in page(olga)
    all_done()
    found = page(olga)
    assert "The clock and all its jobs were at work lately." in found
    assert "stands still" not in found
    # what is at work is folded, and what is not is there to see
    assert "<details>" in found and "<details open>" not in found
    with connection.cursor() as cursor:
        cursor.execute(
            "update handoffs_jobpulse set done_at = done_at - interval '10 minutes' "
            "where name = 'handoffs.deliver_outbox'"
        )
    found = page(olga)
    assert "One job stands still, others are done." in found and "<details open>" in found
    # what stands still comes first
    assert found.index("handoffs.deliver_outbox") < found.index("handoffs.seal_audit")
    browser = Browser()
    browser.force_login(ann)
    assert browser.get("/oversight/machine/").status_code == 403


def test_what_was_given_up_is_shown_with_why_and_stays_text(olga: User) -> None:
    give_up("handoff.answered", "earlier", created_at=timezone.now() - timedelta(days=1))
    give_up("handoff.answered", "<script>alert(1)</script>")
    give_up("run.failed", "long ago", created_at=timezone.now() - timedelta(days=8))
    found = page(olga)
    assert "&lt;script&gt;" in found and "<script>alert" not in found
    assert "earlier" not in found and "long ago" not in found


class TestMetrics:
    def test_without_a_token_there_is_nothing(self, settings: Any) -> None:
        settings.METRICS_TOKEN = ""
        assert Browser().get("/metrics").status_code == 404

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "secret", "Bearer s\xe9cret"])
    def test_who_has_not_the_token_is_not_let_in(self, settings: Any, header: str) -> None:
        settings.METRICS_TOKEN = "secret"
        answer = Browser().get("/metrics", headers={"Authorization": header})
        assert answer.status_code == 401 and b"overread_" not in answer.getvalue()

    def test_who_has_it_reads_the_text_format(self, settings: Any) -> None:
        settings.METRICS_TOKEN = "secret"
        answer = Browser().get("/metrics", headers={"Authorization": "Bearer secret"})
        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert b"# TYPE overread_outbox_pending gauge" in answer.getvalue()

    def test_it_tells_of_jobs_messages_and_moves(self) -> None:
        all_done()
        with connection.cursor() as cursor:
            cursor.execute("delete from handoffs_jobpulse where name = 'beat'")
        give_up("run.failed", "no such host")
        RefusedTransition.objects.create(
            entity="run", from_state="FAILED", to_state="RUNNING", times=3,
            last_at=timezone.now(),
        )  # fmt: skip
        found = samples()
        assert found['overread_job_silent_seconds{job="beat"}'] == float("inf")
        assert found['overread_job_silent_seconds{job="handoffs.seal_audit"}'] < 60
        assert found['overread_outbox_dead{event="run.failed"}'] == 1
        refused = 'overread_transitions_refused_total{entity="run",from="FAILED",to="RUNNING"}'
        assert found[refused] == 3

    def test_it_tells_what_waits_and_what_is_raised(
        self, shop: Shop, bot: Client, bot_key: str
    ) -> None:
        walks.waiting(shop, bot, bot_key)
        alarms.look(now=timezone.now())
        one = Threshold.objects.get(measure="refused_moves")
        of = '{measure="refused_moves",queue="",workflow=""}'
        assert samples()[f"overread_alarm_raised{of}"] == 0
        Alarm.objects.create(threshold=one, raised_at=timezone.now(), said="It is so.")
        found = samples()
        assert found[f'overread_queue_waiting{{queue="{shop.queue.slug}"}}'] == 1
        assert found[f"overread_alarm_raised{of}"] == 1
        assert found[f"overread_measured{of}"] == 0

    def test_nobody_is_in_it(
        self, shop: Shop, bot: Client, bot_key: str, ann: User, mia: User
    ) -> None:
        walks.waiting(shop, bot, bot_key)
        alarms.look(now=timezone.now())
        text = machine.told(now=timezone.now())
        names = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if line[0] != "#"}
        assert not {name for name in names if "reviewer" in name or "present" in name}
        for person in User.objects.all():
            assert person.email not in text and f'"{person.name}"' not in text

    def test_it_asks_as_often_however_much_there_is(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as found:
                machine.told(now=timezone.now())
            return len(found)

        few = queries()
        alarms.look(now=timezone.now())
        for number in range(20):
            give_up(f"event.{number}", "")
        assert queries() == few <= 12
