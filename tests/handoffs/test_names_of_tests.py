"""A real run has the name that a made up one took, also where the next name is just being taken."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Client
from handoffs import house
from handoffs.models import Run
from tests import walks
from tests.factories import Shop
from tests.flows import processes

pytestmark = pytest.mark.slow


def make_up(shop: Shop, bot: Client, name: str) -> None:
    now = timezone.now()
    stands_for = house.client_for(bot)
    house.begin(shop.workflow, house=stands_for, external_id=name, input={}, now=now)


def test_the_house_gives_way_twice(committed_db: object, shop: Shop, bot: Client) -> None:
    make_up(shop, bot, "ticket-7")
    written, go_on = Event(), Event()

    def another() -> None:
        try:
            with transaction.atomic():
                make_up(shop, bot, "ticket-8")
                written.set()
                assert go_on.wait(30)
        finally:
            connection.close()

    def real() -> str:
        try:
            return str(walks.start_run(shop, bot, external_id="ticket-7").client.name)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        made = pool.submit(another)
        assert written.wait(30)
        begun = pool.submit(real)
        processes.until(_somebody_waits)
        go_on.set()
        made.result(30)
        assert begun.result(30) == bot.name

    owners = {run.external_id: run.client_id for run in Run.objects.all()}
    assert owners.keys() == {"ticket-7", "ticket-8", "ticket-9"}
    assert owners["ticket-7"] == bot.pk


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from pg_stat_activity where datname = current_database() "
            "and cardinality(pg_blocking_pids(pid)) > 0)"
        )
        return bool(cursor.fetchone()[0])
