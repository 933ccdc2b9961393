"""Keep a handful of processes running on one machine, and stop them in order.

One thread and one loop: signals and the ends of children wake it, everything else is looked at
when it is awake. Children write straight to their log files, so a supervisor that is suspended
or killed never blocks them.
"""

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from config import processes
from config.processes import Account, Record

ALARMING = re.compile(
    rb"(?<!%)\b(WARNING|ERROR|CRITICAL)\b|\"level\": \"(warning|error|critical)\""
)
CHUNK = 256 * 1024
LOG_LIMIT = 10 * 1024 * 1024
FIRST_DELAY, LONGEST_DELAY, STEADY_AFTER = 0.5, 15.0, 30.0
# a process that ends this often before it was ever ready will not come up by itself
TRIES = 4


class StopAsked(Exception):
    """Someone pressed Ctrl-C or sent SIGTERM."""


class CannotStart(Exception):
    """A process does not come up; the message holds the end of its log."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One process to keep: what to run, how to stop it, and after whom."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path | None = None
    account: Account | None = None
    # lower ranks stop first; equal ranks stop together
    rank: int = 0
    stop: Sequence[tuple[int, float]] = ((signal.SIGTERM, 5.0),)
    # what the kernel sends when the supervisor dies without a word
    death_signal: int = signal.SIGTERM
    alarming: re.Pattern[bytes] = ALARMING


@dataclass
class Child:
    spec: Spec
    log: Path
    lasting: bool = True
    process: "subprocess.Popen[bytes] | None" = None
    record: Record | None = None
    started_at: float = 0.0
    failures: int = 0
    retry_at: float | None = None
    exit_code: int | None = None
    read_to: int = 0
    shown: dict[bytes, float] = field(default_factory=dict)
    tracing: bool = False


class Supervisor:
    """A context: entering takes the signals over, leaving stops every child in order."""

    def __init__(self, home: Path, *, mark: str, say: Callable[[str], None] = print) -> None:
        self.home, self.mark, self.say = home, mark, say
        self.logs = home / "logs"
        self.pids = home / f"pids-{mark}.json"
        self.children: dict[str, Child] = {}
        self._asked: list[tuple[int, float]] = []
        self._wake_read, self._wake_write = os.pipe()
        self._keeper: subprocess.Popen[bytes] | None = None
        self._farewell = -1
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> "Supervisor":
        self.logs.mkdir(mode=0o700, exist_ok=True)
        end_leftovers(self.home, self.say)
        for end in (self._wake_read, self._wake_write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, self._on_stop)
        self._handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        self._start_keeper()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._end_keeper()
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        for end in (self._wake_read, self._wake_write):
            os.close(end)

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        self._asked.append((number, time.monotonic()))

    def _start_keeper(self) -> None:
        pipe, self._farewell = os.pipe()
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", processes.__file__, str(pipe), str(self.pids)],
            pass_fds=[pipe],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(pipe)

    def _end_keeper(self) -> None:
        if self._keeper is None:
            return
        with contextlib.suppress(BrokenPipeError):
            os.write(self._farewell, b".")
        os.close(self._farewell)
        self._keeper.wait()
        self._keeper = None

    # --- starting and watching

    def start(self, spec: Spec, *, lasting: bool = True) -> Child:
        child = Child(spec=spec, log=self.logs / f"{spec.name}.log", lasting=lasting)
        self.children[spec.name] = child
        self._launch(child)
        return child

    def run(self, spec: Spec) -> int:
        """Run a process to its end beside the others and return its exit code."""
        child = self.start(spec, lasting=False)
        self.pump(until=lambda: child.exit_code is not None)
        del self.children[spec.name]
        return child.exit_code or 0

    def foreground(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> int:
        """Give the terminal to a program and wait for it; Ctrl-C is then the program's own."""
        process = processes.spawn(argv, env=env, cwd=cwd, output=-1, foreground=True)
        try:
            self.pump(until=lambda: process.poll() is not None, deaf=True)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            self._asked = [asked for asked in self._asked if asked[0] != signal.SIGINT]
        return process.returncode

    def await_ready(
        self, ready: Callable[[], bool], *, seconds: float, names: Sequence[str]
    ) -> None:
        """Wait until `ready`, or say why not: who of `names` fails, and the end of its log."""

        def hopeless() -> list[Child]:
            return [self.children[name] for name in names if self.children[name].failures >= TRIES]

        came = self.pump(until=lambda: bool(hopeless()) or ready(), seconds=seconds)
        for child in hopeless():
            raise CannotStart(f"{child.spec.name} does not start.\n{tail(child.log)}")
        if not came:
            ends = "\n".join(f"{name}: {tail(self.children[name].log, 5)}" for name in names)
            raise CannotStart(f"{', '.join(names)}: no answer after {seconds:.0f} s.\n{ends}")

    def pump(
        self, *, until: Callable[[], bool], seconds: float | None = None, deaf: bool = False
    ) -> bool:
        """Tend the children until the condition holds; False when the seconds passed first."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            self.tend()
            if any(number != signal.SIGINT or not deaf for number, _ in self._asked):
                raise StopAsked
            if until():
                return True
            if deadline is not None and time.monotonic() > deadline:
                return False
            if select.select([self._wake_read], [], [], 0.05 if deadline else 0.5)[0]:
                self._drain()

    def serve(self) -> None:
        """Tend the children until someone asks to stop."""
        self.pump(until=lambda: False)

    def _drain(self) -> None:
        try:
            while os.read(self._wake_read, 4096):
                pass
        except BlockingIOError:
            return

    def tend(self) -> None:
        """Look at every child once: reap, start again what is due, show what is alarming."""
        now = time.monotonic()
        for child in list(self.children.values()):
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, now)
            if child.retry_at is not None and now >= child.retry_at:
                self._launch(child)
            self._show_alarms(child, now)

    def _launch(self, child: Child) -> None:
        spec = child.spec
        child.retry_at = None
        with child.log.open("ab") as output:
            child.read_to = output.tell()
            child.started_at = time.monotonic()
            try:
                child.process = processes.spawn(
                    spec.argv,
                    env={**spec.env, processes.MARK: self.mark},
                    output=output,
                    cwd=spec.cwd,
                    account=spec.account,
                    death_signal=spec.death_signal,
                )
            except (OSError, subprocess.SubprocessError) as error:
                output.write(f"{spec.argv[0]}: {error}\n".encode())
                self._fail(child, f"{error}")
                return
        child.record = Record(
            name=spec.name,
            pid=child.process.pid,
            born=processes.born(child.process.pid) or "gone",
            stop=[(int(number), seconds) for number, seconds in spec.stop],
            rank=spec.rank,
            mark=self.mark,
        )
        self._remember()

    def _bury(self, child: Child, now: float) -> None:
        assert child.process is not None
        processes.end_group(child.process.pid)
        child.exit_code, child.process, child.record = child.process.returncode, None, None
        self._remember()
        if now - child.started_at > STEADY_AFTER:
            child.failures = 0
        self._fail(child, describe_exit(child.exit_code))

    def _fail(self, child: Child, how: str) -> None:
        """Plan the next try, later each time."""
        if child.exit_code is None:
            child.exit_code = 127
        if not child.lasting:
            return
        delay = min(FIRST_DELAY * 2**child.failures, LONGEST_DELAY)
        child.failures += 1
        child.retry_at = time.monotonic() + delay
        self.say(f"{child.spec.name} ended ({how}); it starts again in {delay:g} s")

    def _remember(self) -> None:
        records = (child.record for child in self.children.values())
        processes.remember(self.pids, (record for record in records if record is not None))

    # --- logs

    def _show_alarms(self, child: Child, now: float) -> None:
        """Pass on the lines that somebody should see: each once a minute, ten in ten seconds."""
        with child.log.open("rb") as log:
            log.seek(child.read_to)
            fresh = log.read(CHUNK)
        whole = fresh if len(fresh) == CHUNK else fresh[: fresh.rfind(b"\n") + 1]
        child.read_to += len(whole)
        child.shown = {line: at for line, at in child.shown.items() if now - at < 60}
        for line in whole.splitlines():
            known = re.sub(rb"[0-9]+", b"", line)
            if not self._alarms(child, line) or known in child.shown:
                continue
            recent = sum(now - at < 10 for at in child.shown.values())
            child.shown[known] = now
            if recent < 10:
                self.say(f"{child.spec.name} | {line.decode(errors='replace')[:200]}")
            elif recent == 10:
                self.say(f"{child.spec.name} | … more in {child.log}")
        if child.read_to > LOG_LIMIT:
            shutil.copyfile(child.log, child.log.with_suffix(".log.1"))
            os.truncate(child.log, 0)
            child.read_to = 0

    @staticmethod
    def _alarms(child: Child, line: bytes) -> bool:
        """Whether to show the line; of a traceback only the last, which says what happened."""
        if line.startswith(b"Traceback "):
            child.tracing = True
            return False
        if child.tracing and (not line or line.startswith(b" ")):
            return False
        traced, child.tracing = child.tracing, False
        return traced or child.spec.alarming.search(line) is not None

    # --- stopping

    def stop(self) -> None:
        """End every child, rank by rank; a second request to stop ends the waiting."""
        begun = time.monotonic()

        def hurry() -> bool:
            # a terminal that closes sends two signals at once, which is one request
            return any(at > begun + 0.5 for _, at in self._asked)

        for child in self.children.values():
            child.retry_at = None
        running = [child for child in self.children.values() if child.record is not None]
        for rank in sorted({child.spec.rank for child in running}):
            records = [child.record for child in running if child.spec.rank == rank]
            processes.end([record for record in records if record is not None], hurry=hurry)
        for child in running:
            if child.process is not None:
                child.process.wait()
        self.children.clear()
        self.pids.unlink(missing_ok=True)


def end_leftovers(home: Path, say: Callable[[str], None]) -> None:
    """End what a supervisor that was killed left in this folder; the caller holds its lock."""
    for path in home.glob("pids-*.json"):
        ended = processes.end_remembered(path)
        if ended:
            say(f"ended what an earlier start left behind: {', '.join(sorted(set(ended)))}")
        path.unlink(missing_ok=True)


def describe_exit(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def tail(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
