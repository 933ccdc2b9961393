"""What the clock asks for."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from oversight.blind_tests import certificates, releases, sowing
from oversight.counted import days
from oversight.queues import counting, figures
from oversight.watch import alarms


@shared_task(name="oversight.count_queues")
def count_queues(**_: Any) -> None:
    counting.count(now=timezone.now())


@shared_task(name="oversight.count_days")
def count_days(**_: Any) -> None:
    days.count(now=timezone.now())


@shared_task(name="oversight.look_for_alarms")
def look_for_alarms(**_: Any) -> None:
    alarms.look(now=timezone.now())


@shared_task(name="oversight.measure_queues")
def measure_queues(**_: Any) -> None:
    figures.measure(now=timezone.now())


# four hundred handoffs and their copies take 30 s of a processor; the broker hands out again what
# takes two minutes
@shared_task(name="oversight.renew_certificates", soft_time_limit=100, time_limit=110)
def renew_certificates(**_: Any) -> None:
    certificates.renew_due(now=timezone.now())


@shared_task(name="oversight.forget")
def forget(**_: Any) -> None:
    counting.forget(now=timezone.now())


@shared_task(name="oversight.sow")
def sow(**_: Any) -> None:
    sowing.sow(now=timezone.now())


@shared_task(name="oversight.close_lots")
def close_lots(**_: Any) -> None:
    releases.close(now=timezone.now())
