"""A team that stops reading is found as soon as predicted, and one that reads is left alone.

Years and collapses without what is between two tests; through pages and processes it goes, once,
in `tests/flows/test_collapse.py`.
"""

import random
import statistics
import time

from bench import ground
from bench.collapse import scene as scenes
from bench.collapse.alone import READS, Alone
from bench.collapse.drill import is_raised
from bench.collapse.nights import Nights
from bench.collapse.years import Years
from governance.estimates import Share
from oversight.statistics.power import WORKING_YEAR

PEOPLE, TESTS_A_DAY = 6, 3
ALONE, YEARS, COLLAPSES = 400, 20, 30
FALLS = (0.5, 0.05)
SOON = 400


def run() -> None:
    _read_alone()
    scene = scenes.build(people=PEOPLE, rate=0.05, past=60)
    with ground.owner() as owner:
        years = Years(
            scene=scene, nights=Nights(owner), chance=random.Random(1), tests_a_day=TESTS_A_DAY
        )
        years.begin()
        _read(years)
        for after in FALLS:
            _collapse(years, after)


def _read_alone() -> None:
    """Let the chart of a team that reads go on by itself, without desks and database."""
    team = Alone(chance=random.Random(1), people=PEOPLE, tests_a_day=TESTS_A_DAY)
    team.live(ALONE * WORKING_YEAR)
    print(f"the chart by itself: {team.alarms / ALONE:.2f} alarms in a year of a team that reads, "
          f"of {ALONE} years; at most 1 stated", flush=True)  # fmt: skip


def _read(years: Years) -> None:
    """Let a team that reads go on, and say how often it is alarmed for nothing."""
    begun = time.perf_counter()
    for _ in range(YEARS):
        years.live()
    took = (time.perf_counter() - begun) / YEARS
    print(f"{years.alarms} alarms in {YEARS} years of a team that reads, at most {YEARS} stated "
          f"on average; a year in {took:.0f} s", flush=True)  # fmt: skip


def _collapse(years: Years, after: float) -> None:
    """Let it stop reading again and again, each time as a team of which little is known yet."""
    mean, nine = years.predicted(after)
    found, mended = [], []
    for _ in range(COLLAPSES):
        years.begin_again()
        years.live(years.chance.randrange(5, 25))
        if is_raised(years.scene):
            continue
        years.catches = after
        found.append(years.live(SOON, until_raised=True))
        years.catches = READS
        mended.append(years.live(SOON, until_raised=False))
    soon = Share(sum(days <= nine for days in found), len(found))
    fall = f"from {100 * READS:.0f} % to {100 * after:.0f} %"
    print(f"{fall}: told after {statistics.mean(found):.1f} working days, predicted {mean:.1f}; "
          f"within the {nine:.1f} of nine in ten: {soon}; once it reads again, over after "
          f"{statistics.mean(mended):.1f}", flush=True)  # fmt: skip
