"""Taking the next handoff with 1,000, 100,000 and 500,000 waiting: p95, flat within 1.3 times.

The whole path: authority, cap, deadline order, lease, audit. Every item taken is also decided, so
that nothing piles up at the head; only the taking is timed.
"""

import time

from django.utils import timezone

from bench import ground
from handoffs.states import Verb
from reviews import claims, decisions

SIZES = (1_000, 100_000, 500_000)
TAKES = 60


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
