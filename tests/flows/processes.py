"""Real processes for the crash tests: a server that comes back, and programs that are restarted."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent.parent
SERVER = [
    *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
    *("--workers", "1", "--blocking-threads", "1", "--log-level", "critical"),
    *("--respawn-failed-workers", "--respawn-interval", "0.05", "--workers-kill-timeout", "2"),
]


def until(condition: Callable[[], bool], seconds: float = 90) -> None:
    """Look until it is so; fail loudly when it never is."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"It did not come about within {seconds} s.")
        time.sleep(0.02)


def environment(armed: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings_test", **(armed or {})}


@contextmanager
def web(armed: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve the test database; a worker that dies is replaced."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [*SERVER, "--port", str(port), "config.wsgi:application"],
        env=environment({"OVERREAD_PUBLIC_URL": url, **(armed or {})}),
        cwd=ROOT,
    )
    try:
        until(lambda: _answers(url))
        yield url
    finally:
        server.terminate()
        server.wait(20)


def _answers(url: str) -> bool:
    with suppress(OSError):
        urlopen(f"{url}/healthz", timeout=5).close()
        return True
    return False


class Program:
    """A module of ours as a process, started again whenever it is killed."""

    def __init__(self, module: str, *arguments: str, armed: Mapping[str, str]) -> None:
        self.command = [sys.executable, "-m", f"tests.flows.{module}", *arguments]
        self.armed = armed
        self.deaths = 0
        self._start()

    def _start(self) -> None:
        self.process = subprocess.Popen(self.command, env=environment(self.armed), cwd=ROOT)

    def ended(self) -> bool:
        """Tell whether it ended well; one that was killed is started again, any other fails."""
        match self.process.poll():
            case None:
                return False
            case 0:
                return True
            case code if code == -signal.SIGKILL:
                self.deaths += 1
                self._start()
                return False
            case code:
                raise AssertionError(f"{self.command[2]} ended with {code}.")

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
