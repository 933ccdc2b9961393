"""Worker, beat and broker are killed again and again while work comes in and deadlines pass."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import Client
from bench.load import hour as hours
from bench.load.hour import Hour
from config.embedded import Valkey
from config.launcher import procfile
from handoffs.models import Answer, Handoff, OutboxMessage, Run, Rung, WebhookEndpoint
from handoffs.states import HandoffState
from reviews.models import Decision
from tests.database import Databases
from tests.flows import processes

pytestmark = pytest.mark.slow

SECONDS = 18.0
# seconds until it is due, how long before it is urgent, how many of ten
DEADLINES = {"hasty": (2, 1, 5), "quick": (5, 2, 5)}
# what one answer, one level and one pressure are told by: a message for each, and no second
_TWICE = """
select event, payload, count(*) from handoffs_outboxmessage
where event <> 'queue.pressure' group by event, payload having count(*) > 1
"""


class Hand:
    """A process with all its children: killed at once, and started again."""

    def __init__(self, command: str, env: Mapping[str, str]) -> None:
        self.command, self.env = command, env
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {self.command}"], cwd=processes.ROOT, env=dict(self.env),
            start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def attack(self) -> None:
        assert self.process.poll() is None, f"{self.command} had ended by itself"
        self.end()
        self.start()


class Broker(Hand):
    """The broker, which forgets everything when it is attacked, or is attacked itself."""

    def __init__(self, place: Path) -> None:
        self.valkey = Valkey(data=place, port=processes.free_port(), password="secret")
        self.valkey.configure()
        spec = self.valkey.spec()
        super().__init__(f"{' '.join(spec.argv)} --dir {place}", os.environ)
        processes.until(self.valkey.ready, 20)

    def flush(self) -> None:
        if not self.valkey.ready():
            return
        with socket.create_connection(("127.0.0.1", self.valkey.port), timeout=5) as line:
            line.sendall(b"AUTH secret\r\nFLUSHALL\r\n")
            assert line.makefile("rb").read(10) == b"+OK\r\n+OK\r\n"


@pytest.fixture
def broker(committed_db: Databases, tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "valkey")
    yield broker
    broker.end()


def live(hour: Hour, attacks: Sequence[Callable[[], None]]) -> None:
    """Let agents ask and people work while one after the other is attacked."""
    begun, attacked, times = time.monotonic(), 0.0, 0
    while hour.at < SECONDS or times < len(attacks):
        hour.at = time.monotonic() - begun
        hour.act()
        if hour.at - attacked > 1.5:
            attacks[times % len(attacks)]()
            attacked, times = hour.at, times + 1
        time.sleep(0.05)
    for ask in hour.asks:
        hour.give_up(ask)


def is_over() -> bool:
    open_states = (HandoffState.WAITING, HandoffState.NEEDS_INFORMATION, HandoffState.DECIDED)
    return not Handoff.objects.filter(state__in=[state.value for state in open_states]).exists()


def test_nothing_is_lost_and_nothing_comes_twice(broker: Broker) -> None:
    hour = hours.begin(
        seed=4, first=8, second=4, third=60, an_hour=100, deadlines=DEADLINES, patience=1,
        per_minute=180, bursts=[(0.1, 0.15)], handling=2,
    )  # fmt: skip
    hour.warp.owner.close()
    WebhookEndpoint.objects.create(
        client=Client.objects.get(name="busy-hour agent"), secret="whsec_" + "c2VjcmV0" * 4,
        url=f"http://127.0.0.1:{processes.free_port()}/nobody", enabled=True,
    )  # fmt: skip
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = processes.environment(
        {"REDIS_URL": broker.valkey.url, "WORKER_CONCURRENCY": "1", "PATH": path}
    )
    hour.arrive(SECONDS / 60)
    with ExitStack() as started:
        worker, beat = (Hand(procfile()[name], env) for name in ("worker", "beat"))
        started.callback(worker.end)
        started.callback(beat.end)
        # until they have done something, killing them proves nothing
        hour.at = hour.asks[3].at
        hour.act()
        processes.until(Rung.objects.filter(rung="deadline").exists, 40)

        before = Rung.objects.count()
        live(hour, [worker.attack, broker.flush, beat.attack, broker.attack, broker.flush])
        processes.until(is_over, 40)
        assert Rung.objects.count() > before

    hour.watch.over()
    hour.watch.step()
    hour.watch.ended()
    assert hour.watch.broken == []
    # all that was accepted came to one end, all that people said counts
    assert Handoff.objects.count() == hour.done["201"] > 30
    assert Answer.objects.count() == Handoff.objects.count()
    assert Decision.objects.count() == hour.done["decided"] > 0
    assert not Run.objects.filter(state__in=["PAUSED_PENDING_HUMAN", "TIMED_OUT"]).exists()
    assert Rung.objects.filter(rung="deadline", level=2).exists()
    assert OutboxMessage.objects.filter(event="handoff.level_changed").exists()
    with connection.cursor() as cursor:
        cursor.execute(_TWICE)
        assert cursor.fetchall() == []
