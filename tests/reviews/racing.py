"""Run things at the same time, each on a connection of its own, in an order the test decides."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection


class Racer:
    """A call on its own thread and connection; `result` is what it returned or raised."""

    def __init__(self, call: Callable[[], Any], gate: threading.Barrier | None = None) -> None:
        self.call, self.gate = call, gate
        self.result: Any = None
        self.seconds = 0.0
        self.pid = 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("select pg_backend_pid()")
                self.pid = cursor.fetchone()[0]
            if self.gate:
                self.gate.wait(10)
            started = time.monotonic()
            try:
                self.result = self.call()
            except Exception as error:
                self.result = error
            self.seconds = time.monotonic() - started
        finally:
            connection.close()

    def done(self) -> Any:
        self.thread.join(20)
        assert not self.thread.is_alive(), "it hangs"
        return self.result

    def wait_until_blocked(self) -> None:
        """Return once the database says that this call waits for a lock."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            assert self.thread.is_alive(), f"it did not wait: {self.result!r}"
            with connection.cursor() as cursor:
                cursor.execute("select cardinality(pg_blocking_pids(%s))", [self.pid])
                if self.pid and cursor.fetchone()[0]:
                    return
            time.sleep(0.01)
        raise AssertionError("it never waited")


def all_at_once(calls: list[Callable[[], Any]]) -> list[Racer]:
    """Start every call at the same moment and wait for all of them."""
    gate = threading.Barrier(len(calls))
    racers = [Racer(call, gate) for call in calls]
    for racer in racers:
        racer.done()
    return racers
