"""One data folder: its lock, its secrets, its ports, and what is known of who runs in it."""

import fcntl
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

from config import processes
from config.embedded import APP, HOST, OWNER
from config.supervisor import CannotStart

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 8000
MARKER = "overread-data"


class Busy(Exception):
    """Another process holds the data folder; `state` is what it wrote about itself."""

    def __init__(self, state: dict[str, Any]) -> None:
        super().__init__("the data folder is in use")
        self.state = state


def data_dir() -> Path:
    named = os.environ.get("OVERREAD_DATA_DIR")
    return Path(named).absolute() if named else ROOT / ".run"


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold the data folder for ourselves, or raise Busy with what its holder says.

    The kernel drops the lock with its holder, however that ended; children never inherit it.
    """
    _prepare(home)
    with open(home / "lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(state(home)) from None
        try:
            yield
        finally:
            (home / "instance.json").unlink(missing_ok=True)


def released(home: Path, *, seconds: float) -> bool:
    """Wait until nobody holds the data folder any more."""

    def free() -> bool:
        try:
            with held(home):
                return True
        except Busy:
            return False

    return processes.wait_until(free, seconds)


def _prepare(home: Path) -> None:
    """Make the folder; others may pass through as root, since PostgreSQL then is another user."""
    try:
        home.mkdir(parents=True, mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
        if not any(home.iterdir()):
            (home / MARKER).write_text("./run --reset may delete everything in this folder\n")
        (home / "lock").touch()
    except OSError as error:
        raise CannotStart(
            f"{error.filename or home} cannot be used: {error.strerror}. If it was first used by"
            " another user, run as that user; or set OVERREAD_DATA_DIR to a folder of your own."
        ) from None


def note(home: Path, **facts: Any) -> None:
    """Say who runs here; the file is private, since the environment holds passwords."""
    about = {"pid": os.getpid(), "born": processes.born(os.getpid()), **facts}
    processes.write_private(home / "instance.json", json.dumps(about, indent=1))


def state(home: Path) -> dict[str, Any]:
    """Return what the holder of the folder noted, or nothing when it has noted nothing yet."""
    try:
        about: dict[str, Any] = json.loads((home / "instance.json").read_text())
    except (OSError, ValueError):
        return {}
    return about if processes.born(about.get("pid", 0)) == about.get("born") else {}


def clear(home: Path) -> None:
    """Delete what is in the folder; the caller holds it.

    Only a folder that was empty when we first used it: OVERREAD_DATA_DIR may name somebody's home.
    """
    if not (home / MARKER).exists():
        raise CannotStart(
            f"{home} held other things before Overread used it, so nothing was deleted."
            " Delete by hand what you no longer need."
        )
    elsewhere = home / "postgres-home"
    if elsewhere.exists():
        shutil.rmtree(elsewhere.read_text().strip(), ignore_errors=True)
    for path in home.iterdir():
        if path.name in (MARKER, "lock"):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def kept_secrets(home: Path) -> dict[str, str]:
    """Return this folder's secrets; made once, before the first thing that depends on them."""
    path = home / "secrets.json"
    kept: dict[str, str] = {}
    if path.exists():
        try:
            kept = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise CannotStart(
                f"{path} cannot be read: {error}. Run as the user it belongs to, or start anew:"
                " ./run --reset"
            ) from None
    names = ("secret_key", "postgres", OWNER, APP, "valkey")
    if missing := [name for name in names if name not in kept]:
        kept |= {name: secrets.token_urlsafe(32) for name in missing}
        processes.write_private(path, json.dumps(kept, indent=1))
    return kept


def receipt_key(home: Path) -> Path:
    """Return the file with the private key that signs receipts; made once."""
    path = home / "receipt-key.json"
    if not path.exists():
        key = OKPKey.generate_key("Ed25519", private=True, auto_kid=True)
        processes.write_private(path, json.dumps(key.as_dict(private=True)))
    return path


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def any_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def kept_port(home: Path, name: str) -> int:
    """Return the port a server had last time while it is free, else another; the same is kinder."""
    path = home / f"{name}.port"
    try:
        port = int(path.read_text())
    except (OSError, ValueError):
        port = 0
    if not port or not is_free(port):
        port = any_port()
        path.write_text(f"{port}\n")
    return port


def web_ports() -> tuple[int, int]:
    """Choose where pages and waits are served: PORT and the next free one above it."""
    named = os.environ.get("PORT", "")
    if named:
        if not named.isdigit() or not 0 < int(named) < 65536:
            raise CannotStart(f"PORT is {named!r}. Write a number from 1 to 65535.")
        port = int(named)
        if not is_free(port):
            raise CannotStart(
                f"Port {port} is taken by another program. Nothing was started: stop that program,"
                " or set PORT to another number, or leave PORT out and a free one is chosen."
            )
    else:
        port = next((at for at in range(DEFAULT_PORT, 8100, 10) if is_free(at)), 0) or any_port()
    above = range(port + 1, min(port + 10, 65536))
    return port, next((at for at in above if is_free(at)), 0) or any_port()
