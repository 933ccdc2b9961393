"""./run itself, whole: what somebody meets who starts it, kills it, or starts it twice."""

import json
import os
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config import instance, processes
from tests.house.instances import PATIENCE, eventually, folder, is_alive, own_environment

pytestmark = pytest.mark.slow
# a first start migrates, on a machine that may be busy with other things
START = 120.0


def run(home: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(instance.ROOT / "run"), *arguments],
        env=own_environment(OVERREAD_DATA_DIR=str(home), **more),
        capture_output=True,
        text=True,
        timeout=START,
    )


class Instance:
    """A ./run that somebody started."""

    def __init__(self, home: Path, *, port: int = 0) -> None:
        self.home, self.port = home, port or instance.any_port()
        self.said_in = home.with_suffix(".said")
        with self.said_in.open("wb") as said:
            self.process = subprocess.Popen(
                [str(instance.ROOT / "run")],
                env=own_environment(OVERREAD_DATA_DIR=str(home), PORT=str(self.port)),
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        assert processes.wait_until(
            lambda: self.about().get("ready") or self.process.poll() is not None, START
        )
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        return self.said_in.read_text()

    def about(self) -> dict[str, Any]:
        return instance.state(self.home)

    def pids(self) -> dict[str, int]:
        return {
            record.name: record.pid
            for path in self.home.glob("pids-*.json")
            for record in processes.remembered(path)
        }

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.about()['url']}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@pytest.fixture(scope="module")
def started() -> Iterator[list[Instance]]:
    """Hold the one instance that the tests of this module share, in any order."""
    shared: list[Instance] = []
    with folder() as home:
        shared.append(Instance(home))
        yield shared
        if shared[0].process.poll() is None:
            shared[0].process.terminate()
            shared[0].process.wait(PATIENCE)


@pytest.fixture
def running(started: list[Instance]) -> Instance:
    if started[0].process.poll() is not None:
        started[0] = Instance(started[0].home)
    return started[0]


def children(pid: int) -> set[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return {int(child) for child in path.read_text().split()}


def test_address_and_people_are_the_last_that_is_said(running: Instance) -> None:
    assert running.answers()
    lines = running.said().strip().splitlines()
    where = next(number for number, line in enumerate(lines) if "Overread is at http" in line)
    assert running.about()["url"] in lines[where]
    demo = json.loads((running.home / "demo.json").read_text())
    after = "\n".join(lines[where:])
    for person in demo["people"]:
        assert person["email"] in after and person["password"] in after


def test_every_process_runs(running: Instance) -> None:
    wanted = {"postgres", "valkey", "web", "wait", "worker", "beat", "demo_agent"}
    assert set(running.pids()) == wanted


def test_more_agents_may_wait_than_a_shell_allows_files(running: Instance) -> None:
    limits = Path(f"/proc/{running.pids()['wait']}/limits").read_text()
    allowed = re.search(r"Max open files\s+(\d+)\s+(\d+)", limits)

    assert allowed and int(allowed[1]) >= min(10_000, int(allowed[2]))


def test_second_start_says_where_the_first_is(running: Instance) -> None:
    second = run(running.home)

    assert second.returncode == 0
    assert f"already runs at {running.about()['url']}" in second.stdout
    assert running.answers()


def test_reset_is_refused_while_it_runs(running: Instance) -> None:
    refused = run(running.home, "--reset")

    assert refused.returncode == 1
    assert "nothing was deleted" in refused.stdout
    assert (running.home / "secrets.json").exists()


def test_manage_joins_the_running_servers(running: Instance) -> None:
    said = run(
        running.home,
        "manage",
        "shell",
        "--no-imports",
        "-c",
        "from django.db import connection as c; print(c.settings_dict['PORT'])",
    )

    port = re.search(r":(\d+)/", running.about()["environment"]["DATABASE_URL"])
    assert port and said.stdout.strip() == port[1], said.stderr


def test_running_role_has_its_time_limits(running: Instance) -> None:
    with psycopg.connect(running.about()["environment"]["DATABASE_URL"]) as connection:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            limit = connection.execute("select current_setting(%s)", [name]).fetchone()
            assert limit not in (None, ("0",)), name


@pytest.mark.parametrize("name", ["web", "wait"])
def test_killed_server_worker_is_replaced_and_the_server_goes_on(
    running: Instance, name: str
) -> None:
    server = running.pids()[name]
    victim = next(iter(children(server)))

    os.kill(victim, signal.SIGKILL)

    eventually(lambda: victim not in children(server) and children(server), "a new worker")
    eventually(running.answers, "the page answers")
    assert running.pids()[name] == server


def test_killed_web_server_comes_back_at_the_same_address(running: Instance) -> None:
    before = running.pids()["web"]
    workers = children(before)

    os.kill(before, signal.SIGKILL)

    eventually(lambda: running.pids().get("web") not in (None, before), "another web")
    eventually(running.answers, "the page answers")
    assert not any(is_alive(pid) for pid in workers)


def test_killed_broker_comes_back_and_pages_never_notice(running: Instance) -> None:
    before = running.pids()["valkey"]

    os.kill(before, signal.SIGKILL)

    assert running.answers()
    eventually(lambda: running.pids().get("valkey") not in (None, before), "another broker")


def test_named_port_that_is_taken_starts_nothing(running: Instance) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, folder() as home:
        port = taken.getsockname()[1]

        refused = run(home, PORT=str(port))

        assert refused.returncode == 1
        assert f"Port {port} is taken" in refused.stderr
        assert not list(home.glob("pids-*.json"))
        assert not (home / "postgres").exists()


def test_given_servers_are_used_and_one_role_is_said(running: Instance) -> None:
    lent = running.about()["environment"]
    with folder() as home:
        said = run(
            home,
            "manage",
            "shell",
            "--no-imports",
            "-c",
            "from django.db import connection as c; print(c.settings_dict['USER'])",
            DATABASE_URL=lent["OVERREAD_OWNER_DATABASE_URL"],
            REDIS_URL=lent["REDIS_URL"],
        )

        assert said.stdout.splitlines()[-1] == "overread_owner"
        assert "both owns the tables and runs the product" in said.stdout
        assert not (home / "postgres").exists()
        assert not (home / "valkey").exists()


def test_given_server_that_does_not_answer_is_named() -> None:
    with folder() as home:
        url = f"postgresql://someone@127.0.0.1:{instance.any_port()}/overread"

        refused = run(home, DATABASE_URL=url, REDIS_URL="redis://127.0.0.1:1/0")

        assert refused.returncode == 1
        assert "DATABASE_URL names a server that does not let us in" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_ctrl_c_stops_everything(running: Instance) -> None:
    pids = running.pids()
    everyone = set(pids.values()) | children(pids["web"]) | children(pids["worker"])

    running.process.send_signal(signal.SIGINT)

    assert running.process.wait(PATIENCE) == 0
    assert running.said().strip().endswith("Stopped.")
    assert not any(is_alive(pid) for pid in everyone)
    assert "database system is shut down" in (running.home / "logs/postgres.log").read_text()


def test_killed_launcher_leaves_nobody_and_the_next_start_works() -> None:
    with folder() as home:
        first = Instance(home)
        pids = first.pids()
        everyone = set(pids.values()) | children(pids["web"]) | children(pids["worker"])

        first.process.kill()
        first.process.wait()

        # at once and on the same port, while the old ones are still ending
        second = Instance(home, port=first.port)
        try:
            assert not any(is_alive(pid) for pid in everyone)
            assert second.answers()
        finally:
            stopped = run(home, "stop")
        assert (stopped.returncode, stopped.stdout) == (0, "Stopped.\n")
        assert second.process.wait(PATIENCE) == 0
        said = run(home, "manage", "shell", "--no-imports", "-c", "print('alone')")
        assert said.stdout.splitlines()[-1] == "alone"
