"""Mails to requesters: a person has their task, it was passed on, it is over.

Nothing tells this module that something moved: it reads the log of transitions from where it read
last. Each mail is made once and says what their page says when it goes out, or does not go out.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from handoffs import jobs, languages, requesters, standstill
from handoffs.models import Run
from handoffs.states import FINAL_RUN_STATES, Cause, HandoffState, RunState
from reviews import expectations, log_places
from reviews.log_places import Log
from reviews.models import Expectation, RequesterLetter
from reviews.pages import status
from reviews.pages.status import Standing

BATCH = 1_000
# what is answered within this time is not worth a mail
PATIENCE = timedelta(seconds=60)
# one run writes its requester no more than so many
MOST = 10
EVENT = "requester.news"
MOVES = Log(
    name="requesters",
    table="handoffs_transition",
    columns="id, run_id, handoff_id, from_state, to_state, cause",
)
Kind = RequesterLetter.Kind
_ASKED_FROM = (RunState.RUNNING.value, RunState.RESUMING.value)
_PASSED_ON = (Cause.ESCALATED.value, Cause.TIMED_OUT.value, Cause.SENT_ON.value)


def look(*, now: datetime) -> int:
    """Read on and make the letters of what moved; return how many rows were read."""

    def batch() -> int:
        with transaction.atomic():
            place = log_places.take(MOVES)
            rows = [] if place is None else log_places.read(MOVES, place, limit=BATCH, now=now)
            _make(rows)
            return len(rows)

    return jobs.drain(batch, full=BATCH)


def _make(rows: Iterable[tuple[Any, ...]]) -> None:
    """Write a letter for whoever left an address, where their workflow mails them."""
    told = [(run, kind, entry) for entry, run, *move in rows if (kind := _kind(*move))]
    runs = Run.objects.select_related("workflow").in_bulk({run for run, _, _ in told})
    wanted = {id: run for id, run in runs.items() if requesters.mailed(run)}
    with connection.cursor() as cursor:
        cursor.execute("select statement_timestamp()")
        at = cursor.fetchone()[0]
    RequesterLetter.objects.bulk_create(
        [
            RequesterLetter(
                run=wanted[id],
                kind=kind,
                number=_number(wanted[id], kind, entry),
                due_at=at + (PATIENCE if kind == Kind.TRANSFERRED else timedelta(0)),
            )
            for id, kind, entry in told
            if id in wanted
        ],
        ignore_conflicts=True,
    )


def _kind(handoff: str | None, before: str, after: str, cause: str) -> str | None:
    if handoff is None:
        if after == RunState.PAUSED_PENDING_HUMAN.value and before in _ASKED_FROM:
            return Kind.TRANSFERRED
        # whoever took it over has written already
        if after in FINAL_RUN_STATES and cause != Cause.TRANSFERRED.value:
            return Kind.OVER
        return None
    waits = HandoffState.WAITING.value
    return Kind.PASSED_ON if (before, after) == (waits, waits) and cause in _PASSED_ON else None


def _number(run: Run, kind: str, entry: int) -> int:
    return {Kind.TRANSFERRED: run.pause, Kind.OVER: 0}.get(Kind(kind), entry)


def send_due(*, now: datetime, limit: int = 200) -> int:
    """Send what is due and still holds, each with the note that it was; return how many."""
    due = RequesterLetter.objects.filter(ended_at=None, due_at__lte=Now()).order_by("due_at")
    return sum(_send(letter, now=now) for letter in due[:limit])


def _send(letter: RequesterLetter, *, now: datetime) -> bool:
    with transaction.atomic():
        mine = RequesterLetter.objects.filter(pk=letter.pk, ended_at=None)
        run = Run.objects.select_related("workflow").get(id=letter.run_id)
        holds = bool(requesters.mailed(run)) and _holds(letter, run)
        if not mine.update(ended_at=Now(), sent=holds):
            return False
        if holds:
            _write(run, now=now)
        return holds


def _holds(letter: RequesterLetter, run: Run) -> bool:
    sent = RequesterLetter.objects.filter(run=run, sent=True)
    if letter.kind == Kind.OVER:
        # only to who was told that a person has it
        return sent.exists()
    paused = run.state == RunState.PAUSED_PENDING_HUMAN.value
    still = letter.kind != Kind.TRANSFERRED or letter.number == run.pause
    return paused and still and sent.count() < MOST


def _write(run: Run, *, now: datetime) -> None:
    handoff = status.asked(run)
    told = expectations.tell(handoff, now=now)
    standing = Standing(
        run=run,
        handoff=handoff,
        told=told,
        stopped=standstill.over(run.workflow_id) is not None,
    )
    language = languages.of(languages.of_requester(run.requester))
    page = status.page(standing, language=language, now=now)
    with languages.speaking(language):
        requesters.write(
            run,
            event=EVENT,
            line=page.line,
            more=_news(run, told, page.sure, now=now),
            until=handoff.deadline_at if handoff and handoff.deadline_at > now else None,
        )


def _news(run: Run, told: Expectation | None, sure: str, *, now: datetime) -> list[str]:
    if told is None:
        return []
    zone = languages.zone_of(run.requester)
    when = languages.moment(told.by_at, now, zone, says_day=False)
    return [languages.say("News expected by: %(when)s", when=when) + f"\n{sure}"]
