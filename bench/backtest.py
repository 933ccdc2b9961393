"""A draft of twenty rules over 1,000 and over 100,000 recorded proposals: rate, memory, ratio.

The processor's time is what counts here: it says how long two cores that are not shared would
take. The memory is the peak that the work adds, and must not grow with the history.
"""

import os
import resource
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

from bench import ground
from governance import backtests, turns
from governance.models import Backtest
from handoffs import ids
from handoffs.actors import SYSTEM
from handoffs.models import RiskTierMap

SMALL, LARGE = 1_000, 100_000
START = datetime(2026, 1, 1, tzinfo=UTC)


def run() -> None:
    place = ground.place(f"backtest-{os.getpid()}")
    draft = RiskTierMap.objects.create(workflow=place.workflow, version=99, body=_body())
    _record(place, LARGE)
    each: dict[int, float] = {}
    for count in (SMALL, LARGE):
        wall, processor, grown = _measure(draft, count)
        each[count] = processor / count
        print(
            f"{count:>7,} proposals  {wall:6.1f} s  processor {processor:6.1f} s  "
            f"{count / wall:8,.0f}/s  memory {grown / 1_048_576:5.1f} MiB"
        )
    print(f"ratio per proposal, 100,000 : 1,000   {each[LARGE] / each[SMALL]:.2f}   at most 1.5")


def _measure(draft: RiskTierMap, count: int) -> tuple[float, float, int]:
    asked = _ask(draft, count)
    began, spent = time.perf_counter(), _processor()
    _work_off(asked, count)
    wall, processor = time.perf_counter() - began, _processor() - spent
    # again, with memory counted, which costs too much time to be measured together
    again = _ask(draft, count, earlier=timedelta(milliseconds=1))
    tracemalloc.start()
    _work_off(again, count)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return wall, processor, peak


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _ask(draft: RiskTierMap, count: int, earlier: timedelta = timedelta(0)) -> Backtest:
    until = START + timedelta(seconds=count) - earlier
    now = datetime.now(UTC)
    return backtests.over_period(draft, since=START, until=until, by=SYSTEM, user=None, now=now)


def _work_off(asked: Backtest, count: int) -> None:
    while True:
        turns.work(now=datetime.now(UTC))
        asked.refresh_from_db()
        if not asked.is_open:
            break
    assert (asked.state, asked.progress) == ("done", count), asked.why


def _record(place: ground.Place, count: int) -> None:
    """Add a history of one proposal a second, ten in a run, past intake, which has its own."""
    runs = ground.add_runs(place, count // 10, f"b{os.getpid()}")
    with ground.owner() as connection, connection.cursor() as cursor:
        columns = (
            "id, run_id, action_type, arguments, arguments_digest, signals, tier, act, rules, "
            "map_version, preconditions, outcome, outcome_detail, created_at"
        )
        with cursor.copy(f"copy handoffs_proposal ({columns}) from stdin") as copy:
            for number in range(count):
                copy.write_row(_row(number, runs[number // 10]))
        cursor.execute("analyze handoffs_proposal")


def _row(number: int, run: str) -> tuple[Any, ...]:
    at = START + timedelta(seconds=number)
    amount = number * 37 % 1000
    signals = f'{{"confidence": {number % 100 / 100}, "values": {{"amount": {amount}}}}}'
    arguments = f'{{"amount":{amount},"note":"please hurry","order_id":"W{number}"}}'
    id = f"{ids.at('prop', at)[:-16]}{os.getpid():08d}{number:08d}"
    tier = "hard_approval" if amount > 200 else "notify"
    ruled = (tier, "wait", "[]", 1, "[]", "", "", at)
    return (id, run, "refund_order", arguments, "sha-256=", signals, *ruled)


def _body() -> dict[str, Any]:
    rules = [
        {
            "id": f"over-{50 * number}",
            "tier": "soft_review" if number < 10 else "hard_approval",
            "when": {
                "all": [
                    {"signal": "values.amount", "op": ">", "value": 50 * number},
                    {"signal": "confidence", "op": "<", "value": 1 - number / 40},
                    {"not": {"signal": "flags", "op": "contains_any", "value": ["known"]}},
                ]
            },
            "because": f"More than {50 * number} and not sure",
        }
        for number in range(20)
    ]
    return {"default": "autonomous", "rules": rules}
