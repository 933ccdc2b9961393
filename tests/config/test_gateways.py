"""Django in a thread of its own beside the loop, told in WSGI's words what the server said."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from config import gateways
from config.gateways import InOneThread

SCOPE = {
    **{"type": "http", "http_version": "1.1", "method": "POST", "scheme": "https"},
    **{"path": "/a/ü", "root_path": "", "query_string": b"b=c"},
    **{"server": ("host", 8000), "client": ("10.0.0.1", 1)},
    "headers": [
        (b"content-type", b"text/plain"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"accept", b"x"),
        (b"accept", b"y"),
        (b"x_forwarded_proto", b"spoofed"),
    ],
}


class Line:
    """One connection: what comes in, piece by piece, and what goes out."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces) or [b""]
        self.told: list[Any] = []

    async def receive(self) -> Any:
        piece = self.pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self.pieces)}

    async def send(self, message: Any) -> None:
        self.told.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(one["body"] for one in self.told[1:])


def serve(application: Any, *lines: Line, scope: Any = SCOPE) -> None:
    async def all_of_them() -> None:
        served = InOneThread(application)
        await asyncio.gather(*(served(dict(scope), one.receive, one.send) for one in lines))

    asyncio.run(all_of_them())


def answering(make: Callable[[dict[str, Any]], Iterable[bytes]]) -> Any:
    def application(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("201 Created", [("X-Told", "é")])
        return make(environ)

    return application


def test_the_request_is_told_as_it_came():
    seen: dict[str, Any] = {}

    def keep(environ: dict[str, Any]) -> list[bytes]:
        seen.update(environ, body=environ["wsgi.input"].read())
        return [b"a", b"b"]

    line = Line(b"one ", b"two")
    serve(answering(keep), line)

    assert seen["body"] == b"one two"
    assert seen["PATH_INFO"].encode("latin1").decode() == "/a/ü"
    assert (seen["QUERY_STRING"], seen["wsgi.url_scheme"]) == ("b=c", "https")
    assert (seen["SERVER_PORT"], seen["REMOTE_ADDR"]) == ("8000", "10.0.0.1")
    assert (seen["CONTENT_TYPE"], seen["HTTP_COOKIE"]) == ("text/plain", "a=1; b=2")
    assert seen["HTTP_ACCEPT"] == "x,y"
    assert "HTTP_X_FORWARDED_PROTO" not in seen
    assert line.told[0]["status"] == 201
    assert line.told[0]["headers"] == [(b"x-told", "é".encode("latin1"))]
    assert (line.body, len(line.told)) == (b"ab", 2)


def test_below_another_place_the_path_is_what_is_left():
    made = gateways.environ({**SCOPE, "root_path": "/over", "path": "/over/read"})

    assert (made["SCRIPT_NAME"], made["PATH_INFO"]) == ("/over", "/read")


def test_what_is_long_is_told_bit_by_bit_and_closed():
    class Long:
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            yield from (b"x" * 100_000 for _ in range(10))

        def close(self) -> None:
            self.closed = True

    long, line = Long(), Line()
    serve(answering(lambda _: long), line)

    assert line.body == b"x" * 1_000_000
    assert len(line.told) > 3
    assert [one["more_body"] for one in line.told[1:]] == [True] * (len(line.told) - 2) + [False]
    assert long.closed


def test_one_after_the_other_and_always_the_same_thread():
    busy = threading.Lock()
    threads: set[int] = set()

    def alone(_: object) -> list[bytes]:
        assert busy.acquire(blocking=False)
        threads.add(threading.get_ident())
        busy.release()
        return []

    serve(answering(alone), *(Line() for _ in range(20)))

    assert len(threads) == 1 and threads != {threading.get_ident()}


def test_who_sends_slowly_keeps_nobody_waiting_and_is_given_up(monkeypatch):
    monkeypatch.setattr(gateways, "PATIENCE_SECONDS", 0.05)
    asked: list[int] = []
    slow, quick = Line(b"half", b""), Line()

    async def never() -> Any:
        if len(slow.pieces) == 2:
            return await Line.receive(slow)
        await asyncio.Event().wait()

    slow.receive = never  # type: ignore[method-assign]
    serve(answering(lambda _: asked.append(1) or [b"done"]), slow, quick)

    assert (quick.body, asked) == (b"done", [1])
    assert slow.told == []


@pytest.mark.parametrize("declared", [True, False])
def test_of_a_body_that_is_too_long_only_so_much_is_read(monkeypatch, declared):
    monkeypatch.setattr(gateways, "MOST", 10)
    headers = [(b"content-length", b"999")] if declared else []
    line = Line(*[b"12345678"] * 9)
    read: list[bytes] = []
    serve(
        answering(lambda environ: read.append(environ["wsgi.input"].read()) or []),
        line,
        scope={**SCOPE, "headers": headers},
    )

    assert read == [b"" if declared else b"12345678" * 2]
    assert len(line.pieces) == (9 if declared else 7)
