"""Typed readers of the environment; every error names the variable and the remedy."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit


class BadSetting(Exception):
    """A variable is missing or cannot be read; the message says which and how to mend it."""


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise BadSetting(f"{name} is not set. Set it in the environment; see .env.example.")
    return default


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, "")
    if not value:
        return default
    if value not in ("true", "false"):
        raise BadSetting(f"{name} is {value!r}. Write true or false.")
    return value == "true"


def number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise BadSetting(f"{name} is {value!r}. Write a whole number.") from None


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def secret(name: str, default: str | None = None) -> str:
    """Read `name`, or the file that `name`_FILE points at."""
    path = os.environ.get(f"{name}_FILE", "")
    if path:
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE is {path!r} and cannot be read: {error}.") from None
    return text(name, default)


@dataclass(frozen=True)
class Address:
    """Where a server is and how to sign in there."""

    scheme: str
    host: str
    port: int | None
    user: str
    password: str


def address(name: str, schemes: tuple[str, ...]) -> Address | None:
    """Read `scheme://user:password@host:port`, also from `name`_FILE; None when it is not set."""
    value = secret(name, "")
    if not value:
        return None
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in schemes or not parts.hostname:
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        raise BadSetting(f"{name} cannot be read. Write {wanted}user:password@host:port.")
    return Address(
        parts.scheme,
        parts.hostname,
        port,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )
