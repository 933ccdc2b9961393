"""What the tests of workers share."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from stub_server import Stub

import overread

WORKFLOWS = ["retail-support"]
Handler = Callable[[overread.Work], Any]


def answered(server: Stub, client: overread.Client, ticket: str = "1", **asked: Any) -> str:
    """Walk a run to the point where somebody must go on with it."""
    run = client.start_run("retail-support", f"ticket-{ticket}")
    ruling = client.propose(run, "cancel_order", {"order_id": f"#{ticket}"}, **asked)
    assert ruling.handoff is not None
    server.answer(ruling.handoff.id, "approve")
    return list(server.resumptions)[-1]


def until(condition: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this never came true"
        time.sleep(0.01)


@contextmanager
def working(
    client: overread.Client, handler: Handler, **options: Any
) -> Iterator[overread.ResumptionWorker]:
    """Run a worker beside the test and end it afterwards."""
    worker = overread.ResumptionWorker(client, WORKFLOWS, handler, **options)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(10)
        assert not thread.is_alive()
