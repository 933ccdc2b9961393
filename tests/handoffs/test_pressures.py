"""Pressure: in good time, with two marks for every step, and announced once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event, get_ident

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Client
from handoffs import pressures, readings
from handoffs.models import (
    AuditEntry,
    MatrixRow,
    OutboxMessage,
    Queue,
    QueueDepth,
    QueueRate,
    WebhookEndpoint,
    WorkflowPressure,
)
from handoffs.readings import Reading
from handoffs.states import Pressure
from tests import walks
from tests.factories import Shop, launch_shop

OPEN, SLOW, CLOSED = Pressure.OPEN, Pressure.SLOW, Pressure.CLOSED


@pytest.fixture
def shop(db, shop):
    return shop


def reading(**changes: object) -> Reading:
    return Reading(
        **{
            "queue": "refunds",
            "name": "Refunds",
            "waiting": 0,
            "limit": 100,
            "share": 0.0,
            "wait_seconds": 60.0,
            "urgent_in": 3600.0,
            "nobody": False,
            **changes,
        }  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("changes", "from_open", "from_slow", "from_closed"),
    [
        ({"share": 1.0}, CLOSED, CLOSED, CLOSED),
        ({"share": 0.95}, SLOW, SLOW, CLOSED),
        ({"share": 0.85}, SLOW, SLOW, SLOW),
        ({"share": 0.75}, OPEN, SLOW, SLOW),
        ({"share": 0.65}, OPEN, OPEN, OPEN),
        ({"share": 0.55, "nobody": True}, SLOW, SLOW, SLOW),
        ({"share": 0.45, "nobody": True}, OPEN, SLOW, SLOW),
        ({"share": 0.35, "nobody": True}, OPEN, OPEN, OPEN),
        ({"wait_seconds": 3700.0}, SLOW, SLOW, SLOW),
        ({"wait_seconds": 3000.0}, OPEN, SLOW, SLOW),
        ({"wait_seconds": 2800.0}, OPEN, OPEN, OPEN),
        ({"wait_seconds": None}, OPEN, OPEN, OPEN),
        ({"wait_seconds": 3700.0, "urgent_in": 0.0}, OPEN, OPEN, OPEN),
    ],
)
def test_each_step_has_a_mark_to_enter_and_a_lower_one_to_leave(
    changes, from_open, from_slow, from_closed
):
    found = reading(**changes)

    assert [found.level(one) for one in (OPEN, SLOW, CLOSED)] == [from_open, from_slow, from_closed]


def test_why_is_said_to_people():
    assert reading(waiting=90).because == "Refunds has 90 of 100 waiting."
    assert "nobody works there now" in reading(nobody=True).because
    assert "would be urgent before its turn" in reading(wait_seconds=4000.0).because


# --- as it is kept and told


def filled(queue: Queue, count: int) -> None:
    QueueDepth.objects.filter(queue=queue).update(waiting=0)
    QueueDepth.objects.filter(queue=queue, slot=0).update(waiting=count)


def told(client: Client) -> list[tuple[str, bool]]:
    found = OutboxMessage.objects.filter(event="queue.pressure", endpoint__client=client)
    return [(one.payload["level"], one.payload["paused"]) for one in found.order_by("created_at")]


def watch() -> None:
    pressures.watch(now=timezone.now())


@pytest.fixture
def hook(bot: Client, bot_key: str) -> WebhookEndpoint:
    return bot.endpoints.create(url="https://agent.example/hook", secret="whsec_x")


def test_every_change_is_announced_once(shop, bot, hook):
    for count in (10, 150, 150, 180, 175, 170, 150, 130, 125, 30):
        filled(shop.queue, count)
        watch()
        watch()

    assert [level for level, _ in told(bot)] == ["slow", "closed", "slow", "open"]


def test_what_is_announced_says_how_it_stands_and_when_to_come(shop, bot, hook):
    filled(shop.queue, 180)

    watch()

    payload = OutboxMessage.objects.get(event="queue.pressure").payload
    kept = WorkflowPressure.objects.get()
    assert payload == {
        "workflow": "retail-support",
        "level": "closed",
        "since": kept.since.isoformat(),
        "because": "Refunds has 180 of 200 waiting.",
        "paused": False,
        "depth": 180,
        "limit": 200,
        "expected_wait_seconds": None,
        "retry_after": 120,
    }


def test_only_those_are_told_whose_agents_may_use_the_workflow(shop, bot, hook):
    other = Client.objects.create(name="other")
    other.endpoints.create(url="https://other.example/hook", secret="whsec_y")
    filled(shop.queue, 180)

    watch()

    assert (len(told(bot)), told(other)) == (1, [])


def test_room_in_the_overflow_is_room(shop, hook, bot):
    Queue.objects.filter(pk=shop.queue.pk).update(overflow_queue=shop.leads_queue)
    filled(shop.queue, 180)

    watch()

    assert told(bot) == []


def test_agents_read_the_same_and_why(shop, agent):
    filled(shop.queue, 190)
    QueueRate.objects.create(
        queue=shop.queue,
        measured_at=timezone.now(),
        finished_per_hour=60,
        busy_since=timezone.now() - timedelta(hours=1),
        reviewers_present=2,
    )

    said = agent.get("/pressure?workflow=retail-support").json()

    assert (said["level"], said["depth"], said["limit"], said["paused"]) == (
        "closed",
        190,
        200,
        False,
    )
    assert said["expected_wait_seconds"] == 191 * 60
    assert said["retry_after"] == (190 - 162) * 60
    assert said["because"] == "Refunds has 190 of 200 waiting."
    assert said["queues"][0]["queue"] == "refunds"


def test_who_is_asked_to_slow_down_is_told_how_far_apart(shop, agent):
    filled(shop.queue, 150)

    said = agent.get("/pressure?workflow=retail-support").json()

    assert (said["level"], said["retry_after"]) == ("slow", 12)


# --- pausing by the clock


def pausing(shop: Shop) -> None:
    MatrixRow.objects.filter(pk=shop.row.pk).update(at_limit="pause")


def test_a_workflow_is_paused_when_full_and_goes_on_when_there_is_room(shop, bot, hook):
    pausing(shop)
    for count in (180, 170, 161, 120):
        filled(shop.queue, count)
        watch()
        watch()

    assert told(bot) == [("closed", True), ("slow", False), ("open", False)]
    actions = AuditEntry.objects.filter(action__startswith="workflow.").order_by("id")
    assert [one.action for one in actions] == ["workflow.paused", "workflow.went_on"]


def test_a_row_that_no_longer_pauses_lets_the_workflow_go_on(shop, bot, hook):
    pausing(shop)
    filled(shop.queue, 190)
    watch()
    MatrixRow.objects.filter(pk=shop.row.pk).update(at_limit="overflow")

    watch()

    assert WorkflowPressure.objects.get().paused_since is None


def test_slots_that_were_filled_past_their_quota_open_again(shop, bot, bot_key):
    Queue.objects.filter(pk=shop.queue.pk).update(depth_limit=4)
    filled(shop.queue, 40)
    with connection.cursor() as cursor:
        cursor.execute("select overread_spread(%s)", [shop.queue.pk])
    filled(shop.queue, 0)

    watch()

    assert sum(QueueDepth.objects.filter(queue=shop.queue).values_list("quota", flat=True)) == 4


def test_of_two_that_see_the_same_change_one_tells_of_it(committed_db, bot, bot_key):
    here = launch_shop(slug="other-support")
    bot.endpoints.create(url="https://agent.example/hook", secret="whsec_x")
    filled(here.queue, 190)
    start = Barrier(4)

    def one(_: int) -> None:
        try:
            connection.ensure_connection()
            start.wait(10)
            watch()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))

    assert told(bot) == [("closed", False)]


def test_who_looked_before_a_change_does_not_announce_a_step_back(
    committed_db, bot, bot_key, monkeypatch
):
    here = launch_shop(slug="other-support")
    bot.endpoints.create(url="https://agent.example/hook", secret="whsec_x")
    has_read, goes_on, late = Event(), Event(), []
    read = readings.of

    def slowly(workflow):
        stands = read(workflow)
        if get_ident() in late:
            has_read.set()
            goes_on.wait(10)
        return stands

    def be_late() -> None:
        late.append(get_ident())
        try:
            watch()
        finally:
            connection.close()

    monkeypatch.setattr(readings, "of", slowly)
    filled(here.queue, 190)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(be_late)
        has_read.wait(10)
        filled(here.queue, 150)
        watch()
        goes_on.set()
        other.result()
    watch()

    assert [level for level, _ in told(bot)] == ["closed", "slow"]


def test_a_refusal_is_followed_by_success_when_there_is_room(shop, bot, bot_key):
    """What an agent is told holds: after the time it names there is room, at that rate."""
    Queue.objects.filter(pk=shop.queue.pk).update(depth_limit=10)
    waiting = [walks.waiting(shop, bot, bot_key) for _ in range(9)]
    kept = readings.of(shop.workflow)
    assert kept.level is CLOSED
    for one in waiting[:2]:
        walks.say(one)

    assert walks.waiting(shop, bot, bot_key).queue == shop.queue
