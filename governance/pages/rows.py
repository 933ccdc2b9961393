"""Rows of the matrix, to be read across."""

from dataclasses import dataclass
from datetime import datetime

from governance.explorer import Situation
from governance.pages import words
from handoffs import queries, sla
from handoffs.models import MatrixRow
from reviews.pages import times


@dataclass(frozen=True, kw_only=True)
class RowLine:
    """One row: what it covers, who has authority, by when, what if nobody answers."""

    id: str
    covers: str
    role: str
    queue: str
    overflow: str
    send_to: tuple[str, ...]
    deadline: str
    terms: tuple[str, ...]
    ladder: tuple[str, ...]
    fallback: str
    undecided: bool
    safeguards: tuple[str, ...]
    email: str
    since: str
    until: str


@dataclass(frozen=True, kw_only=True)
class SituationLine:
    """One question that can come up; `row` is empty where nobody has authority over it."""

    said: str
    first: bool
    tier: str
    means: str
    row: RowLine | None
    gaps: tuple[str, ...]


def line(row: MatrixRow, now: datetime) -> RowLine:
    read = queries.authority_row(row)
    calendar = queries.calendar(row.queue) if row.business_time else None
    ends = read.effective_until
    return RowLine(
        id=f"row-{row.pk}",
        covers=words.covers(read),
        role=read.role,
        queue=row.queue.name,
        overflow=", then ".join(queue.name for queue in queries.overflows(row)),
        send_to=tuple(f"{role} in {queue}" for role, queue in read.send_to),
        deadline=sla.terms_in_words(row.deadline_seconds, calendar),
        terms=words.gathered(read),
        ladder=tuple(
            f"{step.role.name} in {step.queue.name}, {sla.in_words(step.seconds)}"
            for step in row.steps.all()
        ),
        fallback=words.FALLBACKS[read.fallback],
        undecided=read.fallback is None,
        safeguards=words.safeguards(row.safeguards),
        email=words.BY_EMAIL[read.email],
        since=times.clock(row.effective_from, now),
        until=times.clock(ends, now) if ends else "",
    )


def situations(found: list[Situation], lines: dict[str, RowLine]) -> tuple[SituationLine, ...]:
    """Pair each question with the row that decides it; `lines` by the row's anchor."""
    told: list[SituationLine] = []
    before: str | None = ""
    for one in found:
        told.append(
            SituationLine(
                said=words.situation(one.action_type, one.kind, one.tier),
                first=one.action_type != before,
                tier=one.tier or "",
                means=words.TIERS[one.tier] if one.tier else "",
                row=lines.get(f"row-{one.row.id}") if one.row else None,
                gaps=one.gaps,
            )
        )
        before = one.action_type
    return tuple(told)
