"""What a reviewer could try to find out which are blind tests, before and after."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import runs
from handoffs.actors import client_actor
from handoffs.models import Handoff
from handoffs.states import HandoffState
from reviews import claims, link_mails, plants, search, search_index
from reviews.models import ApproverLink, Plant
from reviews.search import Wanted
from tests import factories
from tests.factories import Shop
from tests.people import Agent
from tests.reviews import pairs
from tests.reviews.approving import approver
from tests.reviews.pairs import browser_of
from tests.reviews.planting import planted

pytestmark = pytest.mark.django_db


@pytest.fixture
def plant(shop: Shop, bot: Client, bot_key: str) -> Plant:
    return planted(shop, bot)


def take_back(handoff: Handoff, bot: Client) -> None:
    """Let whoever asked take it back: an agent its own, the job that lets tests in a test."""
    plant = plants.standing(handoff.id)
    if plant is not None:
        plants.end(plant, now=now())
    else:
        runs.stop(handoff.run_id, reason="", by=client_actor("bot", "x"), now=now())


@pytest.mark.parametrize("role", [Role.WORKFLOW_OWNER, Role.AUDITOR, Role.MANAGER])
def test_whoever_reads_figures_or_records_meets_none(plant: Plant, shop: Shop, role: Role) -> None:
    """Figures have no test in them and lists have: one laid beside the other would tell."""
    leads = factories.UserFactory(roles=[Role.REVIEWER, role], groups=[shop.team])

    assert claims.take_next(by=leads, now=now()) is None

    claims.end_stale(now())
    plant.refresh_from_db()
    assert plant.ended


def test_whoever_decides_and_no_more_meets_one(plant: Plant, ann: User) -> None:
    taken = claims.take_next(by=ann, now=now())

    assert taken is not None and taken.handoff_id == plant.handoff_id


@pytest.mark.parametrize("words", ["W5744371", ""])
def test_one_that_ended_is_found_by_nobody(plant: Plant, ann: User, words: str) -> None:
    search_index.note_new(now=now())
    wanted = Wanted(words=words)
    assert [one.id for one in search.find(ann, wanted).hits] == [plant.handoff_id]

    plants.end(plant, now=now())

    assert search.find(ann, wanted).hits == []


@pytest.mark.parametrize("where", ["decide", "ask", "hand-up", "give-back", "comment", "draft"])
def test_no_latecomer_learns_of_which_it_was(
    shop: Shop, bot: Client, agent: Agent, ben: User, where: str
) -> None:
    """Whoever tries their luck on what is over is told the same of all."""
    browser = browser_of(ben)

    def look(handoff: Handoff) -> str:
        take_back(handoff, bot)
        address = reverse(f"reviews:{where}", args=[handoff.id])
        answer = browser.post(address, {"verb": "approve", "words": "It is all right by me."})
        page = pairs.page(browser, handoff, "/handoffs/{handoff}")
        return pairs.bare(f"{answer.status_code} {answer.content.decode()} {page}", handoff)

    made = [lambda: pairs.real(shop, agent), lambda: pairs.planted(shop, bot)]
    real, test = pairs.apart(made, look)
    assert real == test


def test_another_approvers_link_ends_as_of_any_that_was_taken_back(
    shop: Shop, bot: Client, agent: Agent, bot_key: str
) -> None:
    approver(shop)
    shop.row.email = "yes"
    shop.row.save()

    def look(handoff: Handoff) -> list[str]:
        link_mails.send_due(now=now())
        take_back(handoff, bot)
        link_mails.send_due(now=now())
        return list(ApproverLink.objects.values_list("ended_because", flat=True))

    made = [lambda: pairs.real(shop, agent), lambda: pairs.planted(shop, bot)]
    real, test = pairs.apart(made, look)
    assert real == test == ["moved"]


def test_what_came_of_it_is_written_as_of_one_that_was_taken_back(
    shop: Shop, bot: Client, agent: Agent, bot_key: str
) -> None:
    """Its row, its run's and what moved; but for by which client, and how whom is reached."""

    def look(handoff: Handoff) -> dict[str, object]:
        claims_before = pairs.rows(handoff)["reviews_claim.handoff_id"]
        assert claims_before == []
        take_back(handoff, bot)
        found = pairs.rows(handoff)
        for name in ("reviews_plant.handoff_id", "reviews_plant.run_id"):
            del found[name]
        del found["handoffs_idempotencyrecord.handoff_id"]
        for one in found["handoffs_run.id"]:
            del one["client_id"], one["requester"]
        for one in found["handoffs_auditentry.subject"]:
            del one["actor"]
        return found

    made = [lambda: pairs.real(shop, agent), lambda: pairs.planted(shop, bot)]
    real, test = pairs.apart(made, look)
    assert real == test


def test_none_stands_out_by_when_it_began_and_asked(shop: Shop, bot: Client, bot_key: str) -> None:
    """Its moments are those of the transactions that made it, by the database's clock."""
    plant = planted(shop, bot)
    with connection.cursor() as cursor:
        cursor.execute(
            "select run.created_at <= h.opened_at and h.opened_at <= clock_timestamp()"
            " and h.opened_at > clock_timestamp() - %s from handoffs_run run"
            " join handoffs_handoff h on h.run_id = run.id where run.id = %s",
            [timedelta(minutes=1), plant.run_id],
        )
        assert cursor.fetchone()[0]


def test_it_leaves_every_list_in_the_request_that_ends_it(plant: Plant, ann: User) -> None:
    browser = browser_of(ann)
    assert str(plant.handoff_id) in browser.get("/queues/refunds").content.decode()
    claims.pick(str(plant.handoff_id), by=ann, now=now())

    browser.post(reverse("reviews:decide", args=[plant.handoff_id]), {"verb": "approve"})

    for path in ("/", "/queues/refunds", "/search?state=withdrawn", "/search?mine=on"):
        assert str(plant.handoff_id) not in browser.get(path).content.decode(), path
    assert Handoff.objects.get(id=plant.handoff_id).state == HandoffState.WITHDRAWN.value
