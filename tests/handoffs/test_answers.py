import json
import threading

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from handoffs import answers, moves, receipts, runs
from handoffs.actors import SYSTEM
from handoffs.errors import HandoffMoved, IllegalTransition, NoHigherLevel
from handoffs.models import Answer, Handoff, Resumption, Run
from handoffs.states import Verb
from tests import walks

now = timezone.now


@pytest.mark.django_db
class TestOneHandoff:
    def test_an_approval_binds_the_arguments_and_proves_it(self, shop, bot, bot_key):
        handoff = walks.waiting(shop, bot, bot_key)

        answer = walks.say(handoff)

        key = receipts.key_from_json(settings.RECEIPT_KEY)
        claims = receipts.verify(answer.receipt, receipts.public_jwks([key]))
        assert answer.arguments_digest == handoff.proposal.arguments_digest
        assert answer.arguments == handoff.proposal.arguments
        assert claims["arguments_digest"] == answer.arguments_digest
        assert (claims["verb"], claims["handoff"]) == ("approve", handoff.id)

    def test_the_run_has_one_turn_to_resume(self, shop, bot, bot_key):
        handoff = walks.waiting(shop, bot, bot_key)

        walks.say(handoff)

        assert Run.objects.get(id=handoff.run_id).state == "HUMAN_RESPONDED"
        assert Resumption.objects.get(run=handoff.run_id).state == "ready"

    def test_a_second_answer_is_refused_and_changes_nothing(self, shop, bot, bot_key):
        handoff = walks.waiting(shop, bot, bot_key)
        walks.say(handoff)

        with pytest.raises(HandoffMoved):
            walks.say(handoff, Verb.REJECT)

        assert Answer.objects.get().verb == "approve"

    def test_a_rejection_releases_no_arguments(self, shop, bot, bot_key):
        handoff = walks.waiting(shop, bot, bot_key)

        answer = walks.say(handoff, Verb.REJECT, arguments={"order_id": "x"}, reason="no")

        assert (answer.arguments, answer.arguments_digest) == (None, "")

    def test_a_person_who_takes_over_ends_the_agents_part(self, shop, bot, bot_key):
        handoff = walks.waiting(shop, bot, bot_key)

        walks.say(handoff, Verb.TAKE_OVER)

        run = Run.objects.get(id=handoff.run_id)
        assert (run.state, run.cause, run.open_blocking) == ("FAILED", "transferred", 0)
        assert not Resumption.objects.exists()

    def test_withdrawing_the_only_question_lets_the_run_go_on(self, shop, bot, bot_key):
        handoff = walks.waiting(shop, bot, bot_key)

        answers.withdraw(handoff.id, reason="solved", by=SYSTEM, now=now())

        assert Run.objects.get(id=handoff.run_id).state == "RUNNING"
        with pytest.raises(HandoffMoved):
            walks.say(handoff)

    def test_a_question_back_waits_for_facts_and_returns_to_its_place(self, shop, bot, bot_key):
        handoff = walks.waiting(shop, bot, bot_key)
        answers.ask_information(
            handoff.id, round=1, question="Which carrier?", by=walks.APPROVER, now=now()
        )
        assert Handoff.objects.get(id=handoff.id).state == "needs_information"

        answers.give_information(
            handoff.id,
            facts=[{"label": "Carrier", "value": "DHL"}],
            evidence=[],
            message="it is DHL",
            by=SYSTEM,
            now=now(),
        )

        back = Handoff.objects.get(id=handoff.id)
        brief = back.briefs.order_by("-version")[0]
        assert back.state == "waiting"
        assert (brief.version, brief.body["facts"][-1]["value"]) == (2, "DHL")
        assert back.questions.get().message == "it is DHL"

    def test_escalating_moves_role_queue_and_depth(self, shop, bot, bot_key):
        handoff = walks.waiting(shop, bot, bot_key)

        up = answers.escalate(handoff.id, round=1, reason="?", by=walks.APPROVER, now=now())

        assert (up.level, up.queue, up.role) == (2, shop.leads_queue, shop.leads)
        assert sum(shop.queue.depths.values_list("waiting", flat=True)) == 0
        assert sum(shop.leads_queue.depths.values_list("waiting", flat=True)) == 1

    def test_above_the_last_level_there_is_nobody(self, shop, bot, bot_key):
        handoff = walks.waiting(shop, bot, bot_key)
        answers.escalate(handoff.id, round=1, reason="?", by=walks.APPROVER, now=now())

        with pytest.raises(NoHigherLevel):
            answers.escalate(handoff.id, round=1, reason="?", by=walks.APPROVER, now=now())

    def test_a_stopped_run_withdraws_its_questions(self, shop, bot, bot_key):
        handoff = walks.waiting(shop, bot, bot_key)

        runs.stop(handoff.run_id, reason="drill", by=SYSTEM, now=now())

        assert Handoff.objects.get(id=handoff.id).state == "withdrawn"
        assert Run.objects.get(id=handoff.run_id).cause == "stopped"
        with pytest.raises(IllegalTransition):
            runs.complete(handoff.run_id, output=None, by=SYSTEM, now=now())


@pytest.mark.django_db
def test_a_run_waits_for_its_last_question_and_gets_every_answer(shop, bot, bot_key):
    first = walks.waiting(shop, bot, bot_key)
    walks.propose(bot_key, first.run)
    second = Handoff.objects.exclude(id=first.id).get()

    walks.say(first)
    assert Run.objects.get(id=first.run_id).state == "PAUSED_PENDING_HUMAN"
    walks.say(second, Verb.REJECT, reason="too much")

    lease = walks.lease(shop, bot)
    assert lease is not None
    from handoffs import resumptions

    assert [h.id for h in resumptions.carried(lease.resumption)] == [first.id, second.id]


@pytest.mark.django_db
def test_withdrawing_the_last_question_after_an_answer_leaves_the_turn(shop, bot, bot_key):
    first = walks.waiting(shop, bot, bot_key)
    walks.propose(bot_key, first.run)
    second = Handoff.objects.exclude(id=first.id).get()
    walks.say(first)

    answers.withdraw(second.id, reason="solved", by=SYSTEM, now=now())

    assert Run.objects.get(id=first.run_id).state == "HUMAN_RESPONDED"
    assert Resumption.objects.filter(run=first.run_id).count() == 1


def test_two_answers_at_once_are_one(committed_db, shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def answer(verb: Verb) -> None:
        ready.wait()
        try:
            walks.say(handoff, verb)
            outcomes.append("answered")
        except HandoffMoved:
            outcomes.append("moved")
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=[v]) for v in (Verb.APPROVE, Verb.REJECT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["answered", "moved"]
    assert Answer.objects.count() == 1


def test_an_illegal_move_is_counted(committed_db, shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    runs.stop(handoff.run_id, reason="drill", by=SYSTEM, now=now())

    for _ in range(2):
        with pytest.raises(IllegalTransition) as refused:
            runs.complete(handoff.run_id, output=None, by=SYSTEM, now=now())
        moves.count_refusal(refused.value)

    from handoffs.models import RefusedTransition

    counted = RefusedTransition.objects.get()
    assert (counted.entity, counted.from_state, counted.to_state, counted.times) == (
        "run",
        "FAILED",
        "COMPLETED",
        2,
    )
    assert json.dumps(str(counted))
