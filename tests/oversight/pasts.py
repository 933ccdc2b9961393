"""Handoffs as they may have gone, put into the database row by row, some of it later."""

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import User
from handoffs import ids
from handoffs.models import Answer, Brief, Handoff, Proposal, Queue, Run, Transition
from oversight.models import Arrival
from oversight.statistics import known
from reviews.models import Claim, Decision, Judgement
from tests.factories import Shop
from tests.reviews.waiting import due

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Said:
    """One decision: by whom, what, how long they looked, and whether it was taken back."""

    person: int
    verb: str = "approve"
    seconds: float = 40.0
    undone: bool = False
    # None: nothing was withheld; and what they judged before it was shown
    changed: bool | None = None
    judged: str = "approve"


@dataclass(frozen=True)
class Past:
    """One handoff; `ends`: person, policy, withdrawn, or "" while it is open."""

    came_at: datetime
    queue: int = 0
    action: str = "refund_order"
    tier: str = "hard_approval"
    late: bool = False
    escalated: bool = False
    asked_for: float | None = None
    ends: str = "person"
    after: float = 600.0
    said: tuple[Said, ...] = field(default=(Said(0),))
    # somebody had it before and gave it back
    given_back: bool = False
    # what was said of it much later, after it was done
    audited: str = ""


def put(shop: Shop, run: Run, queues: list[Queue], people: list[User], one: Past) -> Handoff:
    """Store a handoff that has just come."""
    number = next(_numbers)
    proposal = Proposal.objects.create(
        id=f"{ids.at('prop', one.came_at)[:-8]}{number:08d}", run=run, action_type=one.action,
        arguments="{}", arguments_digest="sha-256=", tier=one.tier, act="wait", map_version=1,
        created_at=one.came_at,
    )  # fmt: skip
    handoff = Handoff(
        id=f"{ids.at('ho', one.came_at)[:-8]}{number:08d}", run=run, workflow=shop.workflow,
        proposal=proposal, kind="approval", tier=one.tier, queue=queues[one.queue],
        role=shop.team, opened_at=one.came_at, **due(one.came_at, 3600), deadline_seconds=3600,
        fallback="reject",
    )  # fmt: skip
    Handoff.objects.bulk_create([handoff])
    Brief.objects.create(handoff=handoff, body={}, digest="sha-256=")
    Arrival.objects.create(
        handoff_id=handoff.id, queue=queues[one.queue], came_at=one.came_at, look_at=one.came_at
    )
    _move(handoff, 1, "", "waiting", "proposed", one.came_at)
    return handoff


def go_on(handoff: Handoff, people: list[User], one: Past) -> None:
    """Let what became of it happen, as late as it did."""
    version = itertools.count(2)
    at = one.came_at + timedelta(seconds=1)
    for happened, cause in ((one.late, "timed_out"), (one.escalated, "escalated")):
        if happened:
            _move(handoff, next(version), "waiting", "waiting", cause, at)
    if one.asked_for is not None:
        _move(handoff, next(version), "waiting", "needs_information", "information_asked", at)
        at += timedelta(seconds=one.asked_for)
        _move(handoff, next(version), "needs_information", "waiting", "information_given", at)
    end = at + timedelta(seconds=one.after)
    if one.given_back:
        _claim(handoff, people[0], 1, at, at, "given_back")
    for number, said in enumerate(one.said, start=2):
        _decide(handoff, people[said.person], said, number, end)
    if one.audited:
        _audit(handoff, one.audited, end + timedelta(days=1))
    if not one.ends:
        if one.said:
            _move(handoff, next(version), "waiting", "decided", "decided", end)
        if one.said and all(said.undone for said in one.said):
            _move(handoff, next(version), "decided", "waiting", "taken_back", end)
        return
    state = "withdrawn" if one.ends == "withdrawn" else "answered"
    if state == "answered":
        verbs = [said.verb for said in one.said if not said.undone]
        Answer.objects.create(
            handoff=handoff, round=1, verb=verbs[-1] if verbs else "approve", by_kind=one.ends,
            role="x", receipt="x",
        )  # fmt: skip
    at_ = {"answered_at": end} if state == "answered" else {}
    _move(handoff, next(version), "waiting", state, "answered", end, **at_)


def _decide(handoff: Handoff, person: User, said: Said, turn: int, end: datetime) -> None:
    opened = end - timedelta(seconds=said.seconds)
    claim = _claim(handoff, person, turn, opened, end, "decided")
    judgement = None
    if said.changed is not None:
        judgement = Judgement.objects.create(
            handoff=handoff, round=1, brief_version=1, reviewer=person, verb=said.judged,
            confidence=3, reason="x",
        )  # fmt: skip
    Decision.objects.create(
        handoff=handoff, round=1, reviewer=person, claim=claim, verb=said.verb, brief_version=1,
        judgement=judgement, changed_after_reveal=said.changed, opened_at=opened, decided_at=end,
        undone_at=end if said.undone else None,
    )  # fmt: skip


def _claim(
    handoff: Handoff, person: User, turn: int, since: datetime, until: datetime, because: str
) -> Claim:
    return Claim.objects.bulk_create(
        [
            Claim(
                handoff=handoff, reviewer=person, turn=turn, number=next(_numbers), level=1,
                round=1, taken_at=since, expires_at=until, ended_at=until, ended_because=because,
            )
        ]
    )[0]  # fmt: skip


def _audit(handoff: Handoff, verb: str, at: datetime) -> None:
    """Let somebody say of what was done whether it should have been."""
    audit = Handoff(
        id=f"{ids.at('ho', at)[:-8]}{next(_numbers):08d}", run=handoff.run,
        workflow=handoff.workflow, proposal=handoff.proposal, kind="audit", tier=handoff.tier,
        queue=handoff.queue, role=handoff.role, opened_at=at, **due(at, 3600),
        deadline_seconds=3600, fallback="reject",
    )  # fmt: skip
    Handoff.objects.bulk_create([audit])
    Brief.objects.create(handoff=audit, body={}, digest="sha-256=")
    _move(audit, 1, "", "waiting", "proposed", at)
    Answer.objects.create(
        handoff=audit, round=1, verb=verb, by_kind="person", role="x", receipt="x"
    )
    _move(audit, 2, "waiting", "answered", "answered", at, answered_at=at)


def _move(
    handoff: Handoff, version: int, before: str, after: str, cause: str, at: datetime,
    **changes: object,
) -> None:  # fmt: skip
    if before:
        Handoff.objects.filter(pk=handoff.pk).update(state=after, version=version, **changes)
    Transition.objects.create(
        run_id=handoff.run_id, handoff_id=handoff.id, version=version, from_state=before,
        to_state=after, actor_kind="policy", cause=cause, at=at,
    )  # fmt: skip


def take_back(handoff: Handoff) -> None:
    """Let whoever decided take it back, where it is still to be answered."""
    if handoff.state in ("waiting", "decided"):
        Decision.objects.filter(handoff=handoff).update(undone_at=handoff.opened_at)
        at, state = handoff.opened_at, handoff.state
        _move(handoff, handoff.version + 1, state, "waiting", "taken_back", at)


def say_first(handoff: Handoff, person: User, said: Said) -> None:
    """Let the first of several decide, after somebody gave it back: neither moves the handoff."""
    _claim(handoff, person, 1, handoff.opened_at, handoff.opened_at, "given_back")
    _decide(handoff, person, said, 2, handoff.opened_at + timedelta(minutes=5))


def reopen(handoff: Handoff, *, answered: bool) -> None:
    """Let what was answered be asked again, and then perhaps be answered by the fallback."""
    if handoff.state != "answered":
        return
    at, version = handoff.opened_at + timedelta(days=2), handoff.version
    _move(handoff, version + 1, "answered", "waiting", "stale", at, round=2, answered_at=None)
    if answered:
        Answer.objects.create(
            handoff=handoff, round=2, verb="reject", by_kind="policy", role="x", receipt="x"
        )
        _move(handoff, version + 2, "waiting", "answered", "answered", at, answered_at=at)


def send_on(handoff: Handoff, queue: Queue) -> None:
    _move(
        handoff, handoff.version + 1, "waiting", "waiting", "sent_on", handoff.opened_at,
        queue=queue,
    )  # fmt: skip


def known_plainly(history: Iterable[Past]) -> Counter[str]:
    """Say in Python what was known of these in the end."""
    found = Counter[str]()
    for one in history:
        if one.audited:
            action = "right" if one.audited == "confirm" else "wrong"
            for said in one.said:
                if not said.undone:
                    first = "nothing" if said.changed is None else _side(said.judged)
                    found[known.name(action, first, _side(said.verb))] += 1
    return found


def _side(verb: str) -> str:
    return "with" if verb in ("approve", "confirm") else "against"
