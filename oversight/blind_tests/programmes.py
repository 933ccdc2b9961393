"""The blind tests of a workflow: off until an owner has recorded that staff were told.

What was told is kept word for word. Another text has to be told anew, so it switches tests off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from accounts.errors import FieldProblem
from accounts.models import User
from handoffs import audit, canonical
from handoffs.actors import person_actor
from handoffs.models import Workflow
from oversight.blind_tests import library
from oversight.blind_tests.errors import BadNotice, BadRate, NoticeChanged, NotNoticed, NotYours
from oversight.models import Programme
from oversight.statistics import pacing

LEAST_WORDS = 40
_LONGEST = 20_000


@dataclass(frozen=True, kw_only=True)
class Told:
    """How staff were told: when, by which way, and who was consulted before."""

    on: date | None
    how: str
    consulted: str


def of(workflow: Workflow) -> Programme:
    """Return the programme as it stands; where there is none yet, one that is off."""
    found = Programme.objects.select_related("noticed_by").filter(workflow=workflow).first()
    return found or Programme(workflow=workflow)


def digest(programme: Programme) -> str:
    """Identify the notice that was read."""
    return canonical.digest({"notice": programme.notice})


@transaction.atomic
def keep_texts(
    workflow: Workflow, *, notice: str, consultation: str, by: User, now: datetime
) -> Programme:
    """Keep the texts; another notice than staff were told is no longer told, and tests go off."""
    _check(workflow, by)
    problems = tuple(_text_problems(notice))
    if problems:
        raise BadNotice(fields=problems)
    programme = _locked(workflow)
    said, letter = _plain(notice), _plain(consultation)
    was_on = programme.on
    if said != programme.notice:
        programme.notice, programme.on = said, False
        programme.noticed_at = programme.noticed_by = programme.told_on = None
        programme.told_how = ""
    programme.consultation = letter
    programme.save()
    _note("tests.texts_kept", programme, by, notice=said, switched_off=was_on and not programme.on)
    return programme


@transaction.atomic
def record(workflow: Workflow, told: Told, *, read: str, by: User, now: datetime) -> Programme:
    """Record that staff were told the notice that was read, and who was consulted."""
    _check(workflow, by)
    programme = _locked(workflow)
    problems = [*_text_problems(programme.notice), *_told_problems(told, now.date())]
    if problems:
        raise BadNotice(fields=tuple(problems))
    if digest(programme) != read:
        raise NoticeChanged
    programme.told_on, programme.told_how = told.on, _plain(told.how)
    programme.consulted = _plain(told.consulted)
    programme.noticed_at, programme.noticed_by = now, by
    programme.save()
    _note(
        "tests.staff_told",
        programme,
        by,
        notice=programme.notice,
        on=told.on.isoformat() if told.on else None,
        how=programme.told_how,
        consulted=programme.consulted,
    )
    return programme


@transaction.atomic
def switch(workflow: Workflow, *, on: bool, by: User, now: datetime) -> Programme:
    """Let tests come in, or none any more; off is always possible."""
    _check(workflow, by)
    programme = _locked(workflow)
    if on and programme.noticed_at is None:
        raise NotNoticed
    if programme.on != on:
        programme.on = on
        programme.save(update_fields=["on"])
        _note("tests.switched_on" if on else "tests.switched_off", programme, by)
    return programme


@transaction.atomic
def set_rate(workflow: Workflow, rate: float, *, by: User, now: datetime) -> Programme:
    """Set which part of the reviews are tests, within what the notice says."""
    _check(workflow, by)
    if not pacing.LEAST_RATE <= rate <= pacing.MOST_RATE:
        raise BadRate
    programme = _locked(workflow)
    was = programme.rate
    programme.rate = rate
    programme.save(update_fields=["rate"])
    _note("tests.rate_set", programme, by, was=was, rate=rate)
    return programme


def _check(workflow: Workflow, by: User) -> None:
    if not library.leads(by, workflow):
        raise NotYours


def _locked(workflow: Workflow) -> Programme:
    """Return the programme, kept as it is for this transaction."""
    Programme.objects.bulk_create([Programme(workflow=workflow)], ignore_conflicts=True)
    return Programme.objects.select_for_update(of=("self",)).get(workflow=workflow)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _text_problems(notice: str) -> Iterator[FieldProblem]:
    if len(notice) > _LONGEST:
        yield FieldProblem("notice", f"It is longer than {_LONGEST:,} characters.")
    if len(notice.split()) < LEAST_WORDS:
        yield FieldProblem(
            "notice", f"It has fewer than {LEAST_WORDS} words: nobody would know what is done."
        )


def _told_problems(told: Told, today: date) -> Iterator[FieldProblem]:
    if told.on is None:
        yield FieldProblem("told_on", "Say on which day staff were told.")
    elif told.on > today:
        yield FieldProblem("told_on", "That day has not come yet: record it when they were told.")
    if not 3 <= len(told.how.strip()) <= 200:
        yield FieldProblem(
            "told_how", "Say how they were told, in up to 200 characters: by mail, in a meeting."
        )
    if len(told.consulted.split()) < 3:
        yield FieldProblem(
            "consulted", "Say who was consulted and what was agreed, or why nobody has to be."
        )


def _note(action: str, programme: Programme, by: User, **facts: object) -> None:
    body = {"rate": programme.rate, "on": programme.on, **facts}
    audit.record(
        by=person_actor(by.pk, ""), action=action, subject=programme.workflow.slug, body=body
    )
