"""The client asks people less often while they are busy, and says so when they stay busy."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from stub_server import KEY, Fault, Stub
from test_retries import SLOW, Clock

import overread

BUSY = {"level": "slow", "depth": 41, "limit": 50, "retry_after": 12}
BRIEF = {"ask": "What now?"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(server: Stub, clock: Clock) -> Iterator[Callable[..., overread.Client]]:
    http = httpx.Client(trust_env=False, verify=False)

    def make(**options: Any) -> overread.Client:
        options = {"random": lambda: 0.5, **options}
        return overread.Client(
            server.url, KEY, http=http, sleep=clock.sleep, clock=clock, **options
        )

    yield make
    http.close()


def looks(server: Stub) -> int:
    return len(server.calls("/pressure"))


def test_while_people_are_busy_questions_are_as_far_apart_as_they_ask_for(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    client, server.pressure = make(), BUSY
    run = client.start_run("retail-support", "t-1")

    for _ in range(4):
        client.escalate(run, "ambiguity", BRIEF)

    assert clock.naps == [12, 12, 12]


def test_while_people_have_time_nothing_waits(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    client = make()
    run = client.start_run("retail-support", "t-1")

    for _ in range(4):
        client.escalate(run, "ambiguity", BRIEF)

    assert clock.naps == []
    assert looks(server) == 1


def test_it_looks_again_in_a_while_and_is_quick_again_when_they_are_free(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    client, server.pressure = make(), BUSY
    run = client.start_run("retail-support", "t-1")
    client.escalate(run, "ambiguity", BRIEF)
    client.escalate(run, "ambiguity", BRIEF)
    server.pressure = {"level": "open", "retry_after": None}
    clock.now += 15
    clock.naps.clear()

    client.escalate(run, "ambiguity", BRIEF)
    client.escalate(run, "ambiguity", BRIEF)

    assert clock.naps == []
    assert looks(server) == 2


def test_an_action_that_asked_people_waits_its_turn_and_one_that_did_not_goes_on(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    client, server.pressure = make(), BUSY
    run = client.start_run("retail-support", "t-1")
    server.act = "proceed"
    for _ in range(3):
        client.propose(run, "look_up", {"order_id": "#1"})
    assert (clock.naps, looks(server)) == ([], 0)

    server.act = "wait"
    for number in range(3):
        client.propose(run, "cancel_order", {"order_id": f"#{number}"})

    assert clock.naps == [12]
    server.act = "proceed"
    client.propose(run, "cancel_order", {"order_id": "#4"})
    client.propose(run, "cancel_order", {"order_id": "#5"})
    assert clock.naps == [12, 12]


def test_nobody_waits_for_a_turn_longer_than_half_of_its_patience(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    client, server.pressure = make(deadline=10), BUSY
    run = client.start_run("retail-support", "t-1")

    for _ in range(3):
        client.escalate(run, "ambiguity", BRIEF)

    assert clock.naps == [5, 5]
    assert len(server.handoffs) == 3


def test_where_the_look_fails_nothing_is_held_up(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    client = make()
    run = client.start_run("retail-support", "t-1")
    server.faults += [Fault("/pressure", (500, {}, "<html>"))]

    client.escalate(run, "ambiguity", BRIEF)

    assert (clock.naps, len(server.handoffs)) == ([], 1)


def test_clients_that_were_told_the_same_do_not_keep_step(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    server.pressure = BUSY
    for chance in (0.0, 1.0):
        client = make(random=lambda chance=chance: chance)
        run = client.start_run("retail-support", "t-1")
        client.escalate(run, "ambiguity", BRIEF)
        client.escalate(run, "ambiguity", BRIEF)

    assert clock.naps == [9, 15]


def test_each_workflow_has_its_own_line(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    client, server.pressure = make(), BUSY
    for number in range(3):
        run = client.start_run(f"workflow-{number}", f"t-{number}")
        client.escalate(run, "ambiguity", BRIEF)

    assert (clock.naps, looks(server)) == ([], 3)


def test_busy_people_end_a_call_with_an_error_of_its_own_after_its_patience(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    client = make(deadline=5, patience=20)
    run = client.start_run("retail-support", "t-1")
    server.faults += [Fault("/handoffs", SLOW)] * 9

    with pytest.raises(overread.PeopleBusy) as caught:
        client.escalate(run, "ambiguity", BRIEF)

    assert clock.naps == [7.5, 7.5]
    assert (caught.value.tries, caught.value.waited) == (3, 15)
    assert (caught.value.code, caught.value.retry_after) == ("queue_full", 7)
    assert isinstance(caught.value, overread.SlowDown)
    assert server.handoffs == {}


def test_patience_is_for_busy_people_and_the_deadline_for_all_else(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    client = make(deadline=8, patience=100)
    run = client.start_run("retail-support", "t-1")
    down = Fault("/handoffs", (503, {"Retry-After": "5"}, {"code": "overloaded"}))
    server.faults += [Fault("/handoffs", SLOW)] * 4 + [down] * 2

    with pytest.raises(overread.Unavailable):
        client.escalate(run, "ambiguity", BRIEF)

    assert clock.naps == [7.5, 7.5, 7.5, 7.5, 5.5]


def test_without_patience_the_deadline_ends_it_as_before(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    client = make(deadline=5)
    run = client.start_run("retail-support", "t-1")
    server.faults += [Fault("/handoffs", SLOW)]

    with pytest.raises(overread.PeopleBusy):
        client.escalate(run, "ambiguity", BRIEF)

    assert clock.naps == []


def test_the_async_client_does_the_same(server: Stub, clock: Clock) -> None:
    async def nap(seconds: float) -> None:
        clock.sleep(seconds)

    async def ask() -> None:
        http = httpx.AsyncClient(trust_env=False, verify=False)
        async with overread.AsyncClient(
            server.url, KEY, http=http, sleep=nap, clock=clock, random=lambda: 0.5, patience=24
        ) as client:
            run = await client.start_run("retail-support", "t-1")
            for _ in range(3):
                await client.escalate(run, "ambiguity", BRIEF)
            assert clock.naps == [12, 12]
            server.faults += [Fault("/handoffs", SLOW)] * 9
            await client.escalate(run, "ambiguity", BRIEF)

    server.pressure = BUSY
    with pytest.raises(overread.PeopleBusy):
        asyncio.run(ask())

    assert clock.naps == [12, 12, 12, 7.5, 7.5, 7.5]
