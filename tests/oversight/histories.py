"""Weeks of a queue's past in the database, as another program simulated them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import ciw
from django.db.models import F

from accounts.models import User
from handoffs import ids
from handoffs.models import Handoff, QueueDepth, QueueRate, Run, Transition
from oversight.models import Arrival
from oversight.queues import counting, figures, hours
from reviews.models import Claim
from tests.factories import Shop
from tests.reviews.waiting import due

# a Monday; everything before it is history
TODAY = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Past:
    """One handoff of the simulation; without `taken_at` its deadline passed first."""

    came_at: datetime
    taken_at: datetime | None
    ended_at: datetime


def simulate(
    *, days: int, per_hour: float, handling: float, hands: int, deadline: float, seed: int
) -> list[Past]:
    """Let ciw work through `days` that end at TODAY; handling varies as a gamma of shape 2."""
    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(per_hour / 3600)],
        service_distributions=[ciw.dists.Gamma(2, handling / 2)],
        number_of_servers=[hands],
        reneging_time_distributions=[ciw.dists.Deterministic(deadline)],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time((days + 1) * 86400)
    begin = TODAY - timedelta(days=days)
    found = []
    for one in simulation.get_all_records():
        taken = one.record_type == "service"
        came = begin + timedelta(seconds=one.arrival_date)
        found.append(
            Past(
                came_at=came,
                taken_at=begin + timedelta(seconds=one.service_start_date) if taken else None,
                ended_at=begin + timedelta(seconds=one.exit_date),
            )
        )
    return sorted((one for one in found if one.came_at < TODAY), key=lambda one: one.came_at)


def store(
    shop: Shop, run: Run, past: Sequence[Past], people: Sequence[User], *, deadline: float
) -> list[Handoff]:
    """Put them into the database as they ended: decided in time, or moved on by the clock."""
    stored = [_handoff(shop, run, one, deadline) for one in past]
    Handoff.objects.bulk_create(stored)
    answered = Handoff.objects.filter(pk__in=[one.id for one in stored if one.level == 1])
    answered.update(state="answered", answered_at=F("deadline_at"), version=2)
    moved_on = Handoff.objects.filter(pk__in=[one.id for one in stored if one.level == 2])
    moved_on.update(version=2)
    claims, moves = [], []
    for one, handoff in zip(past, stored, strict=True):
        number = next(_numbers)
        ends_at = one.came_at + timedelta(seconds=deadline)
        if one.taken_at is not None:
            claims.append(_claim(handoff, one, people[number % len(people)], number, ends_at))
        moves.append(_move(run, handoff, 1, "", "waiting", "proposed", one.came_at))
        if handoff.level == 2:
            moves.append(_move(run, handoff, 2, "waiting", "waiting", "timed_out", ends_at))
        else:
            moves.append(_move(run, handoff, 2, "waiting", "answered", "answered", one.ended_at))
    Claim.objects.bulk_create(claims)
    Transition.objects.bulk_create(moves)
    return stored


def _handoff(shop: Shop, run: Run, one: Past, deadline: float) -> Handoff:
    ends_at = one.came_at + timedelta(seconds=deadline)
    in_time = one.taken_at is not None and one.ended_at <= ends_at
    return Handoff(
        id=f"{ids.at('ho', one.came_at)[:-8]}{next(_numbers):08d}",
        run=run,
        workflow=shop.workflow,
        kind="exception",
        level=1 if in_time else 2,
        queue=shop.queue if in_time else shop.leads_queue,
        role=shop.team,
        opened_at=one.came_at,
        **due(one.came_at, deadline),
        deadline_seconds=int(deadline),
        fallback="reject",
    )


def _claim(handoff: Handoff, one: Past, person: User, number: int, ends_at: datetime) -> Claim:
    in_time = handoff.level == 1
    return Claim(
        handoff=handoff,
        reviewer=person,
        turn=1,
        number=number,
        level=1,
        round=1,
        taken_at=one.taken_at,
        expires_at=one.ended_at,
        ended_at=min(one.ended_at, ends_at),
        ended_because="decided" if in_time else "moved",
    )


def _move(
    run: Run, handoff: Handoff, version: int, before: str, after: str, cause: str, at: datetime
) -> Transition:
    return Transition(
        run=run,
        handoff_id=handoff.id,
        version=version,
        from_state=before,
        to_state=after,
        actor_kind="policy",
        cause=cause,
        at=at,
    )


def look_on(shop: Shop, until: datetime, hands: float) -> None:
    """Let the clock of oversight strike at the end of an hour, and count its hands."""
    rate: dict[str, Any] = {"measured_at": until, "hands": hands}
    QueueRate.objects.update_or_create(queue=shop.queue, defaults=rate)
    hours.sample(now=until - timedelta(minutes=1))


def set_waiting(shop: Shop, past: Sequence[Past], now: datetime) -> None:
    """Say how many wait at `now` that nobody has taken."""
    waiting = sum(one.came_at <= now < (one.taken_at or one.ended_at) for one in past)
    QueueDepth.objects.filter(queue=shop.queue).update(waiting=0)
    QueueDepth.objects.filter(queue=shop.queue, slot=0).update(waiting=waiting)


def live_through(
    shop: Shop, run: Run, past: Sequence[Past], people: Sequence[User], *,
    deadline: float, hands: float, forecast_hours: int,
) -> None:  # fmt: skip
    """Store all but the last hours as history, then live through those one by one."""
    begins = TODAY - forecast_hours * HOUR
    # the queue's figures are noted while they come: a later queue of theirs would be wrong
    first = min(one.came_at for one in past)
    old = [one for one in past if one.came_at < begins]
    _store_noted(shop, run, old, people, deadline)
    at = first.replace(minute=0, second=0, microsecond=0) + HOUR
    while at <= begins:
        look_on(shop, at, hands)
        at += HOUR
    counting.count(now=begins)
    figures.measure(now=begins)
    while begins < TODAY:
        now = begins - timedelta(minutes=10)
        look_on(shop, begins, hands)
        set_waiting(shop, past, now)
        counting.count(now=now)
        hour = [one for one in past if begins <= one.came_at < begins + HOUR]
        _store_noted(shop, run, hour, people, deadline)
        begins += HOUR
    counting.count(now=TODAY + timedelta(days=2))


def _store_noted(
    shop: Shop, run: Run, past: Sequence[Past], people: Sequence[User], deadline: float
) -> None:
    stored = store(shop, run, past, people, deadline=deadline)
    Arrival.objects.bulk_create(
        Arrival(handoff_id=one.id, queue=shop.queue, came_at=one.opened_at, look_at=one.opened_at)
        for one in stored
    )
