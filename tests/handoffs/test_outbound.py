"""Nothing here leaves the machine: names come from a table, servers listen on loopback."""

import datetime
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from handoffs import outbound
from handoffs.outbound import Delivery, Refused

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PUBLIC, PRIVATE = "93.184.215.14", "10.0.0.7"


def read_request(made: Any) -> bytes:
    """Read head and body: closing on unread bytes would reset the connection."""
    read = b""
    while received := made.recv(65536):
        read += received
        head, complete, body = read.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if complete and len(body) >= int(length[1] if length else 0):
            break
    return read


@contextmanager
def serving(
    answer: Callable[[Any], None], context: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[bytes]]]:
    """Listen on loopback; every connection's request is read and then given to `answer`."""
    listening = socket.create_server(("127.0.0.1", 0))
    requests: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                made: Any = listening.accept()[0]
            except OSError:
                return
            made.settimeout(10)
            try:
                if context:
                    made = context.wrap_socket(made, server_side=True)
                requests.append(read_request(made))
                answer(made)
            except OSError:
                pass
            finally:
                made.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], requests
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def saying(answer: bytes) -> Callable[[Any], None]:
    return lambda made: made.sendall(answer)


def names(*addresses: str) -> outbound.Resolver:
    return lambda host, port: list(addresses)


def post_to(port: int, host: str = "hooks.example", **more: Any) -> Delivery:
    options = {"allow_http": True, "allow_private": True, "ports": None, "seconds": 5}
    options["resolve"] = names("127.0.0.1")
    return outbound.post(
        f"http://{host}:{port}/hook?a=1", b"{}", {"webhook-id": "msg_1"}, **{**options, **more}
    )


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every connection that would have been made."""
    tried: list[Any] = []

    def refuse(address: Any, **_: Any) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(outbound.socket, "create_connection", refuse)
    return tried


def test_request_arrives_as_it_was_sent() -> None:
    with serving(saying(OK)) as (port, requests):
        delivery = post_to(port)

    assert delivery == Delivery(status=200, excerpt="ok")
    assert delivery.delivered
    assert requests[0].startswith(b"POST /hook?a=1 HTTP/1.1\r\n")
    assert f"Host: hooks.example:{port}\r\n".encode() in requests[0]
    assert b"webhook-id: msg_1\r\n" in requests[0]
    assert requests[0].endswith(b"\r\n\r\n{}")


BYPASSES = [
    "http://127.0.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://127.1/",
    "http://0/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[2001:0:5db8:d70e::80ff:fffe]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[fd00::1]/",
    "http://[ff02::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://10.0.0.1/",
    "http://192.168.0.1/",
    "http://172.16.0.1/",
]
ODD_SPELLINGS = [
    "http://hooks.example@127.0.0.1/",
    "http://hooks.example:pw@127.0.0.1/",
    "http://127.0.0.1#@hooks.example/",
    "http://hooks.example\\@127.0.0.1/",
    "http://%31%32%37.0.0.1/",
    "http://[fe80::1%25lo]/",
    "http://１２７.0.0.1/",
    "http://127。0。0。1/",
    "http://hooks.example /",
    "http://hooks.example/\r\nX-Injected: 1",
    "http:///hook",
    "//hooks.example/",
    "hooks.example",
    "ftp://hooks.example/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "http://hooks.example:99999/",
    "http://[::1/",
    "",
    "http://" + "a" * 2000,
]


@pytest.mark.parametrize("url", [*BYPASSES, *ODD_SPELLINGS])
def test_no_spelling_of_an_inner_address_is_connected_to(url: str, connects: list[Any]) -> None:
    """The numeric ones go through the system's own resolver, which asks nobody for them."""
    delivery = outbound.post(url, b"{}", {}, allow_http=True, ports=None, seconds=5)

    assert connects == []
    assert delivery.status is None
    assert delivery.error


@pytest.mark.parametrize("address", [url.split("/")[2].strip("[]") for url in BYPASSES])
def test_name_that_leads_to_an_inner_address_is_refused(address: str, connects: list[Any]) -> None:
    resolve = names(PUBLIC, address)

    delivery = outbound.post("https://hooks.example/", b"", {}, resolve=resolve)

    assert connects == []
    assert delivery.error


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
                                     "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"])  # fmt: skip
def test_public_address_is_connected_to(address: str, connects: list[Any]) -> None:
    delivery = outbound.post("https://hooks.example/", b"", {}, resolve=names(address))

    assert connects == [(address, 443)]
    assert delivery.error == "No answer from hooks.example: the connection was refused."


def test_name_is_looked_up_once_and_the_vetted_address_is_used(connects: list[Any]) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    outbound.post("https://hooks.example/", b"", {}, resolve=rebinding)

    assert asked == ["hooks.example"]
    assert connects == [(PUBLIC, 443)]


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "::"])
def test_not_even_a_private_endpoint_may_be_link_local_or_nowhere(address: str) -> None:
    with pytest.raises(Refused):
        outbound.vet([address], allow_private=True)
    assert outbound.vet([PRIVATE, "127.0.0.1", "fd00::1"], allow_private=True)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://hooks.example/", "https://"),
        ("https://hooks.example:22/", "Port 22"),
        ("https://hooks.example:80/", "Port 80"),
        ("https://user@hooks.example/", "user"),
        ("https://hooks.example/é", "ASCII"),
    ],
)
def test_address_is_checked_when_saved(url: str, message: str) -> None:
    with pytest.raises(Refused, match=message):
        outbound.parse(url)
    assert outbound.parse("https://hooks.example:8443/hook").port == 8443


def test_name_that_is_not_found_says_so() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror

    delivery = outbound.post("https://hooks.example/", b"", {}, resolve=unknown)

    assert delivery.error == "The host has no address. Check its name."


def test_slow_look_up_ends_at_the_deadline() -> None:
    release = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        release.wait(5)
        return [PUBLIC]

    started = time.monotonic()
    delivery = outbound.post("https://hooks.example/", b"", {}, resolve=slow, seconds=0.2)
    release.set()

    assert time.monotonic() - started < 2
    assert delivery.error == "The host's name was not found in time."


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(status: int) -> None:
    with serving(saying(OK)) as (inner, inner_requests):
        answer = f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:{inner}/\r\n\r\n".encode()
        with serving(saying(answer)) as (port, requests):
            delivery = post_to(port)

    assert (delivery.status, delivery.delivered) == (status, False)
    assert delivery.error == f"The endpoint answered {status}; redirects are not followed."
    assert len(requests) == 1
    assert inner_requests == []


def test_answer_beyond_the_excerpt_is_not_read() -> None:
    sent: list[int] = []

    def endless(made: Any) -> None:
        made.sendall(b"HTTP/1.1 500 No\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            sent.append(made.send(b"x" * 65536))

    with serving(endless) as (port, _):
        delivery = post_to(port)

    assert delivery.status == 500
    assert set(delivery.excerpt) == {"x"}
    assert len(delivery.excerpt) <= outbound.MAX_EXCERPT


def test_compressed_bomb_is_not_unpacked() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
    )
    with serving(saying(answer)) as (port, _):
        assert post_to(port).delivered


def drip(made: Any, before: bytes) -> None:
    made.sendall(before)
    for _ in range(60):
        made.sendall(b"a")
        time.sleep(0.05)


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_slow_drip_ends_at_the_deadline(before: bytes) -> None:
    with serving(lambda made: drip(made, before)) as (port, _):
        started = time.monotonic()
        delivery = post_to(port, seconds=0.4)
        took = time.monotonic() - started

    assert delivery.error == "No answer from hooks.example: nothing complete within 0.4 s."
    assert took < 2


def test_slow_drip_through_tls_ends_at_the_deadline(tls: tuple[Any, Any]) -> None:
    server, client = tls
    started = time.monotonic()
    with serving(lambda made: drip(made, b"HTTP/1.1 200 OK\r\nX: "), server) as (port, _):
        delivery = outbound.post(
            f"https://hooks.example:{port}/", b"", {}, allow_private=True, ports=None,
            resolve=names("127.0.0.1"), context=client, seconds=0.5,
        )  # fmt: skip

    assert delivery.error == "No answer from hooks.example: nothing complete within 0.5 s."
    assert time.monotonic() - started < 2


def test_handshake_that_never_comes_ends_at_the_deadline() -> None:
    release = threading.Event()
    with serving(lambda made: release.wait(5)) as (port, _):
        delivery = outbound.post(
            f"https://hooks.example:{port}/", b"", {}, allow_private=True, ports=None,
            resolve=names("127.0.0.1"), seconds=0.3,
        )  # fmt: skip
        release.set()

    assert delivery.error == "No answer from hooks.example: nothing complete within 0.3 s."


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x16\x03\x01", b"HTTP/1.1 200 OK\r\n",
     b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"],
)  # fmt: skip
def test_broken_answer_is_an_error_and_no_exception(answer: bytes) -> None:
    with serving(saying(answer)) as (port, _):
        delivery = post_to(port)

    assert not delivery.delivered or answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert delivery.error or delivery.status


def test_next_address_is_tried_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.create_connection
    tried: list[str] = []

    def fail_first(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(address[0])
        if address[0] == PRIVATE:
            raise TimeoutError
        return connect(address, timeout=timeout)

    monkeypatch.setattr(outbound.socket, "create_connection", fail_first)
    with serving(saying(OK)) as (port, _):
        delivery = post_to(port, resolve=names(PRIVATE, "127.0.0.1"))

    assert delivery.delivered
    assert tried == [PRIVATE, "127.0.0.1"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("0", 0), ("99999999", 86_400), ("9" * 400, None), ("-5", None), ("soon", None),
     ("١٢", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 99 Oct 2015", None)],
)  # fmt: skip
def test_retry_after_is_read_and_bounded(text: str, seconds: int | None) -> None:
    head = f"HTTP/1.1 429 Slow\r\nRetry-After: {text}\r\nContent-Length: 0\r\n\r\n"
    with serving(saying(head.encode())) as (port, _):
        delivery = post_to(port)

    assert (delivery.status, delivery.retry_after) == (429, seconds)


def test_retry_after_may_be_a_date() -> None:
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=90)
    head = f"HTTP/1.1 503 X\r\nRetry-After: {format_datetime(later, usegmt=True)}\r\n\r\n"
    with serving(saying(head.encode())) as (port, _):
        delivery = post_to(port)

    assert delivery.retry_after is not None
    assert 80 <= delivery.retry_after <= 90


def test_gone_is_told_apart() -> None:
    with serving(saying(b"HTTP/1.1 410 Gone\r\n\r\n")) as (port, _):
        assert post_to(port).gone


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's side of one self-signed certificate for hooks.example."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.example")])
    now = datetime.datetime.now(datetime.UTC)
    alternatives = [x509.DNSName("hooks.example"), x509.IPAddress(ipaddress.ip_address("10.9.8.7"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


def post_tls(port: int, host: str, context: ssl.SSLContext | None) -> Delivery:
    return outbound.post(
        f"https://{host}:{port}/", b"{}", {}, allow_private=True, ports=None,
        resolve=names("127.0.0.1"), context=context, seconds=5,
    )  # fmt: skip


def test_certificate_is_checked_against_the_name_and_not_the_address(tls: tuple[Any, Any]) -> None:
    server, client = tls
    with serving(saying(OK), server) as (port, requests):
        assert post_tls(port, "hooks.example", client).delivered
        assert len(requests) == 1

        other = post_tls(port, "other.example", client)
        unknown = post_tls(port, "hooks.example", None)

    assert other.error == "No answer from other.example: its certificate is not trusted."
    assert unknown.error == "No answer from hooks.example: its certificate is not trusted."
    assert len(requests) == 1
