"""The examples of the README run as they stand."""

import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from stub_server import KEY, Stub

import overread

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def names(server: Stub, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("OVERREAD_URL", server.url)
    monkeypatch.setenv("OVERREAD_API_KEY", KEY)
    return {}


def approve_everything(server: Stub, until: threading.Event) -> None:
    """Review like someone in a hurry."""
    while not until.is_set():
        for id in [id for id, one in server.handoffs.items() if one["state"] == "waiting"]:
            server.answer(id, "approve")
        time.sleep(0.01)


def run(block: str, names: dict[str, Any]) -> None:
    exec(compile(block, "README.md", "exec"), names)


def test_the_examples_do_what_they_say(
    server: Stub, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    gate, pause, worker, in_async, by_hand = BLOCKS
    done = threading.Event()
    reviewer = threading.Thread(target=approve_everything, args=(server, done))
    reviewer.start()
    try:
        run(gate, names)
        run(pause, names)
        ending = threading.Thread(target=stop_when_complete, args=(server, names))
        ending.start()
        run(worker, names)
        ending.join()
        run(in_async, names)
        run(by_hand, names)
    finally:
        done.set()
        reviewer.join()
        names["client"].close()

    told = capsys.readouterr().out.splitlines()
    assert told == [
        "cancelled #W5744371 (no longer needed), once per ans_1",
        "waiting for a person: ho_2",
        "refunded 312.50, once per ans_2",
        "policy would say: wait ['Above 200.00 USD']",
        "approve {'order_id': '#1'}",
    ]
    assert server.runs["run_ticket-4521"]["state"] == "COMPLETED"


def stop_when_complete(server: Stub, names: dict[str, Any]) -> None:
    end = time.monotonic() + 10
    while server.runs["run_ticket-4522"]["state"] != "COMPLETED" and time.monotonic() < end:
        time.sleep(0.01)
    while "worker" not in names:
        time.sleep(0.01)
    names["worker"].stop()


def test_every_operation_is_named_in_the_readme() -> None:
    operations = [name for name, one in vars(overread.Client).items() if hasattr(one, "operation")]

    assert [name for name in operations if f"`{name}`" not in README] == []
