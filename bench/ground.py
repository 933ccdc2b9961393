"""What the benchmarks stand on: a launched workflow, people, a key, many runs and handoffs."""

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts import keys
from accounts.models import Client, User
from accounts.roles import Role
from governance import workflow_files
from handoffs.actors import SYSTEM
from handoffs.models import Queue, Workflow

ROUNDS = 5

WORKFLOW = """
workflow: {slug}
name: Bench {slug}
queues:
  {slug}: {{name: Bench, teams: [{slug} team], depth_limit: 1000000}}
action_types:
  refund_order:
    title: Refund {{amount}} for {{order_id}}
    impact: high
    reversibility: irreversible
    required_context: [Order total]
    arguments:
      type: object
      properties:
        order_id: {{type: string}}
        amount: {{type: number, minimum: 0}}
        note: {{type: string}}
      required: [order_id, amount]
      additionalProperties: false
map:
  default: autonomous
  rules:
    - id: large
      tier: hard_approval
      when: {{signal: values.amount, op: ">", value: 200}}
      because: Refund above 200.00
cases:
  - name: Of 200.00 only the floor speaks
    action_type: refund_order
    signals: {{values: {{amount: 200}}}}
    tier: hard_approval
    rules: []
  - name: Above it the rule does too
    action_type: refund_order
    signals: {{values: {{amount: 201}}}}
    tier: hard_approval
    rules: [large]
matrix:
  - role: {slug} team
    queue: {slug}
    deadline: 4h
    fallback: reject
    safeguards: {{evidence: none}}
"""


@dataclass(frozen=True)
class Place:
    workflow: Workflow
    queue: Queue
    team: Group
    reviewer: User
    client: Client
    key: str


def place(slug: str) -> Place:
    """Set up a launched workflow with a queue, a reviewer and a key of its own."""
    workflow_files.load(WORKFLOW.format(slug=slug), by=SYSTEM, now=timezone.now(), launch=True)
    team = Group.objects.get(name=f"{slug} team")
    reviewer, _ = User.objects.get_or_create(
        email=f"{slug}@bench.example", defaults={"name": slug, "roles": [Role.REVIEWER.value]}
    )
    reviewer.groups.add(team)
    client, _ = Client.objects.get_or_create(name=f"{slug} agent")
    key = keys.issue(client, workflows=["*"], by=None, now=timezone.now()).raw
    return Place(
        Workflow.objects.get(slug=slug), Queue.objects.get(slug=slug), team, reviewer, client, key
    )


def owner() -> psycopg.Connection[Any]:
    """Connect as the role that owns the tables."""
    return psycopg.connect(settings.OWNER_DATABASE_URL, autocommit=True)


def add_runs(place: Place, count: int, prefix: str) -> list[str]:
    """Add running runs with their transitions in one statement; return their ids."""
    ids = [f"run_{prefix}{number:07d}" for number in range(count)]
    with owner() as connection:
        connection.execute(
            "with made as (insert into handoffs_run (id, workflow_id, client_id, external_id, "
            "input, state, version, cause, pause, open_blocking, signed_off, error, next_step, "
            "status_token) select id, %s, %s, id, '{}', 'RUNNING', 1, 'created', 0, 0, false, "
            "'', '', id from unnest(%s::text[]) id returning id) "
            "insert into handoffs_transition (run_id, version, from_state, to_state, actor_kind, "
            "actor, cause, xact_id) select id, 1, '', 'RUNNING', 'system', 'bench', 'created', 0 "
            "from made",
            [place.workflow.id, place.client.id, ids],
        )
    return ids


def add_waiting(place: Place, count: int) -> None:
    """Add waiting handoffs, each with run, proposal, brief and transitions, due one by one.

    The guards are per row and were tested elsewhere; half a million rows are put past them.
    """
    guarded = ("handoffs_run", "handoffs_handoff", "handoffs_transition")
    # one in a hundred is another workflow's, so that taking goes by turns
    rare, _ = Workflow.objects.get_or_create(slug=f"{place.workflow.slug}-rare")
    tag = f"{place.queue.id:03d}"
    with owner() as connection, connection.transaction():
        for table in guarded:
            connection.execute(f"alter table {table} disable trigger user")
        for statement in _WAITING:
            connection.execute(
                statement,
                {
                    "tag": tag,
                    "count": count,
                    "workflow": place.workflow.id,
                    "rare": rare.id,
                    "client": place.client.id,
                    "queue": place.queue.id,
                    "role": place.team.id,
                },
            )
        # foreign keys are looked at now, or the tables could not be altered back
        connection.execute("set constraints all immediate")
        for table in guarded:
            connection.execute(f"alter table {table} enable trigger user")
    with owner() as connection:
        connection.execute("vacuum analyze")


_WAITING = (
    "insert into handoffs_run (id, workflow_id, client_id, external_id, input, state, version, "
    "cause, pause, open_blocking, signed_off, error, next_step, status_token) "
    "select 'run_w' || %(tag)s || lpad(n::text, 8, '0'), %(workflow)s, %(client)s, "
    "'w' || n, '{}', 'PAUSED_PENDING_HUMAN', 2, 'proposed', 1, 1, false, '', '', "
    "'w' || %(tag)s || n from generate_series(1, %(count)s) n",
    "insert into handoffs_proposal (id, run_id, action_type, arguments, arguments_digest, "
    "signals, tier, act, rules, map_version, preconditions, outcome, outcome_detail) "
    "select 'prop_w' || %(tag)s || lpad(n::text, 8, '0'), "
    "'run_w' || %(tag)s || lpad(n::text, 8, '0'), 'refund_order', "
    "'{\"amount\":250,\"order_id\":\"W1\"}', 'sha-256=', '{}', 'hard_approval', 'wait', '[]', 1, "
    "'[]', '', '' from generate_series(1, %(count)s) n",
    "insert into handoffs_handoff (id, run_id, workflow_id, proposal_id, kind, tier, state, "
    "version, round, queue_id, role_id, level, blocking, pause, deadline_at, deadline_seconds, "
    "counted_from, counted_seconds, urgent_at, next_at, next_rung, fallback, safeguards) "
    "select 'ho_w' || %(tag)s || lpad(n::text, 8, '0'), "
    "'run_w' || %(tag)s || lpad(n::text, 8, '0'), "
    "case when n %% 100 = 0 then %(rare)s else %(workflow)s end, "
    "'prop_w' || %(tag)s || lpad(n::text, 8, '0'), 'approval', 'hard_approval', 'waiting', 1, 1, "
    "%(queue)s, %(role)s, 1, true, 1, now() + interval '4 hours' + n * interval '1 millisecond', "
    "14400, now(), 14400, now() + interval '225 minutes' + n * interval '1 millisecond', "
    "now() + interval '225 minutes' + n * interval '1 millisecond', 'urgent', "
    '\'reject\', \'{"evidence": "none", "reason": "never"}\' '
    "from generate_series(1, %(count)s) n",
    "insert into handoffs_brief (handoff_id, version, body, digest) "
    "select 'ho_w' || %(tag)s || lpad(n::text, 8, '0'), 1, "
    '\'{"ask": "Refund 250.00 for W1?", "facts": []}\', \'sha-256=\' '
    "from generate_series(1, %(count)s) n",
    "update handoffs_queuedepth set waiting = waiting + %(count)s "
    "where queue_id = %(queue)s and slot = 0",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web() -> Iterator[int]:
    """Serve the product as `./run` does; yield the port."""
    port = free_port()
    with _served(
        ["--interface", "asginl", "--workers", os.environ.get("WEB_WORKERS", "2")],
        "config.asgi:application",
        port,
        "/healthz",
    ):
        yield port


@contextmanager
def gateway() -> Iterator[int]:
    """Serve the wait gateway; yield the port."""
    port = free_port()
    with _served(["--interface", "asginl"], "waiting.gateway:app", port, "/healthz"):
        yield port


@contextmanager
def _served(options: list[str], target: str, port: int, path: str) -> Iterator[None]:
    granian = Path(sys.executable).with_name("granian")
    process = subprocess.Popen(
        [granian, *options, "--host", "127.0.0.1", "--port", str(port), "--no-ws", target],
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_up(port, path)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _until_up(port: int, path: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2).close()
            return
        time.sleep(0.05)
    raise TimeoutError(f"Nothing answers at port {port}.")


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def spread(values: list[float], form: str = "{:.0f}") -> str:
    """Write median (least – most)."""
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{form.format(middle)} ({form.format(least)}–{form.format(most)})"
