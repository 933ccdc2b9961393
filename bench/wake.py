"""From the commit of an answer to the waiting agent, with 2,000 agents waiting.

Against PostgreSQL's own LISTEN/NOTIFY: one connection notifies, another, in its own process,
notes when it hears. At most 2.5 times that.
"""

import asyncio
import multiprocessing
import os
import resource
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
        for number in range(ground.ROUNDS):
            own.append(ground.p95(_notify()))
            ours.append(ground.p95(_answer(place, port, number)))
    ratios = [a / b for a, b in zip(ours, own, strict=True)]
    print(f"LISTEN/NOTIFY      p95 {ground.spread(own, '{:.2f}')} ms")
    print(f"answer to agent    p95 {ground.spread(ours, '{:.2f}')} ms")
    print(f"ratio              {ground.spread(ratios, '{:.2f}')}   at most 2.5")


def _notify() -> list[float]:
    """Return milliseconds from commit to a listening connection in another process."""
    here, there = multiprocessing.Pipe()
    listener = multiprocessing.get_context("fork").Process(target=_listen, args=[there])
    listener.start()
    assert here.recv() == "ready"
    times = []
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for number in range(ANSWERS):
            connection.execute("select pg_notify('bench_changed', %s)", [str(number)])
            committed = time.monotonic()
            times.append((here.recv() - committed) * 1000)
    here.send("stop")
    listener.join()
    return [max(one, 0.01) for one in times]


def _listen(pipe: Connection) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("listen bench_changed")
        pipe.send("ready")
        for heard, _ in enumerate(connection.notifies(), start=1):
            pipe.send(time.monotonic())
            if heard == ANSWERS:
                break
    pipe.recv()


def _answer(place: ground.Place, port: int, number: int) -> list[float]:
    """Hold the waits in another process, answer here, and compare the two times of each."""
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
    times = []
    for handoff in handoffs[:ANSWERS]:
        answers.answer(
            handoff.id,
            round=handoff.round,
            said=answers.Said(verb=Verb.REJECT, reason="bench"),
            by=actors.SYSTEM,
            now=timezone.now(),
        )
        committed = time.monotonic()
        woken, at = here.recv()
        assert woken == handoff.id
        times.append((at - committed) * 1000)
    agents.terminate()
    agents.join()
    return [max(one, 0.01) for one in times]


def _wait_all(pipe: Connection, port: int, addresses: dict[str, str]) -> None:
    asyncio.run(_hold(pipe, port, addresses))


async def _hold(pipe: Connection, port: int, addresses: dict[str, str]) -> None:
    async def one(handoff_id: str, path: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path}?seconds=60 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        await writer.drain()
        await reader.readuntil(b"}")
        pipe.send((handoff_id, time.monotonic()))
        writer.close()

    tasks = [asyncio.create_task(one(*item)) for item in addresses.items()]
    # connected and asked is not yet registered: the gateway has answered this one after them all
    await asyncio.sleep(3)
    pipe.send("ready")
    await asyncio.gather(*tasks)
