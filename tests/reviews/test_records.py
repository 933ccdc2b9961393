"""Who reads records and decides as well reads nothing there that the page withholds."""

import json

import pytest
from django.contrib.auth.models import Group
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import audit
from handoffs.actors import SYSTEM
from handoffs.models import AuditEntry, Checkpoint, Handoff, Proposal, Run
from reviews import claims, decisions
from reviews.wording import Choice
from tests import factories
from tests.factories import Shop
from tests.reviews.judging import WITHHOLD, commit
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
now = timezone.now
TELLS = ("Within policy section 3", "0.8125", "only 0.8125 sure", "Let us approve")


@pytest.fixture
def lena(refund_approvers: Group) -> User:
    """Lena audits and decides."""
    return factories.UserFactory(
        email="lena@example.com",
        name="Lena",
        roles=[Role.AUDITOR, Role.REVIEWER],
        groups=[refund_approvers],
        is_staff=True,
    )


@pytest.fixture
def withheld(shop: Shop, bot: Client) -> Handoff:
    handoff = put(shop, bot, safeguards={**WITHHOLD, "undo_seconds": 0})
    told = {"confidence": 0.8125}
    rules = [{"id": "unsure", "tier": "hard_approval", "because": "only 0.8125 sure"}]
    Proposal.objects.filter(id=handoff.proposal_id).update(signals=told, rules=rules)
    Run.objects.filter(id=handoff.run_id).update(
        input={"transcript": "assistant: Let us approve."}, partial=json.dumps(told)
    )
    Checkpoint.objects.create(run=handoff.run, body=json.dumps(told))
    for subject in (handoff.id, handoff.proposal_id, handoff.run_id):
        audit.record(by=SYSTEM, action="test.told", subject=subject, body={"said": TELLS[3]})
    return handoff


def records(handoff: Handoff) -> list[str]:
    """Every address of the admin that shows something of this handoff."""
    subjects = [handoff.id, handoff.proposal_id, handoff.run_id]
    audits = AuditEntry.objects.filter(subject__in=subjects)
    return [
        f"/admin/handoffs/handoff/{handoff.id}/change/",
        f"/admin/handoffs/proposal/{handoff.proposal_id}/change/",
        f"/admin/handoffs/run/{handoff.run_id}/change/",
        *(f"/admin/handoffs/auditentry/{one.pk}/change/" for one in audits),
        "/admin/handoffs/handoff/",
        "/admin/handoffs/proposal/",
        "/admin/handoffs/run/",
        "/admin/handoffs/auditentry/",
        "/admin/handoffs/transition/",
        "/admin/reviews/judgement/",
        "/admin/reviews/decision/",
        "/admin/reviews/claim/",
    ]


def read(browser: Browser, addresses: list[str]) -> str:
    pages = [browser.get(address) for address in addresses]
    assert [page.status_code for page in pages] == [200] * len(pages)
    return "".join(page.content.decode() for page in pages)


def told(text: str) -> list[str]:
    return [one for one in TELLS if one in text]


def test_a_decider_finds_in_no_record_what_is_withheld(
    client: Browser, withheld: Handoff, lena: User
) -> None:
    client.force_login(lena)

    before = read(client, records(withheld))
    claims.pick(withheld.id, by=lena, now=now())
    commit(withheld, by=lena)
    after = read(client, records(withheld))

    assert told(before) == []
    assert "Parts of this record are not shown to you yet" in before
    assert withheld.id in before
    assert told(after) == list(TELLS)


def test_an_auditor_who_decides_nothing_reads_everything(
    client: Browser, withheld: Handoff, olga: User
) -> None:
    client.force_login(olga)

    assert told(read(client, records(withheld))) == list(TELLS)


def test_what_a_colleague_committed_is_read_once_it_is_answered(
    client: Browser, withheld: Handoff, ann: User, lena: User
) -> None:
    claims.pick(withheld.id, by=ann, now=now())
    judgement = commit(withheld, by=ann, reason="Ann thinks that this is right.")
    own = f"/admin/reviews/judgement/{judgement.id}/change/"
    client.force_login(lena)

    hidden = client.get(own)
    listed = client.get("/admin/reviews/judgement/").content.decode()
    decisions.decide(withheld.id, by=ann, choice=Choice(verb="approve"), now=now())

    assert hidden.status_code == 302
    assert withheld.id not in listed
    assert "Ann thinks that this is right." in client.get(own).content.decode()
    assert told(read(client, records(withheld))) == list(TELLS)


def test_where_nothing_is_withheld_records_are_whole(
    client: Browser, shop: Shop, bot: Client, lena: User
) -> None:
    handoff = put(shop, bot)
    client.force_login(lena)

    assert "Within policy section 3" in read(client, records(handoff))
