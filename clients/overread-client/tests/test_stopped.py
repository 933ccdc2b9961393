"""People stop the work or step into a run: nothing runs, and the agent is told by whom and why."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from reviewing import Cancel, Shop
from stub_server import KEY, Fault, Stub
from test_retries import Clock
from turns import until, working

import overread

STOP: dict[str, Any] = {
    "id": "stop_1",
    "scope": "everywhere",
    "since": "2026-07-01T10:00:00Z",
    "reason": "It refunds twice",
    "by": {"kind": "person", "name": "manager"},
    "drill": True,
}
HELD = {**STOP, "id": "ho_9", "scope": "run", "by": {"name": "refund approvers"}, "drill": False}


def refused(path: str, code: str, stopped: Any = None, after: str = "40") -> Fault:
    body = {"status": 503, "code": code, "detail": "Stopped.", "stopped": stopped}
    return Fault(path, (503, {"Retry-After": after}, body))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def patient(server: Stub, clock: Clock) -> Iterator[overread.Client]:
    """A client with a minute for each call."""
    http = httpx.Client(trust_env=False, verify=False)
    with overread.Client(
        server.url, KEY, http=http, sleep=clock.sleep, clock=clock, random=lambda: 0.5
    ) as client:
        yield client


def test_a_stop_is_waited_out_no_sooner_than_it_says(
    server: Stub, clock: Clock, patient: overread.Client
) -> None:
    server.faults.append(refused("/runs", "workflow_stopped", STOP))

    run = patient.start_run("retail-support", "ticket-1")

    assert run.state == "RUNNING"
    assert clock.naps == [42.0]


def test_one_that_lasts_is_told_with_who_and_why(
    server: Stub, clock: Clock, patient: overread.Client
) -> None:
    server.faults += [refused("/runs", "workflow_stopped", STOP)] * 9

    with pytest.raises(overread.WorkflowStopped) as caught:
        patient.start_run("retail-support", "ticket-1")

    stopped = caught.value
    assert (stopped.reason, stopped.role, stopped.retry_after) == (
        "It refunds twice",
        "manager",
        40,
    )
    assert stopped.halt is not None and stopped.halt.since is not None
    assert (stopped.halt.scope, stopped.halt.drill, stopped.halt.since.year) == (
        "everywhere", True, 2026,
    )  # fmt: skip
    assert isinstance(stopped, overread.Unavailable) and clock.naps == [42.0]


def test_a_person_in_the_run_is_not_asked_again(
    server: Stub, client: overread.Client, run: overread.Run, naps: list[float]
) -> None:
    server.faults.append(refused("/proposals", "stepped_in", HELD))

    with pytest.raises(overread.SteppedIn) as caught:
        client.propose(run, "cancel_order", {"order_id": "#1"})

    assert (caught.value.role, caught.value.retry_after) == ("refund approvers", 40)
    assert naps == [] and len(server.calls("/proposals")) == 1


@pytest.mark.parametrize("code", ["workflow_stopped", "stepped_in"])
def test_a_gate_runs_nothing(server: Stub, cancel: Cancel, shop: Shop, code: str) -> None:
    server.act = "proceed"
    server.faults += [refused("/proposals", code, STOP, after="90")] * 3

    with pytest.raises(overread.Halted):
        cancel("#1", "late")

    assert shop.cancelled == []


@pytest.mark.parametrize("told", [None, "stopped", {}, {"since": "soon", "by": "me", "drill": 1}])
def test_a_server_that_says_less_is_heard_too(
    server: Stub, client: overread.Client, run: overread.Run, told: Any
) -> None:
    server.faults.append(refused("/proposals", "stepped_in", told))

    with pytest.raises(overread.SteppedIn) as caught:
        client.propose(run, "cancel_order", {"order_id": "#1"})

    assert caught.value.role is None
    assert caught.value.reason == ("" if isinstance(told, dict) else "Stopped.")


def test_whether_it_stands_can_be_asked_before(server: Stub, client: overread.Client) -> None:
    assert client.standing("retail-support") is None

    server.stopped = STOP
    halt = client.standing("retail-support")

    assert halt is not None and (halt.reason, halt.role) == ("It refunds twice", "manager")


def test_a_proxy_that_says_nothing_of_it_says_no_go(server: Stub, client: overread.Client) -> None:
    server.faults.append(Fault("/standing", (200, {}, {"ok": True})))

    with pytest.raises(overread.UnexpectedAnswer):
        client.standing("retail-support")


def test_a_run_says_who_has_stepped_in(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    assert client.read_run(run).stopped is None

    server.runs[run.id]["stopped"] = HELD
    halt = client.read_run(run).stopped

    assert halt is not None and (halt.scope, halt.role) == ("run", "refund approvers")


def test_async_does_the_same(server: Stub) -> None:
    naps: list[float] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    async def main() -> None:
        async with overread.AsyncClient(server.url, KEY, sleep=sleep) as client:
            server.faults.append(refused("/runs", "workflow_stopped", STOP))
            run = await client.start_run("retail-support", "ticket-1")
            server.faults.append(refused("/proposals", "stepped_in", HELD))
            with pytest.raises(overread.SteppedIn) as caught:
                await client.propose(run, "cancel_order", {"order_id": "#1"})
            server.stopped = STOP
            halt = await client.standing("retail-support")
            assert caught.value.role == "refund approvers"
            assert halt is not None and halt.scope == "everywhere"

    asyncio.run(main())
    assert len(naps) == 1 and 40 <= naps[0] <= 44


def test_a_worker_sits_a_stop_out_and_asks_no_sooner_than_it_says(
    server: Stub, quick: overread.Client
) -> None:
    server.faults += [refused("/resumptions/claim", "workflow_stopped", STOP, after="1")] * 2
    with working(quick.with_deadline(0.1), print):
        until(lambda: server.calls("/wait/wf"))

    asked = [one.at for one in server.calls("/resumptions/claim")]
    assert len(asked) >= 3
    assert all(later - earlier >= 1 for earlier, later in zip(asked[:2], asked[1:3], strict=True))
