"""Whoever tells people is killed with -9 and its broker forgets: each thing is told once anyway."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis

from accounts.models import Client, User
from handoffs import failpoints
from handoffs.models import Handoff, NoticeChannel, OutboxMessage
from reviews.models import Notice
from tests.database import Databases
from tests.factories import Shop
from tests.flows import processes
from tests.flows.processes import ROOT, Program
from tests.flows.test_crashes import role_of
from tests.reviews.telling import look, tell_queue
from tests.reviews.waiting import put

pytestmark = pytest.mark.slow

STEPS = [step for step in failpoints.names_in(ROOT / "reviews") if role_of(step) == "teller"]
JOBS = ("reviews.look_for_notices", "reviews.send_notices")


@pytest.fixture
def chat(committed_db: Databases, shop: Shop, ann: User) -> NoticeChannel:
    """The queue tells everybody and a chat at once of what is new."""
    tell_queue(shop.queue, arrived="at_once")
    look()
    return NoticeChannel.objects.create(
        queue=shop.queue, service="ntfy", address="ntfys://x", shown="x", kinds=["arrived"]
    )


def all_told() -> bool:
    """Tell whether nothing is left but what waits for a digest."""
    made = Notice.objects.all()
    return made.exists() and not made.filter(ended_at=None, digest=False).exists()


def assert_once(handoffs: list[Handoff], shop: Shop, chat: NoticeChannel) -> None:
    """One notice for each and of each, in no more than one message, and none of anything else."""
    receivers = [(who.pk, None) for who in User.objects.filter(groups=shop.team)]
    wanted = Counter((*to, one.id) for to in [*receivers, (None, chat.pk)] for one in handoffs)
    assert Counter(Notice.objects.values_list("recipient", "channel", "handoff")) == wanted
    written = OutboxMessage.objects.filter(event__startswith="notice.")
    said = "\n".join(str(message.payload["text"]) for message in written)
    for one in handoffs:
        assert (
            said.count(one.id) == Notice.objects.filter(handoff=one, ended_because="sent").count()
        )
    named = Notice.objects.exclude(message="").values_list("message", flat=True)
    assert set(written.values_list("id", flat=True)) == set(named)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step_it_tells_everything_once(
    step: str, shop: Shop, bot: Client, ann: User, chat: NoticeChannel, tmp_path: Path
) -> None:
    handoffs = [put(shop, bot) for _ in range(2)]
    mark = tmp_path / "reached"

    teller = Program(
        "teller", armed={"OVERREAD_FAILPOINT": step, "OVERREAD_FAILPOINT_MARK": str(mark)}
    )
    try:
        processes.until(teller.ended)
    finally:
        teller.end()

    assert teller.deaths == 1 and mark.exists(), f"nothing ever comes to {step}"
    assert all_told()
    assert_once(handoffs, shop, chat)
    assert not Notice.objects.exclude(ended_because="sent").exists()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    with processes.broker(tmp_path) as url:
        yield url


def test_a_broker_that_forgets_and_workers_that_die_change_nothing(
    shop: Shop, bot: Client, ann: User, chat: NoticeChannel, broker: str
) -> None:
    """The clock asks again and again; what was asked is forgotten, and who was asked dies."""
    clock = Celery("clock", broker=broker)
    clock.conf.task_default_queue = "overread"
    valkey = Redis.from_url(broker)
    handoffs: list[Handoff] = []

    def ask() -> None:
        for job in JOBS:
            clock.send_task(job)

    def some_are_told() -> bool:
        ask()
        return Notice.objects.exclude(ended_at=None).exists()

    def through() -> bool:
        ask()
        return Notice.objects.count() >= 3 * len(handoffs) and all_told()

    handoffs += [put(shop, bot) for _ in range(3)]
    with processes.worker(broker) as process:
        processes.until(some_are_told)
        handoffs += [put(shop, bot) for _ in range(3)]
        ask()
        process.kill()
    ask()
    valkey.flushall()
    with processes.worker(broker):
        processes.until(through)

    assert_once(handoffs, shop, chat)
