"""Every process is killed with -9 at every step, and the run ends right all the same.

The failpoints are read from the code, so that a new one is tested the moment it is written. Agent,
reviewer and web server run as processes of their own; whatever dies is started again.
"""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now

from handoffs import audit, failpoints
from handoffs.models import Answer, Handoff, Proposal, Resumption, Run, Transition
from handoffs.states import RUN_TRANSITIONS, RunState
from reviews.models import Decision

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
# the sealer's own is tested beside it: it stands in no request's way
OURS = [
    name
    for name in failpoints.names_in(ROOT / "handoffs", ROOT / "reviews")
    if not name.startswith(("audit.", "outbox.", "deliveries."))
]
AGENTS = failpoints.names_in(HERE)
SECONDS = 60


class Stage:
    """The three processes of one play, each started again when it is killed."""

    def __init__(self, folder: Path, failpoint: str) -> None:
        self.folder, self.mark = folder, folder / "hit"
        self.port = _free_port()
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
            "PYTHONPATH": str(ROOT),
            "OVERREAD_FAILPOINT": failpoint,
            "OVERREAD_FAILPOINT_MARK": str(self.mark),
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *argv: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, *argv], env=self.environment, cwd=ROOT)
        self.running.append(process)
        return process

    def serve(self) -> None:
        self.start(
            *("-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port"),
            *(str(self.port), "--workers", "1", "--blocking-threads", "1"),
            *("--respawn-failed-workers", "--log-level", "critical", "config.wsgi:application"),
        )
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2).close()
                return
            time.sleep(0.05)
        pytest.fail("The web server did not come up.")

    def play(self, parts: dict[str, list[str]]) -> None:
        """Run the parts until each has ended well; start again whoever was killed."""
        acting = {name: self.start(*argv) for name, argv in parts.items()}
        deadline = time.monotonic() + SECONDS
        while acting and time.monotonic() < deadline:
            for name, process in list(acting.items()):
                code = process.poll()
                if code == 0:
                    del acting[name]
                elif code == -signal.SIGKILL:
                    _let_leases_run_out()
                    acting[name] = self.start(*parts[name])
                elif code is not None:
                    pytest.fail(f"The {name} ended with {code}.")
            time.sleep(0.02)
        assert not acting, f"Not ended: {list(acting)}, run {list(Run.objects.values('state'))}"

    def stop(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.terminate()
        for process in self.running:
            process.wait(20)


def _let_leases_run_out() -> None:
    """The dead hold their leases; move the end of each instead of waiting for it."""
    Resumption.objects.filter(state="leased").update(lease_expires_at=Now())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def play(committed_db: Any, shop: Any, ann: Any, bot_key: str, tmp_path: Path) -> Iterator[Any]:
    stages: list[Stage] = []

    def go(failpoint: str) -> Stage:
        stage = Stage(tmp_path, failpoint)
        stages.append(stage)
        stage.serve()
        url = f"http://127.0.0.1:{stage.port}"
        stage.play(
            {
                "agent": [str(HERE / "crash_agent.py"), url, bot_key, str(tmp_path), "ticket-1"],
                "reviewer": [str(HERE / "crash_reviewer.py"), ann.email],
            }
        )
        return stage

    yield go
    for stage in stages:
        stage.stop()


def test_there_is_a_failpoint_at_each_step_of_the_way() -> None:
    steps = {name.split(".")[0] for name in [*OURS, *AGENTS]}

    assert {"intake", "answers", "runs", "resumptions", "agent"} <= steps


@pytest.mark.parametrize("failpoint", [*OURS, *AGENTS])
def test_killed_here_the_run_ends_right_and_the_effect_is_there_once(
    play: Any, tmp_path: Path, failpoint: str
) -> None:
    stage = play(failpoint)

    assert stage.mark.exists(), "nobody came by here"
    run = Run.objects.get()
    assert run.state == "COMPLETED"
    for model in (Proposal, Handoff, Answer, Decision, Resumption):
        assert model.objects.count() == 1, model.__name__
    assert Resumption.objects.get().state == "resumed"
    with sqlite3.connect(tmp_path / "world.sqlite3") as world:
        assert world.execute("select amount from refunds").fetchall() == [(312.5,)]
    _every_move_was_legal(run)
    _the_chain_holds()


def _every_move_was_legal(run: Run) -> None:
    moves = Transition.objects.filter(run=run, handoff_id=None).order_by("version")
    for number, move in enumerate(moves, start=1):
        before = RunState(move.from_state) if move.from_state else None
        assert move.version == number
        assert RunState(move.to_state) in RUN_TRANSITIONS[before]


def _the_chain_holds() -> None:
    """Seal until all is sealed: other tests' open transactions on the same server hold it up."""
    deadline = time.monotonic() + SECONDS
    audit.seal()
    while (report := audit.verify()).unsealed and time.monotonic() < deadline:
        time.sleep(0.05)
        audit.seal()
    assert (report.broken, report.unsealed) == ("", 0)
    assert report.sealed > 0
