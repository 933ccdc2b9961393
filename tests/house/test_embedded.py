"""The real PostgreSQL and Valkey that ./run brings along, under a real supervisor."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config import embedded, instance, processes
from config.embedded import APP, OWNER
from config.processes import Account
from tests.house.instances import Driven, eventually, folder, is_alive, own_environment

pytestmark = pytest.mark.slow

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be refused by PostgreSQL")


class Servers(Driven):
    """Both servers over a data folder, run by a supervisor in a process of its own."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, "tests.house.servers_driver")
        self.hears("ready")

    def connect(self, role: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.environment()[role], autocommit=True, connect_timeout=5)

    def environment(self) -> dict[str, str]:
        about: dict[str, dict[str, str]] = json.loads((self.home / "instance.json").read_text())
        return about["environment"]

    def postmaster(self) -> int:
        """Return the number of the running postmaster, or 0 between two."""
        records = processes.remembered(self.home / "pids-test.json")
        return next((record.pid for record in records if record.name == "postgres"), 0)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with folder() as home:
        running = Servers(home)
        yield running
        postmaster = running.postmaster()
        assert running.ends() == 0
        assert not is_alive(postmaster)
        assert "shut down" in (home / "logs" / "postgres.log").read_text()


APP_URL, OWNER_URL = "DATABASE_URL", "OVERREAD_OWNER_DATABASE_URL"


def test_running_role_owns_nothing(servers: Servers) -> None:
    with servers.connect(APP_URL) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table mine (id int)")
        role = connection.execute(
            "select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = %s", [APP]
        ).fetchone()
        assert role == (False, False, False)


def test_owner_role_makes_tables_and_is_no_superuser(servers: Servers) -> None:
    with servers.connect(OWNER_URL) as connection:
        connection.execute("create table theirs (id int)")
        owner = connection.execute("select tableowner from pg_tables where tablename = 'theirs'")
        assert owner.fetchone() == (OWNER,)
        connection.execute("drop table theirs")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("alter system set fsync = off")


def test_commits_reach_the_disk_and_times_are_utc(servers: Servers) -> None:
    with servers.connect(APP_URL) as connection:
        for name, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "TimeZone": "UTC",
            "server_encoding": "UTF8",
        }.items():
            assert connection.execute("select current_setting(%s)", [name]).fetchone() == (value,)


def test_nobody_comes_in_without_the_password(servers: Servers) -> None:
    url = servers.environment()[APP_URL]
    password = url.split(":")[2].partition("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password, "guess"))

    broker = servers.environment()["REDIS_URL"]
    port = int(broker.rpartition(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")


def test_what_holds_a_secret_is_private(servers: Servers) -> None:
    for name in ("secrets.json", "receipt-key.json", "instance.json", "valkey/valkey.conf"):
        assert (servers.home / name).stat().st_mode & 0o077 == 0, name


def test_killed_postgres_comes_back_with_what_was_committed(servers: Servers) -> None:
    with servers.connect(OWNER_URL) as connection:
        connection.execute("create table kept as select 42 as answer")
    before = servers.postmaster()

    os.kill(before, signal.SIGKILL)

    eventually(lambda: servers.postmaster() not in (0, before), "another PostgreSQL")

    def answers() -> bool:
        try:
            with servers.connect(OWNER_URL) as connection:
                return connection.execute("select answer from kept").fetchone() == (42,)
        except psycopg.OperationalError:
            return False

    eventually(answers, "the row is there")
    with servers.connect(OWNER_URL) as connection:
        connection.execute("drop table kept")


@AS_ROOT
def test_postgres_of_root_runs_as_somebody_else(servers: Servers) -> None:
    assert os.stat(f"/proc/{servers.postmaster()}").st_uid != 0
    assert (servers.home / "postgres").stat().st_uid != 0


def test_killed_launcher_takes_both_servers_along_and_the_next_start_works() -> None:
    with folder() as home:
        first = Servers(home)
        with first.connect(OWNER_URL) as connection:
            connection.execute("create table kept as select 42 as answer")
        pids = [record.pid for record in processes.remembered(home / "pids-test.json")]
        assert len(pids) == 2

        first.process.kill()
        first.process.wait()

        # at once: the old servers may still be writing
        second = Servers(home)
        assert not any(is_alive(pid) for pid in pids)
        with second.connect(OWNER_URL) as connection:
            assert connection.execute("select answer from kept").fetchone() == (42,)
        assert second.ends() == 0


def test_lock_file_whose_number_is_a_strangers_is_removed() -> None:
    with folder() as home:
        first = Servers(home)
        first.ends()
        lock = home / "postgres" / "postmaster.pid"
        lock.write_text(f"{os.getpid()}\n{home / 'postgres'}\n1\n5432\n\n127.0.0.1\n0 0\nready\n")

        second = Servers(home)

        assert second.ends() == 0


def test_cluster_that_was_half_made_is_made_anew() -> None:
    with folder() as home:
        half = home / "postgres.new"
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")

        running = Servers(home)

        assert running.ends() == 0
        assert not half.exists()


def test_data_of_another_version_is_refused_with_what_to_do() -> None:
    with folder() as home:
        (home / "postgres").mkdir()
        (home / "postgres" / "PG_VERSION").write_text("15\n")

        refused = _refused(home)

        assert "is of PostgreSQL 15, this is 18" in refused
        assert (home / "postgres" / "PG_VERSION").read_text() == "15\n"


def test_lost_passwords_are_named_with_what_to_do() -> None:
    with folder() as home:
        Servers(home).ends()
        (home / "secrets.json").unlink()

        assert "does not accept the passwords in secrets.json" in _refused(home)


def _refused(home: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.house.servers_driver", str(home)],
        env=own_environment(),
        cwd=instance.ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    return done.stdout


@AS_ROOT
def test_folder_that_the_other_user_cannot_reach_is_left_as_it_is() -> None:
    with folder(mode=0o700) as private:
        home = private / "deep" / "data"
        home.mkdir(parents=True, mode=0o711)
        running = Servers(home)
        elsewhere = Path((home / "postgres-home").read_text().strip())

        assert f"its data is in {elsewhere}" in running.said()
        assert private.stat().st_mode & 0o777 == 0o700
        assert (elsewhere / "postgres" / "PG_VERSION").exists()
        running.ends()
        again = Servers(home)
        assert "its data is in" not in again.said()
        again.ends()
        with instance.held(home):
            (home / instance.MARKER).touch()
            instance.clear(home)
        assert not elsewhere.exists()


@AS_ROOT
def test_binaries_that_the_other_user_cannot_run_are_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nobody = Account.named("nobody")
    reaches = processes.reaches
    monkeypatch.setattr(
        processes, "reaches", lambda who, path: "pginstall" not in str(path) and reaches(who, path)
    )
    with folder() as home:
        copied = embedded.usable_binaries(nobody, home)

        assert copied.is_relative_to(home)
        assert reaches(nobody, copied / "initdb")
        said = subprocess.run(
            [str(copied / "initdb"), "--version"], user=nobody.uid, capture_output=True, text=True
        )
        assert said.stdout.startswith("initdb (PostgreSQL) 18")


@AS_ROOT
def test_everybody_but_root_runs_it_as_themselves() -> None:
    nobody = Account.named("nobody")
    if not processes.reaches(nobody, Path(os.path.realpath(sys.executable))):
        pytest.skip("this Python is in a folder that only root can enter")
    with folder() as parent:
        os.chown(parent, nobody.uid, nobody.gid)
        home = parent / "data"
        running = subprocess.Popen(
            [sys.executable, "-m", "tests.house.servers_driver", str(home)],
            env=own_environment(HOME=str(parent)),
            cwd=instance.ROOT,
            stdout=subprocess.PIPE,
            text=True,
            user=nobody.uid,
            group=nobody.gid,
            extra_groups=[],
        )
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        postmaster = processes.remembered(home / "pids-test.json")[-1]
        assert os.stat(f"/proc/{postmaster.pid}").st_uid == nobody.uid
        assert home.stat().st_mode & 0o777 == 0o700
        running.terminate()
        assert running.wait(30) == 0
        running.stdout.close()
