"""Processor time by process: it says where the time goes also while others use the machine."""

import os
from collections.abc import Iterable
from pathlib import Path

from bench import ground

_TICKS = os.sysconf("SC_CLK_TCK")


class Meter:
    """Tells what the web server, PostgreSQL and this process itself have used since it was made."""

    def __init__(self) -> None:
        # the web server is all that was started here
        self._who = {
            "web": _read(_below(os.getpid())[1:]),
            "PostgreSQL": _read(_backends()),
            "load generator": _read([os.getpid()]),
        }

    def used(self) -> dict[str, float]:
        """Return seconds by who used them; of processes that have ended meanwhile, none."""
        return {who: _since(before) / _TICKS for who, before in self._who.items()}


def _since(before: dict[int, int]) -> int:
    return sum(ticks - before[pid] for pid, ticks in _read(before).items())


def _below(pid: int) -> list[int]:
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return [pid, *(one for child in children for one in _below(child))]


def _backends() -> list[int]:
    with ground.owner() as connection:
        return [pid for (pid,) in connection.execute("select pid from pg_stat_activity")]


def _read(pids: Iterable[int]) -> dict[int, int]:
    read: dict[int, int] = {}
    for pid in pids:
        try:
            told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        read[pid] = int(told[11]) + int(told[12])
    return read
