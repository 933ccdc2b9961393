"""`GET /wait/{token}?seconds=25` as a raw ASGI application: `waiting.gateway:app`.

It knows signed tokens and two tables, tells that something changed and nothing else, and needs no
key. Run it beside the web processes, as many as there are waits for.
"""

import asyncio
import json
import secrets
import signal
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qs

from accounts.errors import DomainError
from config import env
from handoffs import waiting
from handoffs.waiting import Watched
from waiting import errors
from waiting.errors import MAX_SECONDS
from waiting.waits import GONE, UNSEEN, Seen, Wait, Waits
from waiting.watcher import Watcher

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DEFAULT_SECONDS = 25
# asking for no wait at all still takes one look into the database
FIRST_LOOK_SECONDS = 2


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the gateway is told by the environment."""

    database_url: str
    keys: tuple[bytes, ...]
    limit: int
    docs_url: str

    @classmethod
    def from_environment(cls) -> "Settings":
        old = env.words("OVERREAD_SECRET_KEY_FALLBACKS")
        public_url = env.text("OVERREAD_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
        return cls(
            # LISTEN needs a session of its own, so not one of a transaction pooler
            database_url=env.text("OVERREAD_WAIT_DATABASE_URL", "") or env.text("DATABASE_URL"),
            keys=tuple(map(waiting.key_of, [env.secret("OVERREAD_SECRET_KEY"), *old])),
            limit=env.number("OVERREAD_WAIT_LIMIT", 10_000),
            docs_url=f"{public_url}/docs/errors/",
        )


@dataclass(frozen=True)
class Reply:
    status: int
    body: dict[str, object]
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass
class Gateway:
    """One process' waits. Starts at its first use, inside the loop that serves it."""

    settings: Callable[[], Settings] = Settings.from_environment
    poll_seconds: float = 5.0
    waits: Waits = field(default_factory=Waits)
    closing: bool = False
    _task: "asyncio.Task[None] | None" = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            reply = await self._reply(scope, receive)
            if reply:
                await _respond(send, reply)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "lifespan.shutdown":
            if message["type"] == "lifespan.startup":
                self.start()
                await send({"type": "lifespan.startup.complete"})
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    def start(self) -> None:
        """Begin to watch. Without a lifespan, as under `asginl`, the first request does this."""
        if self._task is None:
            self._settings = self.settings()
            self._watcher = Watcher(self._settings.database_url, self.waits, self.poll_seconds)
            self._task = asyncio.create_task(self._watcher.run())
            self._hear_the_end()

    def _hear_the_end(self) -> None:
        """Answer every wait at SIGTERM, before the server begins to wait for open requests.

        The loop's own handler stays: it is served by the wake-up descriptor, not by this.
        """
        loop = asyncio.get_running_loop()

        def hear(number: int, frame: object) -> None:
            loop.call_soon_threadsafe(self.dismiss)

        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                if signal.getsignal(number) not in (signal.SIG_DFL, signal.default_int_handler):
                    signal.signal(number, hear)
        except ValueError:  # not the main thread: whoever runs the loop there calls stop()
            pass

    def dismiss(self) -> None:
        """Answer every open wait with what it last saw, and open no more."""
        self.closing = True
        for wait in list(self.waits):
            wait.wake()

    async def stop(self) -> None:
        self.dismiss()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _reply(self, scope: Scope, receive: Receive) -> Reply | None:
        try:
            self.start()
            if scope["path"] == "/healthz":
                return self._health()
            watched, seconds = self._read(scope)
            return await self._wait(watched, seconds, receive)
        except DomainError as refused:
            return _problem(refused, self._settings.docs_url)

    def _health(self) -> Reply:
        listening = self._watcher.listening.is_set()
        return Reply(200 if listening else 503, {"ok": listening, "waits": self.waits.count})

    def _read(self, scope: Scope) -> tuple[Watched, int]:
        """Check the request from the outside in; nothing is looked up for what nobody signed."""
        head, _, token = scope["path"].rpartition("/")
        if not head.endswith("/wait"):
            raise errors.NotHere
        if scope["method"] != "GET":
            raise errors.OnlyReads
        try:
            watched = waiting.read(token, self._settings.keys, time.time())
        except waiting.BadToken:
            raise errors.Forged from None
        except waiting.ExpiredToken:
            raise errors.Expired from None
        return watched, _seconds(scope["query_string"])

    async def _wait(self, watched: Watched, seconds: int, receive: Receive) -> Reply | None:
        """Wait for news; None when the client has gone."""
        if self.closing:
            raise errors.Ending(retry_after=1)
        if self.waits.count >= self._settings.limit:
            raise errors.Full(retry_after=2 + secrets.randbelow(4))
        wait = self.waits.open(watched, hurry=seconds == 0)
        try:
            self._watcher.look_at([watched])
            here = await _until(wait, seconds or FIRST_LOOK_SECONDS, receive)
        finally:
            self.waits.close(wait)
        return self._told(wait.seen) if here else None

    def _told(self, seen: Seen | None) -> Reply:
        if seen is GONE:
            raise errors.Gone
        if seen is None:
            if not self.closing:
                raise errors.Blind(retry_after=2)
            seen = UNSEEN
        return Reply(200, {"changed": seen.changed, "state": seen.state})


async def _until(wait: Wait, seconds: int, receive: Receive) -> bool:
    """Wait for news, for the seconds to pass or for the client to go; False when it went."""
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait(
            {wait.news, gone},
            timeout=seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        return not gone.done()
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _seconds(query: bytes) -> int:
    words = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("seconds")
    if words is None:
        return DEFAULT_SECONDS
    text = words[-1]
    if text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= MAX_SECONDS:
        return int(text)
    raise errors.BadSeconds


def _problem(refused: DomainError, docs_url: str) -> Reply:
    headers = [(b"allow", b"GET")] if refused.status == 405 else []
    if refused.retry_after is not None:
        headers.append((b"retry-after", str(refused.retry_after).encode()))
    body = {
        "type": docs_url + refused.code.replace("_", "-"),
        "title": refused.title,
        "status": refused.status,
        "detail": refused.message,
        "code": refused.code,
        "fields": [asdict(problem) for problem in refused.fields],
        "request_id": secrets.token_hex(8),
    }
    return Reply(refused.status, body, tuple(headers))


async def _respond(send: Send, reply: Reply) -> None:
    body = json.dumps(reply.body).encode()
    kind = b"application/problem+json" if "code" in reply.body else b"application/json"
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


app = Gateway()
