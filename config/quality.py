"""./run test, check and bench: each with its own set-up, each with the tool's own exit code."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config import instance, servers
from config.instance import ROOT
from config.supervisor import Supervisor

# these drive a browser or whole instances; beside the others they would measure the machine
ALONE = ("tests/e2e", "tests/house")
# enough for settings to load; nothing connects
NO_SERVERS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "OVERREAD_SECRET_KEY": "only-for-checks",
    "OVERREAD_RECEIPT_KEY": "only-for-checks",
}


def say(sentence: str) -> None:
    print(sentence, flush=True)


def say_ends(sentence: str) -> None:
    """Say when a server ended, but not what it complains of: tests provoke that."""
    if " | " not in sentence:
        say(sentence)


def test(arguments: list[str]) -> int:
    """Run pytest with throw-away servers: all of it in two parts, or just what was asked for."""
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        say("There is no chromium on PATH, which the browser tests need: apt-get install chromium")
    home = Path(tempfile.mkdtemp(prefix="overread-"))
    if os.geteuid() == 0:
        home.chmod(0o711)
    try:
        with (
            instance.held(home),
            Supervisor(home, mark=secrets.token_hex(8), say=say_ends) as supervisor,
        ):
            env = servers.start(supervisor, home, say=say, durable=False, may_create=True)
            # tests bring their own secrets, and choose their ports
            for name in ("PORT", "OVERREAD_SECRET_KEY", "OVERREAD_RECEIPT_KEY_FILE"):
                env.pop(name, None)
            parts = [arguments] if arguments else _parts()
            return _run_parts(supervisor, env, home, parts)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _parts() -> list[list[str]]:
    alone = [folder for folder in ALONE if (ROOT / folder).is_dir()]
    return [["-n", "auto", *(f"--ignore={folder}" for folder in alone)], [*alone, "-n", "0"]]


def _run_parts(
    supervisor: Supervisor, env: dict[str, str], home: Path, parts: list[list[str]]
) -> int:
    begun = time.monotonic()
    codes, reports = [], []
    for number, part in enumerate(parts):
        report = home / f"part{number}.xml"
        argv = [sys.executable, "-m", "pytest", f"--junit-xml={report}", *part]
        codes.append(supervisor.foreground(argv, env=env, cwd=ROOT))
        reports.append(report)
        if codes[-1] == 2 or codes[-1] < 0:
            break
    if len(reports) > 1:
        say(_closing_line(reports, time.monotonic() - begun))
    return next((code for code in codes if code), 0)


def _closing_line(reports: Sequence[Path], seconds: float) -> str:
    """Sum the parts up in the words pytest itself would have used."""
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for report in reports:
        if not report.exists():
            counts["errors"] += 1
            continue
        for suite in ElementTree.parse(report).iter("testsuite"):
            for name in counts:
                counts[name] += int(suite.get(name, 0))
    passed = counts["tests"] - counts["failures"] - counts["errors"] - counts["skipped"]
    said = [
        (counts["failures"], "failed"),
        (passed, "passed"),
        (counts["skipped"], "skipped"),
        (counts["errors"], "errors"),
    ]
    words = ", ".join(f"{count} {word}" for count, word in said if count)
    return f" {words or 'no tests ran'} in {seconds:.2f}s ".center(80, "=")


def check() -> int:
    """Run every check, also after a failure, and name those that failed."""
    programs = Path(sys.executable).parent
    env = servers.with_programs() | NO_SERVERS
    templates = [str(path) for path in sorted((ROOT / "templates").rglob("*.html"))]
    python = str(sys.executable)
    commands = {
        "ruff": [str(programs / "ruff"), "check", "."],
        "format": [str(programs / "ruff"), "format", "--check", "."],
        "djade": [str(programs / "djade"), "--target-version", "5.2", "--check", *templates],
        "mypy": [python, "-m", "mypy", "."],
        "contracts": [str(programs / "lint-imports")],
        "migrations": [python, "-W", "ignore", "manage.py", "makemigrations", "--check"],
        "system checks": [python, "manage.py", "check", "--fail-level", "WARNING"],
    }

    def one(argv: list[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            argv, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for name, done in zip(commands, pool.map(one, commands.values()), strict=True):
            say(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'}")
            if done.returncode:
                failed.append(name)
                say(done.stdout)
    say(f"Failed: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


def bench(names: list[str]) -> int:
    """Run the benchmarks beside servers of their own, which keep every promise to the disk."""
    data = instance.data_dir()
    # beside the data folder, which --reset may empty meanwhile
    home = data.with_name(f"{data.name}-bench")
    with instance.held(home):
        instance.clear(home)
        instance.note(home)
        with Supervisor(home, mark=secrets.token_hex(8), say=say) as supervisor:
            env = servers.start(supervisor, home, say=say, may_create=True)
            servers.prepare(supervisor, env)
            argv = [sys.executable, "-m", "bench", *names]
            return supervisor.foreground(argv, env=env, cwd=ROOT)
