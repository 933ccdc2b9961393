"""Many with the same link say something at once: the bound holds, no number is given twice."""

import pytest
from django.utils.timezone import now

from accounts.models import Client
from handoffs import requesters
from handoffs.errors import SaidTooOften
from handoffs.models import RequesterWord
from tests import walks
from tests.factories import Shop
from tests.reviews.racing import all_at_once

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]


def test_the_bound_holds_for_many_at_once(shop: Shop, bot: Client) -> None:
    run = walks.start_run(shop, bot)

    racers = all_at_once(
        [
            lambda text=f"word {n}": requesters.say(
                run.id, kind="information", text=text, now=now()
            )
            for n in range(8)
        ]
    )

    refused = [one.result for one in racers if isinstance(one.result, Exception)]
    assert [type(one) for one in refused] == [SaidTooOften] * 3
    numbers = RequesterWord.objects.filter(run=run).values_list("number", flat=True)
    assert sorted(numbers) == [1, 2, 3, 4, 5]
