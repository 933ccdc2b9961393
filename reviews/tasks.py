"""What the clock asks for."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from reviews import (
    assigning,
    claims,
    link_mails,
    measures,
    notice_mails,
    notice_posts,
    notices,
    overflowing,
    rates,
    requester_mails,
    search_index,
    sessions,
    undo,
)


@shared_task(name="reviews.end_stale_claims")
def end_stale_claims(**_: Any) -> None:
    claims.end_stale(timezone.now())


@shared_task(name="reviews.assign")
def assign(**_: Any) -> None:
    assigning.assign(now=timezone.now())


@shared_task(name="reviews.mail_links")
def mail_links(**_: Any) -> None:
    link_mails.send_due(now=timezone.now())


@shared_task(name="reviews.look_for_notices")
def look_for_notices(**_: Any) -> None:
    notices.look(now=timezone.now())


@shared_task(name="reviews.send_notices")
def send_notices(**_: Any) -> None:
    notice_mails.send_due(now=timezone.now())
    notice_posts.send_due(now=timezone.now())


@shared_task(name="reviews.forget_notices")
def forget_notices(**_: Any) -> None:
    notices.forget(now=timezone.now())


@shared_task(name="reviews.note_for_search")
def note_for_search(**_: Any) -> None:
    search_index.note_new(now=timezone.now())


@shared_task(name="reviews.measure_briefs")
def measure_briefs(**_: Any) -> None:
    measures.measure_new(now=timezone.now())


@shared_task(name="reviews.move_overflow")
def move_overflow(**_: Any) -> None:
    overflowing.move(now=timezone.now())


@shared_task(name="reviews.measure_rates")
def measure_rates(**_: Any) -> None:
    rates.measure(now=timezone.now())


@shared_task(name="reviews.forget_what_was_typed")
def forget_what_was_typed(**_: Any) -> None:
    undo.forget(now=timezone.now())


@shared_task(name="reviews.forget_sessions")
def forget_sessions(**_: Any) -> None:
    sessions.forget(now=timezone.now())


@shared_task(name="reviews.write_to_requesters")
def write_to_requesters(**_: Any) -> None:
    requester_mails.look(now=timezone.now())
    requester_mails.send_due(now=timezone.now())
