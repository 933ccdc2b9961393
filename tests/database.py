"""The test database: migrated and granted by its owner once, then copied for every run.

A template per set of migrations is kept beside it, so that a run starts in the time of a copy.
Tests connect as the runtime role: a missing grant fails here and not in production.
"""

import gc
import hashlib
import importlib.metadata
import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
# filled by migrations and by what runs after them; everything else is emptied between tests
KEPT = ("django_migrations", "django_content_type", "auth_permission")


def renamed(url: str, name: str) -> str:
    return urlsplit(url)._replace(path="/" + name).geturl()


class Databases:
    """Makes `test_<name><suffix>`, points everything at it, empties it, drops it."""

    def __init__(self, suffix: str) -> None:
        self.runtime_url = os.environ["DATABASE_URL"]
        self.owner_url = settings.OWNER_DATABASE_URL
        base = str(settings.DATABASES["default"]["NAME"])
        self.name = f"test_{base}{suffix}"
        self.template = f"test_{base}_template"

    @cached_property
    def fingerprint(self) -> str:
        """Tell one set of migrations and grants from another."""
        digest = hashlib.sha256()
        sources = sorted(ROOT.glob("*/migrations/*.py"))
        for path in [*sources, *ROOT.glob("handoffs/management/commands/secure_database.py")]:
            digest.update(path.read_bytes())
        for package in ("django", "django-allauth", "django-guardian"):
            digest.update(importlib.metadata.version(package).encode())
        return digest.hexdigest()

    @contextmanager
    def maintenance(self) -> Iterator[psycopg.Connection]:
        """Connect as owner beside the test databases; one run at a time makes or copies."""
        with psycopg.connect(renamed(self.owner_url, "postgres"), autocommit=True) as owner:
            owner.execute("select pg_advisory_lock(hashtext(%s))", [self.template])
            yield owner

    def create(self) -> None:
        with self.maintenance() as owner:
            query = "select shobj_description(oid, 'pg_database') from pg_database where datname=%s"
            row = owner.execute(query, [self.template]).fetchone()
            if row is None or row[0] != self.fingerprint:
                self.drop(owner, self.template)
                self._build_template(owner)
            self.drop(owner, self.name)
            owner.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(self.name), sql.Identifier(self.template)
                )
            )
        self.point_at(self.name)
        call_command("secure_database", stdout=io.StringIO())

    def _build_template(self, owner: psycopg.Connection) -> None:
        owner.execute(sql.SQL("create database {}").format(sql.Identifier(self.template)))
        self.point_at(self.template)
        runtime = dict(connection.settings_dict)
        connection.settings_dict.update(
            dj_database_url.parse(renamed(self.owner_url, self.template), conn_max_age=None)
        )
        # it makes classes by the ten thousand, and would look through all of them again and again
        gc.disable()
        try:
            call_command("migrate", verbosity=0, interactive=False)
        finally:
            gc.enable()
            connection.close()
            connection.settings_dict.update(runtime)
        owner.execute(
            sql.SQL("comment on database {} is {}").format(
                sql.Identifier(self.template), sql.Literal(self.fingerprint)
            )
        )

    def point_at(self, name: str) -> None:
        """Aim this process, and those it starts, at database `name`."""
        connections.close_all()
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
        settings.OWNER_DATABASE_URL = renamed(self.owner_url, name)
        os.environ["OVERREAD_OWNER_DATABASE_URL"] = settings.OWNER_DATABASE_URL
        os.environ["DATABASE_URL"] = renamed(self.runtime_url, name)

    def drop(self, owner: psycopg.Connection, name: str) -> None:
        """Drop it, also when a process that a test started is still connected."""
        exists = owner.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
        if not exists:
            return
        self.hang_up(name)
        owner.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))

    def hang_up(self, name: str) -> None:
        """End every connection to `name`; each role ends its own, which needs no other right."""
        for url in (self.runtime_url, self.owner_url):
            with psycopg.connect(renamed(url, "postgres"), autocommit=True) as own:
                own.execute(
                    "select pg_terminate_backend(pid, 3000) from pg_stat_activity "
                    "where datname = %s and usename = current_user and pid <> pg_backend_pid()",
                    [name],
                )

    def empty(self) -> None:
        """Take everything away that a test committed, as the owner, in one transaction.

        Rows that are deleted one by one would leave tables behind that are read in another order,
        and planned for otherwise, than new ones: tests would depend on those before them.
        """
        deadline = time.monotonic() + 10
        with psycopg.connect(settings.OWNER_DATABASE_URL) as owner:
            while not self._locked(owner):
                if time.monotonic() > deadline:
                    raise TimeoutError("Somebody works on the test database and does not end.")
                time.sleep(0.02)
            # numbers go on: a process may remember what number 1 was in another test
            owner.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(self._tables)))

    def _locked(self, owner: psycopg.Connection) -> bool:
        """Keep everyone out; who is still about to commit does so first, and waits for nothing.

        To wait with some of the locks for the others could be a deadlock with a late request.
        """
        try:
            owner.execute(sql.SQL("lock table {} nowait").format(sql.SQL(", ").join(self._tables)))
        except psycopg.errors.LockNotAvailable:
            owner.rollback()
            return False
        return True

    @cached_property
    def _tables(self) -> list[sql.Identifier]:
        with psycopg.connect(settings.OWNER_DATABASE_URL) as owner:
            rows = owner.execute(
                "select tablename from pg_tables where schemaname = 'public' "
                "and not tablename = any(%s)",
                [list(KEPT)],
            ).fetchall()
        return [sql.Identifier(row[0]) for row in rows]

    def destroy(self) -> None:
        connections.close_all()
        with self.maintenance() as owner:
            self.drop(owner, self.name)
