"""A ladder tried on last month: the form, and what came of it in a sentence and a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from governance import dry_runs, matrix_schema
from governance.dry_runs import DryRun, Proposed
from handoffs import queries, sla
from handoffs.authority import say_named
from handoffs.models import MatrixRow, Workflow

MOST_LEVELS = 6
LEAST_SECONDS, MOST_SECONDS = 1, 366 * 86_400
_RUNGS = (
    ("urgent", "Became urgent"),
    ("climbed", "Went a level up"),
    ("timed_out", "Ran out: nobody answered"),
)


class Unreadable(ValueError):
    """What was typed is no ladder; says why."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One rung: what happened, and what the two ladders come to."""

    label: str
    happened: str
    standing: str
    proposed: str
    unknown: str


@dataclass(frozen=True, kw_only=True)
class Result:
    sentence: str
    since: str
    lines: tuple[Line, ...]
    levels: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    name: str
    rows: tuple[Option, ...]
    levels: str
    urgent: str
    business_time: bool
    standing: str
    back_url: str
    error: str = ""
    result: Result | None = None


def page(workflow: Workflow, typed: Mapping[str, str], *, now: datetime) -> Page:
    """Show the form as typed or as the row stands, and what the ladder comes to once asked."""
    found = dry_runs.rows(workflow, now=now)
    row = next((one for one in found if str(one.pk) == typed.get("row")), next(iter(found), None))
    standing = dry_runs.as_it_stands(row) if row else Proposed((), 0, business_time=False)
    asked = "levels" in typed and row is not None
    error, result = "", None
    if asked and row is not None:
        try:
            proposed = read(typed)
            result = show(dry_runs.run(row, proposed, now=now))
        except Unreadable as refused:
            error = str(refused)
    return Page(
        name=workflow.name,
        rows=tuple(
            Option(value=str(one.pk), label=_named(one), chosen=one is row) for one in found
        ),
        levels=typed["levels"] if asked else _levels(standing.seconds),
        urgent=typed.get("urgent", "") if asked else _duration(standing.urgent_seconds),
        business_time="hours" in typed if asked else standing.business_time,
        standing=in_words(standing) if row else "",
        back_url=reverse("governance:workflow", args=[workflow.slug]),
        error=error,
        result=result,
    )


def read(typed: Mapping[str, str]) -> Proposed:
    """Read times as they stand in files: `2h, 1h`, and `15m`."""
    levels = [part.strip() for part in typed.get("levels", "").split(",") if part.strip()]
    if not 1 <= len(levels) <= MOST_LEVELS:
        raise Unreadable(
            f"A ladder has one to {MOST_LEVELS} levels. Nothing was tried. Write the time of each "
            "level, as 2h, 1h."
        )
    return Proposed(
        seconds=tuple(_seconds(one, least=LEAST_SECONDS) for one in levels),
        urgent_seconds=_seconds(typed.get("urgent", "").strip() or "0s", least=0),
        business_time="hours" in typed,
    )


def _seconds(text: str, *, least: int) -> int:
    try:
        seconds = matrix_schema.seconds(text)
    except ValueError:
        seconds = -1
    if not least <= seconds <= MOST_SECONDS:
        raise Unreadable(
            f"“{text[:40]}” is no time that a level can have. Nothing was tried. Write a number "
            "and its unit, as 90s, 30m, 4h or 2d."
        )
    return seconds


def show(found: DryRun) -> Result:
    """Put a dry run into words; the interval says how far the figures carry."""
    proposed = found.proposed
    notes = []
    if proposed.unanswered:
        notes.append(
            f"{proposed.unanswered:,} of them no person answered. Of these it is known what came "
            "before their end, and nothing after it; they are left out of a share that would have "
            "to guess."
        )
    if found.cut:
        notes.append(f"Only the newest {dry_runs.MOST:,} were tried.")
    notes.append(
        "It is taken that each answer comes when it came. A level above may answer sooner or "
        "later than that: nobody knows before it is tried."
    )
    return Result(
        sentence=_sentence(found),
        since=f"{found.since:%-d %B %Y}",
        lines=tuple(_line(rung, label, found) for rung, label in _RUNGS),
        levels=tuple(
            (f"Level {number}", f"{count:,}")
            for number, count in enumerate(proposed.by_level, start=1)
        ),
        notes=tuple(notes),
    )


def _sentence(found: DryRun) -> str:
    if not found.questions:
        return "This row decided nothing in that time: there is nothing to try a ladder on."
    counts = found.proposed
    parts = [
        f"{counts.share(rung)} {words}"
        for rung, words in (
            ("urgent", "would have become urgent"),
            ("climbed", "gone a level up"),
            ("timed_out", "run out"),
        )
    ]
    plural = "" if found.questions == 1 else "s"
    return (
        f"Of {found.questions:,} question{plural} with this ladder {parts[0]}, {parts[1]}, and "
        f"{parts[2]}."
    )


def _line(rung: str, label: str, found: DryRun) -> Line:
    unknown = found.proposed.unknown(rung)
    return Line(
        label=label,
        happened=f"{getattr(found.happened, rung):,}",
        standing=str(found.standing.share(rung)),
        proposed=str(found.proposed.share(rung)),
        unknown=f"{unknown:,}",
    )


def _named(row: MatrixRow) -> str:
    return say_named(queries.authority_row(row).named)


def _levels(seconds: tuple[int, ...]) -> str:
    return ", ".join(_duration(one) for one in seconds)


def _duration(seconds: int) -> str:
    return matrix_schema.duration(seconds)


def in_words(proposed: Proposed) -> str:
    """Say a ladder's times: 4 h, then 2 h; urgent 15 min before."""
    times = ", then ".join(sla.in_words(one) for one in proposed.seconds)
    counted = " in opening hours" if proposed.business_time else ""
    return f"{times}{counted}; urgent {sla.in_words(proposed.urgent_seconds)} before"
