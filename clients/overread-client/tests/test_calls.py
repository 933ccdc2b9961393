"""Every operation says what the contract says, in both clients."""

import asyncio
import inspect
import json
from datetime import UTC, datetime

import httpx
import pytest
from stub_server import KEY, Fault, Stub, digest

import overread
from overread.operations import handoffs, proofs, proposals, resumptions, rules, runs

ARGUMENTS = {"order_id": "#W5744371", "reason": "no longer needed"}


def test_both_clients_offer_the_same_operations() -> None:
    def operations(kind: type[object]) -> dict[str, object]:
        return {
            name: found.operation
            for name, found in vars(kind).items()
            if hasattr(found, "operation")
        }

    assert operations(overread.Client) == operations(overread.AsyncClient)


def test_every_operation_of_the_contract_is_offered() -> None:
    offered = {one.operation for one in vars(overread.Client).values() if hasattr(one, "operation")}
    written = {
        function
        for module in (runs, proposals, handoffs, resumptions, rules, proofs)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }

    assert written == offered


def test_a_run_is_started_kept_and_completed(server: Stub, client: overread.Client) -> None:
    run = client.start_run("retail-support", "ticket-1", input={"text": "Where is it?"})
    first = client.save_checkpoint(run, {"step": 1})
    second = client.save_checkpoint(run, {"step": 2}, version=first.version)
    done = client.complete_run(run, {"refunded": True})

    assert run.transitions[0].to_state == "RUNNING"
    assert (run.state, done.state) == ("RUNNING", overread.RunState.COMPLETED)
    assert (first.version, second.version) == ('"1"', '"2"')
    with pytest.raises(overread.PreconditionFailed):
        client.save_checkpoint(run, {"step": 9}, version=first.version)
    assert "requester" not in server.calls("/runs")[0].body


def test_a_failed_run_says_what_it_has_and_what_comes_next(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    failed = client.fail_run(run, "The shop is down", partial={"found": 1}, next_step="retry")

    assert failed.state == "FAILED"
    assert server.calls("/fail")[0].body == {
        "error": "The shop is down",
        "partial": {"found": 1},
        "next_step": "retry",
    }


def test_a_ruling_is_read_whole_and_what_is_new_in_it_is_kept(
    client: overread.Client, run: overread.Run
) -> None:
    ruling = client.propose(run, "cancel_order", ARGUMENTS, signals={"confidence": 0.85})

    assert (ruling.act, ruling.tier) == (overread.Act.WAIT, "hard_approval")
    assert ruling.rules[0].because == "Above 200.00 USD"
    assert ruling.map is not None and ruling.map.version == 3
    assert ruling.arguments_digest == overread.digest(ARGUMENTS)
    assert ruling.handoff is not None and ruling.handoff.queue == "refunds"
    assert ruling.raw["a_field_of_the_future"] == {"x": 1}
    assert not ruling.replayed


def test_the_same_key_gets_the_same_ruling_again(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    first = client.propose(run, "cancel_order", ARGUMENTS, idempotency_key="ticket-1/cancel")
    again = client.propose(run, "cancel_order", ARGUMENTS, idempotency_key="ticket-1/cancel")

    assert first.id == again.id
    assert again.replayed
    assert len(server.handoffs) == 1
    with pytest.raises(overread.IdempotencyMismatch):
        client.propose(run, "cancel_order", {}, idempotency_key="ticket-1/cancel")


def test_a_dry_run_opens_nothing(server: Stub, client: overread.Client, run: overread.Run) -> None:
    forecast = client.dry_run(run, "cancel_order", ARGUMENTS)

    assert forecast.tier == "hard_approval"
    assert forecast.handoff is not None and forecast.handoff.position == 4
    assert server.handoffs == {}


def test_one_refused_proposal_of_a_batch_refuses_only_itself(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    good, bad = client.propose_batch(
        [
            {"run": run.id, "action_type": "cancel_order", "arguments": ARGUMENTS, "key": "a"},
            {"run": run.id, "action_type": "unknown", "arguments": {}},
        ]
    )

    assert good.ruling is not None and good.problem is None
    assert isinstance(bad.problem, overread.Invalid) and bad.problem.code == "unknown_action_type"
    sent = server.calls("/batch")[0].body["proposals"]
    assert sent[0]["key"] == "a" and len(sent[1]["key"]) == 36


def test_a_handoff_is_opened_read_informed_and_withdrawn(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    opened = client.escalate(run, "ambiguity", {"ask": "Which Mia Li is meant?"})
    server.ask_back(opened.id)
    asked = client.read_handoff(opened)
    informed = client.give_information(asked, message="The one in Bern.")
    gone = client.withdraw(opened, "The customer called.")

    assert [one.state for one in (opened, asked, informed, gone)] == [
        "waiting",
        "needs_information",
        "waiting",
        "withdrawn",
    ]


def test_an_unchanged_handoff_is_not_sent_again(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    known = client.read_handoff(client.escalate(run, "ambiguity", {"ask": "Which one?"}).id)

    assert client.read_handoff(known.id, known=known) is known
    assert server.seen[-1].headers["if-none-match"] == known.etag


def test_an_answer_is_read_with_its_arguments_and_its_time(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    ruling = client.propose(run, "cancel_order", ARGUMENTS)
    assert ruling.handoff is not None
    server.answer(ruling.handoff.id, "approve")

    answer = client.read_handoff(ruling.handoff).answer

    assert answer is not None
    assert answer.by == overread.values.AnsweredBy(kind="person", role="refund approver")
    assert answer.arguments_digest == digest(ARGUMENTS)
    assert answer.answered_at == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert answer.idempotency_key == answer.id


def test_a_resumption_is_claimed_kept_and_acknowledged_once(
    server: Stub, client: overread.Client, run: overread.Run
) -> None:
    nothing = client.claim(["retail-support"])
    ruling = client.propose(run, "cancel_order", ARGUMENTS)
    assert ruling.handoff is not None
    server.answer(ruling.handoff.id, "approve")
    turn = client.claim(["retail-support"], worker="host-17")

    assert isinstance(nothing, overread.NothingToResume) and not nothing
    assert nothing.wait_url == f"{server.url}/wait/wf.0"
    assert isinstance(turn, overread.Resumption)
    assert (turn.checkpoint, turn.attempt) == ({"step": 3}, 1)
    assert turn.idempotency_key == turn.answers[0].id
    assert client.heartbeat(turn) is not None
    client.acknowledge(turn)
    with pytest.raises(overread.StaleLease):
        client.acknowledge(turn)


def test_the_rules_and_the_pressure_can_be_read(client: overread.Client) -> None:
    assert client.pressure("retail-support").level == "open"
    assert client.governance("retail-support")["query"] == {"workflow": "retail-support"}
    assert client.risk_tier_map("retail-support")["asked"] == "/api/v1/maps/retail-support"


def test_an_id_cannot_lead_to_another_address(server: Stub, client: overread.Client) -> None:
    with pytest.raises(overread.NotFound):
        client.read_handoff("../runs/ticket-1?x=#")

    assert server.seen[-1].path == "/api/v1/handoffs/..%2Fruns%2Fticket-1%3Fx%3D%23"
    with pytest.raises(ValueError, match="not an id"):
        client.read_handoff("..")


def test_a_problem_carries_what_the_server_said(server: Stub, client: overread.Client) -> None:
    said = {
        "type": "/docs/errors/shape",
        "title": "Wrong shape",
        "detail": "The brief has no ask. Nothing was stored. Add one.",
        "code": "missing_context",
        "fields": [{"path": "brief.ask", "message": "is required"}],
        "request_id": "req-7",
    }
    server.faults.append(Fault("/pressure", (422, {}, said)))

    with pytest.raises(overread.Invalid) as caught:
        client.pressure("retail-support")

    problem = caught.value
    assert (problem.status, problem.code, problem.request_id) == (422, "missing_context", "req-7")
    assert problem.fields == (overread.Field(path="brief.ask", message="is required"),)
    assert "brief.ask: is required" in str(problem)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, overread.BadRequest),
        (401, overread.Unauthorized),
        (403, overread.Forbidden),
        (404, overread.NotFound),
        (409, overread.Conflict),
        (410, overread.Gone),
        (412, overread.PreconditionFailed),
        (413, overread.TooLarge),
        (415, overread.UnsupportedMediaType),
        (422, overread.Invalid),
        (500, overread.ServerError),
        (418, overread.Problem),
    ],
)
def test_each_status_has_its_own_error_even_from_a_proxy_that_speaks_no_json(
    server: Stub, client: overread.Client, status: int, kind: type[overread.Problem]
) -> None:
    server.faults.append(Fault("/pressure", (status, {}, "<html>")))

    with pytest.raises(kind) as caught:
        client.pressure("retail-support")

    assert type(caught.value) is kind
    assert caught.value.code == f"http_{status}"
    assert len(server.calls("/pressure")) == 1


@pytest.mark.parametrize(
    "said", ["<html>", [], {"level": 3}, {"level": "open", "depth": "many"}, {}]
)
def test_an_answer_of_another_shape_is_refused(
    server: Stub, client: overread.Client, said: object
) -> None:
    server.faults.append(Fault("/pressure", (200, {}, said)))

    with pytest.raises(overread.UnexpectedAnswer):
        client.pressure("retail-support")


def test_a_redirect_is_not_followed_with_the_key(server: Stub, client: overread.Client) -> None:
    server.faults.append(Fault("/pressure", (307, {"Location": f"{server.url}/elsewhere"}, None)))

    with pytest.raises(overread.UnexpectedAnswer):
        client.pressure("retail-support")
    assert server.calls("/elsewhere") == []


@pytest.mark.parametrize("bad", [float("nan"), {1, 2}, object(), "\ud800"])
def test_what_is_not_json_is_refused_before_it_is_sent(
    server: Stub, client: overread.Client, run: overread.Run, bad: object
) -> None:
    sent = len(server.seen)

    with pytest.raises(overread.NotJson):
        client.propose(run, "cancel_order", {"order_id": bad})
    assert len(server.seen) == sent


def test_a_digest_is_sha_256_over_rfc_8785() -> None:
    assert overread.digest({"b": 1.0, "a": [True, None]}) == overread.digest(
        json.loads('{"a":[true,null],"b":1}')
    )
    assert overread.digest({}) == (
        "sha-256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )
    with pytest.raises(overread.NotJson):
        overread.digest({"amount": 2**60})


def test_a_wrong_idempotency_key_is_refused_here(client: overread.Client) -> None:
    for bad in ("", "two words", "k" * 256, "é"):
        with pytest.raises(ValueError, match="Idempotency-Key"):
            client.start_run("retail-support", "t", idempotency_key=bad)


def test_the_address_and_key_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ValueError, match="OVERREAD_URL"):
        overread.Client()
    monkeypatch.setenv("OVERREAD_URL", "http://overread.test/")
    monkeypatch.setenv("OVERREAD_API_KEY", "a-secret")

    with overread.Client(http=httpx.Client()) as client:
        assert client.settings.door.base_url == "http://overread.test/"
        assert "a-secret" not in repr(client.settings)


def test_the_async_client_does_the_same(server: Stub) -> None:
    async def journey() -> tuple[overread.Run, overread.Handoff]:
        async with overread.AsyncClient(server.url, KEY) as client:
            run = await client.start_run("retail-support", "ticket-2")
            opened = await client.escalate(run, "ambiguity", {"ask": "Which one?"})
            asyncio.get_running_loop().call_later(
                0.05, lambda: server.answer(opened.id, "answer", message="The blue one.")
            )
            return run, await client.wait(opened)

    run, handoff = asyncio.run(journey())

    assert run.workflow == "retail-support"
    assert handoff.answer is not None and handoff.answer.message == "The blue one."
