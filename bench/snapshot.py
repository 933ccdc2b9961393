"""Taking the next while another connection holds a snapshot for 20 s: at least half the rate.

What is decided stays in the index as dead entries that cannot be cleared while the snapshot lives.
"""

import time
from collections.abc import Callable

from bench import ground
from bench.take_next import take_and_decide

SECONDS = 20
WAITING = 100_000


def run() -> None:
    place = ground.place("snapshot")
    ground.add_waiting(place, WAITING)
    take_and_decide(place, 50)
    free, held = [], []
    for _ in range(ground.ROUNDS):
        free.append(_rate(place))
        with ground.owner() as holder:
            holder.execute("begin isolation level repeatable read")
            holder.execute("select count(*) from handoffs_queue")
            held.append(_rate(place))
            holder.execute("rollback")
    ratios = [a / b for a, b in zip(held, free, strict=True)]
    print(f"undisturbed    {ground.spread(free)} takes/s")
    print(f"snapshot held  {ground.spread(held)} takes/s")
    print(f"ratio          {ground.spread(ratios, '{:.2f}')}   at least 0.50")


def _rate(place: ground.Place, clock: Callable[[], float] = time.monotonic) -> float:
    """Return takes per second of taking, over the last quarter of the seconds.

    The end is where it hurts: by then the most dead entries stand at the head of the index.
    """
    until, late = clock() + SECONDS, clock() + SECONDS * 0.75
    times: list[float] = []
    while clock() < until:
        more = take_and_decide(place, 10)
        times += more if clock() > late else []
    return 1000 * len(times) / sum(times)
