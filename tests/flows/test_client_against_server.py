"""The Python client against the real server: web and wait processes, as they run in production."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import overread
import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from handoffs import actors, answers, receipts, stops
from handoffs.models import Handoff, MatrixRow, Proposal, Resumption, Run
from handoffs.states import HandoffKind, Verb
from reviews import interventions
from tests import factories, walks
from tests.database import Databases
from tests.flows import processes

pytestmark = pytest.mark.slow

ARGUMENTS = {"order_id": "#W5744371", "amount": 312.5, "currency": "USD"}


@pytest.fixture(scope="module")
def url(databases: Databases) -> Iterator[str]:
    with processes.web_and_wait() as url:
        yield url


@pytest.fixture
def client(
    committed_db: Databases, url: str, shop: factories.Shop, bot_key: str
) -> Iterator[overread.Client]:
    http = httpx.Client(trust_env=False)
    with overread.Client(url, bot_key, http=http) as client:
        yield client


@pytest.fixture
def ambiguities(shop: factories.Shop) -> None:
    """Let an agent ask about ambiguities."""
    MatrixRow.objects.create(
        workflow=shop.workflow, kind=HandoffKind.AMBIGUITY.value, role=shop.team, queue=shop.queue
    )


def run(client: overread.Client) -> overread.Run:
    return client.start_run("retail-support", factories.external_id(), input={"text": "Refund!"})


def refund_gate(client: overread.Client, **terms: Any) -> tuple[Any, list[tuple[Any, str]]]:
    """A gated refund that notes its effects."""
    effects: list[tuple[Any, str]] = []

    @overread.gate("refund_order", client=client, **terms)
    def refund(order_id: str, amount: float, currency: str) -> str:
        effects.append(((order_id, amount, currency), overread.permission().idempotency_key))
        return "refunded"

    material = {
        "brief": factories.brief_payload(),
        "signals": {"confidence": 0.85, "values": {"amount": 312.5}},
    }
    return refund.using(**material), effects  # type: ignore[arg-type]


def propose(client: overread.Client, run: overread.Run, **changes: Any) -> overread.Ruling:
    body = factories.proposal_payload(run.id, **changes)
    return client.propose(run, body.pop("action_type"), body.pop("arguments"), **_material(body))


def _material(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "run"}


def say(handoff_id: str, verb: Verb = Verb.APPROVE, **changes: Any) -> str:
    """Answer as a reviewer; returns the answer's id."""
    handoff = Handoff.objects.select_related("run", "proposal").get(id=handoff_id)
    if verb is Verb.APPROVE:
        changes.setdefault("arguments", ARGUMENTS)
    return walks.say(handoff, verb, **changes).id


Meanwhile = Callable[..., None]


@pytest.fixture
def meanwhile(committed_db: Databases) -> Iterator[Meanwhile]:
    """Act on a handoff of the test once it is there, as people do."""
    over = threading.Event()
    acting: list[threading.Thread] = []

    def find_and_act(act: Callable[[str], Any], number: int) -> None:
        try:
            while Handoff.objects.count() < number:
                if over.wait(0.02):
                    return
            if not over.wait(0.2):
                act(Handoff.objects.order_by("-id")[0].id)
        finally:
            connections.close_all()

    def start(act: Callable[[str], Any], number: int = 1) -> None:
        acting.append(threading.Thread(target=find_and_act, args=(act, number)))
        acting[-1].start()

    yield start
    over.set()
    for thread in acting:
        thread.join()


def test_a_run_goes_from_start_to_completion(client: overread.Client) -> None:
    mine = run(client)
    first = client.save_checkpoint(mine, {"step": 1})
    second = client.save_checkpoint(mine, {"step": 2}, version=first.version)
    with pytest.raises(overread.Problem) as stale:
        client.save_checkpoint(mine, {"step": 3}, version=first.version)
    done = client.complete_run(mine, {"said": "thanks"})

    assert second.version != first.version
    assert isinstance(stale.value, overread.Conflict | overread.PreconditionFailed)
    assert done.state == overread.RunState.COMPLETED
    assert [one.to_state for one in done.transitions if one.handoff is None][-1] == "COMPLETED"


def test_what_needs_nobody_runs_at_once_and_its_outcome_is_kept(client: overread.Client) -> None:
    ran: list[str] = []

    @overread.gate("cancel_order", client=client, run=lambda: run(client))
    def cancel(order_id: str, reason: str = "no longer needed") -> None:
        ran.append(order_id)

    cancel("#W5744371")

    assert ran == ["#W5744371"]
    assert Proposal.objects.get().outcome == "done"


def test_our_digest_and_receipts_are_the_server_s(client: overread.Client) -> None:
    mine = run(client)
    ruling = propose(client, mine)
    assert ruling.handoff is not None
    say(ruling.handoff.id)

    handoff = client.read_handoff(ruling.handoff)
    keys = client.jwks()

    assert ruling.arguments_digest == overread.digest(ARGUMENTS)
    assert handoff.answer is not None and handoff.answer.receipt is not None
    assert handoff.answer.arguments_digest == receipts.arguments_digest(ARGUMENTS)
    assert client.receipt(handoff) == handoff.answer.receipt
    proven = overread.verify_receipt(
        handoff.answer.receipt, keys, handoff=handoff.id, arguments=ARGUMENTS
    )
    assert (proven.verb, proven.action_type) == ("approve", "refund_order")
    with pytest.raises(overread.ReceiptInvalid):
        overread.verify_receipt(handoff.answer.receipt, keys, arguments={**ARGUMENTS, "amount": 1})


def test_the_wait_ends_within_a_moment_of_the_answer(
    client: overread.Client, meanwhile: Meanwhile
) -> None:
    ruling = propose(client, run(client))
    answered_at: list[float] = []

    def answer(id: str) -> None:
        say(id, Verb.REJECT, reason="Already refunded.")
        answered_at.append(time.monotonic())

    meanwhile(answer)
    assert ruling.handoff is not None
    handoff = client.wait(ruling.handoff, timeout=20)

    assert time.monotonic() - answered_at[0] < 2
    assert handoff.answer is not None and handoff.answer.reason == "Already refunded."


def test_a_waiting_gate_runs_what_was_approved_and_its_run_goes_on(
    client: overread.Client, meanwhile: Meanwhile
) -> None:
    refund, effects = refund_gate(client, jwks=client.jwks())
    mine, other = run(client), run(client)
    before = propose(client, other)
    assert before.handoff is not None
    say(before.handoff.id)

    edited = {**ARGUMENTS, "amount": 300}
    meanwhile(lambda id: say(id, Verb.APPROVE_WITH_EDITS, arguments=edited), number=2)
    assert refund.using(run=mine)(**ARGUMENTS) == "refunded"

    ((done, key),) = effects
    assert done == ("#W5744371", 300, "USD")
    assert key.startswith("ans_")
    assert client.read_run(mine).state == "RUNNING"
    assert client.read_run(other).state == "HUMAN_RESPONDED"
    client.complete_run(mine)


def test_a_rejected_gate_leaves_a_run_that_can_propose_again(
    client: overread.Client, meanwhile: Meanwhile
) -> None:
    refund, effects = refund_gate(client)
    mine = run(client)

    meanwhile(lambda id: say(id, Verb.REJECT, reason="Too late."))
    with pytest.raises(overread.Rejected, match="Too late"):
        refund.using(run=mine)(**ARGUMENTS)

    assert effects == []
    assert propose(client, mine).act == overread.Act.WAIT


def test_a_process_may_exit_and_a_worker_goes_on(client: overread.Client) -> None:
    refund, effects = refund_gate(client, block=False)
    mine = run(client)
    with pytest.raises(overread.Paused) as pause:
        refund.using(run=mine, checkpoint={"step": 3})(**ARGUMENTS)
    answer = say(pause.value.handoff.id)
    checkpoints: list[Any] = []

    def go_on(work: overread.Work) -> None:
        checkpoints.append(work.checkpoint)
        for one in work.answers:
            refund.resume(one)
        work.acknowledge()
        client.complete_run(work.run)
        worker.stop()

    worker = overread.ResumptionWorker(client, ["retail-support"], go_on, name="host-17")
    worker.run()

    assert effects == [(("#W5744371", 312.5, "USD"), answer)]
    assert checkpoints == [{"step": 3}]
    assert Run.objects.get(id=mine.id).state == "COMPLETED"
    assert Proposal.objects.get().outcome == "done"


def test_an_idle_worker_is_woken_by_the_answer(
    client: overread.Client, meanwhile: Meanwhile
) -> None:
    ruling = propose(client, run(client))
    seen: list[float] = []

    def go_on(work: overread.Work) -> None:
        seen.append(time.monotonic())
        worker.stop()

    worker = overread.ResumptionWorker(client, ["retail-support"], go_on)
    answered_at: list[float] = []

    def answer(id: str) -> None:
        say(id)
        answered_at.append(time.monotonic())

    meanwhile(answer)
    worker.run()

    assert ruling.handoff is not None
    assert seen[0] - answered_at[0] < 3


def test_a_stale_approval_is_reviewed_again(client: overread.Client) -> None:
    ruling = propose(client, run(client))
    assert ruling.handoff is not None
    say(ruling.handoff.id)
    turn = client.claim(["retail-support"])
    assert isinstance(turn, overread.Resumption)

    changed = [overread.Change(name="order_status", expected="delivered", found="returned")]
    client.acknowledge_stale(turn, changed)

    again = client.read_handoff(ruling.handoff)
    assert (again.state, again.answer) == ("waiting", None)
    with pytest.raises(overread.StaleLease):
        client.acknowledge(turn)


def test_a_turn_is_kept_released_and_acknowledged_once(client: overread.Client) -> None:
    ruling = propose(client, run(client))
    assert ruling.handoff is not None
    assert not client.claim(["retail-support"])
    say(ruling.handoff.id)

    first = client.claim(["retail-support"], lease_seconds=30)
    assert isinstance(first, overread.Resumption)
    lease = client.heartbeat(first)
    client.release(first)
    second = client.claim(["retail-support"])
    assert isinstance(second, overread.Resumption)
    client.acknowledge(second)

    assert lease is not None and lease.expires_at is not None
    assert (first.id, first.attempt, second.attempt) == (second.id, 1, 2)
    assert first.idempotency_key == second.idempotency_key
    assert Resumption.objects.get().state == "resumed"


def test_a_question_is_asked_answered_and_withdrawn(
    client: overread.Client, ambiguities: None
) -> None:
    opened = client.escalate(run(client), "ambiguity", factories.brief_payload())  # type: ignore[arg-type]
    handoff = Handoff.objects.get(id=opened.id)
    answers.ask_information(
        opened.id,
        round=handoff.round,
        question="Which Kim Li?",
        by=walks.APPROVER,
        now=timezone.now(),
    )

    asked = client.wait(opened)
    told = client.give_information(asked, message="The one in Bern.")
    gone = client.withdraw(told, "The customer called.")

    assert (asked.state, asked.question) == ("needs_information", "Which Kim Li?")
    assert (told.state, gone.state) == ("waiting", "withdrawn")


def test_the_same_key_gives_the_same_ruling_and_another_body_is_refused(
    client: overread.Client,
) -> None:
    mine = run(client)
    first = propose(client, mine)
    keyed = [
        client.propose(mine, "cancel_order", {"order_id": "#1"}, idempotency_key="t/1")
        for _ in range(2)
    ]

    assert keyed[0].id == keyed[1].id != first.id
    assert (keyed[0].replayed, keyed[1].replayed) == (False, True)
    with pytest.raises(overread.IdempotencyMismatch):
        client.propose(mine, "cancel_order", {"order_id": "#2"}, idempotency_key="t/1")


def test_a_batch_and_a_dry_run_are_ruled(client: overread.Client) -> None:
    mine = run(client)

    good, bad = client.propose_batch(
        [
            {"run": mine.id, "action_type": "cancel_order", "arguments": {"order_id": "#1"}},
            {"run": mine.id, "action_type": "fly_to_the_moon", "arguments": {}},
        ]
    )
    body = factories.proposal_payload(mine.id)
    forecast = client.dry_run(
        mine, "refund_order", ARGUMENTS, signals=body["signals"], brief=body["brief"]
    )

    assert good.ruling is not None and good.ruling.act == "proceed"
    assert isinstance(bad.problem, overread.Problem) and bad.status == 422
    assert forecast.act == "wait" and forecast.handoff is not None
    assert Handoff.objects.count() == 0


def test_the_rules_can_be_read(client: overread.Client) -> None:
    assert client.pressure("retail-support").level == "open"
    assert client.governance("retail-support")["rows"]
    assert {rule["id"] for rule in client.risk_tier_map("retail-support")["rules"]} == {
        "large-refund",
        "legal-threat",
    }


def test_refusals_are_named(client: overread.Client, url: str) -> None:
    mine = run(client)

    with pytest.raises(overread.Invalid) as off_schema:
        client.propose(mine, "cancel_order", {"order": "#1"})
    with pytest.raises(overread.NotFound):
        client.read_run("run_00000000000000000000000000")
    with (
        overread.Client(url, "ovr_wrong") as stranger,
        pytest.raises(overread.Unauthorized),
    ):
        stranger.read_run(mine)

    problem = off_schema.value
    assert problem.fields and problem.request_id and problem.code


def test_people_stop_the_work_and_step_in(
    client: overread.Client, shop: factories.Shop, ann: User, mia: User
) -> None:
    mine, hasty = run(client), client.with_deadline(1)
    assert client.standing("retail-support") is None
    presser = stops.Presser(by=actors.person_actor(mia.pk, "manager"), user=mia)
    stop = stops.stop(shop.workflow, reason="It refunds twice", presser=presser, now=timezone.now())

    refund, effects = refund_gate(hasty)
    with pytest.raises(overread.WorkflowStopped) as stopped, overread.running(hasty, mine):
        refund(**ARGUMENTS)
    halt = client.standing("retail-support")
    assert (stopped.value.reason, stopped.value.role) == ("It refunds twice", "manager")
    assert halt == stopped.value.halt and halt is not None and halt.scope == "workflow"

    stops.resume(stop.id, reason="Mended", presser=presser, now=timezone.now())
    paused = interventions.step_in(mine.id, reason="It loops", by=ann, now=timezone.now())
    with pytest.raises(overread.SteppedIn) as held, overread.running(client, mine):
        refund(**ARGUMENTS)
    assert (held.value.reason, held.value.role) == ("It loops", "refund approvers")
    assert client.read_run(mine).stopped == held.value.halt
    assert effects == []

    walks.say(Handoff.objects.get(id=paused.handoff_id), Verb.HAND_BACK)
    turn = client.claim(["retail-support"], run=mine.id)
    assert isinstance(turn, overread.Resumption) and turn.answers[-1].verb == "hand_back"


def test_a_lost_answer_is_asked_for_again_and_nothing_is_done_twice(
    client: overread.Client, url: str, bot_key: str
) -> None:
    class Losing(httpx.HTTPTransport):
        """Loses the first answer of each kind on its way back."""

        def __init__(self) -> None:
            super().__init__()
            self.lost: set[str] = set()

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if request.url.path not in self.lost:
                self.lost.add(request.url.path)
                response.close()
                raise httpx.ReadError("lost on its way back")
            return response

    http = httpx.Client(transport=Losing())
    with overread.Client(url, bot_key, http=http, backoff=overread.Backoff(first=0.01)) as one:
        mine = run(one)
        ruling = propose(one, mine)
        assert ruling.handoff is not None
        say(ruling.handoff.id)
        turn = one.claim(["retail-support"])
        assert isinstance(turn, overread.Resumption)
        one.acknowledge(turn)
        one.complete_run(mine)

    assert (Run.objects.count(), Proposal.objects.count(), Handoff.objects.count()) == (1, 1, 1)
    assert turn.attempt == 1
    assert Run.objects.get().state == "COMPLETED"


def test_the_async_client_speaks_to_it_too(
    client: overread.Client, url: str, bot_key: str, ambiguities: None, meanwhile: Meanwhile
) -> None:
    async def agent() -> overread.Handoff:
        async with overread.AsyncClient(url, bot_key) as client:
            mine = await client.start_run("retail-support", factories.external_id())
            opened = await client.escalate(mine, "ambiguity", factories.brief_payload())  # type: ignore[arg-type]
            return await client.wait(opened, timeout=20)

    meanwhile(lambda id: say(id, Verb.ANSWER, message="The blue one."))
    handoff = asyncio.run(agent())

    assert handoff.answer is not None and handoff.answer.message == "The blue one."
