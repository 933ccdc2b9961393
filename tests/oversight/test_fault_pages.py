"""The pages of the library: a fault is written, shown as the desk would, approved, retired."""

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from accounts.roles import Role
from handoffs.models import Handoff
from oversight.blind_tests import library
from oversight.models import LibraryFault
from tests import factories, walks
from tests.oversight.test_library import AMOUNT, BY_HAND

pytestmark = pytest.mark.django_db
now = timezone.now
FACTS = [
    {"label": "Order", "value": "ORD-20417", "kind": "id", "source": "orders"},
    {"label": "Order total", "value": "312.50 USD", "kind": "money", "source": "orders"},
    {"label": "Status", "value": "delivered", "kind": "text", "source": "orders"},
    {"label": "Customer", "value": "Lea Brandt", "kind": "person", "source": "crm"},
]
TYPED = {
    "name": "Ten times too much",
    "action_type": "refund_order",
    "kind": "wrong amount",
    "difficulty": "easy",
    "harm": "wrongly allows",
    "at_1": "arguments › amount",
    "how_1": "scale",
    "value_1": "10",
    "how_2": "set",
    "how_3": "set",
    "shown_at": "brief › facts › Order total › value",
    "told": "The order was for less.",
}
HAND = {
    "name": "Somebody else's order",
    "action_type": "refund_order",
    "kind": "wrong entity",
    "difficulty": "medium",
    "harm": "wrongly allows",
    "ask": "Refund 40.00 EUR for order ORD-20471?",
    "arguments": '{"order_id": "ORD-20471", "amount": 40.0, "currency": "EUR"}',
    "facts": "Order: ORD-20417\nOrder total: 40.00 EUR",
    "evidence": "Return policy: Within 30 days of delivery.",
    "text": "Please refund ORD-20417.",
    "wrong": "order_id",
    "right": "ORD-20417",
    "shown_at": "Order",
    "told": "They wrote of another order.",
}


@pytest.fixture
def pia(database: None) -> User:
    return factories.UserFactory(name="Pia", roles=[Role.PRODUCT_SIGNER])


@pytest.fixture
def carlo(database: None) -> User:
    return factories.UserFactory(name="Carlo", roles=[Role.COMPLIANCE_SIGNER])


@pytest.fixture
def real(shop: factories.Shop, bot: Client, bot_key: str) -> Handoff:
    brief = factories.brief_payload(facts=FACTS, evidence=[], ask="Refund 312.50 USD to Brandt?")
    return walks.waiting(
        shop, bot, bot_key, brief=brief,
        arguments={"order_id": "ORD-20417", "amount": 312.5, "currency": "USD"},
    )  # fmt: skip


@pytest.fixture
def draft(shop: factories.Shop, mia: User) -> LibraryFault:
    return library.write(shop.workflow, AMOUNT, by=mia, now=now())


def url(shop: factories.Shop, name: str, *more: object) -> str:
    return reverse(f"oversight:{name}", args=[shop.workflow.slug, *more])


def get(user: User, address: str, status: int = 200) -> str:
    browser = Browser()
    browser.force_login(user)
    answer = browser.get(address)
    assert answer.status_code == status, answer.status_code
    return " ".join(answer.getvalue().decode().replace("\xa0", " ").split())


def post(user: User, address: str, **fields: Any) -> HttpResponse:
    browser = Browser()
    browser.force_login(user)
    answer: Any = browser.post(address, fields)
    return answer


def said(answer: HttpResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_only_who_may_know_tests_opens_any_of_it(
    shop: factories.Shop, draft: LibraryFault, real: Handoff, ann: User, olga: User, pia: User
) -> None:
    for name, *more in (
        ("faults",), ("fault", draft.pk), ("fault-preview", draft.pk, 1),
        ("fault-new",), ("fault-by-hand",),
    ):  # fmt: skip
        get(ann, url(shop, name, *more), 403)
    for user in (olga, pia):
        get(user, url(shop, "faults"))
        get(user, url(shop, "fault", draft.pk))
        get(user, url(shop, "fault-new"), 403)
        assert post(user, url(shop, "fault-new"), **TYPED).status_code == 403
        get(user, url(shop, "fault-by-hand"), 403)
    assert LibraryFault.objects.count() == 1


def test_a_fault_is_under_its_own_workflow_only(
    shop: factories.Shop, draft: LibraryFault, mia: User
) -> None:
    other = factories.WorkflowFactory()

    get(mia, reverse("oversight:fault", args=[other.slug, draft.pk]), 404)


def test_a_fault_is_typed_and_stands_as_a_draft(
    shop: factories.Shop, real: Handoff, mia: User
) -> None:
    page = get(mia, url(shop, "fault-new") + "?action_type=refund_order")
    assert "arguments › amount" in page
    assert "brief › facts › Order total › value" in page

    assert post(mia, url(shop, "fault-new"), **TYPED).status_code == 302

    row = LibraryFault.objects.get()
    assert row.body["edits"] == [{"at": ["arguments", "amount"], "how": "scale", "value": 10}]
    assert row.author == mia


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": ""}, "required"),
        ({"kind": "stale fact"}, "the world"),
        ({"value_1": "ten"}, "This takes a number"),
        ({"at_1": "signals › x"}, "neither on the agent"),
        ({"shown_at": "arguments › amount"}, "Where it shows"),
        ({"told": "  "}, "required"),
        ({"name": AMOUNT.name}, "fault of this name"),
    ],
)
def test_what_does_not_hold_together_is_refused_with_what_was_typed(
    shop: factories.Shop, draft: LibraryFault, mia: User, change: dict[str, str], why: str
) -> None:
    answer = post(mia, url(shop, "fault-new"), **(TYPED | change))

    assert answer.status_code in (409, 422)
    assert why in answer.content.decode()
    assert LibraryFault.objects.count() == 1
    if "told" not in change:
        assert "The order was for less." in answer.content.decode()


def near(amount: float) -> bool:
    """Tell whether it is the order's total, disguised: another one, and about as much."""
    return amount != 312.5 and 290 < amount < 335


def is_tenfold(page: str) -> bool:
    said = {float(one) for one in re.findall(r"\d+\.\d+", page)}
    return any(near(one) and one * 10 in said for one in said)


def test_who_approves_sees_what_it_makes_of_real_ones_and_nobodys_name(
    shop: factories.Shop, draft: LibraryFault, real: Handoff, pia: User
) -> None:
    page = get(pia, url(shop, "fault", draft.pk))

    assert "Of the last 1 handoffs of this kind, tests could be made of 1." in page
    assert is_tenfold(page)
    assert "Brandt" not in page
    assert "20417" not in page


def test_it_is_shown_as_the_desk_would_show_it(
    shop: factories.Shop, draft: LibraryFault, real: Handoff, pia: User
) -> None:
    page = get(pia, url(shop, "fault-preview", draft.pk, 1))

    assert 'id="facts"' in page and 'id="will-do"' in page
    assert is_tenfold(page)
    for leads_back in (real.id, real.run_id, "Brandt", "20417", real.run.external_id):
        assert leads_back not in page
    get(pia, url(shop, "fault-preview", draft.pk, 2), 404)


def test_looking_stores_nothing(
    shop: factories.Shop, draft: LibraryFault, real: Handoff, pia: User
) -> None:
    before = Handoff.objects.filter(pk=real.pk).values().get()
    get(pia, url(shop, "fault-preview", draft.pk, 1))

    assert Handoff.objects.count() == 1
    assert Handoff.objects.filter(pk=real.pk).values().get() == before


def test_why_it_does_not_fit_is_said(
    shop: factories.Shop, draft: LibraryFault, bot: Client, bot_key: str, pia: User
) -> None:
    leads_out = factories.brief_payload(summary="See https://shop.example/orders/77120")
    walks.waiting(shop, bot, bot_key, brief=leads_out)

    page = get(pia, url(shop, "fault", draft.pk))

    assert "tests could be made of 0" in page
    assert "It links outside" in page


def test_before_anything_came_it_is_said_that_nothing_can_be_shown(
    shop: factories.Shop, draft: LibraryFault, pia: User
) -> None:
    assert "No handoff of this kind has come yet" in get(pia, url(shop, "fault", draft.pk))


def test_two_approve_and_it_is_in_use(
    shop: factories.Shop, draft: LibraryFault, mia: User, pia: User, carlo: User
) -> None:
    address = url(shop, "fault-approve", draft.pk)
    assert "You wrote it, so two others approve it." in get(mia, url(shop, "fault", draft.pk))
    own = post(mia, address, digest=draft.digest)
    assert own.status_code == 403
    assert "You wrote this fault" in said(own)

    assert post(pia, address, digest=draft.digest).status_code == 302
    assert "You approved it. One other person" in get(pia, url(shop, "fault", draft.pk))
    assert post(carlo, address, digest=draft.digest).status_code == 302

    assert "approved" in get(mia, url(shop, "faults"))
    assert "Pia, Carlo" in get(mia, url(shop, "fault", draft.pk))
    third = factories.UserFactory(roles=[Role.ENGINEERING_SIGNER])
    for reader in (mia, pia, third):
        assert "Approve it" not in get(reader, url(shop, "fault", draft.pk))


def test_the_form_carries_what_was_read(
    shop: factories.Shop, draft: LibraryFault, pia: User
) -> None:
    page = get(pia, url(shop, "fault", draft.pk))
    assert f'name="digest" value="{draft.digest}"' in page

    answer = post(pia, url(shop, "fault-approve", draft.pk), digest="sha256:else")
    assert answer.status_code == 409
    assert "This is not the text that you read. Nothing was approved." in said(answer)


def test_it_retires_with_a_reason_by_who_leads(
    shop: factories.Shop, draft: LibraryFault, mia: User, pia: User
) -> None:
    address = url(shop, "fault-retire", draft.pk)
    assert post(pia, address, why="No").status_code == 403
    empty = post(mia, address, why=" ")
    assert empty.status_code == 422
    assert "Nobody would know later why." in said(empty)
    assert post(mia, address, why="Everybody knows it").status_code == 302
    assert "Everybody knows it" in get(mia, url(shop, "fault", draft.pk))


def test_a_whole_test_is_written_by_hand(
    shop: factories.Shop, real: Handoff, mia: User, pia: User
) -> None:
    assert post(mia, url(shop, "fault-by-hand"), **HAND).status_code == 302

    row = LibraryFault.objects.get()
    assert row.body["wrong"]["values"] == [[["order_id"], "ORD-20471"]]
    assert row.body["shown_at"] == ["brief", "facts", "Order", "value"]
    page = get(pia, url(shop, "fault", row.pk))
    assert "by hand, met once" in page
    shown = get(pia, url(shop, "fault-preview", row.pk, 1))
    assert "Refund 40.00 EUR for order ORD-20471?" in shown
    assert real.id not in shown


def test_it_begins_with_the_latest_disguised_and_looks_like_its_kind(
    shop: factories.Shop, real: Handoff, mia: User
) -> None:
    page = get(mia, url(shop, "fault-by-hand") + "?action_type=refund_order")
    total = re.search(r"Order total: ([\d.]+) USD", page)
    assert total is not None and near(float(total[1]))
    assert "Brandt" not in page and "20417" not in page

    post(mia, url(shop, "fault-by-hand"), **HAND)

    brief = LibraryFault.objects.get().body["body"]["brief"]
    order, total = brief["facts"]
    assert (order["kind"], total["kind"]) == ("id", "money")
    assert (order["value"], total["value"]) == ("ORD-20417", "40.00 EUR")
    assert brief["confidence"] == {"value": 0.85, "basis": "self-reported"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"arguments": "{"}, "no object in JSON"),
        ({"wrong": "amount\nnothing"}, "not proposed"),
        ({"shown_at": "Weight"}, "Where it shows"),
        ({"facts": "", "evidence": ""}, "nothing that the action could be checked"),
        ({"text": "See https://x.example/7712"}, "links outside"),
        ({"ask": ""}, "required"),
    ],
)
def test_a_test_that_measures_nothing_is_refused(
    shop: factories.Shop, mia: User, change: dict[str, str], why: str
) -> None:
    answer = post(mia, url(shop, "fault-by-hand"), **(HAND | change))

    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert not LibraryFault.objects.exists()


def test_hostile_words_do_nothing(shop: factories.Shop, mia: User, pia: User) -> None:
    nasty = "<script>alert(1)</script>\u202e"
    post(mia, url(shop, "fault-by-hand"), **(HAND | {"told": nasty, "right": nasty}))

    page = get(pia, url(shop, "fault", LibraryFault.objects.get().pk))
    assert "<script>alert" not in page
    assert "⟦U+202E⟧" in page


def test_the_library_asks_as_often_for_many(
    shop: factories.Shop, mia: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        library.write_by_hand(shop.workflow, factories_by_hand(number), by=mia, now=now())
    browser = Browser()
    browser.force_login(mia)
    with django_assert_max_num_queries(24):
        assert browser.get(url(shop, "faults")).status_code == 200


def factories_by_hand(number: int) -> Any:
    return type(BY_HAND)(**{**vars(BY_HAND), "name": f"Test number {number}"})
