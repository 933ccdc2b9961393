"""The desk and its queues, as a reviewer's browser gets them."""

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import Handoff, Queue
from reviews import claims
from tests.factories import QueueFactory, Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
DESK = reverse("reviews:desk")
TAKE = reverse("reviews:take")


def page_of(handoff: Handoff) -> str:
    return reverse("reviews:handoff", args=[handoff.id])


def test_an_empty_desk_is_calm_and_offers_nothing_to_take(desk: Browser, shop: Shop) -> None:
    page = desk.get(DESK).content.decode()

    assert "Nothing waits" in page
    assert "Take the next" not in page


def test_without_a_queue_the_desk_says_who_can_give_one(desk: Browser) -> None:
    assert "You are in no queue yet" in desk.get(DESK).content.decode()


def test_the_desk_says_how_much_waits_and_when_it_is_due(
    desk: Browser, shop: Shop, bot: Client
) -> None:
    put(shop, bot, due_in=7200)
    put(shop, bot, due_in=600)

    page = desk.get(DESK).content.decode()

    assert "2 handoffs wait" in page
    assert "in 9 min" in page or "in 10 min" in page


def test_taking_the_next_opens_the_one_that_is_due_first(
    desk: Browser, shop: Shop, bot: Client
) -> None:
    put(shop, bot, due_in=7200)
    sooner = put(shop, bot, due_in=600)

    answer = desk.post(TAKE)

    assert (answer.status_code, answer["Location"]) == (302, page_of(sooner))


def test_taking_from_an_empty_queue_leads_back_with_a_word(desk: Browser, shop: Shop) -> None:
    answer = desk.post(reverse("reviews:take-from", args=["refunds"]), follow=True)

    assert answer.redirect_chain == [(DESK, 302)]
    assert "Nothing waits that you may take" in answer.content.decode()


def test_what_i_hold_is_on_the_desk(desk: Browser, held: Handoff) -> None:
    page = desk.get(DESK).content.decode()

    assert "You hold" in page
    assert page_of(held) in page


def test_the_part_that_polls_comes_without_the_page_around_it(desk: Browser, shop: Shop) -> None:
    part = desk.get(DESK, headers={"HX-Request": "true"})

    assert part.content.decode().lstrip().startswith('<div id="desk-now"')
    assert "HX-Request" in part["Vary"]


def test_the_desk_costs_the_same_for_ten_and_for_twenty(
    desk: Browser, shop: Shop, bot: Client
) -> None:
    # that they are here is noted once in a while
    desk.get(DESK)
    counts = []
    for _ in range(2):
        for _ in range(10):
            put(shop, bot)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            desk.get(DESK)
        with CaptureQueriesContext(connection) as rows:
            desk.get(reverse("reviews:queue", args=["refunds"]))
        counts.append((len(queries), len(rows)))

    assert counts[0] == counts[1]


def test_a_queue_lists_what_may_be_chosen_in_the_order_it_is_due(
    desk: Browser, shop: Shop, bot: Client
) -> None:
    later = put(shop, bot, due_in=7200)
    sooner = put(shop, bot, due_in=600)

    page = desk.get(reverse("reviews:queue", args=["refunds"])).content.decode()

    assert page.index(page_of(sooner)) < page.index(page_of(later))


def test_the_list_goes_on_on_the_next_page(desk: Browser, shop: Shop, bot: Client) -> None:
    last = [put(shop, bot, due_in=600 + number) for number in range(31)][-1]
    first = desk.get(reverse("reviews:queue", args=["refunds"])).context["page"]

    second = desk.get(first.next_url).context["page"]

    assert len(first.rows) == 30
    assert [row.url for row in second.rows] == [page_of(last)]
    assert second.next_url == ""


def test_a_queue_that_hands_out_the_next_shows_no_list(desk: Browser, shop: Shop) -> None:
    Queue.objects.filter(slug="refunds").update(pick_allowed=False)

    assert desk.get(reverse("reviews:queue", args=["refunds"])).status_code == 404
    assert "Choose" not in desk.get(DESK).content.decode()


def test_a_queue_of_another_team_is_not_there(desk: Browser, shop: Shop) -> None:
    other = QueueFactory(pick_allowed=True)

    assert desk.get(reverse("reviews:queue", args=[other.slug])).status_code == 404
    assert desk.post(reverse("reviews:take-from", args=[other.slug])).status_code == 404
    assert other.name not in desk.get(DESK).content.decode()


def test_picking_what_a_colleague_took_says_so(
    desk: Browser, shop: Shop, bot: Client, ben: User
) -> None:
    handoff = put(shop, bot)
    claims.pick(handoff.id, by=ben, now=timezone.now())

    answer = desk.post(reverse("reviews:pick", args=[handoff.id]))

    assert answer.status_code == 409
    assert "Ben" in answer.content.decode()


def test_a_place_in_the_list_that_nobody_gave_is_not_found(desk: Browser, shop: Shop) -> None:
    assert desk.get(reverse("reviews:queue", args=["refunds"]) + "?after=x").status_code == 404


@pytest.mark.parametrize("name", ["take", "pick", "decide", "ask", "hand-up", "give-back", "renew"])
def test_what_changes_something_takes_no_get(desk: Browser, held: Handoff, name: str) -> None:
    args = [] if name == "take" else [held.id]

    assert desk.get(reverse(f"reviews:{name}", args=args)).status_code == 405


def test_what_did_not_change_is_not_sent_again(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    put(shop, bot)
    first = desk.get(DESK, headers={"HX-Request": "true"})

    with CaptureQueriesContext(connection) as asked:
        again = desk.get(
            DESK, headers={"HX-Request": "true", "If-None-Match": first.headers["ETag"]}
        )

    assert again.status_code == 304 and again.content == b""
    ours = [query["sql"] for query in asked if "django_session" not in query["sql"]]
    assert len([sql for sql in ours if 'accounts_user" WHERE' not in sql]) == 1, ours


@pytest.mark.parametrize("change", ["one more", "one taken", "taken and given back", "renamed"])
def test_what_changed_is_sent(
    desk: Browser, shop: Shop, bot: Client, ann: User, change: str
) -> None:
    handoff = put(shop, bot)
    first = desk.get(DESK, headers={"HX-Request": "true"})

    match change:
        case "one more":
            put(shop, bot)
        case "one taken":
            claims.pick(handoff.id, by=ann, now=timezone.now())
        case "taken and given back":
            claims.pick(handoff.id, by=ann, now=timezone.now())
            claims.give_back(handoff.id, by=ann, now=timezone.now())
        case "renamed":
            Queue.objects.update(name="Returns")
    again = desk.get(DESK, headers={"HX-Request": "true", "If-None-Match": first.headers["ETag"]})

    assert again.status_code == 200


def test_a_whole_page_is_always_sent(desk: Browser, shop: Shop) -> None:
    polled = desk.get(DESK, headers={"HX-Request": "true"})

    assert desk.get(DESK, headers={"If-None-Match": polled.headers["ETag"]}).status_code == 200


def test_one_persons_desk_is_not_anothers(desk: Browser, shop: Shop, ben: User) -> None:
    polled = desk.get(DESK, headers={"HX-Request": "true"})
    other = Browser()
    other.force_login(ben)

    again = other.get(DESK, headers={"HX-Request": "true", "If-None-Match": polled.headers["ETag"]})

    assert again.status_code == 200
