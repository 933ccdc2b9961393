"""Django beside an event loop: its requests come one after the other, in a thread of their own.

Everything else that the loop serves goes on meanwhile, also while somebody sends a body slowly.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# of a body, more is not read: nothing of ours takes as much, and what does not is refused by name
MOST = 32 * 1024 * 1024
# how long somebody who sends a body may pause
PATIENCE_SECONDS = 30
_KEPT_IN_MEMORY = 1024 * 1024
_BATCH = 256 * 1024


class Gone(Exception):
    """Whoever sent the request went away, or stopped, before it was whole."""


@dataclass(frozen=True)
class _Answer:
    """The beginning of a response, and whatever of it comes later."""

    start: Message
    first: bytes
    rest: Iterator[bytes]


class InOneThread:
    """Serve a WSGI application as ASGI: one request at a time, as its connections expect."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="django")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY) as body:
            try:
                async for part in _parts(scope, receive):
                    body.write(part)
            except Gone:
                return
            body.seek(0)
            loop = asyncio.get_running_loop()

            def tell(message: Message) -> None:
                asyncio.run_coroutine_threadsafe(_send(send, message), loop).result()

            last = await loop.run_in_executor(
                self._thread, self._answer, {**environ(scope), "wsgi.input": body}, tell
            )
        for message in last:
            await send(message)

    def _answer(self, environ: dict[str, Any], tell: Callable[[Message], None]) -> list[Message]:
        """Run the application; what is long is told batch by batch, the rest is returned."""
        start: Message = {"type": "http.response.start"}

        def begin(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            start["status"] = int(status[:3])
            start["headers"] = [
                (k.lower().encode("latin1"), v.encode("latin1")) for k, v in headers
            ]

        chunks = self._application(environ, begin)
        pending = [start]
        try:
            batches = _batches(chunks)
            body = next(batches, b"")
            for following in batches:
                for message in (*pending, _body(body, more=True)):
                    tell(message)
                pending, body = [], following
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return [*pending, _body(body)]


def _body(part: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": part, "more_body": more}


async def _send(send: Send, message: Message) -> None:
    await send(message)


def _batches(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Put small pieces together: each batch crosses from one thread to the other."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= _BATCH:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


async def body(receive: Receive) -> bytes:
    """Read a body whole; Gone when it does not come."""
    message = await _next(receive)
    parts: list[bytes] = [message.get("body", b"")]
    while message.get("more_body"):
        message = await _next(receive)
        parts.append(message.get("body", b""))
    return b"".join(parts)


async def _parts(scope: Scope, receive: Receive) -> Any:
    """Read a body piece by piece, and none of one that says that it is too long."""
    if any(name == b"content-length" and int(value) > MOST for name, value in scope["headers"]):
        return
    read, more = 0, True
    while more and read <= MOST:
        message = await _next(receive)
        part = message.get("body", b"")
        read, more = read + len(part), message.get("more_body", False)
        yield part


async def _next(receive: Receive) -> Message:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await receive()
    except TimeoutError:
        raise Gone from None
    if message["type"] != "http.request":
        raise Gone
    return message


def again(body: bytes) -> Receive:
    """Let somebody else read what was read already."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def environ(scope: Scope) -> dict[str, Any]:
    """Say in WSGI's words what the server told in ASGI's."""
    host, port = scope.get("server") or ("localhost", None)
    root = scope.get("root_path", "").encode().decode("latin1")
    path = scope["path"].encode().decode("latin1")
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root,
        "PATH_INFO": path.removeprefix(root),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 80),
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **_headers(scope["headers"]),
    }


def _headers(sent: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Name headers as WSGI does; a name with an underscore would pass for another one."""
    read: dict[str, str] = {}
    for name, value in sent:
        if b"_" in name:
            continue
        key = name.decode("latin1").upper().replace("-", "_")
        if key not in ("CONTENT_LENGTH", "CONTENT_TYPE"):
            key = f"HTTP_{key}"
        text = value.decode("latin1")
        between = "; " if key == "HTTP_COOKIE" else ","
        read[key] = f"{read[key]}{between}{text}" if key in read else text
    return read
