"""Typed readers of the environment; every error names the variable and the remedy."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


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


def email(name: str) -> dict[str, Any]:
    """Read `smtp://user:password@host:port?tls=true` (or `ssl=true`) as Django's settings."""
    value = secret(name, "")
    if not value:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    url = urlsplit(value)
    options = parse_qs(url.query)
    if url.scheme != "smtp" or not url.hostname or set(options) - {"tls", "ssl"}:
        raise BadSetting(f"{name} cannot be read. Write smtp://user:password@host:587?tls=true.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": url.port or 25,
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_TLS": options.get("tls") == ["true"],
        "EMAIL_USE_SSL": options.get("ssl") == ["true"],
        "EMAIL_TIMEOUT": 15,
    }
