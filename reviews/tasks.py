"""What the clock asks for."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from reviews import claims


@shared_task(name="reviews.end_stale_claims")
def end_stale_claims(**_: Any) -> None:
    claims.end_stale(timezone.now())
