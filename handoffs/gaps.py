"""What is missing in a matrix before somebody waits for it: each kind of gap, in a sentence.

No gap, no orphan in a queue: what is found here would otherwise be found by an agent that waits
for ever, or by whom nobody had authority over.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from handoffs import authority, circles, gathering, policy, seating
from handoffs.authority import KIND_OF, Row, say, say_named
from handoffs.policy import RiskMap
from handoffs.seating import Staffing as Staffing
from handoffs.signals import ActionType
from handoffs.states import (
    SIGN_IN_TIERS,
    ByEmail,
    Fallback,
    HandoffKind,
    Reversibility,
    Tier,
)

Kind = Literal[
    "ambiguous",
    "uncovered",
    "uncovered_later",
    "never_asked",
    "no_fallback",
    "ladder_circles",
    "approves_irreversible",
    "role_empty",
    "queue_unattended",
    "overflow_circles",
    "deadline_too_short",
    "gathers_too_long",
    "email_without_sign_in",
    "tie_nobody_above",
    "approves_alone",
    "people_short",
]
# are about the run as a whole, never about an action or a tier
_ABOUT_THE_RUN = frozenset(
    {
        HandoffKind.TASK_DEFINITION,
        HandoffKind.SIGN_OFF,
        HandoffKind.AMBIGUITY,
        HandoffKind.EXCEPTION,
        HandoffKind.RECOVERY,
    }
)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One thing that is missing; `row` is the row to mend, where there is one."""

    kind: Kind
    sentence: str
    row: int | str | None = None

    @property
    def blocks(self) -> bool:
        """Nothing is published or changed with it; what is cut to what it may be is only said."""
        return self.kind != "gathers_too_long"


@dataclass(frozen=True)
class _Question:
    """What a proposal can come to ask."""

    action: ActionType
    tier: Tier
    kind: HandoffKind


def find(
    action_types: Sequence[ActionType],
    risk_map: RiskMap,
    rows: Sequence[Row],
    *,
    now: datetime,
    staffing: Staffing | None = None,
) -> list[Gap]:
    """Name every gap that stands at `now` or comes with a row that begins or ends later."""
    questions = list(_questions(action_types, risk_map))
    moments = [now, *_boundaries(rows, now)]
    asked = _asked(questions, rows, moments)
    found = [*_ambiguous(rows), *_uncovered(questions, rows, moments)]
    for row in rows:
        found += _of_row(row, asked.get(row.id, []))
    found += _overflow_circles(authority.in_force(rows, now))
    if staffing is not None:
        found += unstaffed(rows, staffing)
    return found


def _questions(action_types: Iterable[ActionType], risk_map: RiskMap) -> Iterator[_Question]:
    for action in action_types:
        for tier in policy.reachable_tiers(risk_map, action):
            if tier in KIND_OF:
                yield _Question(action, tier, KIND_OF[tier])


def _boundaries(rows: Iterable[Row], now: datetime) -> list[datetime]:
    ends = {at for row in rows for at in (row.effective_from, row.effective_until) if at}
    return sorted(at for at in ends if at > now)


def _chosen(question: _Question, rows: Iterable[Row]) -> Row | None:
    return authority.choose(
        rows, action_type=question.action.name, kind=question.kind, tier=question.tier
    )


def _asked(
    questions: Iterable[_Question], rows: Sequence[Row], moments: Iterable[datetime]
) -> dict[int | str, list[_Question]]:
    """Return for each row the questions it decides, now or at a later moment."""
    found: dict[int | str, list[_Question]] = {}
    for at in moments:
        held = authority.in_force(rows, at)
        for question in questions:
            row = _chosen(question, held)
            if row is not None and question not in found.setdefault(row.id, []):
                found[row.id].append(question)
    return found


def _ambiguous(rows: Sequence[Row]) -> Iterator[Gap]:
    """Find rows for the same, at one moment: nobody could choose between them."""
    seen: dict[tuple[str | None, str | None, str | None], list[Row]] = {}
    for row in rows:
        seen.setdefault(row.named, []).append(row)
    for named, twins in seen.items():
        count = max(sum(_together(one, other) for other in twins) for one in twins)
        if count > 1:
            yield Gap(
                kind="ambiguous",
                sentence=f"{count} rows of the matrix stand for {say_named(named)}: nobody could "
                "say which one holds. Keep one, or name more in the others.",
                row=twins[-1].id,
            )


def _together(one: Row, other: Row) -> bool:
    for first, second in ((one, other), (other, one)):
        ended, begins = first.effective_until, second.effective_from
        if ended is not None and begins is not None and ended <= begins:
            return one is other
    return True


def _uncovered(
    questions: Sequence[_Question], rows: Sequence[Row], moments: Sequence[datetime]
) -> Iterator[Gap]:
    said: set[_Question] = set()
    for at in moments:
        held = authority.in_force(rows, at)
        for question in questions:
            if question in said or _chosen(question, held) is not None:
                continue
            said.add(question)
            name, tier, kind = question.action.name, say(question.tier), say(question.kind)
            if at == moments[0]:
                yield Gap(
                    kind="uncovered",
                    sentence=f"Nobody has authority over {name} at {tier}: no row of the matrix "
                    f"covers action type {name}, kind {kind}, tier {tier}. Add one, or a wider "
                    "one.",
                )
            else:
                yield Gap(
                    kind="uncovered_later",
                    sentence=f"From {_moment(at)} on nobody has authority over {name} at {tier}: "
                    "the row that covers it ends and none begins. Let one begin then, or let "
                    "this one go on.",
                )


def _of_row(row: Row, asked: Sequence[_Question]) -> Iterator[Gap]:
    """Find what is missing in one row by itself, and in what it decides."""
    for kind, sentence in (
        *_never_asked(row),
        *_no_fallback(row),
        *_ladder_circles(row),
        *_approves(row, asked),
        *_too_short(row),
        *_gathers_too_long(row),
        *_email(row, asked),
        *_several(row),
    ):
        yield Gap(kind=kind, sentence=sentence, row=row.id)


_Found = Iterator[tuple[Kind, str]]


def _never_asked(row: Row) -> _Found:
    if row.kind in _ABOUT_THE_RUN and (row.action_type or row.tier):
        yield (
            "never_asked",
            f"{_the(row)} is never asked: {_a(row.kind)} is about a run, not about an action type "
            "or a tier. Leave both open.",
        )


def _no_fallback(row: Row) -> _Found:
    if row.fallback is None:
        levels = f"level {len(row.ladder) + 1}"
        yield (
            "no_fallback",
            f"{_the(row)} ends in nothing: when {levels} does not answer either, nobody said what "
            f"happens. Choose {', '.join(Fallback)}.",
        )


def _ladder_circles(row: Row) -> _Found:
    asked = [(row.role, row.queue), *((step.role, step.queue) for step in row.ladder)]
    for level, place in enumerate(asked, start=1):
        before = asked.index(place) + 1
        if before < level:
            role, queue = place
            yield (
                "ladder_circles",
                f"The ladder of {_lower(_the(row))} goes in a circle: level {level} asks the "
                f"{role} in {queue} again, who did not answer at level {before}. Name somebody "
                "else, or end the ladder there.",
            )


def _approves(row: Row, asked: Sequence[_Question]) -> _Found:
    if row.fallback is not Fallback.APPROVE:
        return
    for question in asked:
        name = question.action.name
        if question.action.reversibility is Reversibility.IRREVERSIBLE:
            why = f"{name}, which cannot be undone"
        elif question.kind is not HandoffKind.APPROVAL:
            why = f"{name} at {say(question.tier)}, which only a person may take on"
        else:
            continue
        yield "approves_irreversible", _approves_sentence(row, why)
    if row.kind is not None and row.kind is not HandoffKind.APPROVAL and not asked:
        yield (
            "approves_irreversible",
            _approves_sentence(row, f"{_a(row.kind)}, which only a person may answer"),
        )


def _approves_sentence(row: Row, what: str) -> str:
    return f"When nobody answers, {_lower(_the(row))} approves {what}. Choose reject, fail or hold."


def _too_short(row: Row) -> _Found:
    minimum = row.safeguards.get("minimum_seconds", 0)
    levels = [row.deadline_seconds, *(step.seconds for step in row.ladder)]
    for level, seconds in enumerate(levels, start=1):
        if isinstance(minimum, int) and seconds < minimum:
            yield (
                "deadline_too_short",
                f"Level {level} of {_lower(_the(row))} is due after {seconds} s, and nobody may "
                f"decide before {minimum} s of reading. Give it more time, or ask for less.",
            )


def _gathers_too_long(row: Row) -> _Found:
    window = gathering.window(row.batch_seconds, row.deadline_seconds)
    if window < row.batch_seconds:
        yield (
            "gathers_too_long",
            f"{_the(row)} gathers for {row.batch_seconds} s, more than a quarter of its time: it "
            f"is cut to {window} s. Gather for less, or give it more time.",
        )


def _email(row: Row, asked: Sequence[_Question]) -> _Found:
    if row.email is not ByEmail.YES:
        return
    tiers = {question.tier for question in asked} | ({row.tier} if row.tier else set())
    for tier in sorted(tiers & SIGN_IN_TIERS):
        yield (
            "email_without_sign_in",
            f"{_the(row)} may be answered from an e-mail, also at {say(tier)}, where somebody has "
            "to sign in first. Ask for the sign-in, or give that tier a row of its own.",
        )


def _several(row: Row) -> _Found:
    """Find what contradicts that several people decide."""
    if not seating.several(row.safeguards):
        return
    if row.safeguards.get("tie_break") == "escalate" and not row.ladder:
        yield (
            "tie_nobody_above",
            f"When those who decide differ, {_lower(_the(row))} hands it up, and nobody is above. "
            "Add a level, or choose reject or majority.",
        )
    if row.fallback is Fallback.APPROVE:
        yield (
            "approves_alone",
            f"{_the(row)} asks {seating.asked(row.safeguards)} people, and approves when none of "
            "them answers. Choose reject, fail or hold.",
        )


def _overflow_circles(rows: Iterable[Row]) -> Iterator[Gap]:
    """Find queues whose overflow comes back to them, whether rows say so or queues do."""
    over: dict[str, set[str]] = {}
    for row in rows:
        named = (row.overflow_queue,) if row.overflow_queue is not None else ()
        for queue, following in itertools.pairwise((row.queue, *(row.overflows or named))):
            over.setdefault(queue, set()).add(following)
    told: set[frozenset[str]] = set()
    for start in sorted(over):
        way = circles.way_back(start, over)
        if way is None or frozenset(way) in told:
            continue
        told.add(frozenset(way))
        yield Gap(
            kind="overflow_circles",
            sentence=f"Overflow goes in a circle: {' → '.join([*way, start])}. When one is full "
            "the other has to have room by itself. Name another queue, or none.",
        )


def unstaffed(rows: Sequence[Row], staffing: Staffing) -> list[Gap]:
    """Name the teams and queues of these rows where nobody is today, or not enough people."""
    return [*_unstaffed(rows, staffing), *_short(rows, staffing)]


def _short(rows: Sequence[Row], staffing: Staffing) -> Iterator[Gap]:
    """Find levels that several have to decide and that lack so many different people."""
    for row in rows:
        if not seating.several(row.safeguards):
            continue
        levels = [(row.role, row.queue), *((step.role, step.queue) for step in row.ladder)]
        for level, (role, queue) in enumerate(levels, start=1):
            seats = seating.seats(row.safeguards, role)
            people = {seat: staffing.people.get((seat, queue), frozenset()) for seat in seats}
            if all(people.values()) and not seating.can_sit(seats, people, staffing.apart):
                yield Gap(
                    kind="people_short",
                    sentence=f"Level {level} of {_lower(_the(row))} takes {len(seats)} different "
                    f"people ({', '.join(seats)}), none in a conflict group with another. There "
                    "are not that many. Put somebody into these teams, or ask fewer.",
                    row=row.id,
                )


def _unstaffed(rows: Sequence[Row], staffing: Staffing) -> Iterator[Gap]:
    pairs: dict[tuple[str, str], int | str] = {}
    for row in rows:
        for place in seating.places(row):
            pairs.setdefault(place, row.id)
    empty: set[str] = set()
    for (role, queue), id in sorted(pairs.items()):
        if role not in staffing.held:
            if role not in empty:
                empty.add(role)
                yield Gap(
                    kind="role_empty",
                    sentence=f"Nobody holds the role {role}: no active person who may decide is in "
                    "that team. Put somebody into it, or name another team.",
                    row=id,
                )
        elif (role, queue) not in staffing.works:
            yield Gap(
                kind="queue_unattended",
                sentence=f"Nobody among the {role} works the queue "
                f"{staffing.queue_names.get(queue, queue)}: a handoff would wait in vain.",
                row=id,
            )


def _the(row: Row) -> str:
    return f"The row for {say_named(row.named)}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _a(kind: HandoffKind) -> str:
    said = say(kind)
    return f"{'an' if said[0] in 'aeiou' else 'a'} {said}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
