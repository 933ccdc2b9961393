"""Give the runtime role what it needs and nothing that could rewrite history."""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from psycopg import sql

APPEND_ONLY = (
    "handoffs_transition",
    "handoffs_auditentry",
    "handoffs_auditseal",
    "accounts_accesschange",
)
READ_ONLY = ("django_migrations",)
# a runaway statement, a queue for a lock, a forgotten transaction: each would stop the others
LIMITS = {
    "statement_timeout": "15s",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "30s",
    # many short statements in one transaction keep a snapshot as one long statement does
    "transaction_timeout": "60s",
}
# what a migration may well take longer than
NOT_FOR_OWNERS = ("statement_timeout", "transaction_timeout")
TRANSACTION_TIMEOUT_SINCE = 170_000


class Command(BaseCommand):
    help = "As the owner: create the runtime role, grant it its tables, keep the log append-only."

    def handle(self, *args: Any, **options: Any) -> None:
        runtime = settings.DATABASES["default"]
        try:
            with psycopg.connect(settings.OWNER_DATABASE_URL) as owner:
                line = secure(owner, role=runtime["USER"], password=runtime["PASSWORD"])
        except psycopg.OperationalError as error:
            raise CommandError(
                f"The owner cannot connect: {error}. Nothing was changed. "
                "Set OVERREAD_OWNER_DATABASE_URL to the role that owns the tables."
            ) from error
        limit(runtime)
        self.stdout.write(line)


def secure(owner: psycopg.Connection, *, role: str, password: str) -> str:
    """Grant in one transaction, then look whether it holds; return one line that says so.

    Safe to run again at any time. Where the runtime role can act as the owner there is nothing
    to take away from it, and the line says that.
    """
    owner_name = owner.info.user
    if role == owner_name:
        return (
            f"{role} both owns the tables and runs the service, so the database cannot keep it "
            "from rewriting the log. Give DATABASE_URL a role of its own for that."
        )
    _create_role(owner, role, password)
    name = sql.Identifier(role)
    owner.execute("revoke create on schema public from public")
    # a temporary table of the same name would stand in for a real one
    database = sql.Identifier(owner.info.dbname)
    owner.execute(sql.SQL("revoke temporary on database {} from public").format(database))
    for statement in (
        "grant usage on schema public to {}",
        "grant select, insert, update, delete on all tables in schema public to {}",
        "grant usage, select on all sequences in schema public to {}",
        "alter default privileges in schema public "
        "grant select, insert, update, delete on tables to {}",
        "alter default privileges in schema public grant usage, select on sequences to {}",
    ):
        owner.execute(sql.SQL(statement).format(name))
    for table in APPEND_ONLY:
        _keep(owner, table, role, "select, insert")
    for table in READ_ONLY:
        _keep(owner, table, role, "select")
    holes = _holes(owner, role)
    if holes:
        return f"{role} runs, but can still rewrite the log: {'; '.join(holes)}."
    return f"{role} runs and cannot rewrite the log; {owner_name} owns."


def _create_role(owner: psycopg.Connection, role: str, password: str) -> None:
    if owner.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
        return
    create = sql.SQL("create role {} login password {}").format(
        sql.Identifier(role), sql.Literal(password)
    )
    try:
        with owner.transaction():
            owner.execute(create)
    except psycopg.errors.InsufficientPrivilege as error:
        raise CommandError(
            f"There is no role {role} and {owner.info.user} may not create one. Nothing was "
            f"changed. As an administrator: create role \"{role}\" login password '…';"
        ) from error


def _keep(owner: psycopg.Connection, table: str, role: str, privileges: str) -> None:
    """Leave `role` exactly `privileges` on `table`, whatever was granted before."""
    names = {"table": sql.Identifier(table), "role": sql.Identifier(role)}
    owner.execute(sql.SQL("revoke all on {table} from {role}, public").format(**names))
    owner.execute(sql.SQL(f"grant {privileges} on {{table}} to {{role}}").format(**names))


def _holes(owner: psycopg.Connection, role: str) -> list[str]:
    """List ways past the grants: they come from what the role is, not from what it was given."""
    rows = owner.execute(
        "select rolsuper, pg_has_role(oid, %s, 'MEMBER') from pg_roles where rolname = %s",
        [owner.info.user, role],
    ).fetchone()
    holes = []
    if rows and rows[0]:
        holes.append("it is a superuser")
    elif rows and rows[1]:
        holes.append(f"it is a member of {owner.info.user}")
    for table in APPEND_ONLY:
        for privilege in ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER"):
            query = "select has_table_privilege(%s, %s, %s)"
            row = owner.execute(query, [role, table, privilege]).fetchone()
            if row and row[0] and not holes:
                holes.append(f"it may {privilege} {table}")
    return holes


def limit(runtime: Mapping[str, Any]) -> None:
    """Set the runtime role's time limits in this database; every role may set its own.

    A role that owns the tables migrates too, and a migration may take longer than a statement.
    """
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    options = {name: value for name, value in runtime["OPTIONS"].items() if name in known}
    with psycopg.connect(
        host=runtime["HOST"] or None,
        port=runtime["PORT"] or None,
        user=runtime["USER"],
        password=runtime["PASSWORD"],
        dbname=runtime["NAME"],
        **options,
    ) as connection:
        owns = connection.execute(
            "select relowner = current_user::regrole from pg_class "
            "where oid = 'django_migrations'::regclass"
        ).fetchone()
        for name, value in LIMITS.items():
            if name in NOT_FOR_OWNERS and owns and owns[0]:
                continue
            if (
                name == "transaction_timeout"
                and connection.info.server_version < TRANSACTION_TIMEOUT_SINCE
            ):
                continue
            connection.execute(
                sql.SQL("alter role {} in database {} set {} = {}").format(
                    sql.Identifier(runtime["USER"]),
                    sql.Identifier(runtime["NAME"]),
                    sql.Identifier(name),
                    sql.Literal(value),
                )
            )
