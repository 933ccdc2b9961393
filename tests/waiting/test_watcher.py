"""How looking, being told and arriving interleave."""

import asyncio
import os
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from accounts.models import Client
from handoffs import release
from handoffs.answers import Said
from handoffs.models import HeldAnswer
from handoffs.states import Verb
from handoffs.waiting import Watched
from tests import walks
from tests.database import Databases
from tests.factories import Shop
from tests.waiting.harness import run_async
from waiting import watcher
from waiting.waits import Seen, Waits
from waiting.watcher import Watcher

RUN = Watched(id="run_1", version=1)


def test_what_is_told_during_a_read_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watcher("", Waits())

    async def look(connection: Any, batch: list[Watched]) -> dict[Watched, Seen]:
        watch.look_at([RUN])
        return {RUN: Seen(False, "RUNNING")}

    monkeypatch.setattr(watcher, "_look", look)

    async def scenario() -> None:
        watch.look_at([RUN])
        await watch._tell(None, [RUN])  # type: ignore[arg-type]

        assert list(watch._due) == [RUN]
        assert watch._any_due.is_set()

    run_async(scenario())


def test_waits_for_the_same_cost_one_look() -> None:
    async def scenario() -> None:
        waits = Waits()
        many = [waits.open(RUN) for _ in range(5)]

        assert waits.count == 5
        assert waits.watched() == [RUN]
        for wait in many:
            waits.close(wait)
        assert waits.count == 0
        assert waits.watched() == []

    run_async(scenario())


def test_a_workflow_wakes_everyone_who_waits_for_one_of_its_turns() -> None:
    async def scenario() -> None:
        waits = Waits()
        one, both = Watched(client=1, workflows=(1,)), Watched(client=1, workflows=(1, 2))
        waits.open(one)
        waits.open(both)

        assert set(waits.woken_by("wf:1")) == {one, both}
        assert set(waits.woken_by("wf:2")) == {both}
        assert set(waits.woken_by("wf:3")) == set()

    run_async(scenario())


def test_a_fault_of_our_own_does_not_end_the_watch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watcher, "_RETRY_SECONDS", (0.0,))
    tries: list[int] = []

    async def work() -> None:
        tries.append(1)
        if len(tries) == 3:
            await asyncio.Event().wait()
        raise ZeroDivisionError

    async def scenario() -> None:
        task = asyncio.create_task(watcher._again_and_again(work))
        while len(tries) < 3:
            await asyncio.sleep(0)
        task.cancel()

    run_async(scenario())
    assert "tries again" in caplog.text


def test_what_is_decided_is_no_news_until_it_is_told(
    committed_db: Databases, shop: Shop, bot: Client, bot_key: str
) -> None:
    handoff = walks.waiting(shop, bot, bot_key)
    asked = Watched(id=handoff.id, version=handoff.version)
    said = Said(verb=Verb.REJECT, reason="no")
    told = {"round": 1, "said": said, "by": walks.APPROVER, "now": timezone.now()}

    async def look() -> Seen:
        async with await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"]) as one:
            return (await watcher._look(one, [asked]))[asked]

    release.settle(handoff.id, seconds=600, **told)  # type: ignore[arg-type]
    assert asyncio.run(look()) == Seen(False, "waiting")

    HeldAnswer.objects.update(release_at=timezone.now())
    release.release_due(now=timezone.now())
    assert asyncio.run(look()) == Seen(True, "answered")
