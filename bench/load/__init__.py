"""One busy hour against the real operations, with somebody who checks every step of it."""

import time

from bench.load import figures
from bench.load import hour as hours


def run() -> None:
    begun = time.perf_counter()
    hour = hours.begin(seed=1)
    hour.live(60)
    hour.end()
    print(f"An hour in {time.perf_counter() - begun:.0f} s.")
    for line in figures.say(hour):
        print(line)
    hour.outlast()
    hour.warp.owner.close()
    for what in hour.watch.broken[:20]:
        print(f"  BROKEN {what}")
    if hour.watch.broken:
        raise SystemExit(f"{len(hour.watch.broken)} times something did not hold.")
    print("Everything held at every step, and everything came to an end.")
