"""Looks into the database for those who wait: when told to, and now and then all the same.

One connection listens, one reads. What is to be looked at is collected while a read is under way,
so that a thousand waits that arrive or are woken together cost a few queries.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import psycopg

from handoffs.stopped import STOPPED
from handoffs.waiting import Watched
from waiting.waits import GONE, NONE, READY, Seen, Waits

log = logging.getLogger(__name__)

CHANNEL = "overread_changed"
# so many subjects in one query, so that a poll of thousands never stands before one that was woken
BATCH = 500
LISTENER_CHECK_SECONDS = 20.0
_RETRY_SECONDS = (0.05, 0.2, 0.5, 1.0, 2.0)
# a connection that died without a word is found out by the kernel, not after two hours
_KEEPALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "connect_timeout": 5,
}

# what was decided is told when it is answered: until then nothing has happened
_ROWS = """
select id, case state when 'decided' then 'waiting' else state end,
    version - (state = 'decided')::int
from handoffs_handoff where id = any(%(ids)s)
union all
select id, state, version from handoffs_run where id = any(%(ids)s)
"""
# the same turns that a claim would find
_TURNS = f"""
select wanted.client, wanted.workflow
from unnest(%(clients)s::bigint[], %(workflows)s::bigint[]) as wanted (client, workflow)
where exists (
    select from handoffs_resumption resumption
    join handoffs_run run on run.id = resumption.run_id
    where resumption.workflow_id = wanted.workflow and run.client_id = wanted.client
        and resumption.state in ('ready', 'leased')
        and (resumption.state = 'ready' or resumption.lease_expires_at <= now()))
    and not {STOPPED.format(workflow="wanted.workflow")}
"""

Connection = psycopg.AsyncConnection[tuple[object, ...]]


@dataclass
class Watcher:
    """Keeps `waits` told. `poll_seconds` bounds how late one is told when no notice arrives."""

    database_url: str
    waits: Waits
    poll_seconds: float = 5.0
    listening: asyncio.Event = field(default_factory=asyncio.Event)
    _due: dict[Watched, None] = field(default_factory=dict)
    _any_due: asyncio.Event = field(default_factory=asyncio.Event)

    def look_at(self, subjects: Iterable[Watched]) -> None:
        """Have these read soon; a read that has begun does not count."""
        self._due.update(dict.fromkeys(subjects))
        if self._due:
            self._any_due.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_again_and_again(self._listen))
            tasks.create_task(_again_and_again(self._read))
            tasks.create_task(self._poll())

    async def _connect(self) -> Connection:
        return await psycopg.AsyncConnection.connect(
            self.database_url,
            autocommit=True,
            application_name="overread wait",
            **_KEEPALIVE,  # type: ignore[arg-type]
        )

    async def _listen(self) -> None:
        """Listen, then look at everything once: what moved in between was told to nobody."""
        connection = await self._connect()
        try:
            await connection.execute(f"listen {CHANNEL}")
            self.listening.set()
            self.look_at(self.waits.watched())
            while True:
                async for notice in connection.notifies(timeout=LISTENER_CHECK_SECONDS):
                    self.look_at(self.waits.woken_by(notice.payload))
                await asyncio.wait_for(connection.execute("select 1"), 5)
        finally:
            self.listening.clear()
            await connection.close()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self.poll_seconds)
            self.look_at(self.waits.watched())

    async def _read(self) -> None:
        connection = await self._connect()
        try:
            while True:
                await self._any_due.wait()
                batch = list(self._due)[:BATCH]
                await asyncio.wait_for(self._tell(connection, batch), 15)
        finally:
            await connection.close()

    async def _tell(self, connection: Connection, batch: list[Watched]) -> None:
        """Take `batch` off what is due first: what is put there during the read is read again."""
        for watched in batch:
            self._due.pop(watched, None)
        if not self._due:
            self._any_due.clear()
        try:
            seen = await _look(connection, batch)
        except BaseException:
            self.look_at(batch)
            raise
        for watched, what in seen.items():
            for wait in self.waits.of(watched):
                wait.tell(what)


async def _again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    """Run `work`, which ends only by failing, anew each time, later and later while it fails."""
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        began = loop.time()
        try:
            await work()
        except (OSError, psycopg.Error, TimeoutError) as error:
            log.warning(
                "The wait gateway lost the database and tries again.",
                extra={"action": "wait.disconnected", "error": type(error).__name__},
            )
        except Exception:
            log.exception("The wait gateway cannot watch and tries again.")
        failures = failures + 1 if loop.time() - began < 10 else 0
        await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])


async def _look(connection: Connection, batch: list[Watched]) -> dict[Watched, Seen]:
    seen: dict[Watched, Seen] = {}
    rows = [watched for watched in batch if not watched.client]
    if rows:
        found = await _rows(connection, {watched.id for watched in rows})
        for watched in rows:
            state, version = found.get(watched.id, ("", 0))
            seen[watched] = Seen(version > watched.version, state) if state else GONE
    turns = [watched for watched in batch if watched.client]
    if turns:
        ready = await _ready_turns(connection, turns)
        for watched in turns:
            mine = any((watched.client, workflow) in ready for workflow in watched.workflows)
            seen[watched] = READY if mine else NONE
    return seen


async def _rows(connection: Connection, ids: set[str]) -> dict[str, tuple[str, int]]:
    cursor = await connection.execute(_ROWS, {"ids": list(ids)}, prepare=True)
    return {str(id): (str(state), int(str(version))) async for id, state, version in cursor}


async def _ready_turns(connection: Connection, turns: list[Watched]) -> set[tuple[object, object]]:
    wanted = list({(turn.client, workflow) for turn in turns for workflow in turn.workflows})
    cursor = await connection.execute(
        _TURNS,
        {
            "clients": [client for client, _ in wanted],
            "workflows": [workflow for _, workflow in wanted],
        },
        prepare=True,
    )
    return {(client, workflow) async for client, workflow in cursor}
