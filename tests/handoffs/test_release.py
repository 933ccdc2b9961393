"""What a person decided is held for a moment: taken back, released, or ended with its run."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Client
from handoffs import answers, ladder, queries, release, runs
from handoffs.actors import SYSTEM
from handoffs.answers import Said
from handoffs.errors import AlreadyReleased, HandoffMoved, IllegalTransition
from handoffs.models import (
    Answer,
    AuditEntry,
    Handoff,
    HeldAnswer,
    OutboxMessage,
    Proposal,
    Resumption,
    Run,
    Transition,
)
from handoffs.states import Verb
from tests import factories, walks
from tests.factories import Shop
from tests.reviews.racing import Racer

now = timezone.now
ARGUMENTS = factories.proposal_payload("")["arguments"]


def settle(handoff: Handoff, verb: Verb = Verb.APPROVE, *, seconds: int = 600, **changes: Any):
    if verb is Verb.APPROVE:
        changes.setdefault("arguments", ARGUMENTS)
    return release.settle(
        handoff.id,
        round=handoff.round,
        said=Said(verb=verb, **changes),
        by=walks.APPROVER,
        seconds=seconds,
        now=now(),
    )


def window_ends() -> None:
    HeldAnswer.objects.update(release_at=now() - timedelta(minutes=5))


def take_back(handoff: Handoff) -> Said:
    return release.take_back(handoff.id, by=walks.APPROVER, now=now())


def waiting_in(handoff: Handoff) -> int:
    return queries.room(handoff.queue_id)[1]


@pytest.fixture
def handoff(shop: Shop, bot: Client, bot_key: str, database: None) -> Handoff:
    return walks.waiting(shop, bot, bot_key)


@pytest.mark.django_db
class TestHolding:
    def test_until_the_window_ends_the_run_knows_nothing(self, handoff):
        told = OutboxMessage.objects.count()

        release_at = settle(handoff, seconds=600)

        assert 598 < (release_at - now()).total_seconds() <= 600
        assert release.release_due(now=now()) == 0
        assert Handoff.objects.get().state == "decided"
        assert Run.objects.get().state == "PAUSED_PENDING_HUMAN"
        assert not Answer.objects.exists()
        assert not Resumption.objects.exists()
        assert OutboxMessage.objects.count() == told

    def test_after_it_exactly_what_was_said_is_told_once(self, handoff):
        settle(handoff, reason="Checked the tracking.", message="Pay today.", draft="Dear Kim")
        window_ends()

        assert release.release_due(now=now()) == 1
        assert release.release_due(now=now()) == 0

        answer = Answer.objects.get()
        assert answer.arguments == handoff.proposal.arguments
        assert answer.arguments_digest == handoff.proposal.arguments_digest
        assert (answer.reason, answer.message) == ("Checked the tracking.", "Pay today.")
        assert (answer.draft, answer.role, answer.by_kind) == (
            "Dear Kim",
            walks.APPROVER.name,
            "person",
        )
        assert Handoff.objects.get().state == "answered"
        assert Resumption.objects.get().state == "ready"
        assert not HeldAnswer.objects.exists()

    def test_without_a_window_it_is_told_at_once(self, handoff):
        assert settle(handoff, seconds=0) is None

        assert Answer.objects.get().verb == "approve"
        assert not HeldAnswer.objects.exists()

    @pytest.mark.parametrize("amount", [1e22, 0.1, 12345678901234567, 1.0, -0.0, 5e-324])
    def test_numbers_stay_the_numbers_that_were_approved(self, handoff, amount):
        said = Said(verb=Verb.APPROVE, arguments={"amount": amount})

        kept = release.read(_held_text(handoff, said))

        assert kept == said
        assert type(kept.arguments["amount"]) is type(amount)

    def test_it_leaves_the_queue_and_its_deadline_no_longer_counts(self, handoff):
        before = waiting_in(handoff)
        settle(handoff)
        walks.overdue(handoff)

        assert waiting_in(handoff) == before - 1
        assert ladder.fire_overdue() == 0
        assert Handoff.objects.get().state == "decided"

    @pytest.mark.parametrize(("left", "held"), [(300, False), (3600, True)])
    def test_what_could_no_longer_be_undone_after_the_window_is_told_at_once(
        self, handoff, left, held
    ):
        until = now() + timedelta(seconds=left)
        Handoff.objects.update(tier="autonomous", roll_back_until=until)

        release_at = settle(handoff, Verb.ROLL_BACK, seconds=600, reason="Not ours to pay.")

        assert (release_at is not None) is held
        assert Answer.objects.exists() is not held

    def test_what_was_undone_meanwhile_by_itself_is_asked_again(self, handoff):
        until = now() + timedelta(hours=1)
        Handoff.objects.update(tier="autonomous", roll_back_until=until)
        settle(handoff, Verb.ROLL_BACK, seconds=600, reason="Not ours to pay.")
        Proposal.objects.update(outcome="rolled_back")
        window_ends()

        release.release_due(now=now())

        again = Handoff.objects.get()
        assert (again.state, again.round) == ("waiting", 2)
        assert not Answer.objects.exists()

    def test_nobody_else_can_answer_it_meanwhile(self, handoff):
        settle(handoff)

        with pytest.raises(HandoffMoved):
            walks.say(handoff, Verb.REJECT)
        with pytest.raises(HandoffMoved):
            settle(handoff, Verb.REJECT)
        with pytest.raises(HandoffMoved):
            answers.ask_information(handoff.id, round=1, question="?", by=SYSTEM, now=now())
        with pytest.raises(HandoffMoved):
            answers.escalate(handoff.id, round=1, reason="", by=SYSTEM, now=now())

        assert release.read(HeldAnswer.objects.get().said).verb is Verb.APPROVE

    def test_the_log_says_who_decided_and_when_it_is_released(self, handoff):
        release_at = settle(handoff, Verb.REJECT, reason="no")

        entry = AuditEntry.objects.get(action="handoff.decided")
        assert entry.actor == walks.APPROVER.audit_name
        assert release_at.isoformat().encode() in bytes(entry.body)
        moved = Transition.objects.get(to_state="decided")
        assert (moved.cause, moved.actor) == ("decided", walks.APPROVER.name)


def _held_text(handoff: Handoff, said: Said) -> str:
    release.settle(handoff.id, round=1, said=said, by=walks.APPROVER, seconds=60, now=now())
    return HeldAnswer.objects.get().said


@pytest.mark.django_db
class TestTakingBack:
    def test_it_waits_again_as_if_nothing_had_been_said(self, handoff):
        before, due = waiting_in(handoff), handoff.deadline_at
        settle(handoff, Verb.REJECT, reason="Too much")

        said = take_back(handoff)

        assert said == Said(verb=Verb.REJECT, reason="Too much")
        again = Handoff.objects.get()
        assert (again.state, again.round, again.deadline_at) == ("waiting", 1, due)
        assert waiting_in(handoff) == before
        assert not HeldAnswer.objects.exists()
        window_ends()
        assert release.release_due(now=now()) == 0
        assert AuditEntry.objects.filter(action="handoff.taken_back").count() == 1

    def test_it_can_be_decided_anew_and_that_is_what_counts(self, handoff):
        settle(handoff, Verb.APPROVE)
        take_back(handoff)
        settle(handoff, Verb.REJECT)
        window_ends()

        release.release_due(now=now())

        assert Answer.objects.get().verb == "reject"

    def test_what_was_told_stands(self, handoff):
        settle(handoff)
        window_ends()
        release.release_due(now=now())

        with pytest.raises(AlreadyReleased):
            take_back(handoff)

        assert Handoff.objects.get().state == "answered"

    def test_what_never_was_decided_cannot_be_taken_back(self, handoff):
        with pytest.raises(AlreadyReleased):
            take_back(handoff)

    def test_as_long_as_nobody_told_the_run_it_can_be_taken_back(self, handoff):
        settle(handoff)
        window_ends()

        assert take_back(handoff).verb is Verb.APPROVE

    def test_what_was_due_meanwhile_goes_up_then(self, handoff):
        settle(handoff)
        walks.overdue(handoff)
        take_back(handoff)

        assert ladder.fire_overdue() == 1
        assert Handoff.objects.get().level == 2


@pytest.mark.django_db
class TestEndingOtherwise:
    def test_the_agent_may_withdraw_what_is_held(self, handoff):
        settle(handoff)

        answers.withdraw(handoff.id, reason="solved", by=SYSTEM, now=now())

        assert Handoff.objects.get().state == "withdrawn"
        assert Run.objects.get().state == "RUNNING"
        assert not HeldAnswer.objects.exists()
        with pytest.raises(AlreadyReleased):
            take_back(handoff)

    def test_a_stopped_run_releases_nothing(self, handoff):
        settle(handoff)

        runs.stop(handoff.run_id, reason="enough", by=SYSTEM, now=now())

        assert Handoff.objects.get().state == "withdrawn"
        assert not HeldAnswer.objects.exists()
        assert not Answer.objects.exists()

    def test_a_run_that_fails_releases_nothing(self, handoff):
        settle(handoff)

        runs.fail(handoff.run_id, error="boom", partial=None, next_step="", by=SYSTEM, now=now())

        assert Run.objects.get().state == "FAILED"
        assert not HeldAnswer.objects.exists()

    def test_taking_over_ends_the_agents_part_when_it_is_released(self, handoff):
        settle(handoff, Verb.TAKE_OVER)
        assert Run.objects.get().state == "PAUSED_PENDING_HUMAN"
        window_ends()

        release.release_due(now=now())

        assert Run.objects.get().cause == "transferred"

    def test_one_that_cannot_be_released_is_asked_again_and_holds_up_no_other(
        self, handoff, shop, bot, bot_key
    ):
        other = walks.waiting(shop, bot, bot_key)
        settle(handoff)
        settle(other)
        # as if the agent had undone it meanwhile
        Handoff.objects.filter(id=handoff.id).update(tier="autonomous")
        said = release.read(HeldAnswer.objects.get(handoff=handoff).said)
        text = HeldAnswer.objects.get(handoff=handoff).said
        HeldAnswer.objects.filter(handoff=handoff).update(
            said=text.replace(said.verb.value, Verb.ROLL_BACK.value, 1)
        )
        window_ends()

        assert release.release_due(now=now()) == 1

        again = Handoff.objects.get(id=handoff.id)
        assert (again.state, again.round) == ("waiting", 2)
        assert "rolled back" in again.briefs.order_by("-version")[0].body["facts"][0]["value"]
        assert Handoff.objects.get(id=other.id).state == "answered"


@pytest.mark.django_db
class TestWhatAgentsHear:
    def test_the_api_says_waiting_until_it_is_answered(self, handoff, agent):
        settle(handoff)

        shown = agent.get(f"/handoffs/{handoff.id}").json()
        run = agent.get(f"/runs/{handoff.run_id}").json()

        assert (shown["state"], shown["answer"]) == ("waiting", None)
        assert [one["state"] for one in run["open_handoffs"]] == ["waiting"]
        assert "decided" not in str(shown) + str(run)

    def test_neither_what_was_taken_back_nor_when_is_told(self, handoff, agent):
        settle(handoff)
        take_back(handoff)
        settle(handoff)
        window_ends()
        release.release_due(now=now())

        run = agent.get(f"/runs/{handoff.run_id}").json()

        moves = [
            (one["from_state"], one["to_state"])
            for one in run["transitions"]
            if one["handoff"] == handoff.id
        ]
        assert moves == [("", "waiting"), ("waiting", "answered")]

    def test_information_that_nobody_asked_for_is_refused_without_a_hint(self, handoff, agent):
        settle(handoff)

        refused = agent.post(f"/handoffs/{handoff.id}/information", {"message": "more"})

        assert refused.status_code == 409
        assert "decided" not in refused.content.decode()


ENDS: dict[str, Callable[[Handoff], Any]] = {
    "undo": take_back,
    "withdraw": lambda one: answers.withdraw(one.id, reason="x", by=SYSTEM, now=now()),
    "stop": lambda one: runs.stop(one.run_id, reason="x", by=SYSTEM, now=now()),
}
STATES = {"undo": "waiting", "withdraw": "withdrawn", "stop": "withdrawn"}
REFUSALS = {"undo": AlreadyReleased, "withdraw": IllegalTransition}


@pytest.mark.slow
class TestRaces:
    """Both orders on real connections: one wins, the other finds it so, nobody hangs."""

    @pytest.mark.parametrize("other", ENDS)
    def test_released_first(self, committed_db, handoff, other):
        settle(handoff)
        window_ends()

        with transaction.atomic():
            release.release_due(now=now())
            racer = Racer(lambda: ENDS[other](handoff))
            racer.wait_until_blocked()

        result = racer.done()
        assert Answer.objects.get().verb == "approve"
        if other == "stop":
            # a run may be stopped after its answer: its turn to act on it ends then
            assert result is None
            assert Resumption.objects.get().state == "cancelled"
        else:
            assert isinstance(result, REFUSALS[other])
            assert Resumption.objects.get().state == "ready"

    @pytest.mark.parametrize("other", ENDS)
    def test_released_second(self, committed_db, handoff, other):
        settle(handoff)
        window_ends()

        with transaction.atomic():
            ENDS[other](handoff)
            racer = Racer(lambda: release.release_due(now=now()))
            racer.wait_until_blocked()

        assert racer.done() == 0
        assert Handoff.objects.get().state == STATES[other]
        assert not Answer.objects.exists()
        assert not HeldAnswer.objects.exists()

    def test_released_by_two_at_once(self, committed_db, handoff):
        settle(handoff)
        window_ends()

        with transaction.atomic():
            assert release.release_due(now=now()) == 1
            racer = Racer(lambda: release.release_due(now=now()))
            racer.wait_until_blocked()

        assert racer.done() == 0
        assert Answer.objects.count() == 1

    def test_taken_back_and_decided_anew_while_the_sweep_waits(self, committed_db, handoff):
        settle(handoff)
        window_ends()

        with transaction.atomic():
            take_back(handoff)
            settle(handoff, Verb.REJECT, seconds=600)
            racer = Racer(lambda: release.release_due(now=now()))
            racer.wait_until_blocked()

        assert racer.done() == 0
        assert HeldAnswer.objects.get().release_at > now()
