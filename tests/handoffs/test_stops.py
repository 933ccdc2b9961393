"""A stop lets nothing in and nothing out, in whichever order it meets the rest."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from handoffs import (
    actors,
    answers,
    clocks,
    intake,
    ladder,
    release,
    resumptions,
    runs,
    standstill,
    stepping_in,
    stops,
)
from handoffs.answers import Said
from handoffs.errors import (
    AlreadyStopped,
    NotStopped,
    ReasonMissing,
    StandsStill,
    WorkflowStopped,
)
from handoffs.models import (
    Answer,
    AuditEntry,
    Checkpoint,
    Handoff,
    HeldAnswer,
    InformationRequest,
    OutboxMessage,
    Proposal,
    Resumption,
    Run,
    Rung,
    Stop,
    StopMet,
    WebhookEndpoint,
)
from handoffs.states import Verb
from tests import factories, walks
from tests.reviews.racing import Racer, all_at_once
from tests.reviews.waiting import put

now = timezone.now
MANAGER = actors.person_actor(7, "manager")
PRESSER = stops.Presser(by=MANAGER)


def stop(workflow=None, **changes) -> Stop:
    asked = {"reason": "It refunds twice", "presser": PRESSER} | changes
    return stops.stop(workflow, now=now(), **asked)


def go_on(stopped: Stop, **changes) -> Stop:
    asked = {"reason": "Mended", "presser": PRESSER} | changes
    return stops.resume(stopped.id, now=now(), **asked)


def long_ago(stopped: Stop, **ago) -> Stop:
    Stop.objects.filter(id=stopped.id).update(stopped_at=now() - timedelta(**ago))
    stopped.refresh_from_db()
    return stopped


@pytest.fixture
def handoff(shop, bot, bot_key) -> Handoff:
    return walks.waiting(shop, bot, bot_key)


@pytest.fixture
def turn(shop, bot, handoff):
    walks.say(handoff)
    lease = walks.lease(shop, bot)
    assert lease is not None
    return lease


SCOPES = {"workflow": lambda shop: shop.workflow, "everywhere": lambda shop: None}


@pytest.mark.django_db
@pytest.mark.parametrize("scope", SCOPES)
class TestWhileItStands:
    def test_nothing_is_proposed(self, scope, shop, bot, bot_key):
        run = walks.start_run(shop, bot)
        stop(SCOPES[scope](shop))

        with pytest.raises(WorkflowStopped) as refused:
            walks.propose(bot_key, run)

        assert "It refunds twice." in refused.value.message
        assert 30 <= refused.value.retry_after <= 45
        assert not Proposal.objects.exists()

    def test_no_run_is_started(self, scope, shop, bot):
        stop(SCOPES[scope](shop))

        with pytest.raises(WorkflowStopped), transaction.atomic():
            walks.start_run(shop, bot)

        assert not Run.objects.exists()

    def test_no_answer_is_told(self, scope, shop, handoff):
        stop(SCOPES[scope](shop))

        with pytest.raises(StandsStill):
            walks.say(handoff)

        assert not Answer.objects.exists()

    def test_what_was_decided_before_is_told_after(self, scope, shop, handoff):
        decide(handoff)
        stopped = stop(SCOPES[scope](shop))
        window_ends()

        assert release.release_due(now=now()) == 0
        go_on(stopped)

        assert release.release_due(now=now()) == 1
        assert Answer.objects.get().verb == "approve"

    def test_no_turn_is_given(self, scope, shop, bot, handoff):
        walks.say(handoff)
        stopped = stop(SCOPES[scope](shop))

        with pytest.raises(WorkflowStopped):
            walks.lease(shop, bot)

        go_on(stopped)
        assert walks.lease(shop, bot) is not None

    def test_whoever_has_a_turn_may_not_go_on_with_it(self, scope, shop, turn):
        stop(SCOPES[scope](shop))
        mine = {"token": turn.token, "by": MANAGER, "now": now()}

        for going_on in (resumptions.acknowledge_resumed, resumptions.heartbeat):
            with pytest.raises(WorkflowStopped):
                going_on(turn.resumption.id, **mine)
        resumptions.release(turn.resumption.id, **mine)

        assert Resumption.objects.get().state == "ready"

    def test_time_does_not_pass_for_those_who_are_asked(self, scope, shop, handoff):
        left = timedelta(minutes=10)
        due_in(left - timedelta(hours=2))
        stopped = long_ago(stop(SCOPES[scope](shop)), hours=2)

        assert ladder.fire_overdue() == 0
        go_on(stopped)

        handoff.refresh_from_db()
        assert abs(handoff.deadline_at - now() - left) < timedelta(seconds=2)
        assert ladder.fire_overdue() == 0


def due_in(time: timedelta) -> None:
    """Let what is asked have begun nine hours ago, so that it is due then."""
    begun = timedelta(hours=9)
    Handoff.objects.update(
        counted_from=now() - begun,
        counted_seconds=int((begun + time).total_seconds()),
        deadline_at=now() + time,
        urgent_at=now() + time - timedelta(minutes=1),
        next_at=now() + time,
        next_rung="deadline",
        urgent_since=now() - begun,
    )


def decide(handoff: Handoff, verb: Verb = Verb.APPROVE, **changes) -> None:
    if verb is Verb.APPROVE:
        changes = {"arguments": factories.proposal_payload("")["arguments"]}
    release.settle(
        handoff.id,
        round=handoff.round,
        said=Said(verb=verb, **changes),
        by=walks.APPROVER,
        seconds=600,
        now=now(),
    )


def window_ends() -> None:
    HeldAnswer.objects.update(release_at=now() - timedelta(minutes=5))


@pytest.mark.django_db
class TestSafeState:
    def test_other_workflows_go_on(self, shop, bot, bot_key):
        other = factories.launch_shop(slug="payments")
        run = walks.start_run(other, bot)
        stop(shop.workflow)

        assert walks.propose(bot_key, run).status == 201

    def test_an_agent_may_still_keep_its_state_and_say_how_it_ended(self, shop, bot):
        run, other = walks.start_run(shop, bot), walks.start_run(shop, bot)
        stop(shop.workflow)

        runs.save_checkpoint(run.id, body="{}", if_match=None, by=MANAGER, now=now())
        runs.fail(run.id, error="cut off", partial=None, next_step="", by=MANAGER, now=now())
        runs.complete(other.id, output=None, by=MANAGER, now=now())

        assert Checkpoint.objects.exists()
        assert Run.objects.get(id=run.id).state == "FAILED"
        assert Run.objects.get(id=other.id).state == "COMPLETED"

    def test_how_it_ended_may_open_a_question_for_later(self, shop, bot):
        factories.MatrixRowFactory(
            workflow=shop.workflow, kind="recovery", role=shop.team, queue=shop.queue
        )
        run = walks.start_run(shop, bot)
        stop(shop.workflow)

        runs.fail(run.id, error="cut off", partial=None, next_step="", by=MANAGER, now=now())

        assert Handoff.objects.get().kind == "recovery"

    @pytest.mark.parametrize("verb", [Verb.STOP, Verb.TAKE_OVER])
    def test_a_person_may_end_a_run(self, shop, handoff, verb):
        stop(shop.workflow)

        walks.say(handoff, verb, message="Done by hand")

        assert Run.objects.get().state == "FAILED"

    def test_an_end_that_was_held_back_is_told(self, shop, handoff):
        decide(handoff, Verb.TAKE_OVER, message="Mine")
        stop(shop.workflow)
        window_ends()

        assert release.release_due(now=now()) == 1

    def test_an_answer_given_before_is_not_told_again(self, shop, bot, bot_key, agent):
        run = walks.start_run(shop, bot)
        payload = factories.small_proposal_payload(run.id)
        agent.post("/proposals", payload, **{"Idempotency-Key": "once"})
        stopped = stop(shop.workflow)

        refused = agent.post("/proposals", payload, **{"Idempotency-Key": "once"})
        go_on(stopped)
        again = agent.post("/proposals", payload, **{"Idempotency-Key": "once"})

        assert refused.status_code == 503
        assert again.status_code == 200 and again["Idempotent-Replay"] == "true"


@pytest.mark.django_db
class TestTime:
    def test_what_becomes_urgent_meanwhile_does_so_after(self, shop, handoff):
        due_in(timedelta(minutes=30) - timedelta(hours=2))
        Handoff.objects.update(urgent_since=None, next_rung="urgent", next_at=now())
        stopped = long_ago(stop(shop.workflow), hours=2)

        assert ladder.fire_overdue() == 0
        go_on(stopped)

        handoff.refresh_from_db()
        assert handoff.urgent_since is None and handoff.next_rung == "urgent"
        assert handoff.next_at > now()

    def test_an_agent_that_was_asked_has_as_long_as_before(self, shop, handoff):
        answers.ask_information(handoff.id, round=1, question="When?", by=walks.APPROVER, now=now())
        InformationRequest.objects.update(asked_at=now() - timedelta(hours=1))
        Handoff.objects.update(next_at=now() - timedelta(minutes=5))
        stopped = long_ago(stop(shop.workflow), minutes=20)

        assert ladder.fire_overdue() == 0
        go_on(stopped)

        left = Handoff.objects.get().next_at - now()
        assert abs(left - timedelta(minutes=15)) < timedelta(seconds=2)

    def test_what_was_done_already_is_looked_at_all_the_same(self, shop, handoff):
        Handoff.objects.update(tier="autonomous")
        due_in(-timedelta(minutes=1))
        stop(shop.workflow)

        assert ladder.fire_overdue() == 1


@pytest.mark.django_db
class TestCost:
    def statements(self, act) -> int:
        with CaptureQueriesContext(connection) as seen:
            act()
        return len(seen)

    def test_it_costs_the_same_whatever_waits(self, shop, bot):
        def cost() -> list[int]:
            kept: list[Stop] = []
            stopping = self.statements(lambda: kept.append(stop(shop.workflow)))
            return [stopping, self.statements(lambda: go_on(kept[0]))]

        put(shop, bot)
        cost()
        few = cost()
        for _ in range(12):
            put(shop, bot)

        assert cost() == few

    def test_of_many_each_has_the_time_that_it_would_have_alone(self, shop, bot):
        each = [put(shop, bot, due_in=number * 1800) for number in range(1, 7)]
        held = stepping_in.step_in(each[3].run_id, reason="Loops", by=MANAGER, now=now())
        walks.say(Handoff.objects.get(id=held), Verb.HAND_BACK)
        Handoff.objects.filter(id=held).update(opened_at=now() - timedelta(hours=2))
        stopped = long_ago(stop(shop.workflow), hours=1)
        for number, one in enumerate(each):
            began = now() - timedelta(hours=number)
            Handoff.objects.filter(id=one.id).update(counted_from=began, opened_at=began)
        asked = each[1]
        InformationRequest.objects.create(
            handoff=asked,
            message="Which?",
            asked_at=now() - timedelta(minutes=40),
            answered_at=now() - timedelta(minutes=10),
        )
        late = each[2]
        Handoff.objects.filter(id=late.id).update(urgent_since=now())
        Rung.objects.create(
            handoff=late, round=1, level=1, rung="deadline", due_at=now(), outcome="held"
        )

        go_on(stopped)

        for one in Handoff.objects.filter(state="waiting"):
            alone = clocks.go_on(one)
            assert {name: getattr(one, name) for name in alone} == alone
        ends = dict(Handoff.objects.filter(state="waiting").values_list("id", "next_rung"))
        assert ends.pop(late.id) == "review" and "review" not in ends.values()


@pytest.mark.django_db
class TestButton:
    def test_it_takes_a_reason(self, shop):
        for blank in ("", "  \n\x00"):
            with pytest.raises(ReasonMissing):
                stop(shop.workflow, reason=blank)

    def test_it_is_pressed_once(self, shop):
        stop(shop.workflow)

        with pytest.raises(AlreadyStopped):
            stop(shop.workflow)

        assert Stop.objects.count() == 1

    def test_one_workflow_and_everything_are_let_go_apart(self, shop, bot):
        one, all = stop(shop.workflow), stop(None)

        go_on(all)
        with pytest.raises(WorkflowStopped), transaction.atomic():
            walks.start_run(shop, bot)
        go_on(one)

        assert walks.start_run(shop, bot).state == "RUNNING"

    def test_going_on_takes_a_reason_and_happens_once(self, shop):
        stopped = stop(shop.workflow)

        with pytest.raises(ReasonMissing):
            go_on(stopped, reason=" ")
        ended = go_on(stopped)
        with pytest.raises(NotStopped):
            go_on(stopped)

        assert (ended.end_reason, ended.ended_role) == ("Mended", "manager")

    def test_who_and_why_is_in_the_log(self, shop, mia):
        by = stops.Presser(by=actors.person_actor(mia.pk, "manager"), user=mia)
        stopped = stop(shop.workflow, presser=by)
        go_on(stopped, presser=by)

        entries = AuditEntry.objects.filter(action__in=["workflow.stopped", "workflow.resumed"])
        assert [one.actor for one in entries.order_by("id")] == [f"user {mia.pk}"] * 2
        assert b"It refunds twice" in bytes(entries.order_by("id")[0].body)
        assert stopped.stopped_by == mia

    def test_time_that_several_stops_took_is_given_back_once(self, shop, handoff):
        due_in(-timedelta(hours=1))
        one = long_ago(stop(shop.workflow), hours=3)
        all = long_ago(stop(None), hours=2)

        go_on(one)
        assert Handoff.objects.get().deadline_at < now()
        go_on(all)

        due = Handoff.objects.get().deadline_at
        assert abs(due - now() - timedelta(hours=2)) < timedelta(seconds=2)

    def test_its_owner_is_told_and_reminded(self, shop, mia, olga):
        shop.workflow.owner = olga
        shop.workflow.save()

        stopped = stop(shop.workflow, presser=stops.Presser(by=MANAGER, user=mia))
        assert stops.remind(now=now()) == 0
        long_ago(stopped, days=2)
        assert [stops.remind(now=now()), stops.remind(now=now())] == [1, 0]

        mails = OutboxMessage.objects.filter(mail_to=olga.email).order_by("created_at", "id")
        assert [mail.event for mail in mails] == ["workflow.stopped", "workflow.still_stopped"]
        assert "Mia (manager)" in mails[0].payload["text"]


@pytest.mark.django_db
class TestAgentsAreTold:
    @pytest.fixture
    def endpoint(self, bot, bot_key):
        return WebhookEndpoint.objects.create(
            client=bot, url="https://agent.example/hook", secret="whsec_x"
        )

    def test_by_webhook_who_and_why(self, shop, endpoint):
        go_on(stop(shop.workflow))

        told = {one.event: one.payload for one in OutboxMessage.objects.filter(endpoint=endpoint)}
        assert told["workflow.stopped"] == {
            "stop": Stop.objects.get().id,
            "scope": "workflow",
            "workflow": "retail-support",
            "reason": "It refunds twice",
            "by": {"kind": "person", "role": "manager"},
            "drill": False,
        }
        assert told["workflow.resumed"]["reason"] == "Mended"

    def test_only_those_who_work_there(self, shop, endpoint):
        other = factories.launch_shop(slug="payments")
        endpoint.client.keys.update(workflows=["retail-support"])

        stop(other.workflow)

        assert not OutboxMessage.objects.exists()

    def test_by_the_next_call(self, shop, bot, agent):
        run = walks.start_run(shop, bot)
        stop(shop.workflow)

        refused = agent.post("/proposals", factories.proposal_payload(run.id))
        agent.post("/proposals", factories.proposal_payload(run.id))

        assert refused.status_code == 503
        assert refused.json()["code"] == "workflow_stopped"
        assert refused.json()["stopped"]["reason"] == "It refunds twice"
        assert refused.json()["stopped"]["by"] == {"kind": "person", "name": "manager"}
        assert int(refused["Retry-After"]) >= 30
        met = StopMet.objects.get()
        assert (met.client, met.times) == (bot, 2)

    @pytest.mark.parametrize(
        "path", ["/runs", "/proposals", "/proposals/dry-run", "/handoffs", "/resumptions/claim"]
    )
    def test_wherever_it_calls(self, shop, bot, agent, path):
        run = walks.start_run(shop, bot)
        stop(shop.workflow)
        bodies = {
            "/runs": factories.run_payload(),
            "/handoffs": {
                "run": run.id, "kind": "exception", "brief": factories.brief_payload()
            },
            "/resumptions/claim": {"workflows": ["retail-support"], "worker": "one"},
        }  # fmt: skip

        refused = agent.post(path, bodies.get(path, factories.proposal_payload(run.id)))

        assert (refused.status_code, refused.json()["code"]) == (503, "workflow_stopped")

    def test_a_worker_of_several_workflows_gets_those_that_go_on(self, shop, bot, agent):
        factories.launch_shop(slug="payments")
        stop(shop.workflow)

        nothing = agent.post(
            "/resumptions/claim", {"workflows": ["retail-support", "payments"], "worker": "one"}
        )

        assert nothing.status_code == 204


@pytest.mark.django_db
class TestDrill:
    def test_it_stops_and_ends_by_itself(self, shop, bot, handoff):
        stopped = stop(shop.workflow, drill_seconds=30)
        with pytest.raises(WorkflowStopped) as refused, transaction.atomic():
            walks.start_run(shop, bot)
        assert refused.value.retry_after <= 46

        assert stops.tend(now=now()) == 0
        Stop.objects.update(ends_by_itself_at=now())
        assert stops.tend(now=now()) == 1

        stopped.refresh_from_db()
        assert stopped.end_reason == stops.DRILL_OVER
        assert walks.start_run(shop, bot).state == "RUNNING"

    def test_a_stop_in_earnest_takes_its_place(self, shop):
        drill = stop(shop.workflow, drill_seconds=30)

        stop(shop.workflow)
        Stop.objects.filter(drill=True).update(ends_by_itself_at=now())
        stops.tend(now=now())

        drill.refresh_from_db()
        assert drill.ended_at is not None
        assert standstill.over(shop.workflow.pk).drill is False

    def test_a_drill_takes_no_ones_place(self, shop):
        stop(shop.workflow)

        with pytest.raises(AlreadyStopped):
            stop(shop.workflow, drill_seconds=30)


@pytest.mark.slow
class TestRaces:
    """Both orders on real connections: what is stopped has let nothing through unseen."""

    def test_a_proposal_under_way_is_waited_for(self, committed_db, shop, bot, bot_key):
        run = walks.start_run(shop, bot)

        with transaction.atomic():
            walks.propose(bot_key, run)
            presser = Racer(lambda: stop(shop.workflow))
            wait_for(lambda: Stop.objects.using("default").exists())
            presser.thread.join(0.1)
            assert presser.thread.is_alive(), "it did not wait for what was under way"

        stopped = presser.done()
        assert stopped.settled_at is not None
        assert Handoff.objects.get().state == "waiting"

    def test_a_proposal_that_looked_before_is_refused_after(self, committed_db, shop, bot, bot_key):
        run = walks.start_run(shop, bot)
        door = walks.look(bot_key, run)
        stop(shop.workflow)

        with pytest.raises(WorkflowStopped):
            intake.propose(door, walks.proposed(run), keyed=None)

        assert not Proposal.objects.exists()

    def test_nothing_gets_in_once_it_is_settled(self, committed_db, shop, bot, bot_key):
        agents = [walks.start_run(shop, bot) for _ in range(4)]
        ready, over = threading.Barrier(5), threading.Event()

        def hammer(run: Run) -> int:
            ready.wait(10)
            got_in = 0
            while not over.is_set():
                try:
                    walks.propose(
                        bot_key, run, action_type="cancel_order", arguments={"order_id": "1"}
                    )
                    got_in += 1
                except WorkflowStopped:
                    continue
            return got_in

        racers = [Racer(lambda run=run: hammer(run)) for run in agents]
        ready.wait(10)
        wait_for(lambda: Proposal.objects.count() > 4)
        stop(shop.workflow)
        then = Proposal.objects.count()
        over.wait(0.3)
        over.set()

        assert sum(racer.done() for racer in racers) == then == Proposal.objects.count()

    def test_an_answer_under_way_is_waited_for(self, committed_db, shop, handoff):
        with transaction.atomic():
            walks.say(handoff)
            presser = Racer(lambda: stop(shop.workflow))
            wait_for(lambda: Stop.objects.exists())
            presser.thread.join(0.1)
            assert presser.thread.is_alive()

        assert presser.done().settled_at is not None
        assert Answer.objects.exists()

    def test_an_answer_that_comes_after_is_refused(self, committed_db, shop, handoff):
        with transaction.atomic():
            runs.moves.lock_run(handoff.run_id)
            late = Racer(lambda: walks.say(handoff))
            late.wait_until_blocked()
            stopped = Racer(
                lambda: stops.stop(shop.workflow, reason="x", presser=PRESSER, now=now())
            )
            wait_for(lambda: Stop.objects.exists())

        assert isinstance(late.done(), StandsStill)
        assert stopped.done().settled_at is not None
        assert not Answer.objects.exists()

    def test_an_acknowledgement_under_way_is_waited_for(self, committed_db, shop, turn):
        with transaction.atomic():
            acknowledge(turn)
            presser = Racer(lambda: stop(shop.workflow))
            wait_for(lambda: Stop.objects.exists())
            presser.thread.join(0.1)
            assert presser.thread.is_alive()

        assert presser.done().settled_at is not None
        assert Run.objects.get().state == "RUNNING"

    def test_an_acknowledgement_that_comes_after_is_refused(self, committed_db, shop, turn):
        with transaction.atomic():
            runs.moves.lock_run(turn.resumption.run_id)
            late = Racer(lambda: acknowledge(turn))
            late.wait_until_blocked()
            stopped = Racer(lambda: stop(shop.workflow))
            wait_for(lambda: Stop.objects.exists())

        assert isinstance(late.done(), WorkflowStopped)
        assert stopped.done().settled_at is not None
        assert Run.objects.get().state == "RESUMING"

    def test_two_press_at_once(self, committed_db, shop):
        racers = all_at_once([lambda: stop(shop.workflow)] * 3)

        refused = [one.result for one in racers if isinstance(one.result, AlreadyStopped)]
        assert len(refused) == 2
        assert Stop.objects.count() == 1

    def test_two_let_it_go_on_at_once(self, committed_db, shop, handoff):
        stopped = stop(shop.workflow)

        racers = all_at_once([lambda: go_on(stopped)] * 3)

        assert sum(isinstance(one.result, NotStopped) for one in racers) == 2
        assert AuditEntry.objects.filter(action="workflow.resumed").count() == 1

    def test_what_does_not_end_does_not_hold_the_button(self, committed_db, shop, monkeypatch):
        monkeypatch.setattr(stops, "PATIENCE_SECONDS", 0.05)
        with transaction.atomic():
            Run.objects.count()
            stopped = Racer(lambda: stop(shop.workflow)).done()
            assert stopped.settled_at is None and stopped.under_way

        assert stops.tend(now=now()) == 1
        stopped.refresh_from_db()
        assert stopped.settled_at is not None


def acknowledge(turn) -> Run:
    return resumptions.acknowledge_resumed(
        turn.resumption.id, token=turn.token, by=MANAGER, now=now()
    )


def wait_for(there) -> None:
    until = now() + timedelta(seconds=10)
    while not there():
        assert now() < until, "it never came"
