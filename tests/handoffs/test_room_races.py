"""Many connections at one queue: its limit holds at every moment, whatever comes and goes."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from handoffs import answers, resumptions, runs
from handoffs.actors import SYSTEM, client_actor
from handoffs.errors import IllegalTransition, QueueFull
from handoffs.models import Handoff, MatrixRow, Queue, QueueDepth
from handoffs.states import HandoffState
from tests import walks

pytestmark = pytest.mark.usefixtures("committed_db")
CROWD = 10


def together(work: Callable[[int], object], count: int = CROWD) -> list[object]:
    """Do it in so many threads at once, each with a connection of its own."""
    start = Barrier(count)

    def one(number: int) -> object:
        try:
            connection.ensure_connection()
            start.wait(10)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.fixture
def narrow(shop):
    """A queue of 25 places that all of its questions may take."""
    Queue.objects.filter(pk=shop.queue.pk).update(depth_limit=25)
    MatrixRow.objects.filter(pk=shop.row.pk).update(deadline_seconds=1800)
    return shop


def waiting(shop) -> int:
    return Handoff.objects.filter(queue=shop.queue, state=HandoffState.WAITING.value).count()


def counted(shop) -> int:
    return sum(QueueDepth.objects.filter(queue=shop.queue).values_list("waiting", flat=True))


def test_a_crowd_fills_a_queue_to_its_last_place_and_not_beyond(narrow, bot, bot_key):
    started = {n: [walks.start_run(narrow, bot) for _ in range(5)] for n in range(CROWD)}

    def ask(number: int) -> Counter[str]:
        told: Counter[str] = Counter()
        for run in started[number]:
            try:
                walks.propose(bot_key, run)
                told["in"] += 1
            except QueueFull:
                told["full"] += 1
        return told

    told = sum(together(ask), Counter())

    assert told == {"in": 25, "full": 25}
    assert (waiting(narrow), counted(narrow)) == (25, 25)


def test_what_overflows_in_a_crowd_keeps_to_both_limits(narrow, bot, bot_key):
    other = narrow.leads_queue
    Queue.objects.filter(pk=other.pk).update(depth_limit=10)
    Queue.objects.filter(pk=narrow.queue.pk).update(overflow_queue=other)
    started = {n: [walks.start_run(narrow, bot) for _ in range(4)] for n in range(CROWD)}

    def ask(number: int) -> int:
        taken = 0
        for run in started[number]:
            try:
                walks.propose(bot_key, run)
                taken += 1
            except QueueFull:
                pass
        return taken

    assert sum(together(ask)) == 35
    assert (waiting(narrow), Handoff.objects.filter(queue=other).count()) == (25, 10)
    assert not Handoff.objects.filter(queue=other, overflow_from=None).exists()


@pytest.mark.slow
def test_coming_and_going_never_passes_the_limit(narrow, bot, bot_key):
    """Some ask, some answer, some change the limit, and one looks all the while."""
    done, seen = Event(), [0]
    by = client_actor(bot.name, "k")

    def look() -> None:
        try:
            while not done.is_set():
                seen.append(waiting(narrow))
        finally:
            connection.close()

    def live(number: int) -> None:
        chance = random.Random(number)
        for _ in range(25):
            mine = Handoff.objects.filter(
                queue=narrow.queue, state="waiting", run__external_id__startswith=f"t{number}-"
            ).first()
            if mine is not None and chance.random() < 0.35:
                answers.withdraw(mine.id, reason="", by=by, now=timezone.now())
                continue
            run = walks.start_run(narrow, bot, external_id=f"t{number}-{chance.random()}")
            try:
                walks.propose(bot_key, run)
            except QueueFull:
                runs.stop(run.id, reason="full", by=SYSTEM, now=timezone.now())

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(look)
        together(live)
        done.set()
        watching.result()

    assert max(seen) == 25
    assert counted(narrow) == waiting(narrow) <= 25
    assert sum(QueueDepth.objects.filter(queue=narrow.queue).values_list("quota", flat=True)) <= 25


def test_what_comes_back_while_others_come_in_leaves_no_deadlock(narrow, bot, bot_key):
    """Each holds a slot and asks for all of them; and so it goes on, in two queues."""
    Queue.objects.filter(pk=narrow.queue.pk).update(depth_limit=CROWD)
    asked = [walks.waiting(narrow, bot, bot_key) for _ in range(CROWD)]
    for one in asked:
        answers.ask_information(one.id, round=1, question="?", by=SYSTEM, now=timezone.now())
    by = client_actor(bot.name, "k")
    started = [walks.start_run(narrow, bot) for _ in range(CROWD)]

    def come(number: int) -> None:
        with contextlib.suppress(QueueFull):
            walks.propose(bot_key, started[number])
        answers.give_information(
            asked[number].id, facts=[], evidence=[], message="x", by=by, now=timezone.now()
        )
        answers.escalate(asked[number].id, round=1, reason="up", by=SYSTEM, now=timezone.now())

    together(come)

    leads = QueueDepth.objects.filter(queue=narrow.leads_queue)
    assert sum(leads.values_list("waiting", flat=True)) == CROWD
    assert counted(narrow) == waiting(narrow) <= CROWD


def test_a_stopped_run_gives_its_place_back_to_whoever_comes(narrow, bot, bot_key):
    Queue.objects.filter(pk=narrow.queue.pk).update(depth_limit=1)
    for _ in range(3):
        handoff = walks.waiting(narrow, bot, bot_key)
        runs.stop(handoff.run_id, reason="x", by=SYSTEM, now=timezone.now())
    with pytest.raises(IllegalTransition):
        walks.propose(bot_key, handoff.run)

    assert counted(narrow) == 0


def test_several_stale_questions_of_many_runs_come_back_without_a_deadlock(narrow, bot, bot_key):
    """Each run has two to ask again, and one place in its slot: the second wants all slots."""
    turns = {}
    for number in range(CROWD):
        handoff = walks.waiting(narrow, bot, bot_key)
        walks.propose(bot_key, handoff.run)
        for one in Handoff.objects.filter(run=handoff.run):
            walks.say(one)
        turns[number] = walks.lease(narrow, bot)
    QueueDepth.objects.filter(queue=narrow.queue).update(quota=F("waiting") + 1)

    def find_stale(number: int) -> None:
        resumptions.acknowledge_stale(
            turns[number].resumption.id,
            token=turns[number].token,
            changed=[{"name": "x", "expected": 1, "found": 2}],
            by=SYSTEM,
            now=timezone.now(),
        )

    together(find_stale)

    assert counted(narrow) == waiting(narrow) == 2 * CROWD
