"""A team that stops reading is found as soon as predicted, and one that reads is left alone.

Years and collapses without what is between two tests; through pages and processes it goes, once,
in `tests/flows/test_collapse.py`.
"""

import random
import statistics
import time

from bench import ground
from bench.collapse import scene as scenes
from bench.collapse.drill import is_raised
from bench.collapse.nights import Nights
from bench.collapse.years import Years
from governance.estimates import Share

YEARS, COLLAPSES = 10, 30
SOON = 400


def run() -> None:
    scene = scenes.build(people=6, rate=0.05, past=60)
    with ground.owner() as owner:
        years = Years(scene=scene, nights=Nights(owner), chance=random.Random(1), tests_a_day=3)
        years.begin()
        _read(years)
        for after in (0.5, 0.05):
            _collapse(years, after)


def _read(years: Years) -> None:
    """Let a team that reads go on, and say how often it is alarmed for nothing."""
    begun = time.perf_counter()
    for _ in range(YEARS):
        years.live()
    took = (time.perf_counter() - begun) / YEARS
    print(f"{years.alarms} alarms in {YEARS} years of a team that reads, at most {YEARS} stated "
          f"on average; a year in {took:.0f} s")  # fmt: skip


def _collapse(years: Years, after: float) -> None:
    """Let it stop reading again and again; each time it reads again until that is believed."""
    mean, nine = years.predicted(after)
    found = []
    for _ in range(COLLAPSES):
        years.catches = 0.9
        while is_raised(years.scene):
            years.live(1)
        years.live(years.chance.randrange(5, 25))
        if is_raised(years.scene):
            continue
        years.catches = after
        found.append(years.live(SOON, until_raised=True))
    soon = Share(sum(days <= nine for days in found), len(found))
    print(f"from 90 % to {after:.0%}: told after {statistics.mean(found):.1f} working days, "
          f"predicted {mean:.1f}; within the {nine:.1f} of nine in ten: {soon}")  # fmt: skip
