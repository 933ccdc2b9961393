import threading

import pytest
from django.db import connection
from django.utils import timezone

from handoffs import resumptions
from handoffs.actors import SYSTEM
from handoffs.errors import StaleLease
from handoffs.models import Handoff, Resumption, Run
from handoffs.states import Verb
from tests import walks

now = timezone.now


def expire(lease: resumptions.Lease) -> None:
    """Let the lease run out by moving its end, not by waiting."""
    Resumption.objects.filter(id=lease.resumption.id).update(
        lease_expires_at=now() - timezone.timedelta(minutes=5)
    )


@pytest.fixture
def turn(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    walks.say(handoff)
    lease = walks.lease(shop, bot)
    assert lease is not None
    return lease


@pytest.mark.django_db
class TestOneTurn:
    def test_claiming_is_resuming_and_acknowledging_is_running(self, turn):
        assert Run.objects.get(id=turn.resumption.run_id).state == "RESUMING"

        run = resumptions.acknowledge_resumed(
            turn.resumption.id, token=turn.token, by=SYSTEM, now=now()
        )

        assert run.state == "RUNNING"

    def test_it_is_given_to_one_worker(self, turn, shop, bot):
        assert walks.lease(shop, bot) is None

    def test_it_is_acknowledged_once(self, turn):
        resumptions.acknowledge_resumed(turn.resumption.id, token=turn.token, by=SYSTEM, now=now())

        with pytest.raises(StaleLease):
            resumptions.acknowledge_resumed(
                turn.resumption.id, token=turn.token, by=SYSTEM, now=now()
            )

    def test_a_lease_that_ran_out_goes_to_the_next_and_fences_off_the_first(self, turn, shop, bot):
        expire(turn)

        second = walks.lease(shop, bot)

        assert second is not None and second.resumption.epoch == 2
        for late in (resumptions.acknowledge_resumed, resumptions.heartbeat, resumptions.release):
            with pytest.raises(StaleLease):
                late(turn.resumption.id, token=turn.token, by=SYSTEM, now=now())
        resumptions.acknowledge_resumed(
            second.resumption.id, token=second.token, by=SYSTEM, now=now()
        )

    def test_a_lease_that_ran_out_cannot_acknowledge_though_nobody_else_took_it(self, turn):
        expire(turn)

        with pytest.raises(StaleLease):
            resumptions.acknowledge_resumed(
                turn.resumption.id, token=turn.token, by=SYSTEM, now=now()
            )

    def test_a_heartbeat_extends(self, turn):
        before = turn.resumption.lease_expires_at
        Resumption.objects.update(lease_seconds=600)

        after = resumptions.heartbeat(turn.resumption.id, token=turn.token, by=SYSTEM, now=now())

        assert (after - before).total_seconds() > 500

    def test_released_is_free_at_once(self, turn, shop, bot):
        resumptions.release(turn.resumption.id, token=turn.token, by=SYSTEM, now=now())

        assert Run.objects.get(id=turn.resumption.run_id).state == "HUMAN_RESPONDED"
        assert walks.lease(shop, bot) is not None

    def test_the_sweep_frees_what_ran_out_and_nothing_else(self, turn, shop, bot):
        assert resumptions.end_expired(now=now()) == 0
        expire(turn)

        assert resumptions.end_expired(now=now()) == 1

        assert Run.objects.get(id=turn.resumption.run_id).state == "HUMAN_RESPONDED"
        assert Resumption.objects.get().state == "ready"

    def test_a_stale_approval_is_asked_again_with_what_changed(self, turn, shop, bot, bot_key):
        changed = [{"name": "order_status", "expected": "delivered", "found": "returned"}]

        run = resumptions.acknowledge_stale(
            turn.resumption.id, token=turn.token, changed=changed, by=SYSTEM, now=now()
        )

        handoff = Handoff.objects.get(run=run)
        brief = handoff.briefs.order_by("-version")[0]
        assert (run.state, handoff.state, handoff.round) == ("PAUSED_PENDING_HUMAN", "waiting", 2)
        assert "returned" in brief.body["facts"][0]["value"]
        walks.say(handoff, Verb.REJECT, reason="gone")
        again = walks.lease(shop, bot)
        assert again is not None and again.resumption.id != turn.resumption.id

    def test_the_second_approval_is_held_to_what_the_reviewer_read(self, turn):
        changed = [{"name": "order_status", "expected": "delivered", "found": "returned"}]

        run = resumptions.acknowledge_stale(
            turn.resumption.id, token=turn.token, changed=changed, by=SYSTEM, now=now()
        )

        handoff = Handoff.objects.select_related("proposal").get(run=run)
        assert handoff.proposal.preconditions == [{"name": "order_status", "value": "returned"}]

    def test_a_worker_may_ask_for_one_runs_turn(self, shop, bot, bot_key):
        walks.say(walks.waiting(shop, bot, bot_key))
        second = walks.waiting(shop, bot, bot_key)
        walks.say(second)

        lease = walks.lease(shop, bot, run_id=second.run_id)

        assert lease is not None and lease.resumption.run_id == second.run_id

    def test_another_clients_worker_gets_nothing(self, shop, bot, bot_key):
        from tests import factories

        walks.say(walks.waiting(shop, bot, bot_key))

        assert walks.lease(shop, factories.ClientFactory()) is None


@pytest.mark.django_db
def test_stale_keeps_the_other_answers_and_carries_them_again(shop, bot, bot_key):
    first = walks.waiting(shop, bot, bot_key)
    walks.propose(bot_key, first.run, preconditions=[{"name": "stock", "value": 3}])
    second = Handoff.objects.exclude(id=first.id).get()
    walks.say(first)
    walks.say(second)
    lease = walks.lease(shop, bot)

    resumptions.acknowledge_stale(
        lease.resumption.id,
        token=lease.token,
        changed=[{"name": "stock", "expected": 3, "found": 0}],
        by=SYSTEM,
        now=now(),
    )
    walks.say(Handoff.objects.get(id=second.id), Verb.REJECT, reason="sold out")

    again = walks.lease(shop, bot)
    assert {h.id for h in resumptions.carried(again.resumption)} == {first.id, second.id}
    assert Handoff.objects.get(id=first.id).round == 1


def test_many_workers_share_the_turns_without_repeats(committed_db, shop, bot, bot_key):
    for _ in range(6):
        walks.say(walks.waiting(shop, bot, bot_key))
    taken: list[str] = []

    def work() -> None:
        try:
            while lease := walks.lease(shop, bot):
                taken.append(lease.resumption.id)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while lease := walks.lease(shop, bot):
        taken.append(lease.resumption.id)

    assert len(taken) == len(set(taken)) == 6
