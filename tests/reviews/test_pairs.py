"""Nothing that is sent to anybody tells a blind test from the real one it is like.

Every page, record, mail and post of both is made in the same place and compared byte by byte.
"""

import json
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils.timezone import now

from accounts import clients, keys
from accounts.models import ApiKey, Client, User
from handoffs import channels
from handoffs.models import Handoff, MatrixRow, OutboxMessage
from reviews import claims, link_mails, notice_mails, notice_posts, notices
from reviews.models import Notice
from tests.factories import Shop
from tests.people import Agent
from tests.reviews import pairs, planting
from tests.reviews.approving import approver
from tests.reviews.pairs import browser_of, page
from tests.reviews.telling import let_time_pass, tell_queue

Makers = list[Callable[[], Handoff]]
Look = Callable[[Handoff], list[str]]
pytestmark = pytest.mark.django_db

OF_THE_DESK = ["/", "/queues/refunds", "/search?q=W5744371", "/search?state=open", "/notices"]
OF_FORMS = [
    f"/handoffs/{{handoff}}/as/{verb}" for verb in ("edit", "redirect", "take_over", "reject")
]
OF_IT = ["/handoffs/{handoff}", "/handoffs/{handoff}/source", "/runs/{run}", "/status/{status}"]
RECORDS = [
    "/admin/handoffs/run/{run_record}/change/",
    "/admin/handoffs/proposal/{proposal_record}/change/",
    "/admin/handoffs/handoff/{handoff_record}/change/",
    "/admin/handoffs/run/?q={run}",
    "/admin/handoffs/run/?q={called}",
    "/admin/handoffs/run/",
    "/admin/handoffs/proposal/",
    "/admin/handoffs/handoff/",
    "/admin/handoffs/transition/?q={run}",
    "/admin/handoffs/auditentry/?q={run}",
    "/admin/handoffs/auditentry/?q={handoff}",
    "/admin/handoffs/resumption/",
    "/admin/reviews/claim/",
]


@pytest.fixture
def makers(shop: Shop, bot: Client, agent: Agent) -> Makers:
    return [lambda: pairs.real(shop, agent), lambda: pairs.planted(shop, bot)]


def pages(person: User, paths: list[str]) -> Look:
    browser = browser_of(person)
    return lambda one: [page(browser, one, path) for path in paths]


def alike(seen: list[list[str]]) -> bool:
    for real, planted in zip(*seen, strict=True):
        assert len(real) > 100
        assert real == planted
    return True


def test_no_byte_tells_while_it_waits(makers: Makers, ann: User) -> None:
    assert alike(pairs.apart(makers, pages(ann, [*OF_IT, *OF_THE_DESK])))


def test_no_byte_tells_who_holds_it(makers: Makers, ann: User) -> None:
    see = pages(ann, ["/handoffs/{handoff}", "/handoffs/{handoff}", "/", *OF_IT, *OF_FORMS])

    def look(one: Handoff) -> list[str]:
        claims.pick(one.id, by=ann, now=now())
        return see(one)

    assert alike(pairs.apart(makers, look))


def test_no_byte_tells_a_colleague(makers: Makers, ann: User, ben: User) -> None:
    see = pages(ben, ["/handoffs/{handoff}", "/", "/queues/refunds"])

    def look(one: Handoff) -> list[str]:
        claims.pick(one.id, by=ann, now=now())
        return see(one)

    assert alike(pairs.apart(makers, look))


def test_no_byte_of_its_records_tells(makers: Makers, mia: User) -> None:
    assert alike(pairs.apart(makers, pages(mia, [*RECORDS, "/runs/{run}"])))


def test_no_byte_tells_an_auditor(makers: Makers, olga: User) -> None:
    assert alike(pairs.apart(makers, pages(olga, [*RECORDS, "/runs/{run}"])))


def test_no_byte_of_a_mail_or_post_tells(makers: Makers, shop: Shop, mia: User, ben: User) -> None:
    """Notices by mail, an approver's link, and what the queue's chat is told."""
    zoe = approver(shop)
    MatrixRow.objects.filter(pk=shop.row.pk).update(email="yes")
    tell_queue(shop.queue, arrived="at_once")
    channels.add(
        shop.queue,
        address="jsons://chat.example/x",
        kinds=["arrived", "urgent", "completed"],
        by=mia,
        now=now(),
    )
    notices.look(now=now())

    def look(one: Handoff) -> str:
        notices.look(now=now())
        let_time_pass()
        sent = notice_mails.send_due(now=now()), notice_posts.send_due(now=now())
        sent += (link_mails.send_due(now=now()),)
        assert all(sent), sent
        told = OutboxMessage.objects.order_by("event", "mail_to")
        made = Notice.objects.order_by("kind", "recipient").values_list(
            "kind", "recipient", "digest"
        )
        return pairs.bare(
            json.dumps([(each.event, each.mail_to, each.payload) for each in told])
            + json.dumps(list(made)),
            one,
        )

    (real, planted) = pairs.apart(makers, look)
    assert ben.email in real and zoe.email in real
    assert real == planted


def test_its_rows_differ_in_what_names_it_only(makers: Makers) -> None:
    """Whoever reads the tables finds one of the house and its plant; and nothing else of it."""

    def look(one: Handoff) -> str:
        found = pairs.rows(one)
        del found["reviews_plant.handoff_id"], found["reviews_plant.run_id"]
        # an agent that tries again is given the same answer; the house does not
        del found["handoffs_idempotencyrecord.handoff_id"]
        return json.dumps(found, indent=1, sort_keys=True)

    real, planted = (json.loads(one) for one in pairs.apart(makers, look))
    differs = {
        (table, column)
        for table in real
        for one, other in zip(real[table], planted[table], strict=True)
        for column in one
        if one[column] != other[column]
    }
    # how its requester is reached is not kept, and nobody is shown it
    assert differs == {("handoffs_run.id", "client_id"), ("handoffs_run.id", "requester")}


def test_they_stand_in_the_order_in_which_they_came(
    shop: Shop, bot: Client, agent: Agent, ann: User
) -> None:
    came = [
        pairs.planted(shop, bot) if number in (1, 2, 4) else pairs.real(shop, agent)
        for number in range(6)
    ]

    told = browser_of(ann).get("/queues/refunds").content.decode()

    places = [told.index(one.id) for one in came]
    assert places == sorted(places)


def test_a_new_name_of_its_client_is_its_own_too(
    shop: Shop, bot: Client, agent: Agent, mia: User
) -> None:
    one = pairs.planted(shop, bot)

    clients.describe(bot, name="Robot 2", contact="", by=mia, now=now())

    one.run.client.refresh_from_db()
    assert str(one.run.client) == "Robot 2"


def test_a_key_that_does_not_reach_its_workflow_did_not_ask(
    shop: Shop, bot: Client, bot_key: str, mia: User
) -> None:
    """The key used last is named; of those that could have asked."""
    keys.issue(bot, workflows=["elsewhere"], by=mia, now=now())

    plant = planting.planted(shop, bot)

    with connection.cursor() as cursor:
        cursor.execute(
            "select actor from handoffs_auditentry where subject = %s", [plant.handoff_id]
        )
        prefix = ApiKey.objects.filter(client=bot).earliest("id").prefix
        assert cursor.fetchone()[0] == f"bot ({prefix}…)"


@pytest.mark.parametrize(
    "path", ["/admin/accounts/client/", "/admin/handoffs/webhookendpoint/add/"]
)
def test_the_house_is_not_among_the_clients(
    shop: Shop, bot: Client, bot_key: str, mia: User, path: str
) -> None:
    def told() -> str:
        return pairs.bare(browser_of(mia).get(path).content.decode(), before)

    before = pairs.planted(shop, bot)
    one = told()
    assert one.count(">bot<") == 1
    Client.objects.filter(pk=before.run.client_id).update(name="bot's house")
    assert told() == one
