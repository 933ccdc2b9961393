"""Typed readers of the environment; every error names the variable and the remedy."""

import os
from pathlib import Path


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
