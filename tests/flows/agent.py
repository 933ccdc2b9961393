"""An agent that may die anywhere: it keeps nothing but its shop, and asks for everything again.

Run as a program by test_crashes. Its shop is an SQLite file in which an effect counts once,
because the answer's id is the key.
"""

import os
import sqlite3
import sys
import time

import overread

from handoffs.failpoints import failpoint
from tests.flows import material

PAUSE = 0.02


def main(url: str, key: str, shop: str) -> None:
    client = overread.Client(url, key)
    run = client.start_run("retail-support", material.EXTERNAL_ID)
    failpoint("agent.after_start")
    if run.state == overread.RunState.COMPLETED:
        return
    client.propose(run, **material.PROPOSAL, idempotency_key="ticket-1/refund")
    failpoint("agent.after_propose")
    while not _go_on(client, client.read_run(run), shop):
        time.sleep(PAUSE)


def _go_on(client: overread.Client, run: overread.Run, shop: str) -> bool:
    """Do the next step that the run's state asks for; True when nothing is left to do."""
    if run.state == overread.RunState.RUNNING:
        client.complete_run(run, output={"refunded": True})
        return True
    if run.state in (overread.RunState.HUMAN_RESPONDED, overread.RunState.RESUMING):
        turn = client.claim(["retail-support"], worker=f"agent-{os.getpid()}")
        if turn:
            _act(client, turn, shop)
    return run.state == overread.RunState.COMPLETED


def _act(client: overread.Client, turn: overread.Resumption, shop: str) -> None:
    (answer,) = turn.answers
    failpoint("agent.before_effect")
    with sqlite3.connect(shop) as effects:
        effects.execute(
            "insert into refund values (?, ?) on conflict (answer) do nothing",
            [answer.idempotency_key, answer.arguments["amount"]],
        )
    failpoint("agent.after_effect")
    try:
        client.acknowledge(turn)
    except overread.StaleLease:
        return
    failpoint("agent.after_acknowledge")


if __name__ == "__main__":
    main(*sys.argv[1:])
