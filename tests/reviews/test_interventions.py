"""A person stops a run, or pauses it and says how it goes on, though it had not asked for them."""

import html
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from handoffs import answers, ladder, resumptions, runs, stepping_in, stops
from handoffs.actors import SYSTEM, person_actor
from handoffs.errors import (
    AlreadySteppedIn,
    IllegalTransition,
    ReasonMissing,
    StaleLease,
    StandsStill,
    SteppedIn,
)
from handoffs.models import (
    Answer,
    AuditEntry,
    Handoff,
    OutboxMessage,
    Proposal,
    Resumption,
    Run,
    WebhookEndpoint,
)
from handoffs.states import Verb
from reviews import claims, interventions
from reviews.errors import MayNotIntervene
from reviews.models import Claim
from tests import factories, walks
from tests.reviews.racing import Racer, all_at_once
from tests.reviews.waiting import put

now = timezone.now


def step_in(run: Run, by: User, reason: str = "It goes in circles"):
    return interventions.step_in(run.id, reason=reason, by=by, now=now())


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def text(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


@pytest.fixture
def run(shop, bot) -> Run:
    return walks.start_run(shop, bot)


@pytest.fixture
def held(run, ann) -> Handoff:
    return Handoff.objects.get(id=step_in(run, ann).handoff_id)


def end(handoff: Handoff, verb: Verb, **said: Any) -> None:
    walks.say(handoff, verb, **said)


@pytest.mark.django_db
class TestPageOfThePause:
    def test_it_says_that_a_person_paused_it_and_not_the_agent(self, held, ann):
        shown = text(signed_in(ann).get(f"/handoffs/{held.id}"))

        assert "A person paused the run" in shown and "Why it is paused" in shown
        assert "In the words of whoever paused it" in shown and "It goes in circles" in shown
        assert "What the agent did" not in shown and "In its words" not in shown

    def test_the_run_says_who_has_it_and_why(self, held, run, ann):
        shown = text(signed_in(ann).get(f"/runs/{run.id}"))

        assert "The refund approvers have it since" in shown and "It goes in circles" in shown


@pytest.mark.django_db
class TestWhatElseItAsks:
    """Nothing of a paused run comes to anybody, but for what it was paused by."""

    @pytest.fixture
    def asked(self, shop, bot, bot_key, mia) -> Handoff:
        asked = walks.waiting(shop, bot, bot_key)
        interventions.step_in(asked.run_id, reason="It goes in circles", by=mia, now=now())
        return asked

    def test_it_is_not_taken_next(self, asked, ann, ben):
        first = claims.take_next(by=ann, now=now())

        assert first is not None and first.handoff_id != asked.id
        assert claims.take_next(by=ben, now=now()) is None

    def test_nor_by_turns(self, asked, ann, shop, bot):
        Handoff.objects.exclude(id=asked.id).update(queue=shop.leads_queue)
        other = factories.launch_shop(slug="other", team=shop.team)
        put(other, bot, queue=shop.queue, role=shop.team, due_in=90_000)
        put(other, bot, queue=shop.queue, role=shop.team, due_in=90_000)

        taken = []
        while claim := claims.take_next(by=ann, now=now()):
            taken.append(claim.handoff_id)
            Claim.objects.update(kept_until=now() + timedelta(hours=1))
        assert len(taken) == 2 and asked.id not in taken

    def test_whoever_picks_it_is_told_why_not(self, asked, ann):
        with pytest.raises(StandsStill, match="Somebody has stepped into this run"):
            claims.pick(asked.id, by=ann, now=now())

    def test_nor_is_what_people_stopped(self, shop, bot, bot_key, ann):
        asked = walks.waiting(shop, bot, bot_key)
        presser = stops.Presser(by=person_actor(7, "manager"))
        stops.stop(shop.workflow, reason="It refunds twice", presser=presser, now=now())

        assert claims.take_next(by=ann, now=now()) is None
        with pytest.raises(StandsStill, match="It refunds twice"):
            claims.pick(asked.id, by=ann, now=now())
        assert "stopped" in text(signed_in(ann).get("/queues/refunds"))

    def test_its_queue_says_so(self, asked, ann):
        shown = text(signed_in(ann).get("/queues/refunds"))

        assert shown.count("its time stands still") == 1
        assert shown.count("paused by a person") == 1
        assert shown.count("Take this") == 1

    def test_it_is_taken_again_when_the_run_goes_on(self, asked, ann):
        held = Handoff.objects.get(stepped_in=True)
        claims.take_next(by=ann, now=now())
        walks.say(held, Verb.HAND_BACK)

        claim = claims.take_next(by=ann, now=now())
        assert claim is not None and claim.handoff_id == asked.id


@pytest.mark.django_db
class TestSteppingIn:
    def test_it_pauses_the_run_and_whoever_decides_has_it(self, run, ann):
        paused = step_in(run, ann)

        run.refresh_from_db()
        handoff = Handoff.objects.get()
        assert (run.state, run.cause, run.open_blocking) == (
            "PAUSED_PENDING_HUMAN", "stepped_in", 1
        )  # fmt: skip
        assert paused.mine and Claim.objects.get().reviewer == ann
        assert (handoff.kind, handoff.stepped_in) == ("takeover", True)
        assert handoff.briefs.get().body["summary"] == "It goes in circles"

    def test_a_manager_pauses_and_the_team_has_it(self, run, mia):
        assert step_in(run, mia).mine is False

        assert not Claim.objects.exists()
        assert Handoff.objects.get().role.name == "refund approvers"

    def test_the_agent_may_do_nothing_more(self, run, held, bot_key):
        with pytest.raises(SteppedIn) as refused:
            walks.propose(bot_key, run, action_type="cancel_order", arguments={"order_id": "1"})

        assert refused.value.status == 503 and refused.value.retry_after >= 30
        assert not Proposal.objects.exists()

    def test_nor_by_an_answer_it_had_before(self, run, ann, agent):
        payload = factories.small_proposal_payload(run.id)
        first = agent.post("/proposals", payload, **{"Idempotency-Key": "once"})
        step_in(run, ann)

        again = agent.post("/proposals", payload, **{"Idempotency-Key": "once"})

        assert (first.status_code, again.status_code) == (200, 503)
        told = again.json()
        assert told["code"] == "stepped_in" and int(again["Retry-After"]) >= 30
        assert (told["stopped"]["scope"], told["stopped"]["reason"]) == (
            "run",
            "It goes in circles",
        )
        assert told["stopped"]["by"] == {"kind": "person", "name": "refund approvers"}

    def test_it_is_told(self, run, ann, agent, bot):
        WebhookEndpoint.objects.create(client=bot, url="https://a.example/", secret="whsec_x")
        step_in(run, ann)

        told = OutboxMessage.objects.get(event="run.state_changed").payload
        seen = agent.get(f"/runs/{run.id}").json()
        assert (told["state"], told["cause"]) == ("PAUSED_PENDING_HUMAN", "stepped_in")
        assert seen["stopped"]["scope"] == "run"
        assert seen["stopped"]["reason"] == "It goes in circles"
        assert seen["stopped"]["by"] == {"kind": "person", "name": "refund approvers"}

    def test_what_else_it_asks_waits(self, shop, bot, bot_key, ann):
        asked = walks.waiting(shop, bot, bot_key)
        step_in(asked.run, ann)

        with pytest.raises(StandsStill):
            walks.say(asked)

        assert not Answer.objects.exists()

    def test_no_fallback_answers_meanwhile(self, shop, bot, bot_key, ann):
        asked = walks.waiting(shop, bot, bot_key)
        held = Handoff.objects.get(id=step_in(asked.run, ann).handoff_id)
        over = now() - timedelta(minutes=1)
        begun = {"counted_from": over - timedelta(hours=1), "counted_seconds": 3600}
        Handoff.objects.filter(id=asked.id).update(deadline_at=over, next_at=over, **begun)
        Handoff.objects.filter(id=held.id).update(opened_at=over - timedelta(minutes=10))

        assert ladder.fire_overdue() == 0
        held.refresh_from_db()
        end(held, Verb.HAND_BACK)

        asked.refresh_from_db()
        left = asked.deadline_at - now()
        assert timedelta(minutes=9) < left < timedelta(minutes=11)

    def test_the_agent_cannot_take_it_back(self, held, agent):
        assert agent.post(f"/handoffs/{held.id}/withdraw", {"reason": "x"}).status_code == 409

    def test_twice_is_once(self, run, held, ben):
        with pytest.raises(AlreadySteppedIn):
            step_in(run, ben)

    def test_it_takes_a_reason_and_a_run(self, run, ann):
        with pytest.raises(ReasonMissing):
            step_in(run, ann, " ")
        runs.stop(run.id, reason="x", by=SYSTEM, now=now())
        with pytest.raises(IllegalTransition):
            step_in(run, ann)

    def test_also_while_its_workflow_is_stopped(self, shop, run, ann):
        by = stops.Presser(by=SYSTEM)
        stops.stop(shop.workflow, reason="x", presser=by, now=now())

        handoff = Handoff.objects.get(id=step_in(run, ann).handoff_id)
        with pytest.raises(StandsStill):
            end(handoff, Verb.HAND_BACK)
        end(handoff, Verb.TAKE_OVER)

        assert Run.objects.get().state == "FAILED"


@pytest.mark.django_db
class TestHowItGoesOn:
    def test_by_a_new_instruction(self, shop, bot, held):
        end(held, Verb.REDIRECT, message="Ask for the order number first")

        lease = walks.lease(shop, bot)
        assert lease is not None
        (carried,) = resumptions.carried(lease.resumption)
        assert carried.answers.get().message == "Ask for the order number first"

    def test_as_it_was(self, shop, run, bot, held, bot_key):
        end(held, Verb.HAND_BACK)
        lease = walks.lease(shop, bot)
        assert lease is not None
        resumptions.acknowledge_resumed(
            lease.resumption.id, token=lease.token, by=SYSTEM, now=now()
        )

        assert walks.propose(bot_key, run).status == 201

    def test_by_hand(self, run, held):
        end(held, Verb.TAKE_OVER)

        run.refresh_from_db()
        assert (run.state, run.cause) == ("FAILED", "transferred")

    @pytest.mark.parametrize("leased", [False, True])
    def test_a_turn_that_nobody_has_used_is_taken_back(self, shop, bot, bot_key, ann, leased):
        asked = walks.waiting(shop, bot, bot_key)
        walks.say(asked)
        lease = walks.lease(shop, bot) if leased else None

        held = Handoff.objects.get(id=step_in(asked.run, ann).handoff_id)
        assert Resumption.objects.get().state == "cancelled"
        if lease:
            with pytest.raises(StaleLease):
                resumptions.acknowledge_resumed(
                    lease.resumption.id, token=lease.token, by=SYSTEM, now=now()
                )
        end(held, Verb.HAND_BACK)

        fresh = walks.lease(shop, bot)
        assert fresh is not None
        verbs = {one.answers.get().verb for one in resumptions.carried(fresh.resumption)}
        assert verbs == {"approve", "hand_back"}


@pytest.mark.django_db
class TestWho:
    def test_who_has_nothing_to_do_with_it_does_not_see_it(self, run, shop):
        team = factories.make_team("others")
        stranger = factories.UserFactory(roles=[Role.REVIEWER], groups=[team])

        assert signed_in(stranger).get(f"/runs/{run.id}").status_code == 404
        assert signed_in(stranger).post(f"/runs/{run.id}/stop", {"reason": "x"}).status_code == 404
        assert Run.objects.get().state == "RUNNING"

    def test_who_reads_it_may_not_stop_it_by_that(self, run, olga):
        page = signed_in(olga).get(f"/runs/{run.id}")

        assert page.status_code == 200 and "Step in" not in text(page)
        with pytest.raises(MayNotIntervene):
            interventions.stop(run.id, reason="x", by=olga, now=now())

    def test_who_decides_in_it_stops_it(self, shop, bot, bot_key, ann):
        asked = walks.waiting(shop, bot, bot_key)

        page = signed_in(ann).post(f"/runs/{asked.run_id}/stop", {"reason": "Enough"}, follow=True)

        assert "The run is stopped." in text(page)
        assert Run.objects.get().cause == "stopped"
        entry = AuditEntry.objects.get(action="run.stopped")
        assert entry.actor == f"user {ann.pk}"
        assert json.loads(bytes(entry.body))["reason"] == "Enough"


@pytest.mark.django_db
class TestPage:
    def test_it_tells_where_the_run_is_and_how_it_came_there(self, shop, bot, bot_key, ann):
        asked = walks.waiting(shop, bot, bot_key)

        page = text(signed_in(ann).get(f"/runs/{asked.run_id}"))

        assert asked.run.external_id in page
        assert "Waits for a person" in page
        assert f'href="/handoffs/{asked.id}"' in page
        assert "started by bot" in page and "bot asked a person" in page
        assert "version 1, stored" in page

    def test_a_handoff_leads_to_it(self, shop, bot, bot_key, ann):
        asked = walks.waiting(shop, bot, bot_key)

        assert f'href="/runs/{asked.run_id}"' in text(signed_in(ann).get(f"/handoffs/{asked.id}"))

    def test_stepping_in_leads_to_saying_how_it_goes_on(self, run, ann):
        browser = signed_in(ann)
        page = text(
            browser.post(f"/runs/{run.id}/step-in", {"reason": "It goes in circles"}, follow=True)
        )

        assert "The run is paused, and you have it." in page
        assert "Hand it back to the agent" in page
        assert "Give the agent a new instruction" in page
        again = text(browser.get(f"/runs/{run.id}"))
        assert "A person has stepped in" in again and "Pause it and say" not in again

    def test_a_refusal_keeps_what_was_typed(self, run, held, mia):
        refused = signed_in(mia).post(f"/runs/{run.id}/step-in", {"reason": "Mine"})
        blank = signed_in(mia).post(f"/runs/{run.id}/stop", {"reason": " "})

        assert (refused.status_code, blank.status_code) == (409, 422)
        assert "Somebody has stepped into this run already." in text(refused)
        assert "The reason is missing." in text(blank)

    def test_a_run_that_has_ended_has_no_buttons(self, run, ann):
        runs.stop(run.id, reason="x", by=SYSTEM, now=now())
        browser = signed_in(ann)

        assert "Stop the run" not in text(browser.get(f"/runs/{run.id}"))
        assert browser.post(f"/runs/{run.id}/stop", {"reason": "again"}).status_code == 409

    def test_what_an_agent_wrote_is_text(self, shop, bot, ann):
        run = walks.start_run(shop, bot, external_id="<b>x</b>\u202e")

        page = signed_in(ann).get(f"/runs/{run.id}").content.decode()

        assert "<b>x</b>" not in page and "\u202e" not in page


@pytest.mark.slow
class TestRaces:
    def test_a_proposal_that_comes_second_is_refused(self, committed_db, run, ann, bot_key):
        with transaction.atomic():
            stepping_in.step_in(run.id, reason="x", by=person_actor(ann.pk, "a"), now=now())
            late = Racer(
                lambda: walks.propose(
                    bot_key, run, action_type="cancel_order", arguments={"order_id": "1"}
                )
            )
            late.wait_until_blocked()

        assert isinstance(late.done(), SteppedIn)
        assert not Proposal.objects.exists()

    def test_a_proposal_that_came_first_is_kept(self, committed_db, run, ann, bot_key):
        with transaction.atomic():
            walks.propose(bot_key, run)
            late = Racer(lambda: step_in(run, ann))
            late.wait_until_blocked()

        assert late.done().handoff_id
        run.refresh_from_db()
        assert (run.state, run.open_blocking) == ("PAUSED_PENDING_HUMAN", 2)

    def test_an_acknowledgement_that_comes_second_is_stale(
        self, committed_db, shop, bot, bot_key, ann
    ):
        asked = walks.waiting(shop, bot, bot_key)
        walks.say(asked)
        lease = walks.lease(shop, bot)
        assert lease is not None
        with transaction.atomic():
            stepping_in.step_in(asked.run_id, reason="x", by=person_actor(ann.pk, "a"), now=now())
            late = Racer(
                lambda: resumptions.acknowledge_resumed(
                    lease.resumption.id, token=lease.token, by=SYSTEM, now=now()
                )
            )
            late.wait_until_blocked()

        assert isinstance(late.done(), StaleLease)

    def test_an_acknowledgement_that_came_first_counts(self, committed_db, shop, bot, bot_key, ann):
        asked = walks.waiting(shop, bot, bot_key)
        walks.say(asked)
        lease = walks.lease(shop, bot)
        assert lease is not None
        with transaction.atomic():
            resumptions.acknowledge_resumed(
                lease.resumption.id, token=lease.token, by=SYSTEM, now=now()
            )
            late = Racer(lambda: step_in(asked.run, ann))
            late.wait_until_blocked()

        assert late.done().handoff_id
        assert Resumption.objects.get().state == "resumed"
        assert Run.objects.get().state == "PAUSED_PENDING_HUMAN"

    def test_two_step_in_at_once(self, committed_db, run, ann, ben):
        racers = all_at_once([lambda: step_in(run, ann), lambda: step_in(run, ben)])

        assert sum(isinstance(one.result, AlreadySteppedIn) for one in racers) == 1
        assert Handoff.objects.count() == 1

    @pytest.mark.parametrize("first", ["stop", "step_in"])
    def test_stopped_and_paused_at_once(self, committed_db, run, ann, ben, first):
        def stop() -> None:
            interventions.stop(run.id, reason="x", by=ben, now=now())

        def pause() -> Any:
            return step_in(run, ann)

        one, other = (stop, pause) if first == "stop" else (pause, stop)
        with transaction.atomic():
            one()
            late = Racer(other)
            late.wait_until_blocked()

        result = late.done()
        assert Run.objects.get().state == "FAILED"
        assert isinstance(result, IllegalTransition) == (first == "stop")


def test_an_answer_and_a_step_in(committed_db, shop, bot, bot_key, ann):
    """Whoever comes second finds the first: the answer is carried, or it waits."""
    asked = walks.waiting(shop, bot, bot_key)
    with transaction.atomic():
        stepping_in.step_in(asked.run_id, reason="x", by=person_actor(ann.pk, "a"), now=now())
        late = Racer(lambda: walks.say(asked))
        late.wait_until_blocked()

    assert isinstance(late.done(), StandsStill)
    held = Handoff.objects.get(stepped_in=True)
    answers.answer(
        held.id,
        round=1,
        said=answers.Said(verb=Verb.HAND_BACK),
        by=person_actor(ann.pk, "a"),
        now=now(),
    )
    assert walks.say(asked).verb == "approve"
    assert Run.objects.get().state == "HUMAN_RESPONDED"
