"""The gate: asked, waited, run with exactly what was approved, by one process."""

import threading
from typing import Any

import pytest
from reviewing import ORDER, Cancel, Shop, meanwhile
from stub_server import Stub, digest

import overread


@pytest.mark.parametrize("act", ["proceed", "proceed_and_tell"])
def test_what_needs_nobody_runs_at_once_and_is_reported(
    server: Stub, shop: Shop, cancel: Cancel, act: str
) -> None:
    server.act = act

    assert cancel(ORDER) == f"cancelled {ORDER}"

    sent = server.calls("/proposals")[0].body
    assert sent["arguments"] == {"order_id": ORDER, "reason": "no longer needed"}
    assert server.outcomes == [{"proposal": "prop_1", "status": "done"}]
    assert shop.keys == ["prop_1"]


def test_an_approved_action_runs_with_the_approved_arguments(
    server: Stub, shop: Shop, cancel: Cancel
) -> None:
    answering = meanwhile(server, lambda id: server.answer(id, "approve"))

    assert cancel(ORDER) == f"cancelled {ORDER}"
    answering.join()

    assert shop.cancelled == [(ORDER, "no longer needed")]
    assert shop.keys == ["ans_1"]
    assert server.outcomes == [{"proposal": "prop_1", "status": "done"}]


def test_an_edited_action_runs_as_edited(server: Stub, shop: Shop, cancel: Cancel) -> None:
    edited = {"order_id": ORDER, "reason": "ordered twice"}
    answering = meanwhile(
        server, lambda id: server.answer(id, "approve_with_edits", arguments=edited)
    )

    cancel(ORDER)
    answering.join()

    assert shop.cancelled == [(ORDER, "ordered twice")]


def test_a_chosen_option_runs_with_its_arguments(server: Stub, shop: Shop, cancel: Cancel) -> None:
    chosen = {"order_id": "#W2", "reason": "chosen"}
    answering = meanwhile(
        server, lambda id: server.answer(id, "choose", option="b", arguments=chosen)
    )

    cancel(ORDER)
    answering.join()

    assert shop.cancelled == [("#W2", "chosen")]


@pytest.mark.parametrize(
    "forged",
    [
        {"arguments": {"order_id": "#W999", "reason": "no longer needed"}},
        {"arguments": {"order_id": ORDER}},
        {"arguments": {"order_id": ORDER, "reason": "no longer needed", "and": "more"}},
        {"arguments": {"reason": "no longer needed"}},
        {"arguments_digest": "sha-256=" + "0" * 64},
        {"arguments_digest": None},
    ],
)
def test_other_arguments_than_the_approved_ones_never_run(
    server: Stub, shop: Shop, cancel: Cancel, forged: dict[str, Any]
) -> None:
    approved = {"order_id": ORDER, "reason": "no longer needed"}
    said = {"arguments_digest": digest(approved), **forged}
    answering = meanwhile(server, lambda id: server.answer(id, "approve", **said))

    with pytest.raises(overread.ArgumentsMismatch):
        cancel(ORDER)
    answering.join()

    assert shop.cancelled == []
    assert server.outcomes == []


def test_approved_arguments_that_a_default_would_change_never_run(
    server: Stub, shop: Shop, cancel: Cancel
) -> None:
    answering = meanwhile(
        server, lambda id: server.answer(id, "approve_with_edits", arguments={"order_id": ORDER})
    )

    with pytest.raises(overread.ArgumentsMismatch):
        cancel(ORDER)
    answering.join()

    assert shop.cancelled == []


def test_arguments_that_change_after_the_question_never_run(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    server.act = "proceed"
    ran: list[Any] = []
    lines = ["a"]

    @overread.gate("cancel_order", client=client, run=run, on_ruling=lambda _: lines.append("b"))
    def cancel_lines(lines: list[str]) -> None:
        ran.append(lines)

    with pytest.raises(overread.ArgumentsMismatch):
        cancel_lines(lines)
    assert ran == []


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        ("reject", overread.Rejected),
        ("redirect", overread.Redirected),
        ("take_over", overread.TakenOver),
        ("roll_back", overread.Rejected),
        ("answer", overread.NotApproved),
        ("a_verb_of_the_future", overread.NotApproved),
    ],
)
def test_any_other_answer_is_no_permission(
    server: Stub, shop: Shop, cancel: Cancel, verb: str, kind: type[overread.NotApproved]
) -> None:
    answering = meanwhile(server, lambda id: server.answer(id, verb, reason="Already shipped."))

    with pytest.raises(kind, match="Already shipped") as caught:
        cancel(ORDER)
    answering.join()

    assert caught.value.reason == "Already shipped."
    assert shop.cancelled == []


def test_a_hard_stop_ends_the_agent_s_part(server: Stub, shop: Shop, cancel: Cancel) -> None:
    server.act = "stop"

    with pytest.raises(overread.Stopped, match=r"Above 200\.00 USD") as caught:
        cancel(ORDER)

    assert caught.value.handoff is not None
    assert shop.cancelled == []


def test_an_act_that_is_not_known_runs_nothing(server: Stub, shop: Shop, cancel: Cancel) -> None:
    server.act = "proceed_with_a_twist"

    with pytest.raises(overread.UnexpectedAnswer, match="Nothing ran"):
        cancel(ORDER)
    assert shop.cancelled == []


def test_a_withdrawn_question_is_no_permission(
    server: Stub, shop: Shop, client: overread.Client, cancel: Cancel
) -> None:
    withdrawing = meanwhile(server, lambda id: client.withdraw(id, "The customer called."))

    with pytest.raises(overread.Withdrawn):
        cancel(ORDER)
    withdrawing.join()

    assert shop.cancelled == []


def test_the_process_may_exit_while_people_think_and_another_goes_on(
    server: Stub, shop: Shop, cancel: Cancel
) -> None:
    with pytest.raises(overread.Paused) as caught:
        cancel.using(block=False)(ORDER)
    assert server.calls("/wait/") == []
    server.answer("ho_1", "approve")

    assert cancel.resume(caught.value.handoff.id) == f"cancelled {ORDER}"
    assert shop.keys == ["ans_1"]
    assert server.outcomes == [{"proposal": "prop_1", "status": "done"}]


def test_the_waiting_process_takes_the_turn_so_that_no_worker_does_it_again(
    server: Stub, client: overread.Client, run: overread.Run, cancel: Cancel
) -> None:
    answering = meanwhile(server, lambda id: server.answer(id, "approve"))

    cancel(ORDER)
    answering.join()

    assert server.resumptions["res_1"]["state"] == "resumed"
    assert not client.claim(["retail-support"])
    assert client.read_run(run).state == "RUNNING"


def test_a_rejected_run_goes_on_too(
    server: Stub, client: overread.Client, run: overread.Run, cancel: Cancel
) -> None:
    answering = meanwhile(server, lambda id: server.answer(id, "reject"))

    with pytest.raises(overread.Rejected):
        cancel(ORDER)
    answering.join()

    assert client.read_run(run).state == "RUNNING"


def test_what_a_worker_took_the_waiting_process_leaves_alone(
    server: Stub, shop: Shop, client: overread.Client, cancel: Cancel
) -> None:
    def answer_and_take(id: str) -> None:
        with server.moved:
            server.answer(id, "approve")
            server._claim({"workflows": [], "worker": "other", "lease_seconds": 60})

    answering = meanwhile(server, answer_and_take)

    with pytest.raises(overread.LeaseLost):
        cancel(ORDER)
    answering.join()

    assert shop.cancelled == []


def test_a_run_that_was_stopped_meanwhile_is_left_alone(
    server: Stub, shop: Shop, cancel: Cancel
) -> None:
    def answer_and_stop(id: str) -> None:
        with server.moved:
            server.answer(id, "approve")
            server.stop("run_ticket-1")

    answering = meanwhile(server, answer_and_stop)

    with pytest.raises(overread.RunEnded, match="stopped"):
        cancel(ORDER)
    answering.join()

    assert shop.cancelled == []


def test_parallel_branches_of_one_run_each_act_on_their_own_answer(
    server: Stub, shop: Shop, cancel: Cancel
) -> None:
    branches = [threading.Thread(target=cancel, args=(f"#{n}",)) for n in (1, 2)]
    for branch in branches:
        branch.start()
    answering = [
        meanwhile(server, lambda id: server.answer(id, "approve"), f"ho_{n}") for n in (1, 2)
    ]
    for thread in [*branches, *answering]:
        thread.join()

    assert sorted(order for order, _ in shop.cancelled) == ["#1", "#2"]
    assert sorted(shop.keys) == ["ans_1", "ans_2"]
    assert [one["state"] for one in server.resumptions.values()] == ["resumed"]


def test_the_same_key_asks_the_same_question_after_a_restart(
    server: Stub, shop: Shop, cancel: Cancel
) -> None:
    keyed = cancel.using(key=lambda order_id, reason: f"ticket-1/cancel/{order_id}", block=False)

    for _ in range(2):
        with pytest.raises(overread.Paused):
            keyed(ORDER)
    server.answer("ho_1", "approve")

    assert keyed.using(block=True)(ORDER) == f"cancelled {ORDER}"
    assert len(server.handoffs) == 1
