"""Whoever waits is told, whatever is lost on the way; nobody else is told anything."""

import asyncio
import random

import psycopg
import pytest
from django.db import transaction

from accounts.models import Client
from handoffs import actors, moves
from handoffs.models import Handoff, Run
from handoffs.states import Cause, RunState
from handoffs.waiting import Watched
from tests import walks
from tests.factories import ClientFactory, Shop
from tests.waiting import harness
from tests.waiting.harness import get, in_thread, run_async, started, token, until, wait

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def handoff(shop: Shop, bot: Client, bot_key: str) -> Handoff:
    return walks.waiting(shop, bot, bot_key)


@pytest.fixture
def run(shop: Shop, bot: Client) -> Run:
    return walks.start_run(shop, bot)


def complete(run_id: str, *, tell: bool = True) -> None:
    with transaction.atomic():
        moves.move_run(run_id, RunState.COMPLETED, by=actors.SYSTEM, cause=Cause.COMPLETED)
        if tell:
            moves.notify(run_id)


def test_an_answer_wakes_who_waits_for_the_handoff(handoff: Handoff) -> None:
    async def scenario() -> None:
        async with started() as gateway:
            waiting = asyncio.create_task(wait(gateway, Watched(id=handoff.id, version=1)))
            await until(lambda: gateway.waits.count == 1)

            await in_thread(walks.say, handoff)

            told = await waiting
            assert (told.status, told.body) == (200, {"changed": True, "state": "answered"})
            assert gateway.waits.count == 0

    run_async(scenario())


def test_an_answer_wakes_who_waits_for_the_run(handoff: Handoff) -> None:
    async def scenario() -> None:
        async with started() as gateway:
            watched = Watched(id=handoff.run_id, version=handoff.run.version)
            waiting = asyncio.create_task(wait(gateway, watched))
            await until(lambda: gateway.waits.count == 1)

            await in_thread(walks.say, handoff)

            assert (await waiting).body == {"changed": True, "state": "HUMAN_RESPONDED"}

    run_async(scenario())


def test_what_moved_before_is_told_at_once(handoff: Handoff) -> None:
    walks.say(handoff)

    async def scenario() -> None:
        async with started() as gateway:
            told = await wait(gateway, Watched(id=handoff.id, version=1))
            assert told.body == {"changed": True, "state": "answered"}

            told = await wait(gateway, Watched(id=handoff.id, version=2), 0)
            assert told.body == {"changed": False, "state": "answered"}

    run_async(scenario())


def test_no_seconds_take_one_look(handoff: Handoff) -> None:
    async def scenario() -> None:
        async with started() as gateway:
            told = await wait(gateway, Watched(id=handoff.id, version=1), 0)

            assert told.body == {"changed": False, "state": "waiting"}

    run_async(scenario())


def test_the_seconds_pass_without_a_change(handoff: Handoff) -> None:
    async def scenario() -> None:
        async with started() as gateway:
            told = await wait(gateway, Watched(id=handoff.id, version=1), 1)

            assert told.body == {"changed": False, "state": "waiting"}
            assert gateway.waits.count == 0

    run_async(scenario())


def test_a_turn_wakes_the_workers_of_its_client_only(
    handoff: Handoff, shop: Shop, bot: Client
) -> None:
    other = ClientFactory()

    async def scenario() -> None:
        async with started() as gateway:
            mine = Watched(client=bot.id, workflows=(shop.workflow.id + 7, shop.workflow.id))
            theirs = Watched(client=other.id, workflows=(shop.workflow.id,))
            woken = asyncio.create_task(wait(gateway, mine))
            asleep = asyncio.create_task(wait(gateway, theirs, 60))
            await until(lambda: gateway.waits.count == 2)

            await in_thread(walks.say, handoff)

            assert (await woken).body == {"changed": True, "state": "ready"}
            assert (await wait(gateway, theirs, 0)).body == {"changed": False, "state": "none"}
            assert not asleep.done()
            asleep.cancel()

    run_async(scenario())


def test_a_turn_that_is_leased_wakes_nobody_until_the_lease_runs_out(
    handoff: Handoff, shop: Shop, bot: Client
) -> None:
    watched = Watched(client=bot.id, workflows=(shop.workflow.id,))
    walks.say(handoff)
    lease = walks.lease(shop, bot, seconds=60)
    assert lease

    async def scenario() -> None:
        async with started(poll_seconds=0.05) as gateway:
            assert (await wait(gateway, watched, 0)).body == {"changed": False, "state": "none"}
            waiting = asyncio.create_task(wait(gateway, watched))

            with psycopg.connect(harness.settings().database_url) as other:
                other.execute("update handoffs_resumption set lease_expires_at = now()")

            assert (await waiting).body == {"changed": True, "state": "ready"}

    run_async(scenario())


def test_what_moves_without_a_word_is_seen_by_the_slow_poll(run: Run) -> None:
    async def scenario() -> None:
        async with started(poll_seconds=0.05) as gateway:
            waiting = asyncio.create_task(wait(gateway, Watched(id=run.id, version=1)))
            await until(lambda: gateway.waits.count == 1)

            await in_thread(complete, run.id, tell=False)

            assert (await waiting).body == {"changed": True, "state": "COMPLETED"}

    run_async(scenario())


def test_what_moved_while_nobody_listened_is_seen_when_listening_again(run: Run) -> None:
    """The connection that listens is cut in the transaction that moves the run."""

    async def scenario() -> None:
        async with started() as gateway:
            waiting = asyncio.create_task(wait(gateway, Watched(id=run.id, version=1)))
            await until(lambda: any(w.seen for w in gateway.waits))

            await in_thread(move_and_cut)

            assert (await waiting).body == {"changed": True, "state": "COMPLETED"}
            assert gateway._watcher.listening.is_set()

    def move_and_cut() -> None:
        with transaction.atomic():
            complete(run.id)
            cut("listen%")

    run_async(scenario())


def test_losing_every_connection_loses_nobody(handoff: Handoff, run: Run) -> None:
    async def scenario() -> None:
        async with started() as gateway:
            first = asyncio.create_task(wait(gateway, Watched(id=run.id, version=1)))
            second = asyncio.create_task(wait(gateway, Watched(id=handoff.id, version=1)))
            await until(lambda: all(w.seen for w in gateway.waits) and gateway.waits.count == 2)

            await in_thread(cut, "%")
            await in_thread(complete, run.id)
            await in_thread(walks.say, handoff)

            assert (await first).body["state"] == "COMPLETED"
            assert (await second).body["state"] == "answered"

    run_async(scenario())


def cut(last_query: str) -> None:
    """End the gateway's connections, as a failing network or a restarted server does."""
    with psycopg.connect(harness.settings().database_url, autocommit=True) as other:
        ended = other.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            "where application_name = 'overread wait' and datname = current_database() "
            "and query like %s",
            [last_query],
        ).fetchone()
    assert ended and ended[0]


def test_waits_that_arrive_while_everything_moves_are_all_told(shop: Shop, bot: Client) -> None:
    """Each way in which looking and moving can interleave, by weight of numbers."""
    runs = [walks.start_run(shop, bot) for _ in range(60)]
    order = [run.id for run in runs]
    random.shuffle(order)

    async def scenario() -> None:
        async with started() as gateway:
            moving = asyncio.create_task(in_thread(lambda: [complete(id) for id in order]))
            waits = []
            for run in runs:
                waits += [
                    asyncio.create_task(wait(gateway, Watched(id=run.id, version=1)))
                    for _ in range(3)
                ]
                await asyncio.sleep(0.001)

            told = await asyncio.gather(*waits)
            await moving
            assert {response.body["state"] for response in told} == {"COMPLETED"}

    run_async(scenario())


def test_a_client_that_hangs_up_frees_its_place(run: Run) -> None:
    async def scenario() -> None:
        async with started() as gateway:
            gone = asyncio.Event()
            path = f"/wait/{token(Watched(id=run.id, version=1))}"
            waiting = asyncio.create_task(get(gateway, path, gone=gone))
            await until(lambda: gateway.waits.count == 1)

            gone.set()

            assert await waiting is None
            assert gateway.waits.count == 0
            assert gateway.waits.watched() == []
            assert gateway.waits.woken_by(run.id) == ()

    run_async(scenario())


def test_beyond_the_limit_waits_are_refused_with_when_to_come_again(run: Run) -> None:
    async def scenario() -> None:
        async with started(limit=1) as gateway:
            watched = Watched(id=run.id, version=1)
            first = asyncio.create_task(wait(gateway, watched))
            await until(lambda: gateway.waits.count == 1)

            refused = await wait(gateway, watched)

            assert (refused.status, refused.body["code"]) == (503, "overloaded")
            assert 2 <= int(refused.headers["retry-after"]) <= 5
            await in_thread(complete, run.id)
            assert (await first).body["changed"] is True

    run_async(scenario())


def test_the_end_of_the_process_answers_everyone(run: Run) -> None:
    async def scenario() -> None:
        async with started() as gateway:
            watched = Watched(id=run.id, version=1)
            waiting = asyncio.create_task(wait(gateway, watched))
            await until(lambda: any(w.seen for w in gateway.waits))

            gateway.dismiss()

            assert (await waiting).body == {"changed": False, "state": "RUNNING"}
            late = await wait(gateway, watched)
            assert (late.status, late.headers["retry-after"]) == (503, "1")

    run_async(scenario())


def test_nothing_is_kept_by_caches_or_given_to_other_origins(run: Run) -> None:
    async def scenario() -> None:
        async with started() as gateway:
            told = await wait(gateway, Watched(id=run.id, version=1), 0)

            assert told.headers["cache-control"] == "no-store"
            assert told.headers["content-type"] == "application/json"
            assert not [name for name in told.headers if name.startswith("access-control")]

    run_async(scenario())


def test_an_old_secret_is_good_while_it_is_rotated_out(run: Run) -> None:
    async def scenario() -> None:
        async with started(keys=(b"new", harness.KEY)) as gateway:
            assert (await wait(gateway, Watched(id=run.id, version=1), 0)).status == 200

    run_async(scenario())


def test_what_is_not_there_is_not_found(run: Run) -> None:
    async def scenario() -> None:
        async with started() as gateway:
            told = await wait(gateway, Watched(id=run.id[:-1] + "!", version=1))

            assert (told.status, told.body["code"]) == (404, "not_found")

    run_async(scenario())
