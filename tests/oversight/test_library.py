"""One writes a fault, two others approve it; the database refuses the rest, whoever asks."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import ConflictGroup, User
from accounts.roles import Role
from handoffs.models import AuditEntry
from handoffs.states import Verb
from oversight.blind_tests import library, written_files
from oversight.blind_tests.errors import (
    ApprovedAlready,
    BadFault,
    FaultExists,
    FaultRetired,
    NotADraftFault,
    NotAReader,
    NotAsRead,
    NotYours,
    OwnFault,
    WhyRetired,
)
from oversight.blind_tests.faults import Difficulty, Edit, Fault, Harm, How, Kind
from oversight.blind_tests.written import Written
from oversight.models import FaultApproval, LibraryFault
from reviews.caught import Wrong
from tests import factories
from tests.oversight.blind_sources import refund

now = timezone.now
AMOUNT = Fault(
    name="Ten times the amount",
    kind=Kind.WRONG_AMOUNT,
    difficulty=Difficulty.EASY,
    harm=Harm.ALLOWS,
    action_type="refund_order",
    edits=(Edit(at=("arguments", "amount"), how=How.SCALE, value=10),),
    shown_at=("brief", "facts", "Order total", "value"),
    told="The order was for less than the refund.",
)
BY_HAND = Written(
    name="A refund for somebody else's order",
    kind=Kind.WRONG_ENTITY,
    difficulty=Difficulty.MEDIUM,
    harm=Harm.ALLOWS,
    material=refund(order_id="ORD-20471"),
    wrong=Wrong(verb=Verb.APPROVE, values=((("order_id",), "ORD-20471"),)),
    shown_at=("brief", "facts", "Order", "value"),
    right="ORD-20417",
    told="The customer wrote of another order.",
)


@pytest.fixture
def pia(database: None) -> User:
    return factories.UserFactory(name="Pia", roles=[Role.PRODUCT_SIGNER])


@pytest.fixture
def carlo(database: None) -> User:
    return factories.UserFactory(name="Carlo", roles=[Role.COMPLIANCE_SIGNER])


@pytest.fixture
def draft(shop: factories.Shop, mia: User) -> LibraryFault:
    return library.write(shop.workflow, AMOUNT, by=mia, now=now())


def approved(fault: LibraryFault, *people: User) -> LibraryFault:
    for one in people:
        fault = library.approve(fault, digest=fault.digest, by=one, now=now())
    return fault


def refused(constraint: str) -> Any:
    return pytest.raises(DatabaseError, match=constraint)


# One writes


def test_what_is_written_is_a_draft_and_makes_nothing(
    draft: LibraryFault, shop: factories.Shop
) -> None:
    assert draft.state == LibraryFault.State.DRAFT
    assert library.usable(shop.workflow) == []


def test_who_does_not_lead_the_workflow_writes_nothing(
    shop: factories.Shop, ann: User, pia: User, olga: User
) -> None:
    stranger = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
    for one in (ann, pia, olga, stranger):
        with pytest.raises(NotYours):
            library.write(shop.workflow, AMOUNT, by=one, now=now())
    assert not LibraryFault.objects.exists()


def test_what_does_not_hold_together_is_refused_in_sentences(
    shop: factories.Shop, mia: User
) -> None:
    bad = replace(AMOUNT, name="x", action_type="fly", kind=Kind.STALE_FACT, told="")

    with pytest.raises(BadFault) as refusal:
        library.write(shop.workflow, bad, by=mia, now=now())

    said = " ".join(problem.message for problem in refusal.value.fields)
    assert "3 to 120" in said
    assert "no such action type" in said
    assert "the world's side" in said
    assert "afterwards" in said


def test_a_name_is_there_once(draft: LibraryFault, shop: factories.Shop, mia: User) -> None:
    with pytest.raises(FaultExists):
        library.write(shop.workflow, replace(AMOUNT, told="Something else."), by=mia, now=now())
    assert library.write(shop.workflow, replace(AMOUNT, name="Another"), by=mia, now=now())


# Two others approve


def test_two_others_make_it_usable(
    draft: LibraryFault, shop: factories.Shop, pia: User, carlo: User
) -> None:
    assert approved(draft, pia).state == LibraryFault.State.DRAFT
    assert approved(draft, carlo).state == LibraryFault.State.APPROVED

    (one,) = library.usable(shop.workflow)
    assert one.fault == AMOUNT
    assert one.id == draft.pk


def test_its_author_does_not_approve_it(draft: LibraryFault, mia: User) -> None:
    with pytest.raises(OwnFault):
        approved(draft, mia)


def test_nor_who_counts_as_one_with_them(draft: LibraryFault, mia: User, pia: User) -> None:
    ConflictGroup.objects.create(name="One person, two accounts").people.add(mia, pia)

    with pytest.raises(OwnFault):
        approved(draft, pia)


def test_nobody_approves_twice_by_no_account_of_theirs(
    draft: LibraryFault, pia: User, carlo: User
) -> None:
    approved(draft, pia)
    with pytest.raises(ApprovedAlready):
        approved(draft, pia)
    ConflictGroup.objects.create(name="Also one").people.add(pia, carlo)
    with pytest.raises(ApprovedAlready):
        approved(draft, carlo)
    assert FaultApproval.objects.count() == 1


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.APPROVER, Role.AUDITOR])
def test_roles_that_decide_or_only_read_do_not_approve(draft: LibraryFault, role: Role) -> None:
    with pytest.raises(NotAReader):
        approved(draft, factories.UserFactory(roles=[role]))


def test_only_what_was_read_is_approved(draft: LibraryFault, pia: User) -> None:
    with pytest.raises(NotAsRead):
        library.approve(draft, digest="sha-256=" + "0" * 64, by=pia, now=now())


def test_what_is_approved_or_retired_is_not_approved_again(
    draft: LibraryFault, mia: User, pia: User, carlo: User
) -> None:
    approved(draft, pia, carlo)
    with pytest.raises(NotADraftFault):
        approved(draft, factories.UserFactory(roles=[Role.ENGINEERING_SIGNER]))
    library.retire(draft, "Everybody knows it by now", by=mia, now=now())
    with pytest.raises(NotADraftFault):
        approved(draft, factories.UserFactory(roles=[Role.ENGINEERING_SIGNER]))


def test_two_who_approve_at_once_make_it_usable_once(
    committed_db: object, draft: LibraryFault, pia: User, carlo: User
) -> None:
    def give(by: User) -> None:
        try:
            approved(draft, by)
        finally:
            connection.close()

    both = [threading.Thread(target=give, args=[one]) for one in (pia, carlo)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    draft.refresh_from_db()
    assert draft.state == LibraryFault.State.APPROVED
    assert AuditEntry.objects.filter(action="fault.usable").count() == 1


# It retires


def test_it_retires_for_good_and_with_a_reason(
    draft: LibraryFault, shop: factories.Shop, mia: User, pia: User, carlo: User
) -> None:
    approved(draft, pia, carlo)
    with pytest.raises(WhyRetired):
        library.retire(draft, "  ", by=mia, now=now())
    with pytest.raises(NotYours):
        library.retire(draft, "I do not like it", by=pia, now=now())

    library.retire(draft, "Everybody knows it by now", by=mia, now=now())

    assert library.usable(shop.workflow) == []
    with pytest.raises(FaultRetired):
        library.retire(draft, "Again", by=mia, now=now())


def test_the_house_retires_what_its_certificate_fails(draft: LibraryFault) -> None:
    library.retire(draft, "Something tells its tests from real ones.", by=None, now=now())

    assert AuditEntry.objects.get(action="fault.retired").actor == "system"


# Who would know it


def test_whoever_may_read_the_library_knows_its_tests(
    draft: LibraryFault,
    shop: factories.Shop,
    mia: User,
    olga: User,
    ann: User,
    pia: User,
    carlo: User,
) -> None:
    approved(draft, pia, carlo)
    left = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])

    known = library.usable(shop.workflow)[0].known_to

    assert {mia.pk, pia.pk, carlo.pk, olga.pk} <= set(known)
    assert not {ann.pk, left.pk} & set(known)


def test_who_approved_it_knows_it_also_without_their_role(
    draft: LibraryFault, shop: factories.Shop, pia: User, carlo: User
) -> None:
    approved(draft, pia, carlo)
    User.objects.filter(pk=pia.pk).update(roles=[Role.REVIEWER])

    assert pia.pk in library.usable(shop.workflow)[0].known_to


# By hand


def test_a_test_by_hand_is_approved_alike_and_used_once(
    shop: factories.Shop, mia: User, pia: User, carlo: User
) -> None:
    row = library.write_by_hand(shop.workflow, BY_HAND, by=mia, now=now())
    assert not library.spend(row.pk, now=now())
    approved(row, pia, carlo)

    (one,) = library.usable_by_hand(shop.workflow)

    assert one.written == BY_HAND
    assert library.usable(shop.workflow) == []
    assert library.spend(one.id, now=now())
    assert not library.spend(one.id, now=now())
    assert library.usable_by_hand(shop.workflow) == []


def test_a_generator_is_not_spent(draft: LibraryFault, pia: User, carlo: User) -> None:
    approved(draft, pia, carlo)

    assert not library.spend(draft.pk, now=now())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"told": " "}, "told afterwards"),
        ({"right": ""}, "would have been right"),
        ({"shown_at": ("brief", "ask")}, "Where it shows"),
        ({"shown_at": ("brief", "facts", "Weight")}, "Where it shows"),
        ({"wrong": replace(BY_HAND.wrong, values=((("order_id",), "ORD-1"),))}, "not proposed"),
        ({"material": refund(order_id="ORD-20471", reason="A planted one")}, "says what it is"),
        (
            {"material": refund(order_id="ORD-20471", reason="https://x.example/7712")},
            "links outside",
        ),
    ],
)
def test_a_test_by_hand_that_measures_nothing_is_refused(
    shop: factories.Shop, mia: User, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadFault) as refusal:
        library.write_by_hand(shop.workflow, replace(BY_HAND, **change), by=mia, now=now())

    assert any(said in problem.message for problem in refusal.value.fields)


def test_what_is_stored_is_read_back_as_it_was() -> None:
    assert written_files.read(written_files.write(BY_HAND)) == BY_HAND


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"form": "generator"}, "no test by hand"),
        ({"kind": "a joke"}, "joke"),
        ({"wrong": {"verb": "approve", "option": None}}, "no values"),
        ({"wrong": {"verb": "approve", "option": None, "values": 3}}, "as values"),
        ({"wrong": {"verb": "approve", "option": None, "values": [["x", 1]]}}, "no place"),
        ({"body": []}, "an object"),
        ({"told": " "}, "no text"),
        ({"shown_at": "brief"}, "no place"),
    ],
)
def test_what_is_no_test_is_not_read_as_one(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        written_files.read(written_files.write(BY_HAND) | change)


# The database


def raw(fault: LibraryFault, by: User, digest: str = "") -> None:
    with transaction.atomic():
        FaultApproval.objects.create(fault=fault, by=by, digest=digest or fault.digest)


def test_the_database_takes_no_approval_by_its_author(draft: LibraryFault, mia: User) -> None:
    with refused("its author does not approve"):
        raw(draft, mia)


def test_nor_of_another_text(draft: LibraryFault, pia: User) -> None:
    with refused("not what was read"):
        raw(draft, pia, "sha-256=0")


def test_nor_of_what_is_no_draft(draft: LibraryFault, mia: User, pia: User, carlo: User) -> None:
    library.retire(draft, "Never mind", by=mia, now=now())

    with refused("it is no draft"):
        raw(draft, pia)


def test_nor_twice_by_one(draft: LibraryFault, pia: User) -> None:
    raw(draft, pia)
    with refused("fault_approval_once_per_person"):
        raw(draft, pia)


def test_an_approval_is_not_moved_over_or_taken_away(
    draft: LibraryFault, pia: User, carlo: User
) -> None:
    raw(draft, pia)
    with refused("stays as it was given"), transaction.atomic():
        FaultApproval.objects.update(by=carlo)
    with refused("stays as it was given"), transaction.atomic():
        FaultApproval.objects.all().delete()


def test_no_fault_is_approved_by_fewer_than_two(draft: LibraryFault, pia: User) -> None:
    raw(draft, pia)
    with refused("two people approve it"), transaction.atomic():
        LibraryFault.objects.update(state=LibraryFault.State.APPROVED)


@pytest.mark.parametrize(
    "change", [{"body": {}}, {"digest": "x"}, {"name": "Else"}, {"workflow": None}, {"author": 1}]
)
def test_what_a_fault_says_does_not_change(
    draft: LibraryFault, change: dict[str, Any], ann: User
) -> None:
    if "author" in change:
        change = {"author": ann}
    if "workflow" in change:
        change = {"workflow": factories.WorkflowFactory()}
    with refused("does not change"), transaction.atomic():
        LibraryFault.objects.update(**change)


def test_it_is_not_removed(draft: LibraryFault) -> None:
    with refused("stays in the library"), transaction.atomic():
        LibraryFault.objects.all().delete()


def test_it_does_not_come_back(draft: LibraryFault, mia: User, pia: User, carlo: User) -> None:
    approved(draft, pia, carlo)
    with refused("approved does not become draft"), transaction.atomic():
        LibraryFault.objects.update(state=LibraryFault.State.DRAFT)
    library.retire(draft, "Known", by=mia, now=now())
    for state in ("approved", "draft"):
        with refused("retired does not become"), transaction.atomic():
            LibraryFault.objects.update(state=state, retired_because="")


def test_it_begins_as_a_draft_and_retires_with_a_reason(
    draft: LibraryFault, shop: factories.Shop, mia: User
) -> None:
    with refused("begins as a draft"), transaction.atomic():
        LibraryFault.objects.create(
            workflow=shop.workflow, name="B", body={}, digest="b", author=mia, state="approved"
        )
    with refused("fault_retired_because"), transaction.atomic():
        LibraryFault.objects.update(state="retired")
