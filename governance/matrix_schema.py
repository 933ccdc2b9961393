"""One row of the matrix in the words of a workflow file; the admin and its history use the same."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from handoffs import authority, calendars
from handoffs.calendars import CalendarRefused
from handoffs.states import AtLimit, ByEmail, Fallback, HandoffKind, Tier
from reviews.spec import MOST_APPROVERS

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,6})([smhd])")
# as many as a person can oversee; a longer ladder is a queue of excuses
MOST_LEVELS = 6
# other queues that a reviewer may send a question to
MOST_PLACES = 9
Path = tuple[str | int, ...]


class Part(BaseModel):
    """A mapping that holds exactly the named keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class QueueIn(Part):
    name: str = Field(max_length=120)
    teams: list[str] = Field(min_length=1)
    depth_limit: int = Field(default=200, ge=1, le=1_000_000)
    work_minutes_limit: int | None = Field(default=None, ge=1, le=1_000_000)
    overflow: str | None = None
    pick_allowed: bool = False
    lease_seconds: int = Field(default=300, ge=30, le=86_400)
    mode: Literal["pull", "push"] = "pull"
    push_seconds: int = Field(default=180, ge=30, le=3600)
    time_zone: str = "UTC"
    hours: dict[str, list[str]] = {}
    country: str = Field(default="", max_length=10)
    holidays: dict[str, str] = {}


class SafeguardsIn(Part):
    """What has to hold before a decision counts, and how long it can still be taken back.

    `words_per_minute` lets the minimum grow with the brief: nobody may be faster than this reading
    speed. `seats` name teams of which one person each has to decide; the other approvers come from
    the role with authority. Without `undo_seconds` the product's default holds.
    """

    minimum_seconds: int = Field(default=0, ge=0, le=3600)
    words_per_minute: int | None = Field(default=None, ge=60, le=1000)
    challenge: Literal["never", "sampled", "always"] = "never"
    challenge_share: float = Field(default=0.1, ge=0, le=1)
    reason: Literal["never", "on_reject", "always"] = "on_reject"
    evidence: Literal["none", "must_open"] = "must_open"
    withhold_recommendation: bool = False
    approvers: int = Field(default=1, ge=1, le=MOST_APPROVERS)
    seats: list[str] = Field(default=[], max_length=MOST_APPROVERS)
    tie_break: Literal["reject", "escalate", "majority"] = "reject"
    undo_seconds: int | None = Field(default=None, ge=0, le=600)

    @field_validator("challenge", mode="before")
    @classmethod
    def _yes_or_no(cls, said: object) -> object:
        """Read what files and rows said before there was a sampled one."""
        return {True: "always", False: "never"}[said] if isinstance(said, bool) else said


class StepIn(Part):
    role: str
    queue: str
    deadline: str = "4h"
    required_context: list[str] = []


class SendToIn(Part):
    role: str
    queue: str


class RowIn(Part):
    """A row. What is left out of action type, kind and tier means any."""

    action_type: str | None = None
    kind: str | None = None
    tier: str | None = None
    role: str
    queue: str
    overflow: str | None = None
    at_limit: Literal["overflow", "pause"] = "overflow"
    deadline: str = "4h"
    business_time: bool = False
    urgent: str = "15m"
    ladder: list[StepIn] = Field(default=[], max_length=MOST_LEVELS - 1)
    fallback: str = ""
    send_to: list[SendToIn] = Field(default=[], max_length=MOST_PLACES)
    email: str = ByEmail.SIGN_IN.value
    latency_tolerance: Literal["minutes", "hours", "days"] | None = None
    batch: str = "0s"
    safeguards: SafeguardsIn = SafeguardsIn()
    starts: str | None = None
    ends: str | None = None

    @property
    def named(self) -> tuple[str | None, str | None, str | None]:
        return (self.action_type, self.kind, self.tier)

    @property
    def queues(self) -> list[str]:
        """Every queue that a handoff of this row may come to wait in."""
        named = [self.queue, *([self.overflow] if self.overflow else [])]
        named += [place.queue for place in self.send_to]
        return [*named, *(step.queue for step in self.ladder)]


OVERFLOW_CIRCLE = "Overflow would come back to where it began:"
# pydantic's own name for what changes, stays and is told everywhere else
RowFacts = RowIn

_INSTEAD = {
    "escalate_to": "escalate_to is now the ladder, one entry a level. Write "
    "ladder: [{role: …, queue: …, deadline: 4h}], and as fallback what happens above it.",
}


def instead(key: str | int) -> str | None:
    """Say what stands today for a key that files had before."""
    return _INSTEAD.get(str(key))


def problems(
    row: RowIn, *, action_types: Sequence[str], queues: Sequence[str]
) -> Iterator[tuple[Path, str]]:
    """Find what a row says that nobody could act on, each with where it stands."""
    allowed: list[tuple[Path, str | None, Sequence[str]]] = [
        (("action_type",), row.action_type, action_types),
        (("kind",), row.kind, list(HandoffKind)),
        (("tier",), row.tier, list(Tier)),
        (("queue",), row.queue, queues),
        (("overflow",), row.overflow, queues),
        (("email",), row.email, list(ByEmail)),
        *((("ladder", index, "queue"), step.queue, queues) for index, step in _steps(row)),
        *(
            (("send_to", index, "queue"), place.queue, queues)
            for index, place in enumerate(row.send_to)
        ),
    ]
    for path, value, known in allowed:
        if value is not None and value not in known:
            yield path, f"{value} is none of {', '.join(known) or 'nothing'}."
    if row.at_limit == "pause" and row.overflow is not None:
        yield (
            ("at_limit",),
            f"The workflow pauses when {row.queue} is full, and handoffs go to {row.overflow}: "
            "only one of them can be. Leave one out.",
        )
    yield from _fallback_problems(row)
    yield from _time_problems(row)
    yield from _seat_problems(row.safeguards)


def _steps(row: RowIn) -> list[tuple[int, StepIn]]:
    return list(enumerate(row.ladder))


def _fallback_problems(row: RowIn) -> Iterator[tuple[Path, str]]:
    if row.fallback == "escalate":
        yield (
            ("fallback",),
            "escalate is no fallback: a handoff always climbs its ladder first. Write what "
            f"happens above the last level: {', '.join(Fallback)}.",
        )
    elif row.fallback and row.fallback not in list(Fallback):
        yield ("fallback",), f"{row.fallback} is none of {', '.join(Fallback)}."


def _seat_problems(guards: SafeguardsIn) -> Iterator[tuple[Path, str]]:
    if len(guards.seats) > guards.approvers:
        asked = "1 approver" if guards.approvers == 1 else f"{guards.approvers} approvers"
        yield (
            ("safeguards", "seats"),
            f"{len(guards.seats)} seats for {asked}. Ask for as many "
            "approvers as there are seats, or take a seat away.",
        )
    if guards.undo_seconds and (guards.approvers > 1 or guards.seats):
        yield (
            ("safeguards", "undo_seconds"),
            "What several people decide is final: whoever took it back would know what the others "
            "said. Leave it out.",
        )
    if guards.tie_break == "majority" and guards.approvers % 2 == 0:
        yield (
            ("safeguards", "tie_break"),
            f"{guards.approvers} approvers can be split evenly. Ask for an odd number, or name "
            "reject or escalate.",
        )


def _time_problems(row: RowIn) -> Iterator[tuple[Path, str]]:
    times: list[tuple[Path, str, bool]] = [
        (("deadline",), row.deadline, True),
        (("urgent",), row.urgent, False),
        (("batch",), row.batch, False),
        *((("ladder", index, "deadline"), step.deadline, True) for index, step in _steps(row)),
    ]
    for path, text, must_be in times:
        if _DURATION.fullmatch(text) is None or (must_be and seconds(text) == 0):
            yield path, "A time such as 30m, 4h or 2d belongs here."
    for name in ("starts", "ends"):
        value = getattr(row, name)
        if value is not None and _moment(value) is None:
            yield (name,), f"{value} is no moment with its zone, such as 2027-01-01T09:00+01:00."


def queue_problems(queue: QueueIn) -> Iterator[tuple[Path, str]]:
    """Find what keeps the hours of a queue from being read."""
    for path, zone, hours, holidays, country in (
        ("time_zone", queue.time_zone, {}, {}, ""),
        ("hours", "UTC", queue.hours, {}, ""),
        ("holidays", "UTC", {}, queue.holidays, ""),
        ("country", "UTC", {}, {}, queue.country),
    ):
        try:
            calendars.read(zone, hours, holidays, country)
        except CalendarRefused as refused:
            yield (path,), str(refused)


def overflow_problems(queues: Mapping[str, QueueIn]) -> Iterator[tuple[Path, str]]:
    """Find queues that overflow into one that is not there, or in a circle."""
    for name in queues:
        way = [name]
        while (following := queues[way[-1]].overflow) is not None:
            if following not in queues:
                if way == [name]:
                    yield (name, "overflow"), f"{following} is none of {', '.join(queues)}."
                break
            way.append(following)
            if following in way[:-1]:
                if following == name:
                    yield (name, "overflow"), f"{OVERFLOW_CIRCLE} {' → '.join(way)}."
                break


def _overflows(row: RowIn, queues: Mapping[str, QueueIn]) -> tuple[str, ...]:
    """Follow the overflow from the row's queue on, as far as these queues tell, or to a circle."""
    if row.at_limit == "pause":
        return ()
    way = [row.queue]
    at = row.overflow or (queues[row.queue].overflow if row.queue in queues else None)
    while at is not None:
        way.append(at)
        at = queues[at].overflow if at in queues and at not in way[:-1] else None
    return tuple(way[1:])


def authority_row(
    row: RowIn, *, id: int | str, queues: Mapping[str, QueueIn] | None = None
) -> authority.Row:
    """Return a row as the rules read it; `problems` found nothing in it."""
    return authority.Row(
        id=id,
        action_type=row.action_type,
        kind=HandoffKind(row.kind) if row.kind else None,
        tier=Tier(row.tier) if row.tier else None,
        role=row.role,
        queue=row.queue,
        overflow_queue=row.overflow,
        overflows=_overflows(row, queues or {}),
        at_limit=AtLimit(row.at_limit),
        deadline_seconds=seconds(row.deadline),
        business_time=row.business_time,
        urgent_seconds=seconds(row.urgent),
        ladder=tuple(
            authority.Step(
                role=step.role,
                queue=step.queue,
                seconds=seconds(step.deadline),
                required_context=tuple(step.required_context),
            )
            for step in row.ladder
        ),
        send_to=tuple((place.role, place.queue) for place in row.send_to),
        fallback=Fallback(row.fallback) if row.fallback else None,
        email=ByEmail(row.email),
        latency_tolerance=row.latency_tolerance or "",
        batch_seconds=seconds(row.batch),
        safeguards=row.safeguards.model_dump(),
        effective_from=_moment(row.starts),
        effective_until=_moment(row.ends),
    )


def moment(text: str | None) -> datetime | None:
    return _moment(text)


def _moment(text: str | None) -> datetime | None:
    """Read a moment with its zone; None where there is none, or none that can be read."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def seconds(duration: str) -> int:
    """Read `90s`, `30m`, `4h` or `2d`."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"{duration!r} is not a duration")
    return int(match[1]) * _UNITS[match[2]]


def duration(of_seconds: int) -> str:
    """Write seconds in the largest unit that leaves none over."""
    for unit in ("d", "h", "m"):
        if of_seconds and of_seconds % _UNITS[unit] == 0:
            return f"{of_seconds // _UNITS[unit]}{unit}"
    return f"{of_seconds}s"


def written(row: RowIn) -> dict[str, Any]:
    """Return a row as a file has it: what says nothing is left out."""
    data = row.model_dump()
    for name in ("action_type", "kind", "tier", "overflow", "business_time", "ladder", "send_to"):
        _drop(data, name, empty=(None, False, []))
    for name in ("fallback", "latency_tolerance", "starts", "ends"):
        _drop(data, name, empty=(None, ""))
    _drop(data, "batch", empty=("0s",))
    _drop(data, "at_limit", empty=("overflow",))
    for step in data.get("ladder", ()):
        _drop(step, "required_context", empty=([],))
    for name in ("words_per_minute", "seats", "undo_seconds"):
        _drop(data["safeguards"], name, empty=(None, []))
    return data


def _drop(data: dict[str, Any], name: str, *, empty: tuple[Any, ...]) -> None:
    if data[name] in empty:
        del data[name]


def read(data: Mapping[str, Any]) -> RowIn:
    """Read a row as `written` or a change keeps it."""
    return RowIn.model_validate(data)
