"""The commands of ./run, once the virtual environment is there."""

import json
import os
import resource
import secrets
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from config import instance, quality, servers
from config.instance import ROOT, Busy
from config.supervisor import CannotStart, Spec, StopAsked, Supervisor, end_leftovers

USAGE = """\
./run                 start everything; Ctrl-C stops it
./run --reset         delete the data folder's contents, then start
./run stop            stop what runs in this data folder
./run manage …        manage.py … beside the running servers
./run test [pytest …] run the tests
./run check           lint, types, contracts, migrations
./run bench [names]   run the benchmarks
PORT, OVERREAD_DATA_DIR, DATABASE_URL and REDIS_URL are honoured."""

# what needs the role that owns the tables
OWNERS = {"migrate", "flush"}


# each waiting agent is an open file, and a shell usually allows 1,024
OPEN_FILES = 16_384


def say(sentence: str) -> None:
    print(sentence, flush=True)


def start(*, reset: bool = False) -> int:
    """Start everything in the data folder and tend it until asked to stop."""
    home = instance.data_dir()
    with instance.held(home):
        # first, or its port and its data would still be in use
        end_leftovers(home, say)
        if reset:
            instance.clear(home)
        instance.note(home)
        port, wait_port = instance.web_ports()
        with Supervisor(home, mark=secrets.token_hex(8), say=say) as supervisor:
            say("Overread is starting …")
            env = servers.start(supervisor, home, say=say)
            env |= _addresses(port, wait_port)
            instance.note(home, url=env["OVERREAD_PUBLIC_URL"], environment=servers.ours(env))
            servers.prepare(supervisor, env)
            _start_processes(supervisor, env, "web", "wait")
            servers.once(supervisor, _manage_spec(env, "seed_demo"))
            supervisor.await_ready(
                lambda: _answers(f"http://127.0.0.1:{port}/healthz"), seconds=60, names=["web"]
            )
            # after the first page: on two cores they would double the time to it
            _start_processes(supervisor, env, "worker", "beat")
            supervisor.start(_manage_spec(env, "demo_agent"))
            instance.note(
                home, url=env["OVERREAD_PUBLIC_URL"], environment=servers.ours(env), ready=True
            )
            say(_welcome(home, env["OVERREAD_PUBLIC_URL"]))
            supervisor.serve()
    return 0


def _addresses(port: int, wait_port: int) -> dict[str, str]:
    address = f"http://127.0.0.1:{port}"
    return {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WAIT_PORT": str(wait_port),
        "OVERREAD_PUBLIC_URL": os.environ.get("OVERREAD_PUBLIC_URL", address),
        "OVERREAD_WAIT_URL": os.environ.get("OVERREAD_WAIT_URL", f"http://127.0.0.1:{wait_port}"),
    }


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}


def _start_processes(supervisor: Supervisor, env: dict[str, str], *names: str) -> None:
    """Start some of what the Procfile names: a laptop and production run the same commands."""
    stops: dict[str, tuple[int, Sequence[tuple[int, float]]]] = {
        "web": (1, ((signal.SIGTERM, 8.0),)),
        "wait": (2, ((signal.SIGTERM, 4.0),)),
        "beat": (3, ((signal.SIGTERM, 3.0),)),
        "worker": (4, ((signal.SIGTERM, 10.0), (signal.SIGQUIT, 2.0))),
    }
    commands = procfile()
    for name in names:
        rank, stop = stops[name]
        argv = ["/bin/sh", "-c", f"exec {commands[name]}"]
        supervisor.start(Spec(name=name, argv=argv, env=env, cwd=ROOT, rank=rank, stop=stop))


def _manage_spec(env: dict[str, str], command: str) -> Spec:
    argv = [sys.executable, "manage.py", command]
    return Spec(name=command, argv=argv, env=env, cwd=ROOT, rank=0)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _welcome(home: Path, url: str) -> str:
    """Say where it is and how to get in; everything a newcomer needs is in the last lines."""
    lines = ["", f"Overread is at {url}", ""]
    try:
        demo: dict[str, Any] = json.loads((home / "demo.json").read_text())
    except (OSError, ValueError):
        demo = {}
    people = demo.get("people", [])
    if people:
        width = max(len(person["email"]) for person in people)
        lines.append("Sign in as")
        lines += [
            f"  {person['email']:<{width}}  {person['password']}  ({', '.join(person['roles'])})"
            for person in people
        ]
    if demo.get("api_key"):
        lines.append(f"Agents use the key {demo['api_key']}")
    if not os.environ.get("OVERREAD_EMAIL_URL"):
        lines.append(f"Mails are not sent: read them at {url}/dev/mail")
    lines.append(f"Data and logs: {home}. Ctrl-C stops everything.")
    return "\n".join(lines)


def manage(arguments: list[str]) -> int:
    """Run manage.py beside the running servers, or beside its own for as long as it takes."""
    home = instance.data_dir()

    def command(env: dict[str, str]) -> tuple[list[str], dict[str, str]]:
        if arguments and arguments[0] in OWNERS:
            env = env | {"DATABASE_URL": env["OVERREAD_OWNER_DATABASE_URL"]}
        return [sys.executable, "manage.py", *arguments], env

    try:
        with instance.held(home):
            instance.note(home)
            with Supervisor(home, mark=secrets.token_hex(8), say=say) as supervisor:
                env = servers.start(supervisor, home, say=say)
                instance.note(home, environment=servers.ours(env))
                argv, env = command(env)
                return supervisor.foreground(argv, env=env, cwd=ROOT)
    except Busy as busy:
        if "environment" not in busy.state:
            raise
        argv, env = command(servers.base_environment(home) | busy.state["environment"])
        os.chdir(ROOT)
        os.execve(argv[0], argv, env)


def stop() -> int:
    """Stop what holds the data folder and wait until it has gone."""
    home = instance.data_dir()
    try:
        with instance.held(home):
            say(f"Nothing runs in {home}.")
            return 0
    except Busy as busy:
        if "pid" not in busy.state:
            say(f"Something holds {home} and does not say who. It is just starting, or ending.")
            return 1
        pid = busy.state["pid"]
    os.kill(pid, signal.SIGTERM)
    if not instance.released(home, seconds=60):
        say(f"Process {pid} was asked to stop and still runs after 60 s.")
        return 1
    say("Stopped.")
    return 0


def _busy(busy: Busy, *, resetting: bool) -> int:
    home, state = instance.data_dir(), busy.state
    where = f" at {state['url']}" if state.get("url") else ""
    if resetting:
        say(f"Overread runs{where}, so nothing was deleted. Stop it first: ./run stop")
        return 1
    if state.get("ready"):
        say(f"Overread already runs{where} with the data in {home}. To stop it: ./run stop")
        return 0
    say(f"Another ./run is just using {home}{where}. Wait for it, or stop it: ./run stop")
    return 1


def _unavailable(arguments: list[str]) -> int:
    say(f"There is no ./run {arguments[0]}.\n{USAGE}")
    return 2


def allow_many_waits() -> None:
    """Raise the number of open files as far as we may; every process inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main(arguments: list[str]) -> int:
    name, rest = (arguments[0], arguments[1:]) if arguments else ("start", [])
    commands: dict[str, Callable[[], int]] = {
        "start": start,
        "--reset": lambda: start(reset=True),
        "manage": lambda: manage(rest),
        "stop": stop,
        "test": lambda: quality.test(rest),
        "check": quality.check,
        "bench": lambda: quality.bench(rest),
    }
    if name in ("help", "-h", "--help"):
        say(USAGE)
        return 0
    allow_many_waits()
    try:
        return commands.get(name, lambda: _unavailable(arguments))()
    except Busy as busy:
        return _busy(busy, resetting=name == "--reset")
    except CannotStart as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    except StopAsked:
        say("Stopped.")
        return 0 if name in ("start", "--reset") else 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
