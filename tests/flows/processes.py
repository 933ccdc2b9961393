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

from config.embedded import Valkey

ROOT = Path(__file__).parent.parent.parent
SECRET = os.environ.get("OVERREAD_SECRET_KEY", "only-for-tests")
SERVER = [
    *(sys.executable, "-m", "granian", "--interface", "asginl", "--host", "127.0.0.1"),
    *("--workers", "1", "--no-ws", "--log-level", "critical"),
    *("--respawn-failed-workers", "--respawn-interval", "0.05", "--workers-kill-timeout", "2"),
]


def until(condition: Callable[[], bool], seconds: float = 90) -> None:
    """Look until it is so; fail loudly when it never is.

    A look can be many queries: it leaves twice its own time to the processes that it waits for.
    """
    begun = time.monotonic()
    looks = begun
    while not condition():
        looked = time.monotonic()
        if looked > begun + seconds:
            raise TimeoutError(f"It did not come about within {seconds} s.")
        time.sleep(max(0.02, 2 * (looked - looks)))
        looks = time.monotonic()


def environment(armed: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings_test", **(armed or {})}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def web(armed: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve the test database; a worker that dies is replaced."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [*SERVER, "--port", str(port), "config.asgi:application"],
        env=environment({"OVERREAD_PUBLIC_URL": url, **(armed or {})}),
        cwd=ROOT,
    )
    try:
        until(lambda: _answers(url))
        yield url
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def web_and_wait() -> Iterator[str]:
    """Serve the test database as in production: pages and API here, long waits beside it."""
    wait = free_port()
    with web(
        {"OVERREAD_WAIT_URL": f"http://127.0.0.1:{wait}", "OVERREAD_SECRET_KEY": SECRET}
    ) as url:
        gateway = subprocess.Popen(
            [sys.executable, "-m", "granian", "--host", "127.0.0.1", "--workers", "1"]
            + ["--interface", "asgi", "--log-level", "error", "--port", str(wait)]
            + ["waiting.gateway:app"],
            env=environment({"OVERREAD_SECRET_KEY": SECRET}),
            cwd=ROOT,
        )
        try:
            until(lambda: _listens(wait))
            yield url
        finally:
            gateway.terminate()
            gateway.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


def _answers(url: str) -> bool:
    with suppress(OSError):
        urlopen(f"{url}/healthz", timeout=5).close()
        return True
    return False


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Run a broker of this test's own; yield its address."""
    valkey = Valkey(data=folder / "valkey", port=free_port(), password="secret")
    valkey.configure()
    spec = valkey.spec()
    with subprocess.Popen(spec.argv, cwd=spec.cwd) as server:
        try:
            until(valkey.ready)
            yield valkey.url
        finally:
            server.kill()


@contextmanager
def worker(broker_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker that ends as by kill -9."""
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "--pool", "solo"]
    quiet = ["--loglevel", "CRITICAL", "--without-mingle", "--without-gossip"]
    env = environment({"REDIS_URL": broker_url})
    with subprocess.Popen([*command, *quiet], env=env, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


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
