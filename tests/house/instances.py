"""Tiny processes and short folders for the tests of the house."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config import processes
from config.instance import ROOT

PATIENCE = 30.0
# what a shell of the caller must not lend to an instance under test
FOREIGN = ("DATABASE_URL", "REDIS_URL", "PORT", "HOST", "DJANGO_SETTINGS_MODULE")

# writes its pid, waits for SIGTERM, writes its name, ends
OBEDIENT = """
import os, signal, sys
name = sys.argv[1]
def leave(*_):
    open("ended", "a").write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
open(name + ".pids", "a").write(f"{os.getpid()}\\n")
while True:
    signal.pause()
"""

# ignores SIGTERM, and so does the child it makes, in the same process group
STUBBORN = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
open(sys.argv[1] + ".pids", "a").write(f"{os.getpid()}\\n")
while True:
    signal.pause()
"""


def eventually(condition: Any, what: str) -> None:
    assert processes.wait_until(lambda: bool(condition()), PATIENCE), f"never happened: {what}"


def is_alive(pid: int) -> bool:
    return processes.born(pid) is not None


@contextmanager
def folder(mode: int = 0o711) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="ovr-"))
    path.chmod(mode)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        path.with_suffix(".said").unlink(missing_ok=True)


def own_environment(**more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN and not name.startswith("OVERREAD_")
    }
    return kept | {"PYTHONPATH": str(ROOT)} | more


def pids(home: Path, name: str) -> list[int]:
    try:
        return [int(line) for line in (home / f"{name}.pids").read_text().split()]
    except FileNotFoundError:
        return []


class Driven:
    """A supervisor in a process of its own, with what it said so far in a file."""

    def __init__(self, home: Path, program: str = "tests.house.driver") -> None:
        self.home = home
        self.said_in = home.with_suffix(".said")
        with self.said_in.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", program, str(home)],
                env=own_environment(),
                cwd=ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.said_in.read_text()

    def hears(self, words: str) -> None:
        eventually(lambda: words in self.said(), f"{words!r} in {self.said()!r}")

    def ends(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def driven(home: Path, *specs: Mapping[str, Any]) -> Iterator[Driven]:
    """Start a supervisor over the given processes; none of it outlives the test."""
    (home / "specs.json").write_text(json.dumps(specs))
    supervisor = Driven(home)
    try:
        yield supervisor
    finally:
        if supervisor.process.poll() is None:
            supervisor.process.kill()
            supervisor.process.wait()
        everyone = [pid for path in home.glob("*.pids") for pid in pids(home, path.stem)]
        gone = processes.wait_until(lambda: not any(is_alive(pid) for pid in everyone), PATIENCE)
        for pid in everyone:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        assert gone, "a process outlived its supervisor"


def tiny(home: Path, name: str, program: str = OBEDIENT, **more: Any) -> dict[str, Any]:
    spec = {
        "name": name,
        "argv": [sys.executable, "-S", "-c", program, name],
        "env": {},
        "cwd": str(home),
    }
    return spec | more
