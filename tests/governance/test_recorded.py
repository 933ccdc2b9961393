"""Reading history: every proposal once, in order, page by page, of one workflow and period."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Client
from governance import recorded
from handoffs import signals
from handoffs.states import Tier, Verb
from tests import factories, walks
from tests.governance import history
from tests.governance.history import START

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "PAGE", 7)


def test_every_proposal_of_the_period_comes_once_as_it_was(
    shop: factories.Shop, bot: Client
) -> None:
    history.add_type(shop)
    made = history.record(shop, bot, 50)
    other = factories.launch_shop(slug="other")
    history.record(other, bot, 10, seed=1)
    since, until = START + timedelta(minutes=5), START + timedelta(minutes=44)

    found = list(recorded.proposals(shop.workflow, since=since, until=until))

    expected = made[5:44]
    assert [one.id for one in found] == [one.id for one in expected]
    for one, stored in zip(found, expected, strict=True):
        assert one.action.type.name == stored.action_type
        assert one.action.arguments == json.loads(stored.arguments)
        assert one.signals == signals.from_json(stored.signals)
        assert (one.tier, one.at) == (Tier(stored.tier), stored.created_at)


def test_a_page_ends_early_when_it_holds_much(
    shop: factories.Shop, bot: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = history.record(shop, bot, 20)
    monkeypatch.setattr(recorded, "PAGE_BYTES", 1)
    types = recorded.action_types(shop.workflow)
    until = START + timedelta(days=1)

    pages = list(recorded.pages(shop.workflow.pk, types, since=START, until=until))

    assert [page.last for page in pages] == [one.id for one in made]


def test_one_goes_on_behind_any_page_and_each_costs_one_query(
    shop: factories.Shop, bot: Client
) -> None:
    made = history.record(shop, bot, 30)
    types = recorded.action_types(shop.workflow)
    until = START + timedelta(days=1)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        pages = list(
            recorded.pages(
                shop.workflow.pk,
                types,
                since=START,
                until=until,
                after=made[11].id,
                reads=frozenset(),
            )
        )

    assert [page.last for page in pages] == [made[18].id, made[25].id, made[29].id]
    assert len(queries) == len(pages) + 1


def test_types_that_are_gone_are_counted_and_passed_over(shop: factories.Shop, bot: Client) -> None:
    made = history.record(shop, bot, 30)
    types = recorded.action_types(shop.workflow)
    until = START + timedelta(days=1)

    pages = list(recorded.pages(shop.workflow.pk, types, since=START, until=until))

    gone = sum(sum(page.gone.values()) for page in pages)
    assert gone == sum(one.action_type == "note_order" for one in made)
    assert sum(len(page.recorded) for page in pages) == 30 - gone


def test_what_surrounds_an_action_comes_with_it(
    shop: factories.Shop, bot: Client, bot_key: str
) -> None:
    asked = walks.waiting(shop, bot, bot_key)
    unasked = walks.start_run(shop, bot)
    small = {k: v for k, v in factories.small_proposal_payload("").items() if k != "run"}
    walks.propose(bot_key, unasked, **small)
    walks.propose(bot_key, unasked, **small)
    now = timezone.now()
    period = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}

    found = list(recorded.proposals(shop.workflow, **period))

    by_type = Counter((one.action.type.name, one.action.first_seen) for one in found)
    assert by_type == {
        ("refund_order", True): 1,
        ("cancel_order", True): 1,
        ("cancel_order", False): 1,
    }
    for one in found:
        assert one.action.input == factories.run_payload()["input"]
        is_asked = one.id == asked.proposal_id
        assert one.action.brief == (factories.brief_payload() if is_asked else None)
    types = recorded.action_types(shop.workflow)
    (bare,) = recorded.pages(shop.workflow.pk, types, reads=frozenset(), **period)
    for one in bare.recorded:
        assert (one.action.input, one.action.brief) == (None, None)


def test_counting_stops_where_it_is_told(shop: factories.Shop, bot: Client) -> None:
    history.record(shop, bot, 30)
    until = START + timedelta(days=1)

    assert recorded.count(shop.workflow.pk, since=START, until=until, most=100) == 30
    assert recorded.count(shop.workflow.pk, since=START, until=until, most=10) == 10


def test_signals_that_no_longer_fit_count_as_not_given(shop: factories.Shop, bot: Client) -> None:
    made = history.record(shop, bot, 1)[0]
    made.action_type = "cancel_order"
    made.signals = {"confidence": 0.4, "mood": "was once known", "retries": "many"}
    made.save(update_fields=["signals", "action_type"])

    until = START + timedelta(days=1)
    found = next(recorded.proposals(shop.workflow, since=START, until=until))

    assert found.signals == signals.Signals(confidence=0.4)


def test_answers_are_what_people_said_last(shop: factories.Shop, bot: Client, bot_key: str) -> None:
    rejected = walks.waiting(shop, bot, bot_key)
    walks.say(rejected, Verb.REJECT, reason="No")
    open_one = walks.waiting(shop, bot, bot_key)

    asked = [rejected.proposal_id, open_one.proposal_id, "prop_unknown"]

    assert recorded.answers(asked) == {rejected.proposal_id: "reject"}
