"""A busy hour in a few seconds: every rule is asked at every step, planted faults are found.

A fault is one function of ours that does something else, in the database or in the program; what
it runs on stays as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any

import psycopg
import pytest
from django.db import connection

from bench.load import hour as hours
from bench.load.hour import Ask, Hour
from handoffs import ladder, rungs, silences
from handoffs.models import Handoff, Rung
from handoffs.states import Fallback, RungName
from reviews.models import Claim
from tests.database import Databases

pytestmark = pytest.mark.slow
Begin = Callable[..., Hour]


@pytest.fixture
def begin(committed_db: Databases) -> Iterator[Begin]:
    """Begin an hour in which minutes are steps, with so little room that all of it is needed."""
    with ExitStack() as open_until_then:

        def _begin(**changes: Any) -> Hour:
            hour = hours.begin(
                **{
                    "seed": 1, "first": 8, "second": 4, "third": 30, "an_hour": 5,
                    "per_minute": 2.2, "bursts": [(1, 4), (35, 40)], "step_seconds": 60,
                    "patience": 3, "handling": 150,
                } | changes
            )  # fmt: skip
            open_until_then.callback(hour.warp.owner.close)
            return hour

        yield _begin


@contextmanager
def replaced(
    owner: psycopg.Connection[Any], function: str, before: str, after: str
) -> Iterator[None]:
    """Let a function of the database do something else for a while."""
    row = owner.execute("select pg_get_functiondef(%s::regproc)", [function]).fetchone()
    assert row is not None and before in row[0]
    owner.execute(row[0].replace(before, after))
    try:
        yield
    finally:
        owner.execute(row[0])


def find(hour: Hour, *, steps: int) -> str:
    """Live on until the watch finds something, and return what it found first."""
    hour.arrive(steps)
    for _ in range(steps):
        hour.step()
        if hour.watch.broken:
            return hour.watch.broken[0]
    return ""


def test_all_of_an_hour_holds_at_every_step(begin: Begin) -> None:
    hour = begin()

    hour.live(60)
    hour.end()
    hour.outlast()

    assert hour.watch.broken == []
    # and all of it was there to be found
    assert hour.done["429"] > 50 and hour.done["gave up"] > 0 and hour.done["had enough"] > 0
    assert hour.watch.fullest["first"] == 8 and hour.watch.fullest["second"] == 4
    assert Handoff.objects.filter(overflow_from__isnull=False).exists()
    fired = set(Rung.objects.values_list("rung", "level").distinct())
    assert fired == {(rung, level) for rung in ("urgent", "deadline") for level in (1, 2)}
    assert Claim.objects.filter(handoff__urgent_since__isnull=False).exists()
    assert hour.watch.looks["limits"] >= 60 and hour.watch.looks["order"] > 50


CALM = "(h.urgent_since is null)"


@pytest.mark.parametrize(
    ("function", "before", "after", "found"),
    [
        ("queue_limit", "queue.depth_limit,", "queue.depth_limit + 1,",
         "limit: second let one in and has 5 of 4"),
        ("full", "had.hour >= caps.hour_limit", "had.hour > caps.hour_limit",
         "had 3 of 2 in an hour"),
        ("take_sparing", "h.deadline_at, h.id limit 1", "h.deadline_at desc, h.id limit 1",
         "which is due sooner"),
        ("take_sparing", f"order by {CALM}, h", f"order by not {CALM}, h", "which is urgent"),
    ],
    ids=["off by one", "a cap that does not hold", "newest first", "urgent last"],
)  # fmt: skip
def test_a_fault_in_the_database_is_found(
    begin: Begin, function: str, before: str, after: str, found: str
) -> None:
    owner = hours.ground.owner()
    with owner, replaced(owner, f"overread_{function}", before, after):
        hour = begin(an_hour=2) if "cap" in before else begin()

        find(hour, steps=15)
    assert any(found in what for what in hour.watch.broken), hour.watch.broken


def test_a_counter_that_forgets_one_is_found(begin: Begin) -> None:
    hour = begin()
    hour.arrive(1)
    hour.step()
    with connection.cursor() as cursor:
        cursor.execute(
            "update handoffs_queuedepth set waiting = waiting - 1 "
            "where (queue_id, slot) = (select queue_id, slot from handoffs_queuedepth "
            "where waiting > 0 limit 1)"
        )
    hour.watch.step()

    assert "counts" in hour.watch.broken[0]


_log, _plan = rungs.log_all, silences._plan
Fired = Sequence[tuple[Handoff, RungName, datetime, str]]


def _twice(fired: Fired) -> None:
    _log(fired)
    for handoff, rung, due_at, outcome in fired:
        Rung.objects.create(
            handoff=handoff, round=handoff.round, level=handoff.level, rung=rung.value,
            number=2, due_at=due_at, outcome=outcome,
        )  # fmt: skip


def _a_level_late(fired: Fired) -> None:
    for handoff, rung, due_at, outcome in fired:
        Rung.objects.create(
            handoff=handoff, round=handoff.round, level=handoff.level + 1, rung=rung.value,
            due_at=due_at, outcome=outcome,
        )  # fmt: skip


def _on_and_on(lot: Any, odd: Any) -> Any:
    for one in lot:
        one.handoff.fallback = Fallback.HOLD.value
    return _plan(lot, odd)


@pytest.mark.parametrize(
    ("module", "name", "fault", "found"),
    [
        (rungs, "log_all", lambda fired: None, "moved on 1 times; deadlines 0"),
        (rungs, "log_all", _twice, "had its deadline of level 1 2 times"),
        (rungs, "log_all", _a_level_late, "had its urgent of level 2 out of order"),
        (ladder, "_fire_lot", lambda *_, **__: 0, "its deadline is overdue"),
        (ladder, "_PROMOTE", "select 0, statement_timestamp()", "its urgent is overdue"),
    ],
    ids=["not logged", "twice", "out of order", "a deadline lost", "urgency lost"],
)
def test_a_fault_of_the_ladder_is_found(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, fault: Any, found: str
) -> None:
    hour = begin(per_minute=1)
    hour.seats = []
    monkeypatch.setattr(module, name, fault)

    find(hour, steps=12)

    assert any(found in what for what in hour.watch.broken), hour.watch.broken


def test_what_never_ends_is_found(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    hour = begin(per_minute=1)
    monkeypatch.setattr(silences, "_plan", _on_and_on)
    hour.live(2)

    hour.outlast()

    assert any("never came to an end" in what for what in hour.watch.broken)


def test_an_agent_that_is_sent_away_and_forgotten_is_found(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = begin(per_minute=15)
    hour.seats = []
    monkeypatch.setattr(Hour, "come_again", lambda self, ask, retry_after: None)
    hour.live(3)
    hour.end()

    assert any(what.startswith("refusal: ask-") for what in hour.watch.broken)


def test_a_refusal_that_names_no_time_is_found(begin: Begin) -> None:
    hour = begin()
    hour.sent_away(Ask(at=0, name="ask-1", kind="quick"), None)

    assert hour.watch.broken == ["refusal: ask-1 was told to come again in None"]


def test_a_run_that_waits_for_nobody_is_found(begin: Begin) -> None:
    hour = begin()
    hour.arrive(1)
    hour.step()
    # past the guards: no operation does this
    owner = hour.warp.owner
    with owner.transaction():
        owner.execute("alter table handoffs_handoff disable trigger user")
        owner.execute("update handoffs_handoff set state = 'withdrawn'")
        owner.execute("alter table handoffs_handoff enable trigger user")
    hour.watch.step()

    assert any("is paused for nobody" in what for what in hour.watch.broken)
