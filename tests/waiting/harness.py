"""Talks to the gateway: in this process as a server would, or over a socket as agents do."""

import asyncio
import contextlib
import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from handoffs import waiting
from handoffs.waiting import Watched
from waiting.gateway import Gateway, Settings

ROOT = Path(__file__).parent.parent.parent
SECRET = "only for waiting"
KEY = waiting.key_of(SECRET)


def token(watched: Watched, *, expires_in: float = 3600, key: bytes = KEY) -> str:
    return waiting.sign(watched, key, int(time.time() + expires_in))


def run_async(scenario: Coroutine[Any, Any, None], seconds: float = 30) -> None:
    async def limited() -> None:
        async with asyncio.timeout(seconds):
            await scenario

    asyncio.run(limited())


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: Any
    at: float


def settings(**changes: Any) -> Settings:
    usual = {
        "database_url": os.environ["DATABASE_URL"],
        "keys": (KEY,),
        "limit": 1000,
        "docs_url": "https://overread.example/docs/errors/",
    }
    return Settings(**usual | changes)


@contextlib.asynccontextmanager
async def started(*, poll_seconds: float = 1000, **changes: Any) -> AsyncIterator[Gateway]:
    """A gateway that listens; nothing is polled unless a test asks for it."""
    gateway = Gateway(settings=lambda: settings(**changes), poll_seconds=poll_seconds)
    gateway.start()
    await asyncio.wait_for(gateway._watcher.listening.wait(), 10)
    try:
        yield gateway
    finally:
        await gateway.stop()


@contextlib.asynccontextmanager
async def blind() -> AsyncIterator[Gateway]:
    """A gateway whose database is not there."""
    nowhere = settings(database_url="postgresql://x@127.0.0.1:1/x")
    gateway = Gateway(settings=lambda: nowhere)
    try:
        yield gateway
    finally:
        await gateway.stop()


async def get(
    gateway: Gateway,
    path: str,
    *,
    method: str = "GET",
    gone: asyncio.Event | None = None,
) -> Response | None:
    """Ask as an ASGI server does; None when nothing was answered. `gone` hangs up."""
    where, _, query = path.partition("?")
    sent: list[Any] = []
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await (gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": where, "query_string": query.encode()}
    await gateway(scope, receive, send)
    if not sent:
        return None
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Response(sent[0]["status"], headers, json.loads(sent[1]["body"]), time.perf_counter())


async def wait(gateway: Gateway, watched: Watched, seconds: int = 30) -> Response:
    response = await get(gateway, f"/wait/{token(watched)}?seconds={seconds}")
    assert response
    return response


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def in_thread(work: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Run what blocks, as the ORM does, beside the loop."""

    def do() -> Any:
        try:
            return work(*args, **options)
        finally:
            connection.close()

    return await asyncio.to_thread(do)


@dataclass
class Server:
    """The gateway under granian, as it runs in production."""

    process: "subprocess.Popen[bytes]"
    port: int

    async def get(self, path: str) -> Response:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: wait\r\n\r\n".encode())
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            at = time.perf_counter()
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            body = await reader.readexactly(int(headers["content-length"]))
        finally:
            writer.close()
        return Response(int(lines[0].split()[1]), headers, json.loads(body), at)

    async def wait(self, watched: Watched, seconds: int = 30) -> Response:
        return await self.get(f"/wait/{token(watched)}?seconds={seconds}")

    async def hold(self, count: int) -> None:
        """Return once exactly `count` waits are open."""
        async with asyncio.timeout(30):
            while (await self.get("/healthz")).body["waits"] != count:
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def served(**changes: str) -> AsyncIterator[Server]:
    """Start the gateway as the Procfile does, `changes` being options of granian's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (line,) = re.findall(r"^wait: python (.*)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    command = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", line)
    for option, value in {"host": "127.0.0.1", "port": str(port), **changes}.items():
        command = re.sub(rf"--{option} \S+", f"--{option} {value}", command)
    process = subprocess.Popen(
        [sys.executable, *command.split()],
        env=os.environ | {"OVERREAD_SECRET_KEY": SECRET},
        cwd=ROOT,
        preexec_fn=_few_open_files,
    )
    server = Server(process, port)
    try:
        async with asyncio.timeout(30):
            while not await _listens(server):
                await asyncio.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _few_open_files() -> None:
    """Begin with the usual soft limit, whatever the tests' own is."""
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )


async def _listens(server: Server) -> bool:
    try:
        return bool((await server.get("/healthz")).body["ok"])
    except OSError:
        return False
