"""An agent that may be killed anywhere and started again: `crash_agent.py URL KEY FOLDER ID`.

What it does to the world goes into a SQLite file, keyed by the answer it was done under.
"""

import sqlite3
import sys
import time
from pathlib import Path

import overread

from handoffs.failpoints import failpoint

ARGUMENTS = {"order_id": "W1", "amount": 312.5, "currency": "EUR"}
BRIEF = {
    "ask": "Refund 312.50 EUR for order W1?",
    "facts": [{"label": "Order total", "value": "312.50 EUR", "kind": "money"}],
}


def main(url: str, key: str, folder: str, external_id: str) -> None:
    client = overread.Client(url, key)
    world = sqlite3.connect(Path(folder) / "world.sqlite3", isolation_level=None, timeout=10)
    world.execute("create table if not exists refunds (key text primary key, amount real)")
    run = client.start_run(
        "retail-support", external_id, idempotency_key=f"{external_id}-run", input={"text": "?"}
    )
    failpoint("agent.after_start")
    if run.state == "RUNNING" and not refunds(world):
        client.propose(
            run,
            "refund_order",
            ARGUMENTS,
            brief=BRIEF,
            checkpoint={"step": "refund"},
            idempotency_key=f"{external_id}-refund",
        )
        failpoint("agent.after_propose")
    while True:
        run = client.read_run(run)
        if run.state == "RUNNING" and refunds(world):
            client.complete_run(run, {"refunded": refunds(world)})
        if run.state in ("COMPLETED", "FAILED"):
            return
        turn = client.claim(["retail-support"], run=run, lease_seconds=60)
        if turn:
            go_on(client, world, turn)
        else:
            time.sleep(0.05)


def go_on(client: overread.Client, world: sqlite3.Connection, turn: overread.Resumption) -> None:
    assert turn.checkpoint == {"step": "refund"}
    failpoint("agent.before_effect")
    for answer in turn.answers:
        assert overread.digest(dict(answer.arguments or {})) == answer.arguments_digest
        amount = (answer.arguments or {})["amount"]
        world.execute("insert or ignore into refunds values (?, ?)", (answer.id, amount))
    failpoint("agent.after_effect")
    client.acknowledge(turn)
    failpoint("agent.after_acknowledge")


def refunds(world: sqlite3.Connection) -> int:
    return int(world.execute("select count(*) from refunds").fetchone()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
