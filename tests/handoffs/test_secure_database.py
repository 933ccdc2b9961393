"""The role that runs the service can add to the log and can never rewrite it."""

import os
from collections.abc import Iterator
from io import StringIO

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from psycopg import sql

from accounts.models import Client
from handoffs import actors, audit
from handoffs.management.commands import secure_database
from handoffs.models import AuditEntry, Run
from tests import factories, walks
from tests.database import Databases, renamed

LOGS = secure_database.APPEND_ONLY
REFUSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException)


@pytest.fixture
def runtime(databases: Databases) -> Iterator[psycopg.Connection]:
    """A connection of the runtime role, on which nothing that these tests try gets through."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as runtime:
        yield runtime


def run_command() -> str:
    out = StringIO()
    call_command("secure_database", stdout=out)
    return out.getvalue().strip()


@pytest.mark.parametrize("table", LOGS)
@pytest.mark.parametrize(
    "statement",
    [
        "update {} set action = 'x'",
        "update {} set xact_id = 0",
        "delete from {}",
        "truncate {} cascade",
        "alter table {} disable trigger all",
        "alter table {} disable trigger user",
        "alter table {} owner to current_user",
        "alter table {} add column x int",
        "drop table {} cascade",
        "drop trigger audit_entry_append_only on {}",
        "create trigger t before insert on {} for each row execute function overread_stamp()",
        "create rule r as on insert to {} do instead nothing",
        "do $$ begin lock table {} in access exclusive mode; end $$",
    ],
)
def test_the_runtime_role_may_not_rewrite_a_log(
    runtime: psycopg.Connection, table: str, statement: str
) -> None:
    query = sql.SQL(statement).format(sql.Identifier(table))

    with pytest.raises(psycopg.Error) as refused:
        runtime.execute(query)

    # where a statement fits another table only, having no such column is a refusal as good
    assert isinstance(
        refused.value, (*REFUSED, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedObject)
    )


@pytest.mark.parametrize(
    "statement",
    [
        "set session_replication_role = replica",
        "alter function overread_append_only() owner to current_user",
        "create or replace function overread_append_only() returns trigger language plpgsql "
        "as $$ begin return new; end $$",
        "drop function overread_stamp() cascade",
        "create table mine (x int)",
        "create schema mine",
        "set role overread_owner",
        "update django_migrations set name = 'x'",
        "alter role current_user superuser",
    ],
)
def test_the_runtime_role_may_not_switch_the_guards_off(
    runtime: psycopg.Connection, statement: str
) -> None:
    owner = psycopg.conninfo.conninfo_to_dict(settings.OWNER_DATABASE_URL)["user"]

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        runtime.execute(statement.replace("overread_owner", str(owner)).encode())


def test_a_temporary_table_of_the_same_name_does_not_take_the_logs_place(
    runtime: psycopg.Connection,
) -> None:
    """Unqualified names look in the temporary schema first; the service must not be led there."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        runtime.execute("create temporary table handoffs_auditentry (x int)")


def test_the_runtime_role_may_add_to_the_logs(
    committed_db: object, shop: factories.Shop, bot: Client, bot_key: str
) -> None:
    walks.waiting(shop, bot, bot_key)

    assert Run.objects.get().transitions.count() == 3
    assert AuditEntry.objects.filter(action="run.started").exists()


def test_the_owner_is_kept_from_rewriting_by_the_triggers(committed_db: object) -> None:
    audit.record(by=actors.SYSTEM, action="x", subject="y", body={})

    with psycopg.connect(settings.OWNER_DATABASE_URL, autocommit=True) as owner:
        for statement in (
            "update handoffs_auditentry set action = 'z'",
            "delete from handoffs_auditentry",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                owner.execute(statement)


@pytest.mark.parametrize(("name", "value"), secure_database.LIMITS.items())
def test_a_connection_of_the_runtime_role_is_bounded(
    runtime: psycopg.Connection, name: str, value: str
) -> None:
    if name == "transaction_timeout" and runtime.info.server_version < 170_000:
        pytest.skip("PostgreSQL knows it from 17 on.")

    row = runtime.execute(
        "select current_setting(%s)::interval = %s::interval", [name, value]
    ).fetchone()

    assert row == (True,)


def test_an_older_server_is_not_asked_for_what_it_does_not_know(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secure_database, "TRANSACTION_TIMEOUT_SINCE", 999_999)
    monkeypatch.setitem(secure_database.LIMITS, "transaction_timeout", "not a time at all")

    assert "cannot rewrite the log" in run_command()


def test_the_owner_may_take_its_time(databases: Databases) -> None:
    with psycopg.connect(settings.OWNER_DATABASE_URL) as owner:
        for name in secure_database.NOT_FOR_OWNERS:
            if name != "transaction_timeout" or owner.info.server_version >= 170_000:
                assert owner.execute(
                    sql.SQL("show {}").format(sql.Identifier(name))
                ).fetchone() == ("0",)


def test_running_it_again_changes_nothing_and_says_that_it_holds(databases: Databases) -> None:
    first, second = run_command(), run_command()

    assert first == second
    assert "cannot rewrite the log" in first
    assert "\n" not in first


def test_a_grant_that_crept_in_is_taken_back(runtime: psycopg.Connection) -> None:
    role = sql.Identifier(settings.DATABASES["default"]["USER"])
    with psycopg.connect(settings.OWNER_DATABASE_URL, autocommit=True) as owner:
        owner.execute(sql.SQL("grant all on handoffs_auditentry to {}").format(role))
        owner.execute("grant delete on handoffs_transition to public")

    run_command()

    for table in ("handoffs_auditentry", "handoffs_transition"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
            runtime.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))


def test_a_table_that_comes_later_is_granted_too(runtime: psycopg.Connection) -> None:
    with psycopg.connect(settings.OWNER_DATABASE_URL, autocommit=True) as owner:
        owner.execute("create table comes_later (id bigserial primary key)")
        try:
            runtime.execute("insert into comes_later default values")
        finally:
            owner.execute("drop table comes_later")


def test_one_role_for_both_is_said_in_one_line(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = psycopg.conninfo.conninfo_to_dict(settings.OWNER_DATABASE_URL)
    monkeypatch.setitem(settings.DATABASES["default"], "USER", owner["user"])
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", owner["password"])

    said = run_command()

    assert "both owns the tables and runs the service" in said
    assert "\n" not in said
    with psycopg.connect(settings.OWNER_DATABASE_URL, autocommit=True) as again:
        # it migrates, and a migration may take its time
        for name in secure_database.NOT_FOR_OWNERS:
            shown = again.execute("select current_setting(%s, true)", [name]).fetchone()
            assert shown in (("0",), (None,))
        assert again.execute("show lock_timeout").fetchone() == ("3s",)
        for name in secure_database.LIMITS:
            again.execute(
                sql.SQL("alter role {} in database {} reset {}").format(
                    sql.Identifier(str(owner["user"])),
                    sql.Identifier(str(owner["dbname"])),
                    sql.Identifier(name),
                )
            )


def test_a_missing_role_is_created(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{settings.DATABASES['default']['NAME']}_fresh"
    monkeypatch.setitem(settings.DATABASES["default"], "USER", name)
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "fresh")
    try:
        said = run_command()

        url = psycopg.conninfo.make_conninfo(
            settings.OWNER_DATABASE_URL, user=name, password="fresh"
        )
        with psycopg.connect(url) as fresh:
            fresh.execute("select from handoffs_run")
        assert "cannot rewrite the log" in said
    finally:
        with psycopg.connect(settings.OWNER_DATABASE_URL, autocommit=True) as owner:
            owner.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(name)))
            owner.execute(sql.SQL("drop owned by {}").format(sql.Identifier(name)))
            owner.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def test_an_owner_who_cannot_connect_is_named(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        settings, "OWNER_DATABASE_URL", renamed(settings.OWNER_DATABASE_URL, "no_such_database")
    )

    with pytest.raises(Exception, match="The owner cannot connect"):
        run_command()
