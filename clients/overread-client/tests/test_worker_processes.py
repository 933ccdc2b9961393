"""Workers as processes: killed, told to stop, told twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from stub_server import Stub
from turns import answered, until

import overread

SCRIPT = """
import os, sys, time, overread

def handle(work):
    with open(sys.argv[2], "a") as effects:
        work.ensure_mine()
        print("started", work.idempotency_key, file=effects, flush=True)
        while not os.path.exists(sys.argv[3]):
            time.sleep(0.01)
        print("ended", work.idempotency_key, file=effects, flush=True)

with overread.Client(sys.argv[1], "test-key") as client:
    overread.ResumptionWorker(client, ["retail-support"], handle, lease_seconds=1).run()
"""


@contextmanager
def process(server: Stub, effects: Path, gate: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", SCRIPT, server.url, str(effects), str(gate)]
    with subprocess.Popen(command) as child:
        try:
            yield child
        finally:
            child.kill()


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_a_worker_killed_at_work_is_followed_by_the_next_with_the_same_key(
    server: Stub, quick: overread.Client, tmp_path: Path
) -> None:
    server.lease_limit = 1.0
    id = answered(server, quick)
    effects, gate = tmp_path / "effects", tmp_path / "gate"

    with process(server, effects, gate) as first:
        until(lambda: lines(effects) == ["started ans_1"])
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    gate.touch()
    with process(server, effects, gate) as second:
        until(lambda: server.resumptions[id]["state"] == "resumed")
        second.terminate()
        second.wait()

    assert lines(effects) == ["started ans_1", "started ans_1", "ended ans_1"]
    assert server.resumptions[id]["attempt"] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_worker_finish_and_exit_cleanly(
    server: Stub, quick: overread.Client, tmp_path: Path, number: signal.Signals
) -> None:
    id = answered(server, quick)
    effects, gate = tmp_path / "effects", tmp_path / "gate"

    with process(server, effects, gate) as worker:
        until(lambda: lines(effects) == ["started ans_1"])
        worker.send_signal(number)
        gate.touch()
        assert worker.wait(10) == 0

    assert server.resumptions[id]["state"] == "resumed"


def test_an_idle_worker_exits_at_once_on_a_signal(
    server: Stub, quick: overread.Client, tmp_path: Path
) -> None:
    with process(server, tmp_path / "effects", tmp_path / "gate") as worker:
        until(lambda: server.calls("/wait/wf"))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(5) == 0


def test_a_second_signal_ends_a_worker_that_does_not_come_to_an_end(
    server: Stub, quick: overread.Client, tmp_path: Path
) -> None:
    answered(server, quick)
    effects = tmp_path / "effects"

    with process(server, effects, tmp_path / "gate") as worker:
        until(lambda: lines(effects) == ["started ans_1"])
        worker.send_signal(signal.SIGTERM)
        until(lambda: _handled_once(worker))
        assert worker.wait(10) == -signal.SIGTERM


def _handled_once(worker: "subprocess.Popen[bytes]") -> bool:
    worker.send_signal(signal.SIGTERM)
    return worker.poll() is not None
