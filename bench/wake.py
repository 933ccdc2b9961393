"""From sending the commit of an answer to the waiting agent, with 2,000 agents waiting.

Against PostgreSQL's own LISTEN/NOTIFY for the very same commits: a bare connection in the agents'
process listens on the same channel and notes when it hears. At most 2.5 times that.
"""

import asyncio
import multiprocessing
import os
import resource
import threading
import time
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.utils import timezone

from bench import ground
from handoffs import actors, answers, waiting
from handoffs.models import Handoff
from handoffs.states import Verb

WAITING = 2_000
ANSWERS = 60


def run() -> None:
    place = ground.place("wake")
    ground.add_waiting(place, WAITING + ground.ROUNDS * ANSWERS)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    own, ours = [], []
    with ground.gateway() as port:
        for _ in range(ground.ROUNDS):
            heard, woken = _answer(place, port)
            own.append(ground.p95(heard))
            ours.append(ground.p95(woken))
    ratios = [a / b for a, b in zip(ours, own, strict=True)]
    print(f"LISTEN/NOTIFY      p95 {ground.spread(own, '{:.2f}')} ms")
    print(f"answer to agent    p95 {ground.spread(ours, '{:.2f}')} ms")
    print(f"ratio              {ground.spread(ratios, '{:.2f}')}   at most 2.5")


def _answer(place: ground.Place, port: int) -> tuple[list[float], list[float]]:
    """Hold the waits in another process, answer here; return milliseconds to either of them.

    The place just before the commit is a failpoint of `answers`; here it only looks at the clock.
    """
    committing: dict[str, float] = {}
    answers.failpoint = lambda name: committing.update({name: time.monotonic()})
    handoffs = list(
        Handoff.objects.filter(queue=place.queue, state="waiting").order_by("id")[
            : WAITING + ANSWERS
        ]
    )
    signer = waiting.Signer(secret=settings.SECRET_KEY, base_url=f"http://127.0.0.1:{port}")
    addresses = {
        one.id: urlsplit(signer.url_for_handoff(one.id, one.version, now=timezone.now())).path
        for one in handoffs
    }
    here, there = multiprocessing.Pipe()
    agents = multiprocessing.get_context("fork").Process(
        target=_wait_all, args=[there, port, addresses]
    )
    agents.start()
    assert here.recv() == "ready"
    times: dict[str, list[float]] = {"listener": [], "agent": []}
    for handoff in handoffs[:ANSWERS]:
        answers.answer(
            handoff.id,
            round=handoff.round,
            said=answers.Said(verb=Verb.REJECT, reason="bench"),
            by=actors.SYSTEM,
            now=timezone.now(),
        )
        for _ in times:
            who, woken, at = here.recv()
            assert woken == handoff.id
            times[who].append((at - committing["answers.before_commit"]) * 1000)
    agents.terminate()
    agents.join()
    return times["listener"], times["agent"]


def _wait_all(pipe: Connection, port: int, addresses: dict[str, str]) -> None:
    threading.Thread(target=_listen, args=[pipe, set(addresses)], daemon=True).start()
    asyncio.run(_hold(pipe, port, addresses))


def _listen(pipe: Connection, ids: set[str]) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("listen overread_changed")
        for notice in connection.notifies():
            if notice.payload in ids:
                pipe.send(("listener", notice.payload, time.monotonic()))


async def _hold(pipe: Connection, port: int, addresses: dict[str, str]) -> None:
    async def one(handoff_id: str, path: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path}?seconds=60 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        await writer.drain()
        await reader.readuntil(b"}")
        pipe.send(("agent", handoff_id, time.monotonic()))
        writer.close()

    tasks = [asyncio.create_task(one(*item)) for item in addresses.items()]
    # connected and asked is not yet registered: the gateway has answered this one after them all
    await asyncio.sleep(3)
    pipe.send("ready")
    await asyncio.gather(*tasks)
