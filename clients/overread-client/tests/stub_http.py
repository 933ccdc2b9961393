"""Serves the stub over a real socket, with faults on demand."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stub_server import Answer, Refused, Seen, Stub


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: Stub

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        address = urlsplit(self.path)
        seen = Seen(
            method=self.command,
            path=address.path,
            query={name: values[0] for name, values in parse_qs(address.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=json.loads(raw) if raw else None,
            at=time.monotonic(),
        )
        self.stub.seen.append(seen)
        fault = next((one for one in self.stub.faults if one.path in seen.path), None)
        if fault is not None:
            self.stub.faults.remove(fault)
        if fault is None or fault.after:
            answer = self._answer(lambda: self.stub.handle(seen, raw))
        if fault is not None and fault.answer is None:
            self.close_connection = True
            self.connection.close()
            return
        self._write(fault.answer if fault is not None and fault.answer else answer)

    def _answer(self, handle: Callable[[], Answer]) -> Answer:
        try:
            return handle()
        except Refused as refused:
            return refused.answer

    def _write(self, answer: Answer) -> None:
        status, headers, value = answer
        body = b"" if value is None else json.dumps(value).encode()
        problem = "application/problem+json" if status >= 400 else "application/json"
        self.send_response(status)
        for name, text in {"Content-Type": problem, **headers}.items():
            self.send_header(name, text)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _serve

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


def serve(stub: Stub) -> ThreadingHTTPServer:
    handler = type("StubHandler", (Handler,), {"stub": stub})
    server = Quiet(("127.0.0.1", 0), handler)
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server
