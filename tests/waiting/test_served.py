"""The gateway under granian, with as many waits as one process is meant for."""

import asyncio
import contextlib
import os
import resource
import signal
import statistics
import time

import psycopg
import pytest
from django.db import connection, transaction

from handoffs import actors, moves
from handoffs.models import Run
from handoffs.states import Cause, RunState
from handoffs.waiting import Watched
from tests.database import Databases
from tests.factories import ClientFactory, Shop
from tests.waiting.harness import in_thread, run_async, served

OPEN = 2000
MEASURED = 200


@pytest.mark.slow
@pytest.mark.parametrize("interface", ["asgi", "asginl"])
def test_a_server_that_is_told_to_end_answers_everyone_first(
    committed_db: Databases, interface: str
) -> None:
    async def scenario() -> None:
        async with served(interface=interface) as server:
            nobodys = [Watched(client=1, workflows=(n,)) for n in range(50)]
            waits = [asyncio.create_task(server.wait(watched, 60)) for watched in nobodys]
            await server.hold(50)

            server.process.send_signal(signal.SIGTERM)

            for told in await asyncio.gather(*waits):
                # the state of one that was told before it was first read is not known
                assert told.status == 200
                assert told.body in [{"changed": False, "state": s} for s in ("none", "")]
            assert await in_thread(server.process.wait, 10) == 0

    run_async(scenario())


@pytest.mark.slow
def test_a_client_that_hangs_up_on_the_server_frees_its_place(committed_db: Databases) -> None:
    async def scenario() -> None:
        async with served() as server:
            waiting = asyncio.create_task(server.wait(Watched(client=1, workflows=(1,)), 60))
            await server.hold(1)

            waiting.cancel()

            await server.hold(0)

    run_async(scenario())


@pytest.mark.slow
def test_two_thousand_waits_are_held_and_each_is_told(
    committed_db: Databases, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prints commit to waiter, beside PostgreSQL's own commit to listener in the same minute."""
    ids = make_runs(shop, OPEN)

    async def scenario() -> None:
        async with served() as server:
            began = time.perf_counter()
            waits = {
                id: asyncio.create_task(server.wait(Watched(id=id, version=1), 60)) for id in ids
            }
            await server.hold(OPEN)
            opened = time.perf_counter() - began
            bare, told = [], []
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as listener:
                listener.execute("listen overread_changed")
                for id in ids[:MEASURED]:
                    heard = asyncio.create_task(in_thread(hear, listener))
                    await asyncio.sleep(0.01)
                    at = await in_thread(complete, id)
                    bare.append(await heard - at)
                    told.append((await waits[id]).at - at)
            await in_thread(complete_all, ids[MEASURED:])
            answers = await asyncio.gather(*waits.values())

            assert [answer.body for answer in answers] == OPEN * [
                {"changed": True, "state": "COMPLETED"}
            ]
            with capsys.disabled():
                print(
                    f"\n{OPEN} waits opened in {opened:.2f} s. Commit to waiter "
                    f"{quantiles(told)}; to a bare LISTEN {quantiles(bare)}; "
                    f"p95 ratio {p95(told) / p95(bare):.2f}."
                )

    with room_for_connections():
        run_async(scenario(), seconds=120)


def make_runs(shop: Shop, count: int) -> list[str]:
    client = ClientFactory()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "insert into handoffs_run (id, workflow_id, client_id, external_id, input, state, "
            "version, cause, pause, open_blocking, signed_off, error, next_step, status_token) "
            "select 'run_' || lpad(n::text, 26, '0'), %s, %s, n, '{}', 'RUNNING', 1, 'created', "
            "0, 0, false, '', '', n from generate_series(1, %s) n",
            [shop.workflow.id, client.id, count],
        )
        cursor.execute(
            "insert into handoffs_transition "
            "(run_id, version, from_state, to_state, actor_kind, actor, cause, xact_id) "
            "select id, 1, '', state, 'system', '', cause, 0 from handoffs_run"
        )
    return list(Run.objects.order_by("id").values_list("id", flat=True))


def complete(run_id: str) -> float:
    """Move the run as an answer does; return when its commit was on the way."""
    with transaction.atomic():
        moves.move_run(run_id, RunState.COMPLETED, by=actors.SYSTEM, cause=Cause.COMPLETED)
        moves.notify(run_id)
        at = time.perf_counter()
    return at


def complete_all(run_ids: list[str]) -> None:
    with transaction.atomic():
        for run_id in run_ids:
            complete(run_id)


def hear(listener: psycopg.Connection) -> float:
    for _ in listener.notifies(timeout=10, stop_after=1):
        return time.perf_counter()
    raise AssertionError("no notice came")


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def quantiles(seconds: list[float]) -> str:
    return f"p50 {statistics.median(seconds) * 1000:.1f} ms, p95 {p95(seconds) * 1000:.1f} ms"


@contextlib.contextmanager
def room_for_connections():  # type: ignore[no-untyped-def]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 3 * OPEN + 1000), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
