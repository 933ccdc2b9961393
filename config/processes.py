"""Spawn processes that die with us, remember them, and end exactly those again.

Run as a program this file is the keeper: it waits for the end of a pipe that only the supervisor
holds open, and then ends whatever the supervisor left behind. Standard library only, so that it
starts in milliseconds and can't break with the product.
"""

import ctypes
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

# every child carries it, so that grandchildren without a living parent can be told from strangers
MARK = "OVERREAD_INSTANCE"
PR_SET_PDEATHSIG = 1
LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user of this machine to run a process as."""

    name: str
    uid: int
    gid: int

    @classmethod
    def named(cls, name: str) -> "Account":
        entry = pwd.getpwnam(name)
        return cls(name=name, uid=entry.pw_uid, gid=entry.pw_gid)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One process as it is remembered on disk: a number alone could be somebody else's by now."""

    name: str
    pid: int
    born: str
    # signals to try in turn, each with the seconds it is given; SIGKILL is always the last
    stop: list[tuple[int, float]]
    rank: int
    mark: str


def born(pid: int) -> str | None:
    """Say when the process started, in a form that differs when the number is used again."""
    if not LINUX:
        asked = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True
        )
        stat, _, started = asked.stdout.strip().partition(" ")
        return started.strip() if stat and not stat.startswith("Z") else None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else f"{_boot()}:{fields[19]}"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]


def alive(record: Record) -> bool:
    return born(record.pid) == record.born


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    output: IO[bytes] | int,
    cwd: Path | None = None,
    account: Account | None = None,
    death_signal: int = signal.SIGTERM,
    foreground: bool = False,
) -> "subprocess.Popen[bytes]":
    """Start a process that is told to stop when this one dies, also by kill -9.

    The kernel forgets the wish when credentials change, so it is made after the change of user,
    which `subprocess` does before `preexec_fn`. It belongs to the thread that forked: call this
    from the main thread only.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return subprocess.Popen(
        argv,
        env=dict(env),
        cwd=cwd,
        stdin=None if foreground else subprocess.DEVNULL,
        stdout=None if foreground else output,
        stderr=None if foreground else output,
        start_new_session=not foreground,
        preexec_fn=die_with_parent,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def reaches(account: Account, path: Path, mode: int = os.X_OK) -> bool:
    """Ask the kernel, as that user, whether it may come to `path`."""
    child = os.fork()
    if child == 0:
        allowed = False
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            allowed = os.access(path, mode)
        finally:
            os._exit(0 if allowed else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def write_private(path: Path, content: str) -> None:
    """Replace a file that only its owner may read; a crash leaves the old one or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with open(fresh, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


def remember(path: Path, records: Iterable[Record]) -> None:
    write_private(path, json.dumps([asdict(record) for record in records]))


def remembered(path: Path) -> list[Record]:
    try:
        return [Record(**fields) for fields in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError):
        return []


def end_remembered(path: Path) -> list[str]:
    """End the processes of the list that still are the ones remembered; return their names.

    Ranks end one after the other, in the order of an ordinary stop, so that the database goes
    last and its clients are not cut off.
    """
    ended: list[str] = []
    records = remembered(path)
    for rank in sorted({record.rank for record in records}):
        left = [record for record in records if record.rank == rank]
        ended += end([record for record in left if alive(record)])
        for record in left:
            ended += [record.name for pid in strays(record) if _signal(pid, signal.SIGKILL)]
    return ended


def end(records: Sequence[Record], *, hurry: Callable[[], bool] = lambda: False) -> list[str]:
    """Stop the given processes side by side, escalating, and take their groups with them.

    `hurry` ends the patience of each step early; the steps themselves are still taken.
    """

    def gone() -> bool:
        return not any(alive(record) for record in records)

    for step in range(max((len(record.stop) for record in records), default=0)):
        asked = [record for record in records if alive(record) and step < len(record.stop)]
        for record in asked:
            _signal(record.pid, record.stop[step][0])
        patience = max((record.stop[step][1] for record in asked), default=0)
        wait_until(lambda: gone() or hurry(), patience)
    for record in records:
        end_group(record.pid)
    wait_until(gone, 5)
    return [record.name for record in records]


def end_group(leader: int) -> None:
    """Kill what is left of the group; safe only while the leader is known to have been ours."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def strays(record: Record) -> list[int]:
    """Find members of a group whose leader is gone: same group, and our mark in the environment."""
    if not LINUX:
        return []
    wanted = f"{MARK}={record.mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if os.getpgid(int(entry.name)) != record.pid:
                continue
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again, soon at first; processes of others send no signal when they end."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True


def _signal(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def keep(pipe: int, path: Path) -> None:
    """Wait until the supervisor is gone; if it did not say goodbye, end what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if os.read(pipe, 1) == b"":
        end_remembered(path)


if __name__ == "__main__":
    keep(int(sys.argv[1]), Path(sys.argv[2]))
