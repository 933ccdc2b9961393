"""POST to an address that someone else chose, without reaching anything of ours.

The name is looked up once; every address it has must be a public one, and the connection goes to
one of those very addresses, so a second look-up has nothing to change. Redirects are answers, not
instructions. One deadline covers look-up, connection, TLS, headers and body.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

PORTS = frozenset({443, 8443})
MAX_EXCERPT = 1_024
MAX_RETRY_AFTER = 86_400
MAX_URL = 2_000
MAX_TRIED = 3

Resolver = Callable[[str, int], list[str]]

# ip_address().is_global takes these for public, but each leads to another, inner address
_NAT64 = IPv6Network("64:ff9b::/96")
# never public, whatever the running Python's table says
_REFUSED = tuple(
    map(
        IPv6Network,
        ("::/96", "fec0::/10", "64:ff9b:1::/48", "100::/64", "2001::/32", "3fff::/20", "5f00::/16"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What came of one attempt. Without a status nothing was answered, and `error` says why."""

    status: int | None = None
    retry_after: int | None = None
    error: str | None = None
    excerpt: str = ""
    # what was answered, as much of it as was asked for
    content: bytes = field(default=b"", compare=False, repr=False)

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The receiver wants no more: 410."""
        return self.status == 410


class Refused(ValueError):
    """An address that is not connected to."""


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_http: bool = False,
    allow_private: bool = False,
    ports: Collection[int] | None = PORTS,
    seconds: float = 20,
    resolve: Resolver | None = None,
    context: ssl.SSLContext | None = None,
) -> Delivery:
    """POST and say what came of it, see `send`."""
    return send(
        "POST",
        url,
        body,
        headers,
        allow_http=allow_http,
        allow_private=allow_private,
        ports=ports,
        seconds=seconds,
        resolve=resolve,
        context=context,
    )


def send(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    *,
    allow_http: bool = False,
    allow_private: bool = False,
    ports: Collection[int] | None = PORTS,
    seconds: float = 20,
    most: int = MAX_EXCERPT,
    resolve: Resolver | None = None,
    context: ssl.SSLContext | None = None,
) -> Delivery:
    """Send one request and say what came of it; never raises for what the other side does.

    `ports=None` allows any port. Of the answer at most so many bytes are read.
    """
    ends_at = time.monotonic() + seconds
    try:
        target = parse(url, allow_http=allow_http, ports=ports)
        found = _look_up(resolve or _system_resolver, target, seconds)
        addresses = vet(found, allow_private=allow_private)
        connection = _connection(target, addresses, ends_at, context)
    except Refused as refusal:
        return Delivery(error=str(refusal))
    with _closing(connection, ends_at) as expired:
        try:
            connection.request(
                method, target.request_uri, body=body, headers=dict(headers), preload_content=False
            )
            response = connection.getresponse()
            if expired.is_set():  # headers that were cut off read like headers that ended
                raise TimeoutError
            return _answered(response, most)
        except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            late = expired.is_set() or time.monotonic() >= ends_at
            reason = f"nothing complete within {seconds:g} s" if late else _reason(error)
            return Delivery(error=f"No answer from {target.host}: {reason}.")


def parse(url: str, *, allow_http: bool = False, ports: Collection[int] | None = PORTS) -> Url:
    """Read an address that may be posted to, or raise Refused; also for checking it when saved."""
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or set(url) & set(" \\"):
        raise Refused("The address holds characters that addresses do not. Write it in ASCII.")
    try:
        target = parse_url(url)
    except (LocationParseError, ValueError):
        raise Refused("This is not an address. Write https://host/path.") from None
    if target.scheme != "https" and not (allow_http and target.scheme == "http"):
        raise Refused("The address has to start with https://.")
    if target.auth is not None or target.fragment is not None:
        raise Refused("The address holds a user or a fragment. Leave them out.")
    if not target.host or "%" in target.host:
        raise Refused("The address names no host.")
    if ports is not None and _port(target) not in ports:
        allowed = ", ".join(map(str, sorted(ports)))
        raise Refused(f"Port {_port(target)} is not open for webhooks. Use {allowed}.")
    return target


def vet(found: list[str], *, allow_private: bool = False) -> list[str]:
    """Return the addresses to connect to, or raise Refused if any of them is not public."""
    if not found:
        raise Refused("The host has no address. Check its name.")
    for text in found:
        try:
            address = ip_address(text)
        except ValueError:
            raise Refused("The host's address cannot be read.") from None
        if not all(_is_allowed(one, allow_private) for one in _unwrapped(address)):
            raise Refused("The host leads to an address that is not public. Nothing was sent.")
    return found[:MAX_TRIED]


def _is_allowed(address: IPv4Address | IPv6Address, allow_private: bool) -> bool:
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    if allow_private and (address.is_private or address.is_loopback):
        return True
    if isinstance(address, IPv6Address) and any(address in network for network in _REFUSED):
        return False
    return address.is_global and not address.is_reserved


def _unwrapped(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """Give every address that a connection may end at: tunnels and translators hide another."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped or address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)  # which is all that it spells
        return
    yield address
    if address.sixtofour:
        yield address.sixtofour


def _look_up(resolve: Resolver, target: Url, seconds: float) -> list[str]:
    """Look the name up in a thread of its own: the system's resolver knows no deadline."""
    found: list[str] = []
    host = (target.host or "").strip("[]")

    def look() -> None:
        try:
            found.extend(resolve(host, _port(target)))
        except (OSError, UnicodeError):
            found.clear()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise Refused("The host's name was not found in time.")
    return list(found)


def _system_resolver(host: str, port: int) -> list[str]:
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def _port(target: Url) -> int:
    return target.port or (443 if target.scheme == "https" else 80)


class _Vetted:
    """A connection that goes to vetted addresses, whatever its host's name means by now."""

    addresses: list[str]
    ends_at: float
    handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        error: OSError = TimeoutError("no time left")
        for index, address in enumerate(self.addresses):
            # an address that does not answer leaves time for the next
            left = (self.ends_at - time.monotonic()) / (len(self.addresses) - index)
            if left <= 0:
                break
            try:
                made = socket.create_connection((address, self.port), timeout=left)  # type: ignore[attr-defined]
            except OSError as failed:
                error = failed
                continue
            made.settimeout(max(0.001, self.ends_at - time.monotonic()))
            self.handle = made.dup()
            return made
        raise error

    def cut(self) -> None:
        """End whatever is being waited for, from another thread.

        The handle is a second one on the same connection: TLS takes the first one over.
        """
        if self.handle is not None:
            with suppress(OSError):  # it may have ended by itself
                self.handle.shutdown(socket.SHUT_RDWR)


class _PlainConnection(_Vetted, HTTPConnection):
    pass


class _TlsConnection(_Vetted, HTTPSConnection):
    pass


def _connection(
    target: Url, addresses: list[str], ends_at: float, context: ssl.SSLContext | None
) -> _PlainConnection | _TlsConnection:
    host, port = (target.host or "").strip("[]"), _port(target)
    left = max(0.001, ends_at - time.monotonic())
    made: _PlainConnection | _TlsConnection
    if target.scheme == "https":
        tls = context or _default_context()
        made = _TlsConnection(host, port, timeout=left, ssl_context=tls)
    else:
        made = _PlainConnection(host, port, timeout=left)
    made.addresses, made.ends_at = addresses, ends_at
    return made


@cache
def _default_context() -> ssl.SSLContext:
    return ssl.create_default_context()


@contextmanager
def _closing(
    connection: _PlainConnection | _TlsConnection, ends_at: float
) -> Iterator[threading.Event]:
    """Cut the connection at the deadline: a time-out of its own starts anew with every byte."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        connection.cut()

    timer = threading.Timer(max(0.0, ends_at - time.monotonic()), expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()
        timer.join()
        connection.close()
        if connection.handle is not None:
            connection.handle.close()


def _answered(response: Any, most: int) -> Delivery:
    status = int(response.status)
    content = b""
    try:
        # one part is enough for an excerpt; whoever wants more wants all of it
        while part := response.read1(most - len(content), decode_content=False):
            content += part
            if most <= MAX_EXCERPT or len(content) >= most:
                break
    except (HTTPError, http.client.HTTPException, OSError):
        content = b""  # the status is the answer
    error = None
    if 300 <= status < 400:
        error = f"The endpoint answered {status}; redirects are not followed."
    elif not 200 <= status < 300:
        error = f"The endpoint answered {status}."
    return Delivery(
        status=status,
        retry_after=_retry_after(response.headers.get("Retry-After")),
        error=error,
        excerpt=content[:MAX_EXCERPT].decode(errors="replace"),
        content=content[:most],
    )


def _retry_after(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(int(text), MAX_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if at.tzinfo is None:
        return None
    left = int((at - datetime.now(UTC)).total_seconds())
    return min(max(left, 0), MAX_RETRY_AFTER)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(error):
        return "its certificate is not trusted"
    if isinstance(error, ssl.SSLError) or "SSL" in type(error).__name__:
        return "TLS failed"
    if isinstance(error, TimeoutError):
        return "the connection timed out"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return "the connection failed"
