"""Where a link that somebody else wrote leads, read so that browser and reader agree on it."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote

import idna

from handoffs.texts import mark_invisible

# as browsers read an address: a backslash is a slash, tab and line break are not there, a percent
# sign in the host is decoded. Whatever needs one of these rules to be read is no link of ours.
_ADDRESS = re.compile(r"(https?)://([^/?#\\]+)([/?#].*)?", re.IGNORECASE)
_ODD = re.compile(r"[\s\\\x00-\x20\x7f]")
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_-]{1,63})*\.?")
_PORT = re.compile(r"\d{1,5}")
LONGEST = 2_000


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link to follow: `host` is where it leads, in the letters that the network uses."""

    href: str
    host: str


def web(url: object) -> Link | None:
    """Return the link that `url` plainly is; an address with a trick in it is none.

    Nobody is sent to a host that is not the one written behind the link: no name before an @, no
    backslash, no percent sign in the host, no number that only a browser takes for an address.
    """
    text = str(url).strip(" ")
    if len(text) > LONGEST or _ODD.search(text) or mark_invisible(text).hidden:
        return None
    found = _ADDRESS.fullmatch(text)
    if not found or "@" in found[2]:
        return None
    name, port = _apart(found[2])
    host = _host(name)
    if not host or (port and not (_PORT.fullmatch(port) and int(port) <= 65_535)):
        return None
    where = f"{host}:{port}" if port else host
    return Link(href=f"{found[1].lower()}://{where}{found[3] or '/'}", host=where)


def mail(url: object) -> Link | None:
    """Return the address that a mailto: link writes to."""
    text = str(url).strip(" ")
    if not text.lower().startswith("mailto:") or _ODD.search(text):
        return None
    to = unquote(text[7:].partition("?")[0])
    return Link(href=f"mailto:{text[7:]}", host=mark_invisible(to or "nobody").text)


def _apart(authority: str) -> tuple[str, str]:
    """Cut the port off; brackets hold the colons of an IPv6 address together."""
    head, colon, tail = authority.rpartition(":")
    return (head, tail) if colon and "]" not in tail else (authority, "")


def _host(name: str) -> str:
    """Return the host as the network has it, "" for what is none or could be read as another."""
    if name.startswith("["):
        return (
            f"[{_number(name[1:-1], 6)}]" if name.endswith("]") and _number(name[1:-1], 6) else ""
        )
    try:
        plain = idna.encode(name, uts46=True, transitional=False).decode()
    except UnicodeError:
        # an underscore, say; letters that no network knows are another matter
        plain = name.lower() if name.isascii() and "xn--" not in name.lower() else ""
    if not _NAME.fullmatch(plain):
        return ""
    # browsers read 0x7f.1 and 2130706433 as numbers
    last = plain.rstrip(".").rpartition(".")[2]
    if re.fullmatch(r"\d+|0x[0-9a-f]*", last):
        return _number(plain, 4)
    return plain


def _number(text: str, version: int) -> str:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return ""
    return str(found) if found.version == version else ""
