"""Three seats sign exactly what a draft says; nobody twice, and never the author alone."""

from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from governance import maps
from governance.errors import (
    AlreadySigned,
    EditedMeanwhile,
    NotSigned,
    NotYourSeat,
    SeatNotAsked,
)
from governance.models import MapSignOff
from handoffs.actors import SYSTEM, person_actor
from handoffs.errors import NotADraft, NotPublishable
from handoffs.models import AuditEntry, RiskTierMap, Workflow
from tests import factories

SEATS = ["product", "compliance", "engineering"]


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def drafted(shop: factories.Shop, mia: User) -> RiskTierMap:
    """A draft by mia in a workflow that asks all three."""
    ask(shop, *SEATS)
    return factories.draft_map(shop.workflow, author=mia, default="notify")


def ask(shop: factories.Shop, *seats: str) -> None:
    Workflow.objects.filter(pk=shop.workflow.pk).update(sign_offs=list(seats))
    shop.workflow.refresh_from_db()


def sign(map: RiskTierMap, seat: str, user: User, edition: int | None = None) -> MapSignOff:
    return maps.sign(
        map,
        seat=seat,
        edition=edition or map.edition,
        user=user,
        by=person_actor(user.pk, seat),
        now=timezone.now(),
        note=" Looked at it. ",
    )


def edit(map: RiskTierMap, **changes: Any) -> None:
    body = map.body | changes
    cases = factories.map_cases(map.workflow, body)
    maps.edit(map, body=body, cases=cases, edition=map.edition, by=SYSTEM, now=timezone.now())


def refused(map: RiskTierMap) -> list[str]:
    with pytest.raises(NotPublishable) as refusal:
        maps.publish(map, by=SYSTEM, now=timezone.now())
    return [field.message for field in refusal.value.fields]


def test_it_is_published_when_all_three_have_signed_and_keeps_who_by_seat(
    drafted: RiskTierMap, signers: dict[str, User]
) -> None:
    for count, (seat, user) in enumerate(signers.items()):
        assert len(refused(drafted)) == len(SEATS) - count
        sign(drafted, seat, user)

    maps.publish(drafted, by=SYSTEM, now=timezone.now())

    assert [one["seat"] for one in drafted.signed] == SEATS
    assert not any("@" in str(one) or "name" in one for one in drafted.signed)
    assert all(seat.valid for seat in maps.signatures(drafted))
    assert AuditEntry.objects.filter(action="map.signed").count() == 3


def test_the_page_says_how_each_seat_stands(
    shop: factories.Shop, drafted: RiskTierMap, signers: dict[str, User]
) -> None:
    ask(shop, "product", "compliance")
    drafted.workflow.refresh_from_db()
    sign(drafted, "product", signers["product"])

    product, compliance, engineering = maps.signatures(drafted)

    assert product.sentence.startswith("Product signed for product on 20")
    assert (product.valid, product.signed_by) == (True, signers["product"])
    assert compliance.sentence == "Compliance has not signed yet."
    assert (engineering.asked, engineering.sentence) == (False, "Not asked for.")


@pytest.mark.parametrize("part", ["rules", "cases"])
def test_an_edit_voids_what_was_signed_and_keeps_it_in_the_history(
    drafted: RiskTierMap, signers: dict[str, User], part: str
) -> None:
    for seat, user in signers.items():
        sign(drafted, seat, user)
    if part == "rules":
        edit(drafted, default="soft_review")
    else:
        more = [*drafted.cases, {"name": "one more", "action_type": "cancel_order"}]
        maps.edit(drafted, body=drafted.body, cases=more, edition=1, by=SYSTEM, now=timezone.now())

    assert not any(seat.valid for seat in maps.signatures(drafted))
    assert all("edited since" in sentence for sentence in refused(drafted)[-3:])
    assert MapSignOff.objects.count() == 3
    sign(drafted, "product", signers["product"])
    assert [seat.valid for seat in maps.signatures(drafted)] == [True, False, False]


def test_what_is_edited_back_to_what_was_signed_is_signed(
    drafted: RiskTierMap, signers: dict[str, User]
) -> None:
    sign(drafted, "product", signers["product"])
    edit(drafted, default="soft_review")
    edit(drafted, default="notify")

    assert maps.signatures(drafted)[0].valid


def test_nobody_signs_for_a_seat_that_is_not_theirs(
    drafted: RiskTierMap, signers: dict[str, User], mia: User
) -> None:
    with pytest.raises(NotYourSeat):
        sign(drafted, "compliance", signers["product"])
    with pytest.raises(NotYourSeat):
        sign(drafted, "product", mia)
    User.objects.filter(pk=signers["product"].pk).update(is_active=False)
    with pytest.raises(NotYourSeat):
        sign(drafted, "product", User.objects.get(pk=signers["product"].pk))


def test_nobody_signs_twice_and_no_seat_is_signed_twice(
    drafted: RiskTierMap, signers: dict[str, User]
) -> None:
    both = signers["product"]
    both.roles = [Role.PRODUCT_SIGNER, Role.COMPLIANCE_SIGNER]
    both.save()
    second = factories.UserFactory(roles=[Role.PRODUCT_SIGNER])
    sign(drafted, "product", both)

    with pytest.raises(AlreadySigned):
        sign(drafted, "compliance", both)
    with pytest.raises(AlreadySigned):
        sign(drafted, "product", second)


def test_the_author_alone_does_not_suffice(
    shop: factories.Shop, drafted: RiskTierMap, mia: User, signers: dict[str, User]
) -> None:
    ask(shop, "product")
    drafted.workflow.refresh_from_db()
    mia.roles = [Role.MANAGER, Role.PRODUCT_SIGNER]
    mia.save()
    sign(drafted, "product", mia)

    assert "Only its author has signed" in refused(drafted)[0]

    maps.withdraw_signature(drafted, seat="product", user=mia, by=SYSTEM, now=timezone.now())
    sign(drafted, "product", signers["product"])
    maps.publish(drafted, by=SYSTEM, now=timezone.now())


def test_the_author_may_be_one_of_those_who_sign(
    drafted: RiskTierMap, mia: User, signers: dict[str, User]
) -> None:
    mia.roles = [Role.MANAGER, Role.PRODUCT_SIGNER]
    mia.save()
    for seat, user in (signers | {"product": mia}).items():
        sign(drafted, seat, user)

    maps.publish(drafted, by=SYSTEM, now=timezone.now())


def test_a_seat_that_is_not_asked_is_not_signed(
    shop: factories.Shop, drafted: RiskTierMap, signers: dict[str, User]
) -> None:
    ask(shop, "product")

    with pytest.raises(SeatNotAsked):
        sign(drafted, "compliance", signers["compliance"])


def test_only_the_edition_that_was_read_is_signed(
    drafted: RiskTierMap, signers: dict[str, User]
) -> None:
    edit(drafted, default="soft_review")

    with pytest.raises(EditedMeanwhile):
        sign(drafted, "product", signers["product"], edition=1)


def test_a_signature_is_taken_back_by_who_gave_it_while_it_is_a_draft(
    drafted: RiskTierMap, signers: dict[str, User], now: datetime
) -> None:
    for seat, user in signers.items():
        sign(drafted, seat, user)
    with pytest.raises(NotSigned):
        maps.withdraw_signature(
            drafted, seat="product", user=signers["compliance"], by=SYSTEM, now=now
        )

    maps.withdraw_signature(drafted, seat="product", user=signers["product"], by=SYSTEM, now=now)

    assert [seat.valid for seat in maps.signatures(drafted)] == [False, True, True]
    sign(drafted, "product", signers["product"])
    maps.publish(drafted, by=SYSTEM, now=timezone.now())
    with pytest.raises(NotADraft):
        maps.withdraw_signature(
            drafted, seat="product", user=signers["product"], by=SYSTEM, now=now
        )
    with pytest.raises(NotADraft):
        sign(drafted, "product", signers["product"])


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(note="other"),
        lambda s: s.update(digest="other"),
        lambda s: s.update(seat="compliance", withdrawn_at=timezone.now()),
        lambda s: s.delete(),
    ],
)
def test_the_database_keeps_signatures_as_they_were_given(
    drafted: RiskTierMap, signers: dict[str, User], change: Any
) -> None:
    given = sign(drafted, "product", signers["product"])

    with pytest.raises(IntegrityError, match="stays as it was given"), transaction.atomic():
        change(MapSignOff.objects.filter(pk=given.pk))


def test_the_database_takes_no_signature_for_what_is_published(
    shop: factories.Shop, signers: dict[str, User], now: datetime
) -> None:
    with pytest.raises(IntegrityError, match="is not a draft"), transaction.atomic():
        MapSignOff.objects.create(
            map=shop.map, seat="product", digest="x", user=signers["product"], signed_at=now
        )


def test_the_first_map_from_a_file_was_signed_where_the_file_lives(
    shop: factories.Shop, now: datetime
) -> None:
    fresh = factories.WorkflowFactory(sign_offs=["product"])
    factories.ActionTypeFactory(workflow=fresh, name="refund_order")
    first = factories.draft_map(fresh)
    maps.publish_first(first, by=SYSTEM, now=now)
    second = factories.draft_map(fresh)

    with pytest.raises(NotPublishable):
        maps.publish_first(second, by=SYSTEM, now=now)

    assert (first.state, second.state) == ("published", "draft")
