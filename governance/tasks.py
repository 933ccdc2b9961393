"""What Celery's clock calls; each finds its own work in PostgreSQL."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from governance import reminders, turns


@shared_task(name="governance.work_on_backtests")
def work_on_backtests(**_: Any) -> None:
    turns.work(now=timezone.now())


@shared_task(name="governance.remind_of_reviews")
def remind_of_reviews(**_: Any) -> None:
    reminders.remind(now=timezone.now())
