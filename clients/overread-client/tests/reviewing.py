"""What the tests of gates share: an agent's shop, and a reviewer."""

import threading
import time
from collections.abc import Callable
from typing import Any

from stub_server import Stub

import overread

ORDER = "#W5744371"
Cancel = overread.Gated[..., str]


class Shop:
    """What the agent can do to the world; it remembers every effect."""

    def __init__(self) -> None:
        self.cancelled: list[tuple[str, str]] = []
        self.keys: list[str] = []

    def cancel(self, order_id: str, reason: str = "no longer needed") -> str:
        """Cancel an order."""
        self.cancelled.append((order_id, reason))
        self.keys.append(overread.permission().idempotency_key)
        return f"cancelled {order_id}"


def meanwhile(server: Stub, act: Callable[[str], Any], handoff: str = "ho_1") -> threading.Thread:
    """Do something once the agent waits for the handoff."""

    def wait_and_act() -> None:
        end = time.monotonic() + 10
        while not server.calls(f"/wait/{handoff}.") and time.monotonic() < end:
            time.sleep(0.01)
        act(handoff)

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread
