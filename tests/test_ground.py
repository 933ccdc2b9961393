"""The ground that the other tests stand on."""

import os
import socket
import threading

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.template import Context, engines
from django.template.base import Origin, Template

from accounts.models import Client, User
from tests import factories
from tests.database import KEPT, Databases


def test_tests_run_as_the_runtime_role(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_user, current_database()")
        user, name = cursor.fetchone()

    assert user == settings.DATABASES["default"]["USER"]
    assert name.startswith("test_")


def test_a_test_in_a_transaction_leaves_nothing(db: None) -> None:
    assert not Client.objects.exists()

    factories.ClientFactory(name="left over?")


def test_a_test_in_another_transaction_leaves_nothing(db: None) -> None:
    assert not Client.objects.exists()

    factories.ClientFactory(name="left over?")


def test_committed_rows_are_seen_by_other_connections(committed_db: object, ann: User) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        rows = other.execute("select email from accounts_user").fetchall()

    assert rows == [("ann@example.com",)]


def test_committed_rows_are_gone_afterwards(committed_db: object, ben: User) -> None:
    assert list(User.objects.values_list("email", flat=True)) == ["ben@example.com"]


def test_emptied_is_every_table(committed_db: Databases, shop: factories.Shop, ann: User) -> None:
    committed_db.empty()

    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in set(tables) - set(KEPT):
            cursor.execute(f"select count(*) from {connection.ops.quote_name(table)}")
            assert cursor.fetchone() == (0,), table


def test_who_is_late_is_waited_for_and_emptied_too(committed_db: Databases) -> None:
    with psycopg.connect(settings.OWNER_DATABASE_URL) as late:
        late.execute("insert into auth_group (name) values ('late')")
        emptying = threading.Thread(target=committed_db.empty)
        emptying.start()
        emptying.join(0.3)
        assert emptying.is_alive()
    emptying.join()

    assert not Group.objects.exists()


def test_a_second_thread_works_on_the_same_committed_rows(committed_db: object) -> None:
    def make() -> None:
        factories.ClientFactory(name="from a thread")
        connection.close()

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()

    assert Client.objects.get().name == "from a thread"


def test_the_shop_is_launched(shop: factories.Shop, ann: User) -> None:
    assert shop.workflow.launched_at
    assert shop.queue.depths.count() == 16
    assert ann.groups.get() == shop.team


def test_nothing_outside_this_machine_is_reached() -> None:
    with pytest.raises(Exception, match="connect"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_an_undefined_variable_in_our_templates_fails() -> None:
    origin = Origin(name=str(settings.BASE_DIR / "templates" / "x.html"))
    template = Template("{{ nobody_gives_this }}", origin=origin, engine=engines["django"].engine)

    with pytest.raises(pytest.fail.Exception, match="nobody_gives_this"):
        template.render(Context())
