"""The decorator: asked, waited, run with exactly what was approved, reported."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from stub_server import KEY, Fault, Stub, digest

import overread

ORDER = "#W5744371"


class Shop:
    """What the agent can do to the world; it remembers every effect."""

    def __init__(self) -> None:
        self.cancelled: list[tuple[str, str]] = []
        self.keys: list[str] = []

    def cancel(self, order_id: str, reason: str = "no longer needed") -> str:
        """Cancel an order."""
        self.cancelled.append((order_id, reason))
        self.keys.append(overread.permission().idempotency_key)
        return f"cancelled {order_id}"


@pytest.fixture
def shop() -> Shop:
    return Shop()


Cancel = overread.Gated[..., str]


@pytest.fixture
def cancel(shop: Shop, client: overread.Client, run: overread.Run) -> Cancel:
    return overread.gate("cancel_order", client=client, run=run)(shop.cancel)


def meanwhile(server: Stub, act: Callable[[str], Any], handoff: str = "ho_1") -> threading.Thread:
    """Do something once the agent waits for the handoff."""

    def wait_and_act() -> None:
        end = time.monotonic() + 10
        while not server.calls(f"/wait/{handoff}.") and time.monotonic() < end:
            time.sleep(0.01)
        act(handoff)

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


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


def test_material_may_be_given_or_made_from_the_arguments(
    server: Stub, client: overread.Client, run: overread.Run, shop: Shop
) -> None:
    server.act = "proceed"
    gated = overread.gate(
        "cancel_order",
        client=lambda: client,
        run=lambda: run,
        brief=lambda order_id, reason: {"ask": f"Cancel order {order_id}?"},
        signals={"confidence": 0.85},
        checkpoint={"step": 3},
    )(shop.cancel)

    gated(ORDER)
    gated.using(brief={"ask": "Really?"}, signals={"confidence": 0.2})(ORDER)

    first, second = (one.body for one in server.calls("/proposals") if "outcome" not in one.path)
    assert first["brief"] == {"ask": f"Cancel order {ORDER}?"}
    assert first["checkpoint"] == {"step": 3} and first["signals"] == {"confidence": 0.85}
    assert (second["brief"], second["signals"]) == ({"ask": "Really?"}, {"confidence": 0.2})


def test_client_and_run_may_come_from_the_surroundings(
    server: Stub, client: overread.Client, run: overread.Run, shop: Shop
) -> None:
    server.act = "proceed"
    gated = overread.gate("cancel_order")(shop.cancel)

    with overread.running(client, run):
        gated(ORDER)
    with pytest.raises(TypeError, match="Which client"):
        gated(ORDER)
    with pytest.raises(TypeError, match="Which run"):
        gated.using(client=client)(ORDER)
    assert server.calls("/proposals")[0].body["run"] == run.id


def test_what_is_left_out_is_passed_on_but_never_proposed(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    ran: list[Any] = []

    @overread.gate("cancel_order", client=client, run=run, leave_out=["database"])
    def cancel(database: object, order_id: str, **more: str) -> None:
        ran.append((database, order_id, more))

    answering = meanwhile(
        server,
        lambda id: server.answer(
            id, "approve_with_edits", arguments={"order_id": ORDER, "note": "edited"}
        ),
    )
    cancel("the database", ORDER, note="hello")
    answering.join()
    with pytest.raises(overread.Paused) as caught:
        cancel.using(block=False)("the database", ORDER)
    server.answer("ho_2", "approve")
    cancel.resume(caught.value, database="another handle")

    assert server.calls("/proposals")[0].body["arguments"] == {"order_id": ORDER, "note": "hello"}
    assert ran == [
        ("the database", ORDER, {"note": "edited"}),
        ("another handle", ORDER, {}),
    ]


def test_a_method_is_gated_like_a_function(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    server.act = "proceed"

    class Agent:
        name = "bot"

        @overread.gate("cancel_order")
        def cancel(self, order_id: str) -> str:
            """Cancel an order."""
            return f"{self.name} cancelled {order_id}"

    with overread.running(client, run):
        assert Agent().cancel(ORDER) == f"bot cancelled {ORDER}"
    assert server.calls("/proposals")[0].body["arguments"] == {"order_id": ORDER}
    assert Agent.cancel.__doc__ == "Cancel an order."


def test_a_function_without_named_arguments_cannot_be_gated() -> None:
    with pytest.raises(TypeError, match="have names"):
        overread.gate("cancel_order")(lambda *orders: None)
    with pytest.raises(TypeError, match="no parameter"):
        overread.gate("cancel_order", leave_out=["database"])(lambda order_id: None)


def test_a_reviewer_s_question_is_answered_and_the_wait_goes_on(
    server: Stub, shop: Shop, cancel: Cancel
) -> None:
    asking = meanwhile(server, lambda id: server.ask_back(id))

    def inform(handoff: overread.Handoff) -> dict[str, str]:
        threading.Timer(0.1, lambda: server.answer(handoff.id, "approve")).start()
        return {"message": "The one in Bern."}

    cancel.using(inform=inform)(ORDER)
    asking.join()

    assert server.calls("/information")[0].body == {"message": "The one in Bern."}
    assert shop.cancelled


def test_a_question_nobody_can_answer_comes_back_to_the_caller(
    server: Stub, shop: Shop, client: overread.Client, cancel: Cancel
) -> None:
    asking = meanwhile(server, lambda id: server.ask_back(id))
    with pytest.raises(overread.InformationNeeded) as caught:
        cancel(ORDER)
    asking.join()
    client.give_information(caught.value.handoff, message="The one in Bern.")
    server.answer("ho_1", "approve")

    cancel.resume(caught.value.handoff.id)

    assert shop.cancelled == [(ORDER, "no longer needed")]


def test_a_failing_action_is_reported_and_its_error_is_the_caller_s(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    server.act = "proceed"

    @overread.gate("cancel_order", client=client, run=run)
    def cancel(order_id: str) -> None:
        raise KeyError(order_id)

    with pytest.raises(KeyError):
        cancel(ORDER)
    assert server.outcomes == [
        {"proposal": "prop_1", "status": "failed", "detail": f"KeyError: {ORDER!r}"}
    ]


def test_an_action_that_is_done_stays_done_when_it_cannot_be_reported(
    server: Stub, shop: Shop, cancel: Cancel, caplog: pytest.LogCaptureFixture
) -> None:
    server.act = "proceed"
    server.faults.append(Fault("/outcome", (500, {}, {"code": "broken"})))

    with caplog.at_level(logging.WARNING):
        assert cancel(ORDER) == f"cancelled {ORDER}"
    assert "could not be reported" in caplog.text
    assert ORDER not in caplog.text


def test_a_soft_review_runs_at_once_where_it_can_be_undone(
    server: Stub, shop: Shop, cancel: Cancel
) -> None:
    server.act = "proceed_tentatively"
    undone: list[str] = []
    gated = cancel.using(roll_back=lambda order_id, reason: undone.append(order_id))

    gated(ORDER)
    server.answer("ho_1", "roll_back", reason="Wrong order.")
    with pytest.raises(overread.RolledBack):
        gated.resume("ho_1")

    assert shop.cancelled == [(ORDER, "no longer needed")]
    assert undone == [ORDER]
    assert [one["status"] for one in server.outcomes] == ["done", "rolled_back"]


def test_a_confirmed_soft_review_does_not_run_twice(
    server: Stub, shop: Shop, cancel: Cancel
) -> None:
    server.act = "proceed_tentatively"
    gated = cancel.using(roll_back=lambda order_id, reason: None)

    gated(ORDER)
    server.answer("ho_1", "confirm")
    with pytest.raises(overread.AlreadyDone):
        gated.resume("ho_1")

    assert len(shop.cancelled) == 1


def test_a_soft_review_that_cannot_be_undone_is_waited_for(
    server: Stub, shop: Shop, cancel: Cancel
) -> None:
    server.act = "proceed_tentatively"
    confirming = meanwhile(server, lambda id: server.answer(id, "confirm"))

    cancel(ORDER)
    confirming.join()

    assert server.calls("/wait/")
    assert len(shop.cancelled) == 1


def test_a_world_that_moved_sends_the_answer_back_for_review(
    server: Stub, shop: Shop, cancel: Cancel
) -> None:
    status = ["pending", "shipped", "shipped"]

    def look(order_id: str, reason: str) -> list[dict[str, str]]:
        return [{"name": "order_status", "value": status.pop(0)}]

    def answer_again(id: str) -> None:
        server.answer(id, "approve")
        end = time.monotonic() + 10
        while not server.calls("/acknowledge") and time.monotonic() < end:
            time.sleep(0.01)
        server.preconditions = [{"name": "order_status", "value": "shipped"}]
        server.answer(id, "approve")

    answering = meanwhile(server, answer_again)
    cancel.using(preconditions=look)(ORDER)
    answering.join()

    assert server.resumptions["res_1"]["changed"] == [
        {"name": "order_status", "expected": "pending", "found": "shipped"}
    ]
    assert shop.keys == ["ans_2"]


def test_an_answer_about_another_action_is_refused(
    server: Stub, client: overread.Client, cancel: Cancel
) -> None:
    with pytest.raises(overread.Paused):
        cancel.using(block=False)(ORDER)
    answer = server.answer("ho_1", "approve") | {"action_type": "refund_order"}

    with pytest.raises(ValueError, match="refund_order"):
        cancel.resume(overread.Answer(id=answer["id"], verb="approve", action_type="refund_order"))


def test_an_async_function_is_gated_the_same_way(server: Stub) -> None:
    ran: list[Any] = []

    @overread.gate("cancel_order")
    async def cancel(order_id: str) -> str:
        await asyncio.sleep(0)
        ran.append((order_id, overread.permission().idempotency_key))
        return "done"

    async def look(order_id: str) -> overread.material.Brief:
        return {"ask": f"Cancel {order_id}?"}

    async def agent(order_id: str) -> str:
        async with overread.AsyncClient(server.url, KEY) as client:
            run = await client.start_run("retail-support", "ticket-1")
            with overread.running(client, run):
                return await cancel.using(brief=look)(order_id)

    answering = meanwhile(server, lambda id: server.answer(id, "approve"))
    assert asyncio.run(agent(ORDER)) == "done"
    answering.join()

    assert ran == [(ORDER, "ans_1")]
    assert server.calls("/proposals")[0].body["brief"] == {"ask": f"Cancel {ORDER}?"}


def test_parallel_async_gates_keep_their_own_permission(server: Stub) -> None:
    server.act = "proceed"
    keys: dict[str, str] = {}

    @overread.gate("cancel_order")
    async def cancel(order_id: str) -> None:
        await asyncio.sleep(0.05)
        keys[order_id] = overread.permission().idempotency_key

    async def agent() -> None:
        async with overread.AsyncClient(server.url, KEY) as client:
            with overread.running(client, await client.start_run("retail-support", "t")):
                await asyncio.gather(*(cancel(f"#{n}") for n in range(5)))

    asyncio.run(agent())

    assert len(set(keys.values())) == 5
    with pytest.raises(LookupError):
        overread.permission()


def test_sync_and_async_are_not_mixed(
    server: Stub, client: overread.Client, run: overread.Run, shop: Shop
) -> None:
    async def cancel(order_id: str) -> None:
        raise AssertionError

    async def look(order_id: str, reason: str) -> overread.material.Brief:
        raise AssertionError

    with pytest.raises(TypeError, match="AsyncClient"):
        asyncio.run(overread.gate("cancel_order", client=client, run=run)(cancel)(ORDER))
    with pytest.raises(TypeError, match="AsyncClient"):
        overread.gate("cancel_order", client=client, run=run, brief=look)(shop.cancel)(ORDER)
