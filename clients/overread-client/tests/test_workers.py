"""The resumption worker: each turn is gone on with once, whatever happens on the way."""

import logging
import threading
import time
from typing import Any

import pytest
from stub_server import KEY, Fault, Stub
from turns import WORKFLOWS, answered, until, working

import overread


def test_a_turn_is_handled_and_acknowledged(server: Stub, quick: overread.Client) -> None:
    id = answered(server, quick)
    seen: list[overread.Work] = []

    with working(quick, seen.append, name="host-17"):
        until(lambda: server.resumptions[id]["state"] == "resumed")

    (work,) = seen
    assert (work.run.id, work.checkpoint) == ("run_ticket-1", {"step": 3})
    assert work.answers[0].arguments == {"order_id": "#1"}
    assert work.idempotency_key == work.answers[0].id == "ans_1"
    assert server.resumptions[id]["worker"] == "host-17"


def test_an_idle_worker_waits_at_the_address_it_was_given_and_goes_on_at_once(
    server: Stub, quick: overread.Client
) -> None:
    seen: list[str] = []

    with working(quick, lambda work: seen.append(work.run.id)):
        until(lambda: server.calls("/wait/wf"))
        claims = len(server.calls("/claim"))
        answered(server, quick)
        until(lambda: seen)

    assert claims == 1
    assert all("authorization" not in one.headers for one in server.calls("/wait/wf"))


def test_a_wait_address_that_answers_at_once_is_not_asked_in_a_hot_loop(
    server: Stub, quick: overread.Client
) -> None:
    server.faults += [Fault("/wait/wf", (403, {}, {"code": "expired"}))] * 10_000
    slow = overread.Client(server.url, KEY, random=lambda: 1.0)

    with slow, working(slow, print):
        time.sleep(0.6)

    assert 1 < len(server.calls("/claim")) < 6


def test_a_handler_may_go_on_with_the_run_once_it_has_acknowledged(
    server: Stub, quick: overread.Client
) -> None:
    id = answered(server, quick)

    def handle(work: overread.Work) -> None:
        work.acknowledge()
        assert quick.read_run(work.run).state == "RUNNING"
        quick.complete_run(work.run)

    with working(quick, handle):
        until(lambda: server.runs["run_ticket-1"]["state"] == "COMPLETED")

    assert len(server.calls(f"/{id}/acknowledge")) == 1


def test_the_lease_is_kept_while_the_handler_works(server: Stub, quick: overread.Client) -> None:
    server.lease_limit = 0.6
    id = answered(server, quick)
    attempts: list[int] = []

    def handle(work: overread.Work) -> None:
        attempts.append(work.resumption.attempt)
        time.sleep(1.5)
        work.ensure_mine()

    with working(quick, handle, lease_seconds=0.6):
        until(lambda: server.resumptions[id]["state"] == "resumed")

    assert attempts == [1]
    assert len(server.calls("/heartbeat")) >= 3


def test_a_lost_lease_is_noticed_and_nothing_is_acknowledged(
    server: Stub, quick: overread.Client
) -> None:
    id = answered(server, quick)
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

    with working(quick, handle, lease_seconds=0.6):
        until(lambda: server.resumptions[id]["state"] == "resumed")

    assert lost == [True]
    assert server.resumptions[id]["attempt"] == 2


def test_a_lease_lost_without_notice_makes_the_acknowledgement_a_polite_no(
    server: Stub, quick: overread.Client, caplog: pytest.LogCaptureFixture
) -> None:
    id = answered(server, quick)
    taken = threading.Event()

    def handle(work: overread.Work) -> None:
        if work.resumption.attempt == 1:
            server.resumptions[id] |= {"token": "another worker's", "state": "resumed"}
            taken.set()

    with caplog.at_level(logging.INFO), working(quick, handle):
        assert taken.wait(10)
        until(lambda: "went to another worker" in caplog.text)
        until(lambda: server.calls("/wait/wf"))

    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_silence_from_the_server_makes_the_worker_doubt_its_lease(
    server: Stub, quick: overread.Client
) -> None:
    answered(server, quick)
    server.faults += [Fault("/heartbeat")] * 1000
    doubted = threading.Event()

    def handle(work: overread.Work) -> None:
        if work.resumption.attempt == 1:
            until(lambda: not work.mine)
            doubted.set()

    with working(quick, handle, lease_seconds=0.6):
        assert doubted.wait(10)


def test_a_world_that_moved_is_sent_back_before_the_handler_is_asked(
    server: Stub, quick: overread.Client
) -> None:
    id = answered(server, quick, preconditions=[{"name": "order_status", "value": "pending"}])
    handled: list[Any] = []

    with working(quick, handled.append, recheck=lambda work: {"order_status": "shipped"}):
        until(lambda: server.resumptions[id]["state"] == "stale")

    assert handled == []
    assert server.resumptions[id]["changed"] == [
        {"name": "order_status", "expected": "pending", "found": "shipped"}
    ]
    assert server.handoffs["ho_1"]["state"] == "waiting"


def test_an_unchanged_world_is_no_obstacle(server: Stub, quick: overread.Client) -> None:
    id = answered(server, quick, preconditions=[{"name": "order_status", "value": "pending"}])

    with working(quick, lambda work: None, recheck=lambda work: {"order_status": "pending"}):
        until(lambda: server.resumptions[id]["state"] == "resumed")


def test_a_handler_may_find_out_itself_that_the_answer_is_stale(
    server: Stub, quick: overread.Client
) -> None:
    id = answered(server, quick)

    def handle(work: overread.Work) -> None:
        raise overread.Stale([overread.Change(name="stock", expected=3, found=0)])

    with working(quick, handle):
        until(lambda: server.resumptions[id]["state"] == "stale")

    assert server.resumptions[id]["changed"] == [{"name": "stock", "expected": 3, "found": 0}]


def test_a_handler_that_fails_gives_the_turn_back_at_once(
    server: Stub, quick: overread.Client, caplog: pytest.LogCaptureFixture
) -> None:
    id = answered(server, quick)
    tries: list[str] = []

    def handle(work: overread.Work) -> None:
        tries.append(work.idempotency_key)
        if len(tries) == 1:
            raise ZeroDivisionError

    with working(quick, handle):
        until(lambda: server.resumptions[id]["state"] == "resumed")

    assert len(server.calls(f"/{id}/release")) == 1
    assert tries == ["ans_1", "ans_1"]
    assert "could not be gone on with" in caplog.text


def test_a_turn_that_always_fails_does_not_hold_up_the_others(
    server: Stub, quick: overread.Client
) -> None:
    poison, good = answered(server, quick, "1"), answered(server, quick, "2")

    def handle(work: overread.Work) -> None:
        if work.run.id == "run_ticket-1":
            raise ZeroDivisionError

    with working(quick, handle):
        until(lambda: server.resumptions[good]["state"] == "resumed")

    assert server.resumptions[poison]["attempt"] == 2


def test_a_turn_that_failed_often_enough_becomes_a_person_s(
    server: Stub, quick: overread.Client
) -> None:
    answered(server, quick)

    def handle(work: overread.Work) -> None:
        raise ZeroDivisionError("no luck")

    with working(quick, handle, give_up_after=2):
        until(lambda: server.calls("/fail"))

    assert server.calls("/fail")[0].body["error"] == "ZeroDivisionError: no luck"


def test_outages_are_sat_out(server: Stub, quick: overread.Client) -> None:
    # more than one deadline's worth of tries; a deadline near a busy machine's own pauses would
    # lose the answer to a claim that had succeeded, and then its lease has to run out
    server.faults += [Fault("/claim")] * 60 + [Fault("/claim", (503, {}, {"code": "stopped"}))] * 9
    id = answered(server, quick)

    with working(quick.with_deadline(1), lambda work: None):
        until(lambda: server.resumptions[id]["state"] == "resumed")


def test_a_bad_key_ends_the_worker_with_the_reason(server: Stub) -> None:
    with overread.Client(server.url, "wrong") as client, pytest.raises(overread.Unauthorized):
        overread.ResumptionWorker(client, WORKFLOWS, print).run()


def test_stopping_finishes_what_is_in_hand_and_takes_nothing_more(
    server: Stub, quick: overread.Client
) -> None:
    first, second = answered(server, quick, "1"), answered(server, quick, "2")
    started, go_on = threading.Event(), threading.Event()

    def handle(work: overread.Work) -> None:
        started.set()
        assert go_on.wait(10)

    with working(quick, handle) as worker:
        assert started.wait(10)
        worker.stop()
        go_on.set()

    assert server.resumptions[first]["state"] == "resumed"
    assert server.resumptions[second]["state"] == "ready"


def test_stopping_an_idle_worker_does_not_wait_for_the_long_poll(
    server: Stub, quick: overread.Client
) -> None:
    with working(quick, print):
        until(lambda: server.calls("/wait/wf"))
        asked_to_stop = time.monotonic()

    assert time.monotonic() - asked_to_stop < 5


def test_a_gated_function_goes_on_from_the_worker_s_answer(
    server: Stub, quick: overread.Client
) -> None:
    cancelled: list[tuple[str, str]] = []

    @overread.gate("cancel_order", client=quick, block=False)
    def cancel(order_id: str) -> None:
        cancelled.append((order_id, overread.permission().idempotency_key))

    run = quick.start_run("retail-support", "ticket-1")
    with pytest.raises(overread.Paused):
        cancel.using(run=run)("#1")
    server.answer("ho_1", "approve")

    with working(quick, lambda work: cancel.resume(work.answers[0])):
        until(lambda: server.resumptions["res_1"]["state"] == "resumed")

    assert cancelled == [("#1", "ans_1")]
    assert server.outcomes == [{"proposal": "prop_1", "status": "done"}]
