"""Taking the next handoff with 1,000, 100,000 and 500,000 waiting: p95, flat within 1.3 times.

The whole path: authority, cap, deadline order, lease, audit. Every item taken is also decided, so
that nothing piles up at the head; only the taking is timed. Then a reviewer with a stopwatch: how
often does taking last longer where a blind test that may not come to them is due first, than where
it is due last?
"""

import statistics
import time
from datetime import timedelta

from django.utils import timezone

from bench import ground
from handoffs.models import Handoff
from handoffs.rulings import Proposed
from handoffs.states import Verb
from reviews import claims, decisions, plants
from reviews.caught import Wrong
from reviews.models import TestsMet

SIZES = (1_000, 100_000, 500_000)
TAKES = 60
# of each, for the stopwatch
PAIRS = 150
_ASKED = {
    "action_type": "refund_order",
    "arguments": {"order_id": "#W1", "amount": 312.5},
    "signals": {"values": {"amount": 312.5}},
    "brief": {
        "ask": "Refund 312.50 USD for #W1?",
        "facts": [{"label": "Order total", "value": "312.50", "kind": "money"}],
    },
    "checkpoint": "{}",
}


def run() -> None:
    places = {size: ground.place(f"depth-{size}") for size in SIZES}
    for size, place in places.items():
        ground.add_waiting(place, size)
    taken: dict[int, list[float]] = {size: [] for size in SIZES}
    for place in places.values():
        take_and_decide(place, 10)
    for _ in range(ground.ROUNDS):
        for size, place in places.items():
            taken[size].append(ground.p95(take_and_decide(place, TAKES)))
    for size in SIZES:
        relative = [a / b for a, b in zip(taken[size], taken[SIZES[0]], strict=True)]
        print(
            f"{size:>7} waiting  p95 {ground.spread(taken[size], '{:.2f}')} ms"
            f"   × {ground.spread(relative, '{:.2f}')}"
        )
    stopwatch(places[SIZES[0]])


def stopwatch(place: ground.Place) -> None:
    """Print how well taking times tell that a test was put aside; 0.5 is a guess."""
    day = timezone.localdate()
    TestsMet.objects.update_or_create(
        person=place.reviewer, defaults={"day": day, "times": 2, "last_claim": 0}
    )
    times: dict[bool, list[float]] = {False: [], True: []}
    for number in range(2 * PAIRS):
        first = number % 2 == 1
        test = _plant(place, number, timedelta(minutes=30) if first else timedelta(hours=8))
        times[first] += take_and_decide(place, 1)
        plants.withdraw(test, now=timezone.now())
    won = statistics.mean((a > b) + (a == b) / 2 for a in times[True] for b in times[False])
    more = statistics.median(times[True]) - statistics.median(times[False])
    print(f"past a test   {more:+.2f} ms   AUC {won:.3f}")


def _plant(place: ground.Place, number: int, due_in: timedelta) -> str:
    """Let a test stand and return its handoff."""
    now = timezone.now()
    sown = plants.Sown(
        cohort=f"{place.workflow.slug} / {place.team.name}",
        kind="wrong amount|easy|wrongly allows",
        wrong=Wrong(verb=Verb.APPROVE, values=((("amount",), 3125.0),)),
        told={},
        known_to=(),
    )
    begun = plants.begin(
        place.workflow,
        sown,
        client=place.client,
        external_id=f"stopwatch-{now.timestamp()}-{number}",
        input={},
        now=now,
    )
    asked = Proposed(run=begun.run_id, **_ASKED)
    handoff_id = plants.stand(begun, asked, queue_id=place.queue.pk, now=now)
    Handoff.objects.filter(id=handoff_id).update(deadline_at=now + due_in)
    return handoff_id


def take_and_decide(place: ground.Place, count: int) -> list[float]:
    """Return the milliseconds of each taking."""
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        claim = claims.take_next(by=place.reviewer, now=timezone.now())
        times.append((time.perf_counter() - begun) * 1000)
        assert claim is not None
        decisions.decide(
            claim.handoff_id,
            by=place.reviewer,
            choice=decisions.Choice(verb=Verb.APPROVE.value),
            now=timezone.now(),
        )
    return times
