"""A busy hour in a few minutes: every rule is asked at every step, planted faults are found."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection

from accounts.errors import DomainError
from accounts.models import User
from bench.load import hour as hours
from bench.load.hour import Ask, Hour
from handoffs import ladder, rungs
from handoffs.models import Handoff, Queue, Rung
from reviews import claims
from reviews.models import Caps, Claim
from tests.database import Databases

pytestmark = pytest.mark.slow
Begin = Callable[[], Hour]


@pytest.fixture
def begin(committed_db: Databases) -> Iterator[Begin]:
    """Begin an hour with small queues, a burst after two minutes, and minutes for steps."""
    begun: list[Hour] = []

    def _begin() -> Hour:
        hour = hours.begin(
            seed=1, first=8, second=4, third=16, an_hour=5, per_minute=9, bursts=[(1, 5)],
            step_seconds=60, patience=2, handling=150,
        )  # fmt: skip
        begun.append(hour)
        return hour

    yield _begin
    for hour in begun:
        hour.warp.owner.close()


def find(hour: Hour, rule: str, *, steps: int = 12) -> list[str]:
    """Live on until the watch finds something; return what it found against this rule."""
    hour.arrive(steps)
    for _ in range(steps):
        hour.step()
        found = [what for what in hour.watch.broken if what.startswith(f"{rule}:")]
        if found:
            return found
    return []


def test_all_of_it_holds_at_every_step(begin: Begin) -> None:
    hour = begin()

    hour.live(10)
    hour.end()

    assert hour.watch.broken == []
    # and all of it was there to be found
    assert hour.done["429"] > 5 and hour.done["gave up"] > 0 and hour.done["had enough"] > 0
    assert hour.watch.fullest["first"] == 8 and hour.watch.fullest["second"] == 4
    assert Rung.objects.filter(rung="urgent").exists()
    assert Rung.objects.filter(rung="deadline").exists()
    assert Claim.objects.filter(handoff__urgent_since__isnull=False).exists()
    assert hour.watch.looks["limits"] >= 10 and hour.watch.looks["urgent_first"] > 20


def test_a_limit_off_by_one_is_found(begin: Begin) -> None:
    hour = begin()
    queue = Queue.objects.get(slug="busy-hour-second")
    queue.depth_limit += 1
    queue.save()

    assert find(hour, "limit")[0] == "limit: second has 5 of 4"


def test_a_counter_that_forgets_one_is_found(begin: Begin) -> None:
    hour = begin()
    hour.arrive(1)
    hour.step()
    with connection.cursor() as cursor:
        cursor.execute("update handoffs_queuedepth set waiting = waiting - 1 where slot = 0")

    assert "counts" in find(hour, "limit", steps=1)[0]


def test_a_rung_that_is_not_logged_is_found(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    hour = begin()
    monkeypatch.setattr(rungs, "log", lambda *_, **__: None)

    assert "moved on 1 times; deadlines 0" in find(hour, "rung")[0]


def test_a_deadline_that_nobody_acts_on_is_found(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = begin()
    monkeypatch.setattr(ladder, "_fire", lambda *_, **__: False)

    assert "its deadline is overdue" in find(hour, "rung")[0]


def test_a_pick_past_what_is_urgent_is_found(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    hour = begin()
    fair = claims.take_next

    def last_first(*, by: User, **given: Any) -> Claim | None:
        for handoff in Handoff.objects.filter(state="waiting").order_by("-deadline_at")[:20]:
            with suppress(DomainError):
                return claims.take_asked(handoff.id, by=by, now=given["now"])
        return fair(by=by, **given)

    monkeypatch.setattr(claims, "take_next", last_first)

    assert "before ho_" in find(hour, "urgent")[0]


def test_a_cap_that_does_not_hold_is_found(begin: Begin) -> None:
    hour = begin()
    Caps.objects.all().update(hour_limit=6)

    assert "had 6 of 5 in an hour" in find(hour, "cap", steps=30)[0]


def test_an_agent_that_is_sent_away_and_forgotten_is_found(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = begin()
    monkeypatch.setattr(Hour, "come_again", lambda self, ask, retry_after: None)
    hour.live(5)
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

    assert "is paused for nobody" in find(hour, "owner", steps=1)[0]
