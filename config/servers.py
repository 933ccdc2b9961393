"""Start the servers a command needs, or use those that the environment names."""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg

from config import embedded, instance
from config.embedded import APP, OWNER, Postgres, Valkey
from config.instance import ROOT
from config.supervisor import CannotStart, Spec, Supervisor, tail

SERVERS = ("DATABASE_URL", "OVERREAD_OWNER_DATABASE_URL", "REDIS_URL")
NOTHING = re.compile(rb"(?!)")


def with_programs() -> dict[str, str]:
    """Return the caller's environment with the programs of our virtual environment first."""
    programs = str(Path(sys.executable).parent)
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    return os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1"}


def base_environment(home: Path) -> dict[str, str]:
    """Return the environment of every process of the product in this data folder."""
    env = with_programs() | {"OVERREAD_DATA_DIR": str(home)}
    if not {"OVERREAD_SECRET_KEY", "OVERREAD_SECRET_KEY_FILE"} & env.keys():
        env["OVERREAD_SECRET_KEY"] = instance.kept_secrets(home)["secret_key"]
    if not env.get("OVERREAD_EMAIL_URL"):
        env.setdefault("OVERREAD_EMAIL_FOLDER", str(home / "mail"))
        env.setdefault("OVERREAD_MAILBOX", "true")
    if not {"OVERREAD_RECEIPT_KEY", "OVERREAD_RECEIPT_KEY_FILE"} & env.keys():
        env["OVERREAD_RECEIPT_KEY_FILE"] = str(instance.receipt_key(home))
    return env


def ours(env: dict[str, str]) -> dict[str, str]:
    """Return what another command needs to join: servers, addresses and secrets."""
    return {
        name: value
        for name, value in env.items()
        if name in SERVERS or name == "PORT" or name.startswith("OVERREAD_")
    }


def start(
    supervisor: Supervisor,
    home: Path,
    *,
    say: Callable[[str], None],
    durable: bool = True,
    may_create: bool = False,
) -> dict[str, str]:
    """Have both servers answering and return the environment that reaches them."""
    env = base_environment(home)
    kept = instance.kept_secrets(home)
    postgres = valkey = None
    if not env.get("REDIS_URL"):
        valkey = Valkey(
            data=home / "valkey", port=instance.kept_port(home, "valkey"), password=kept["valkey"]
        )
        valkey.configure()
        supervisor.start(valkey.spec())
        env["REDIS_URL"] = valkey.url
    if env.get("DATABASE_URL"):
        _use_given(env, say)
    else:
        postgres = _start_postgres(supervisor, home, kept, durable=durable, say=say)
        embedded.ensure_roles(postgres, may_create=may_create)
        env["DATABASE_URL"] = postgres.url(APP)
        env["OVERREAD_OWNER_DATABASE_URL"] = postgres.url(OWNER)
    if valkey:
        supervisor.await_ready(valkey.ready, seconds=30, names=["valkey"])
    return env


def _start_postgres(
    supervisor: Supervisor,
    home: Path,
    kept: dict[str, str],
    *,
    durable: bool,
    say: Callable[[str], None],
) -> Postgres:
    account = embedded.unprivileged(home / "postgres")
    data = embedded.reachable_home(home / "postgres", account, say)
    server = Postgres(
        data=data,
        binaries=embedded.usable_binaries(account, data.parent),
        account=account,
        port=instance.kept_port(home, "postgres"),
        passwords={name: kept[name] for name in ("postgres", OWNER, APP)},
        durable=durable,
    )
    embedded.initialise(server)
    embedded.configure(server)
    supervisor.start(server.spec())
    # after a crash the log is replayed first, which can take its time
    supervisor.await_ready(server.ready, seconds=120, names=["postgres"])
    return server


def _use_given(env: dict[str, str], say: Callable[[str], None]) -> None:
    """Use the servers that the environment names, and say when one role does both jobs."""
    named = [name for name in SERVERS[:2] if env.get(name)][-1]
    owner = env["OVERREAD_OWNER_DATABASE_URL"] = env[named]
    try:
        # the other role may not exist yet: its owner makes it when it prepares the database
        psycopg.connect(owner, connect_timeout=10).close()
    except psycopg.Error as error:
        raise CannotStart(f"{named} names a server that does not let us in: {error}") from None
    if owner == env["DATABASE_URL"]:
        say(
            "DATABASE_URL both owns the tables and runs the product: the audit log is then not"
            " guarded by the database's rights. Set OVERREAD_OWNER_DATABASE_URL to tell them apart."
        )


def prepare(supervisor: Supervisor, env: dict[str, str]) -> None:
    """Bring the tables and the rights of the running role up to date."""
    argv = [sys.executable, "-m", "config.prepare"]
    once(supervisor, Spec(name="prepare", argv=argv, env=env, cwd=ROOT))


def once(supervisor: Supervisor, spec: Spec) -> None:
    """Run a step that must succeed before the next one makes sense."""
    # when it fails the end of its log is shown anyway
    code = supervisor.run(replace(spec, alarming=NOTHING))
    if code:
        raise CannotStart(
            f"{spec.name} failed with exit code {code}.\n"
            f"{tail(supervisor.logs / f'{spec.name}.log')}"
        )
