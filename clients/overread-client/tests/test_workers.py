"""The resumption worker: each turn is gone on with once, whoever dies on the way."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from stub_server import KEY, Fault, Stub

import overread

WORKFLOWS = ["retail-support"]
Handler = Callable[[overread.Work], Any]


@pytest.fixture
def client(server: Stub) -> Iterator[overread.Client]:
    """A client in real time, but quick."""
    with overread.Client(server.url, KEY, backoff=overread.Backoff(first=0.02, longest=0.1)) as one:
        yield one


def answered(server: Stub, client: overread.Client, ticket: str = "1", **asked: Any) -> str:
    """Walk a run to the point where somebody must go on with it."""
    run = client.start_run("retail-support", f"ticket-{ticket}")
    ruling = client.propose(run, "cancel_order", {"order_id": f"#{ticket}"}, **asked)
    assert ruling.handoff is not None
    server.answer(ruling.handoff.id, "approve")
    return list(server.resumptions)[-1]


def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this never came true"
        time.sleep(0.01)


@contextmanager
def working(
    client: overread.Client, handler: Handler, **options: Any
) -> Iterator[overread.ResumptionWorker]:
    """Run a worker beside the test and end it afterwards."""
    worker = overread.ResumptionWorker(client, WORKFLOWS, handler, **options)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(10)
        assert not thread.is_alive()


def test_a_turn_is_handled_and_acknowledged(server: Stub, client: overread.Client) -> None:
    id = answered(server, client)
    seen: list[overread.Work] = []

    with working(client, seen.append, name="host-17"):
        until(lambda: server.resumptions[id]["state"] == "resumed")

    (work,) = seen
    assert (work.run.id, work.checkpoint) == ("run_ticket-1", {"step": 3})
    assert work.answers[0].arguments == {"order_id": "#1"}
    assert work.idempotency_key == work.answers[0].id == "ans_1"
    assert server.resumptions[id]["worker"] == "host-17"


def test_an_idle_worker_waits_at_the_address_it_was_given_and_goes_on_at_once(
    server: Stub, client: overread.Client
) -> None:
    seen: list[str] = []

    with working(client, lambda work: seen.append(work.run.id)):
        until(lambda: server.calls("/wait/wf"))
        claims = len(server.calls("/claim"))
        answered(server, client)
        until(lambda: seen)

    assert claims == 1
    assert all("authorization" not in one.headers for one in server.calls("/wait/wf"))


def test_a_wait_address_that_answers_at_once_is_not_asked_in_a_hot_loop(
    server: Stub, client: overread.Client
) -> None:
    server.faults += [Fault("/wait/wf", (403, {}, {"code": "expired"}))] * 10_000
    slow = overread.Client(server.url, KEY, random=lambda: 1.0)

    with slow, working(slow, print):
        time.sleep(0.6)

    assert 1 < len(server.calls("/claim")) < 6


def test_a_handler_may_go_on_with_the_run_once_it_has_acknowledged(
    server: Stub, client: overread.Client
) -> None:
    id = answered(server, client)

    def handle(work: overread.Work) -> None:
        work.acknowledge()
        assert client.read_run(work.run).state == "RUNNING"
        client.complete_run(work.run)

    with working(client, handle):
        until(lambda: server.runs["run_ticket-1"]["state"] == "COMPLETED")

    assert len(server.calls(f"/{id}/acknowledge")) == 1


def test_the_lease_is_kept_while_the_handler_works(server: Stub, client: overread.Client) -> None:
    server.lease_limit = 0.6
    id = answered(server, client)
    attempts: list[int] = []

    def handle(work: overread.Work) -> None:
        attempts.append(work.resumption.attempt)
        time.sleep(1.5)
        work.ensure_mine()

    with working(client, handle, lease_seconds=0.6):
        until(lambda: server.resumptions[id]["state"] == "resumed")

    assert attempts == [1]
    assert len(server.calls("/heartbeat")) >= 3


def test_a_lost_lease_is_noticed_and_nothing_is_acknowledged(
    server: Stub, client: overread.Client
) -> None:
    id = answered(server, client)
    lost: list[bool] = []

    def handle(work: overread.Work) -> None:
        if work.resumption.attempt > 1:
            return
        server.resumptions[id]["token"] = "another worker's"
        until(lambda: not work.mine)
        with pytest.raises(overread.LeaseLost):
            work.ensure_mine()
        lost.append(True)
        server.resumptions[id]["expires"] = 0.0
        work.ensure_mine()

    with working(client, handle, lease_seconds=0.6):
        until(lambda: server.resumptions[id]["state"] == "resumed")

    assert lost == [True]
    assert server.resumptions[id]["attempt"] == 2


def test_a_lease_lost_without_notice_makes_the_acknowledgement_a_polite_no(
    server: Stub, client: overread.Client, caplog: pytest.LogCaptureFixture
) -> None:
    id = answered(server, client)
    taken = threading.Event()

    def handle(work: overread.Work) -> None:
        if work.resumption.attempt == 1:
            server.resumptions[id] |= {"token": "another worker's", "state": "resumed"}
            taken.set()

    with caplog.at_level(logging.INFO), working(client, handle):
        assert taken.wait(10)
        until(lambda: "went to another worker" in caplog.text)
        until(lambda: server.calls("/wait/wf"))

    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_silence_from_the_server_makes_the_worker_doubt_its_lease(
    server: Stub, client: overread.Client
) -> None:
    answered(server, client)
    server.faults += [Fault("/heartbeat")] * 1000
    doubted = threading.Event()

    def handle(work: overread.Work) -> None:
        if work.resumption.attempt == 1:
            until(lambda: not work.mine)
            doubted.set()

    with working(client, handle, lease_seconds=0.6):
        assert doubted.wait(10)


def test_a_world_that_moved_is_sent_back_before_the_handler_is_asked(
    server: Stub, client: overread.Client
) -> None:
    id = answered(server, client, preconditions=[{"name": "order_status", "value": "pending"}])
    handled: list[Any] = []

    with working(client, handled.append, recheck=lambda work: {"order_status": "shipped"}):
        until(lambda: server.resumptions[id]["state"] == "stale")

    assert handled == []
    assert server.resumptions[id]["changed"] == [
        {"name": "order_status", "expected": "pending", "found": "shipped"}
    ]
    assert server.handoffs["ho_1"]["state"] == "waiting"


def test_an_unchanged_world_is_no_obstacle(server: Stub, client: overread.Client) -> None:
    id = answered(server, client, preconditions=[{"name": "order_status", "value": "pending"}])

    with working(client, lambda work: None, recheck=lambda work: {"order_status": "pending"}):
        until(lambda: server.resumptions[id]["state"] == "resumed")


def test_a_handler_may_find_out_itself_that_the_answer_is_stale(
    server: Stub, client: overread.Client
) -> None:
    id = answered(server, client)

    def handle(work: overread.Work) -> None:
        raise overread.Stale([overread.Change(name="stock", expected=3, found=0)])

    with working(client, handle):
        until(lambda: server.resumptions[id]["state"] == "stale")

    assert server.resumptions[id]["changed"] == [{"name": "stock", "expected": 3, "found": 0}]


def test_a_handler_that_fails_gives_the_turn_back_at_once(
    server: Stub, client: overread.Client, caplog: pytest.LogCaptureFixture
) -> None:
    id = answered(server, client)
    tries: list[str] = []

    def handle(work: overread.Work) -> None:
        tries.append(work.idempotency_key)
        if len(tries) == 1:
            raise ZeroDivisionError

    with working(client, handle):
        until(lambda: server.resumptions[id]["state"] == "resumed")

    assert len(server.calls(f"/{id}/release")) == 1
    assert tries == ["ans_1", "ans_1"]
    assert "could not be gone on with" in caplog.text


def test_a_turn_that_always_fails_does_not_hold_up_the_others(
    server: Stub, client: overread.Client
) -> None:
    poison, good = answered(server, client, "1"), answered(server, client, "2")

    def handle(work: overread.Work) -> None:
        if work.run.id == "run_ticket-1":
            raise ZeroDivisionError

    with working(client, handle):
        until(lambda: server.resumptions[good]["state"] == "resumed")

    assert server.resumptions[poison]["attempt"] == 2


def test_a_turn_that_failed_often_enough_becomes_a_person_s(
    server: Stub, client: overread.Client
) -> None:
    answered(server, client)

    def handle(work: overread.Work) -> None:
        raise ZeroDivisionError("no luck")

    with working(client, handle, give_up_after=2):
        until(lambda: server.calls("/fail"))

    assert server.calls("/fail")[0].body["error"] == "ZeroDivisionError: no luck"


def test_outages_are_sat_out(server: Stub, client: overread.Client) -> None:
    server.faults += [Fault("/claim")] * 5 + [Fault("/claim", (503, {}, {"code": "stopped"}))] * 3
    id = answered(server, client)

    with working(client.with_deadline(0.05), lambda work: None):
        until(lambda: server.resumptions[id]["state"] == "resumed")


def test_a_bad_key_ends_the_worker_with_the_reason(server: Stub) -> None:
    with overread.Client(server.url, "wrong") as client, pytest.raises(overread.Unauthorized):
        overread.ResumptionWorker(client, WORKFLOWS, print).run()


def test_stopping_finishes_what_is_in_hand_and_takes_nothing_more(
    server: Stub, client: overread.Client
) -> None:
    first, second = answered(server, client, "1"), answered(server, client, "2")
    started, go_on = threading.Event(), threading.Event()

    def handle(work: overread.Work) -> None:
        started.set()
        assert go_on.wait(10)

    with working(client, handle) as worker:
        assert started.wait(10)
        worker.stop()
        go_on.set()

    assert server.resumptions[first]["state"] == "resumed"
    assert server.resumptions[second]["state"] == "ready"


def test_stopping_an_idle_worker_does_not_wait_for_the_long_poll(
    server: Stub, client: overread.Client
) -> None:
    with working(client, print):
        until(lambda: server.calls("/wait/wf"))
        asked_to_stop = time.monotonic()

    assert time.monotonic() - asked_to_stop < 5


SCRIPT = """
import os, sys, time, overread

def handle(work):
    with open(sys.argv[2], "a") as effects:
        work.ensure_mine()
        print("started", work.idempotency_key, file=effects, flush=True)
        while not os.path.exists(sys.argv[3]):
            time.sleep(0.01)
        print("ended", work.idempotency_key, file=effects, flush=True)

with overread.Client(sys.argv[1], "test-key") as client:
    overread.ResumptionWorker(client, ["retail-support"], handle, lease_seconds=1).run()
"""


@contextmanager
def process(server: Stub, effects: Path, gate: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", SCRIPT, server.url, str(effects), str(gate)]
    with subprocess.Popen(command) as child:
        try:
            yield child
        finally:
            child.kill()


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_a_worker_killed_at_work_is_followed_by_the_next_with_the_same_key(
    server: Stub, client: overread.Client, tmp_path: Path
) -> None:
    server.lease_limit = 1.0
    id = answered(server, client)
    effects, gate = tmp_path / "effects", tmp_path / "gate"

    with process(server, effects, gate) as first:
        until(lambda: lines(effects) == ["started ans_1"])
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    gate.touch()
    with process(server, effects, gate) as second:
        until(lambda: server.resumptions[id]["state"] == "resumed")
        second.terminate()
        second.wait()

    assert lines(effects) == ["started ans_1", "started ans_1", "ended ans_1"]
    assert server.resumptions[id]["attempt"] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_worker_finish_and_exit_cleanly(
    server: Stub, client: overread.Client, tmp_path: Path, number: signal.Signals
) -> None:
    id = answered(server, client)
    effects, gate = tmp_path / "effects", tmp_path / "gate"

    with process(server, effects, gate) as worker:
        until(lambda: lines(effects) == ["started ans_1"])
        worker.send_signal(number)
        gate.touch()
        assert worker.wait(10) == 0

    assert server.resumptions[id]["state"] == "resumed"


def test_an_idle_worker_exits_at_once_on_a_signal(
    server: Stub, client: overread.Client, tmp_path: Path
) -> None:
    with process(server, tmp_path / "effects", tmp_path / "gate") as worker:
        until(lambda: server.calls("/wait/wf"))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(5) == 0


def test_a_second_signal_ends_a_worker_that_does_not_come_to_an_end(
    server: Stub, client: overread.Client, tmp_path: Path
) -> None:
    answered(server, client)
    effects = tmp_path / "effects"

    with process(server, effects, tmp_path / "gate") as worker:
        until(lambda: lines(effects) == ["started ans_1"])
        worker.send_signal(signal.SIGTERM)
        until(lambda: _handled_once(worker))
        assert worker.wait(10) == -signal.SIGTERM


def _handled_once(worker: "subprocess.Popen[bytes]") -> bool:
    worker.send_signal(signal.SIGTERM)
    return worker.poll() is not None


def run_async(
    server: Stub,
    handler: Callable[[overread.AsyncWork], Any],
    done: Callable[[], Any],
    **options: Any,
) -> None:
    async def main() -> None:
        backoff = overread.Backoff(first=0.02, longest=0.1)
        async with overread.AsyncClient(server.url, KEY, backoff=backoff) as client:
            worker = overread.AsyncResumptionWorker(client, WORKFLOWS, handler, **options)
            task = asyncio.create_task(worker.run())
            end = time.monotonic() + 10
            while not done():
                assert time.monotonic() < end and not task.done()
                await asyncio.sleep(0.01)
            worker.stop()
            await asyncio.wait_for(task, 5)

    asyncio.run(main())


def test_the_async_worker_does_the_same(server: Stub, client: overread.Client) -> None:
    server.lease_limit = 0.6
    id = answered(server, client)
    seen: list[Any] = []

    async def handle(work: overread.AsyncWork) -> None:
        await asyncio.sleep(1.2)
        work.ensure_mine()
        await work.acknowledge()
        seen.append(work.idempotency_key)

    run_async(server, handle, lambda: server.calls("/wait/wf"), lease_seconds=0.6)

    assert seen == ["ans_1"]
    assert server.resumptions[id]["state"] == "resumed"
    assert len(server.calls("/heartbeat")) >= 2


def test_the_async_worker_sends_back_what_is_stale(server: Stub, client: overread.Client) -> None:
    id = answered(server, client, preconditions=[{"name": "order_status", "value": "pending"}])

    async def look(work: overread.AsyncWork) -> dict[str, str]:
        return {"order_status": "shipped"}

    run_async(server, print, lambda: server.resumptions[id]["state"] == "stale", recheck=look)


def test_a_cancelled_async_worker_gives_back_what_it_holds(
    server: Stub, client: overread.Client
) -> None:
    id = answered(server, client)

    async def main() -> None:
        started = asyncio.Event()

        async def handle(work: overread.AsyncWork) -> None:
            started.set()
            await asyncio.sleep(60)

        async with overread.AsyncClient(server.url, KEY) as own:
            worker = overread.AsyncResumptionWorker(own, WORKFLOWS, handle)
            task = asyncio.create_task(worker.run())
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())

    assert server.resumptions[id]["state"] == "ready"


def test_a_gated_function_goes_on_from_the_worker_s_answer(
    server: Stub, client: overread.Client
) -> None:
    cancelled: list[tuple[str, str]] = []

    @overread.gate("cancel_order", client=client, block=False)
    def cancel(order_id: str) -> None:
        cancelled.append((order_id, overread.permission().idempotency_key))

    run = client.start_run("retail-support", "ticket-1")
    with pytest.raises(overread.Paused):
        cancel.using(run=run)("#1")
    server.answer("ho_1", "approve")

    with working(client, lambda work: cancel.resume(work.answers[0])):
        until(lambda: server.resumptions["res_1"]["state"] == "resumed")

    assert cancelled == [("#1", "ans_1")]
    assert server.outcomes == [{"proposal": "prop_1", "status": "done"}]
