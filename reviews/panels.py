"""Who sits where, when several people decide one handoff: read, and reasoned about.

A panel has as many seats as the handoff asks approvers for: the first ones belong to the teams that
its row names, the others to the team with authority. What somebody said counts as long as the brief
is the one they read. While seats are open nothing that was said leaves this module and
`reviews.seats`.
"""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import connection

from handoffs.models import Handoff
from handoffs.states import HandoffKind, HandoffState
from handoffs.verdicts import Seat, Several
from reviews import spec

# How many decisions on a handoff h count; none are counted where one person decides.
COUNT = """(case when overread_one_decides(h.safeguards) then 0 else cardinality(array(
        select decision.id from reviews_decision decision
        where decision.handoff_id = h.id and decision.round = h.round
            and decision.undone_at is null and decision.brief_version = (
                select max(brief.version) from handoffs_brief brief
                where brief.handoff_id = h.id))) end)"""
_DECISIONS = """
select decision.seat, decision.reviewer_id as person_id, person.name as person, decision.role,
    decision.verb, decision.reason, decision.message, decision.said,
    decision.said_digest as digest, decision.decided_at as at
from reviews_decision decision join accounts_user person on person.id = decision.reviewer_id
where decision.handoff_id = %(handoff)s and decision.round = %(round)s
    and decision.undone_at is null
    and decision.brief_version = (
        select max(brief.version) from handoffs_brief brief where brief.handoff_id = %(handoff)s)
order by decision.seat
"""
_DEFINERS = """
select defined.reviewer_id from handoffs_handoff task
join reviews_decision defined on defined.handoff_id = task.id
where task.run_id = %(run)s and task.kind = %(kind)s
"""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What one of them said, and for which team; `said` is all of it, see `reviews.seats`."""

    seat: int
    person_id: int
    person: str
    role: str
    verb: str
    reason: str
    message: str
    said: str
    digest: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The seats of a handoff and what was said from them, in the order of the seats.

    `asked` is how many have to decide; there is one seat more when they did not agree and somebody
    above breaks the tie.
    """

    asked: int
    seats: tuple[Seat, ...]
    decided: tuple[Decided, ...]
    tie_break: str
    told: bool

    @property
    def open(self) -> tuple[Seat, ...]:
        taken = {one.seat for one in self.decided}
        return tuple(seat for seat in self.seats if seat.number not in taken)

    @property
    def tied(self) -> bool:
        """All who were asked have decided, and one more is asked since they did not agree."""
        return len(self.seats) > self.asked

    @property
    def shown(self) -> tuple[Decided, ...]:
        """What may be known to people: nothing as long as somebody could still be swayed by it."""
        return self.decided if self.told or self.tied else ()

    def seat_of(self, number: int) -> Seat | None:
        return next((seat for seat in self.seats if seat.number == number), None)


def several(guards: spec.Spec) -> bool:
    """Tell whether more is asked than one person of the team with authority."""
    return asked(guards) > 1 or bool(guards.seats)


def asked(guards: spec.Spec) -> int:
    return max(guards.approvers, len(guards.seats))


def team_of(handoff: Handoff, seat: int) -> str:
    """Return the name of the team whose seat it is."""
    named = spec.read(handoff.safeguards).seats
    return named[seat - 1] if seat <= len(named) else handoff.role.name


def read(handoff: Handoff) -> Panel | None:
    """Return the panel of this handoff as it stands; None where one person decides."""
    guards = spec.read(handoff.safeguards)
    if not several(guards):
        return None
    decided = _decided(handoff)
    count = asked(guards)
    told = handoff.state == HandoffState.ANSWERED.value
    # all have said it and still it waits: they did not agree, and it was handed up
    waits = handoff.state in (HandoffState.WAITING.value, HandoffState.NEEDS_INFORMATION.value)
    more = len(decided) > count or (waits and len(decided) == count)
    return Panel(
        asked=count,
        seats=_seats(handoff, guards, count + more),
        decided=decided,
        tie_break=guards.tie_break,
        told=told,
    )


def of(handoff_id: str) -> Panel | None:
    """Return the panel of the handoff with this id; None where one person decides or none is."""
    handoff = Handoff.objects.select_related("role").filter(id=handoff_id).first()
    return read(handoff) if handoff is not None else None


def among(handoff: Handoff, panel: Panel | None, *, seat: int | None = None) -> Several | None:
    """Say what `panel` asks of somebody who wants to decide, or holds this seat."""
    if panel is None:
        return None
    held = panel.seat_of(seat) if seat is not None else None
    return Several(
        open=panel.open if held is None else (held,),
        asked=panel.asked,
        decided=frozenset(one.person_id for one in panel.decided),
        owner=handoff.workflow.owner_id,
        definers=_definers(handoff),
    )


def _seats(handoff: Handoff, guards: spec.Spec, count: int) -> tuple[Seat, ...]:
    ids = dict(Group.objects.filter(name__in=guards.seats).values_list("name", "id"))
    named = [Seat(number=n, team_id=ids.get(t), team=t) for n, t in enumerate(guards.seats, 1)]
    others = [
        Seat(number=number, team_id=handoff.role_id, team=handoff.role.name)
        for number in range(len(named) + 1, count + 1)
    ]
    return (*named, *others)


def _decided(handoff: Handoff) -> tuple[Decided, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_DECISIONS, {"handoff": handoff.id, "round": handoff.round})
        names = [column.name for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return tuple(Decided(**row) for row in rows)


def _definers(handoff: Handoff) -> frozenset[int]:
    with connection.cursor() as cursor:
        params = {"run": handoff.run_id, "kind": HandoffKind.TASK_DEFINITION.value}
        cursor.execute(_DEFINERS, params)
        return frozenset(row[0] for row in cursor.fetchall())
