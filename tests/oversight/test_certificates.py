"""A fault makes tests only under a certificate that holds; one that is told apart retires."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import AuditEntry, Brief, OutboxMessage, Workflow
from oversight.blind_tests import certificates
from oversight.blind_tests.faults import Edit, How
from oversight.models import FaultCertificate, LibraryFault
from tests import factories, walks
from tests.oversight.certified import SLIGHT, in_library, settled
from tests.reviews.planting import planted

pytestmark = pytest.mark.django_db
now = timezone.now
HUGE = replace(
    SLIGHT,
    name="A hundred times the amount",
    edits=(Edit(at=("arguments", "amount"), how=How.SCALE, value=100),),
)


@pytest.fixture
def slight(shop: factories.Shop, mia: User, ann: User, ben: User) -> LibraryFault:
    return in_library(shop, SLIGHT, mia, ann, ben)


@pytest.fixture
def huge(shop: factories.Shop, mia: User, ann: User, ben: User) -> LibraryFault:
    return in_library(shop, HUGE, mia, ann, ben)


def age(found: FaultCertificate, days: float) -> None:
    FaultCertificate.objects.filter(pk=found.pk).update(
        measured_at=found.measured_at - timedelta(days=days)
    )


def test_copies_that_hardly_anything_tells_apart_do_not_retire_their_fault(
    shop: factories.Shop, bot: Client, bot_key: str, slight: LibraryFault
) -> None:
    """Ids are drawn, so whether so few suffice for a certificate is luck; see test_blindness."""
    settled(shop, bot, bot_key)

    found = certificates.renew(slight, now=now())

    assert (found.sources, found.copies, found.reals) == (48, 144, 48)
    assert found.auc is not None and found.auc < 0.6 and found.state != "told apart"
    assert certificates.holds(slight) is (found.state == "holds")
    assert (found.state == "holds") is (found.upper <= 0.55)


def test_a_fault_that_is_told_apart_retires_and_the_owner_is_told_by_what(
    shop: factories.Shop, bot: Client, bot_key: str, huge: LibraryFault, mia: User
) -> None:
    Workflow.objects.filter(pk=shop.workflow.pk).update(owner=mia)
    settled(shop, bot, bot_key)

    found = certificates.renew(huge, now=now())

    huge.refresh_from_db()
    assert (found.state, found.by) == ("told apart", "figures")
    assert huge.state == LibraryFault.State.RETIRED
    assert "how much amount" in huge.retired_because
    assert not certificates.holds(huge)
    mail = OutboxMessage.objects.get(mail_to=mia.email)
    assert "how much amount" in mail.payload["text"]
    assert AuditEntry.objects.filter(action="fault.retired").count() == 1


def test_who_retired_it_first_is_not_overruled(
    shop: factories.Shop, bot: Client, bot_key: str, huge: LibraryFault
) -> None:
    LibraryFault.objects.filter(pk=huge.pk).update(
        state=LibraryFault.State.RETIRED, retired_because="We no longer refund."
    )
    settled(shop, bot, bot_key)

    certificates.renew(huge, now=now())

    huge.refresh_from_db()
    assert huge.retired_because == "We no longer refund."
    assert not OutboxMessage.objects.filter(event="fault.retired").exists()


def test_of_too_few_nothing_is_certified_and_nothing_retires(
    shop: factories.Shop, bot: Client, bot_key: str, huge: LibraryFault
) -> None:
    settled(shop, bot, bot_key, count=12)

    found = certificates.renew(huge, now=now())

    huge.refresh_from_db()
    assert (found.state, found.auc, found.upper) == ("uncertain", None, 1.0)
    assert not certificates.holds(huge)
    assert huge.state == LibraryFault.State.APPROVED


def test_without_a_certificate_it_does_not_hold(slight: LibraryFault) -> None:
    assert not certificates.holds(slight)


def hold(fault: LibraryFault, **changes: Any) -> FaultCertificate:
    """Store a certificate that holds, measured now."""
    kept = {"state": "holds", "sources": 90, "copies": 270, "reals": 90, "auc": 0.5, "upper": 0.53}
    return FaultCertificate.objects.create(fault=fault, digest=fault.digest, **{**kept, **changes})


def test_a_certificate_of_long_ago_or_of_another_text_does_not_hold(slight: LibraryFault) -> None:
    found = hold(slight)

    age(found, 34)
    assert certificates.holds(slight)
    age(found, 36)
    assert not certificates.holds(slight)

    hold(slight)
    assert certificates.holds(slight)
    slight.digest = "sha256:of another text"
    assert not certificates.holds(slight)


def test_the_last_one_counts(slight: LibraryFault) -> None:
    age(hold(slight), 8)
    hold(slight, state="uncertain", upper=0.56)

    assert not certificates.holds(slight)


def test_the_job_measures_what_is_in_use_once_a_week(
    shop: factories.Shop, slight: LibraryFault, huge: LibraryFault, mia: User
) -> None:
    in_library(shop, replace(SLIGHT, name="A draft", told="Another text."), mia)

    assert certificates.renew_due(now=now()) == 2
    assert certificates.renew_due(now=now()) == 0

    age(FaultCertificate.objects.get(fault=slight), 8)
    assert certificates.renew_due(now=now()) == 1
    assert FaultCertificate.objects.filter(fault=slight).count() == 2


def test_only_what_people_approved_as_it_was_is_copied(
    shop: factories.Shop, bot: Client, bot_key: str, slight: LibraryFault
) -> None:
    settled(shop, bot, bot_key, count=2)
    walks.waiting(shop, bot, bot_key)
    planted(shop, bot)

    found = certificates.renew(slight, now=now())

    # what waits is held against them, what is planted is neither
    assert (found.sources, found.copies, found.reals) == (2, 6, 3)


def test_it_says_of_which_tests_are_made_and_how_often(
    shop: factories.Shop, bot: Client, bot_key: str, slight: LibraryFault
) -> None:
    past = settled(shop, bot, bot_key, count=32)
    walks.waiting(shop, bot, bot_key)

    found = certificates.renew(slight, now=now())

    assert set(found.draws) == {one.pk for one in past}
    assert all(1 <= often < 4 for often in found.draws.values())


def test_what_somebody_added_to_is_copied_by_no_certificate(
    shop: factories.Shop, bot: Client, bot_key: str, slight: LibraryFault
) -> None:
    """A certificate of others than tests are made of would certify nothing."""
    one, *_ = settled(shop, bot, bot_key, count=4)
    brief = one.briefs.get()
    Brief.objects.create(handoff=one, version=2, body=brief.body, digest=brief.digest)

    assert certificates.renew(slight, now=now()).sources == 3


def test_why_others_could_not_be_copied_is_kept(
    shop: factories.Shop, bot: Client, bot_key: str, slight: LibraryFault
) -> None:
    handoff = walks.waiting(shop, bot, bot_key, brief=factories.brief_payload())
    walks.say(handoff)

    found = certificates.renew(slight, now=now())

    assert list(found.unfit.values()) == [1]


def test_certificates_know_no_test_that_anybody_met() -> None:
    """They point at their fault alone, and say nothing of a run or a person."""
    related = [field.name for field in FaultCertificate._meta.get_fields() if field.is_relation]

    assert related == ["fault"]
