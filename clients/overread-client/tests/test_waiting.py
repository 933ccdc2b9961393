"""Waiting for a person: long-poll without the key, then read with it."""

import threading
import time

import pytest
from stub_server import KEY, Answer, Fault, Stub

import overread


@pytest.fixture
def handoff(client: overread.Client, run: overread.Run) -> overread.Handoff:
    return client.escalate(run, "ambiguity", {"ask": "Which one?"})


def soon(call: threading.Thread) -> threading.Thread:
    call.start()
    return call


def answer_when_polled(server: Stub, id: str, polls: int = 1) -> threading.Thread:
    """Answer as a reviewer would: while the agent is waiting."""

    def answer() -> None:
        end = time.monotonic() + 10
        while len(server.calls("/wait/")) < polls and time.monotonic() < end:
            time.sleep(0.01)
        server.answer(id, "answer", message="The blue one.")

    return soon(threading.Thread(target=answer))


def test_the_answer_arrives_while_the_agent_waits(
    server: Stub, client: overread.Client, handoff: overread.Handoff
) -> None:
    answering = answer_when_polled(server, handoff.id)

    settled = client.wait(handoff)
    answering.join()

    assert settled.answer is not None and settled.answer.message == "The blue one."
    assert len(server.calls("/wait/")) == 1
    assert 1 <= int(server.calls("/wait/")[0].query["seconds"]) <= 60


def test_the_key_is_never_sent_to_a_wait_address(
    server: Stub, client: overread.Client, handoff: overread.Handoff
) -> None:
    answer_when_polled(server, handoff.id).join(0)

    client.wait(handoff)

    assert all("authorization" not in one.headers for one in server.calls("/wait/"))


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_expired_wait_address_is_replaced_by_reading_the_handoff(
    server: Stub, client: overread.Client, handoff: overread.Handoff, status: int
) -> None:
    server.faults.append(Fault("/wait/", (status, {}, {"code": "expired"})))
    answering = answer_when_polled(server, handoff.id, polls=2)

    assert client.wait(handoff).state == "answered"
    answering.join()
    assert len(server.calls(f"/handoffs/{handoff.id}")) == 2


def test_an_answer_given_before_the_wait_began_is_found_at_once(
    server: Stub, client: overread.Client, handoff: overread.Handoff
) -> None:
    server.answer(handoff.id, "answer")

    assert client.wait(handoff.id).state == "answered"
    assert server.calls("/wait/") == []


def test_silence_is_waited_through_without_reading_again(
    server: Stub, client: overread.Client, handoff: overread.Handoff
) -> None:
    server.wait_limit = 0.05
    answering = answer_when_polled(server, handoff.id, polls=4)

    client.wait(handoff)
    answering.join()

    assert len(server.calls("/wait/")) >= 4
    assert len(server.calls(f"/handoffs/{handoff.id}")) == 1


def test_an_outage_while_waiting_is_sat_out(
    server: Stub, client: overread.Client, handoff: overread.Handoff, naps: list[float]
) -> None:
    down: Answer = (503, {}, {"code": "stopped"})
    server.faults += [Fault("/wait/"), Fault("/handoffs/", down), Fault("/wait/", down)]
    answering = answer_when_polled(server, handoff.id, polls=3)

    assert client.wait(handoff).state == "answered"
    answering.join()
    assert naps


def test_an_outage_longer_than_any_deadline_is_sat_out_too(
    server: Stub, handoff: overread.Handoff, naps: list[float]
) -> None:
    server.faults += [*[Fault("/wait/")] * 3, *[Fault("/handoffs/")] * 3]
    answering = answer_when_polled(server, handoff.id, polls=4)

    # The first pause is longer than the deadline, so that each read gives up after one try.
    with overread.Client(
        server.url, KEY, sleep=naps.append, random=lambda: 1.0, deadline=0.2
    ) as hasty:
        assert hasty.wait(handoff).state == "answered"
    answering.join()
    assert len(server.calls(f"/handoffs/{handoff.id}")) == 4


def test_a_gateway_that_cries_wolf_is_not_asked_in_a_hot_loop(
    server: Stub, client: overread.Client, handoff: overread.Handoff, naps: list[float]
) -> None:
    server.faults += [Fault("/wait/", (200, {}, {"changed": True, "state": "waiting"}))] * 6
    answering = answer_when_polled(server, handoff.id, polls=7)

    client.wait(handoff)
    answering.join()

    assert len(naps) == 6


def test_waiting_ends_when_the_caller_s_time_is_over_and_the_handoff_stays(
    server: Stub, client: overread.Client, handoff: overread.Handoff
) -> None:
    server.wait_limit = 0.05

    with pytest.raises(overread.StillWaiting) as caught:
        client.wait(handoff, timeout=0.2)

    assert caught.value.subject.id == handoff.id
    assert server.handoffs[handoff.id]["state"] == "waiting"


def test_a_question_back_ends_the_wait(
    server: Stub, client: overread.Client, handoff: overread.Handoff
) -> None:
    server.ask_back(handoff.id)

    assert client.wait(handoff).state == overread.HandoffState.NEEDS_INFORMATION


def test_a_run_is_waited_for_until_people_are_done_with_it(
    server: Stub, client: overread.Client, run: overread.Run, handoff: overread.Handoff
) -> None:
    def answer() -> None:
        time.sleep(0.1)
        server.answer(handoff.id, "answer")

    answering = soon(threading.Thread(target=answer))

    assert client.wait_run(run.id).state == "HUMAN_RESPONDED"
    answering.join()
