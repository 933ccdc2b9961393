"""How a gate can be told to ask, and what it does in the less common cases."""

import asyncio
import logging
import threading
import time
from typing import Any

import pytest
from reviewing import ORDER, Cancel, Shop, meanwhile
from stub_server import KEY, Fault, Stub

import overread


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
