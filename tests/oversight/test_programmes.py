"""Blind tests are off until an owner has recorded that staff were told, word for word."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from handoffs.models import AuditEntry
from oversight.blind_tests import programmes
from oversight.blind_tests.errors import BadNotice, BadRate, NoticeChanged, NotNoticed, NotYours
from oversight.blind_tests.programmes import Told
from oversight.models import Programme
from tests import factories

pytestmark = pytest.mark.django_db
now = timezone.now
NOTICE = "From next month some of the handoffs are tests whose recommendation is wrong. " * 5
TOLD = Told(
    on=now().date() - timedelta(days=2),
    how="By mail and in the team meeting",
    consulted="The works council agreed on 2 November.",
)


def recorded(shop: factories.Shop, by: User, told: Told = TOLD) -> Programme:
    kept = programmes.keep_texts(shop.workflow, notice=NOTICE, consultation="", by=by, now=now())
    return programmes.record(shop.workflow, told, read=programmes.digest(kept), by=by, now=now())


def test_without_anything_it_is_off(shop: factories.Shop) -> None:
    found = programmes.of(shop.workflow)

    assert not found.on
    assert found.rate == 0.02


def test_it_goes_on_only_after_the_notice_was_recorded(shop: factories.Shop, mia: User) -> None:
    with pytest.raises(NotNoticed):
        programmes.switch(shop.workflow, on=True, by=mia, now=now())
    programmes.keep_texts(shop.workflow, notice=NOTICE, consultation="", by=mia, now=now())
    with pytest.raises(NotNoticed):
        programmes.switch(shop.workflow, on=True, by=mia, now=now())
    recorded(shop, mia)

    assert programmes.switch(shop.workflow, on=True, by=mia, now=now()).on
    assert not programmes.switch(shop.workflow, on=False, by=mia, now=now()).on


def test_another_text_is_told_anew(shop: factories.Shop, mia: User) -> None:
    recorded(shop, mia)
    programmes.switch(shop.workflow, on=True, by=mia, now=now())

    programmes.keep_texts(
        shop.workflow, notice=NOTICE + "And more.", consultation="", by=mia, now=now()
    )

    found = programmes.of(shop.workflow)
    assert not found.on
    assert found.noticed_at is None
    with pytest.raises(NotNoticed):
        programmes.switch(shop.workflow, on=True, by=mia, now=now())


def test_the_same_text_stays_told(shop: factories.Shop, mia: User) -> None:
    recorded(shop, mia)
    programmes.switch(shop.workflow, on=True, by=mia, now=now())

    programmes.keep_texts(
        shop.workflow,
        notice=NOTICE.replace(". ", ".\r\n").replace(".\r\n", ". "),
        consultation="Dear council",
        by=mia,
        now=now(),
    )

    assert programmes.of(shop.workflow).on


def test_what_was_not_read_is_not_recorded(shop: factories.Shop, mia: User) -> None:
    kept = programmes.keep_texts(shop.workflow, notice=NOTICE, consultation="", by=mia, now=now())
    read = programmes.digest(kept)
    programmes.keep_texts(shop.workflow, notice=NOTICE + "New", consultation="", by=mia, now=now())

    with pytest.raises(NoticeChanged):
        programmes.record(shop.workflow, TOLD, read=read, by=mia, now=now())


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (replace(TOLD, on=None), "told_on"),
        (replace(TOLD, on=now().date() + timedelta(days=2)), "told_on"),
        (replace(TOLD, how=" "), "told_how"),
        (replace(TOLD, how="x" * 201), "told_how"),
        (replace(TOLD, consulted="none"), "consulted"),
    ],
)
def test_how_they_were_told_is_asked_for(
    shop: factories.Shop, mia: User, told: Told, field: str
) -> None:
    with pytest.raises(BadNotice) as refusal:
        recorded(shop, mia, told)

    assert [problem.path for problem in refusal.value.fields] == [field]
    assert programmes.of(shop.workflow).noticed_at is None


def test_a_notice_that_says_nothing_is_none(shop: factories.Shop, mia: User) -> None:
    with pytest.raises(BadNotice):
        programmes.keep_texts(
            shop.workflow, notice="Some are tests.", consultation="", by=mia, now=now()
        )


@pytest.mark.parametrize("rate", [0.0, 0.009, 0.051, 0.1, 1.0, float("nan")])
def test_no_other_rate_than_the_notice_says(shop: factories.Shop, mia: User, rate: float) -> None:
    with pytest.raises(BadRate):
        programmes.set_rate(shop.workflow, rate, by=mia, now=now())
    assert programmes.set_rate(shop.workflow, 0.05, by=mia, now=now()).rate == 0.05


@pytest.mark.parametrize(
    "role", [Role.REVIEWER, Role.AUDITOR, Role.COMPLIANCE_SIGNER, Role.WORKFLOW_OWNER]
)
def test_only_who_leads_the_workflow_does_any_of_it(shop: factories.Shop, role: Role) -> None:
    stranger = factories.UserFactory(roles=[role])
    for act in (
        lambda: recorded(shop, stranger),
        lambda: programmes.record(shop.workflow, TOLD, read="", by=stranger, now=now()),
        lambda: programmes.switch(shop.workflow, on=False, by=stranger, now=now()),
        lambda: programmes.set_rate(shop.workflow, 0.03, by=stranger, now=now()),
    ):
        with pytest.raises(NotYours):
            act()
    assert not Programme.objects.exists()


def test_its_owner_does(shop: factories.Shop) -> None:
    owner = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
    shop.workflow.owner = owner
    shop.workflow.save()

    assert recorded(shop, owner).noticed_by == owner


def test_the_log_keeps_what_was_told_word_for_word(shop: factories.Shop, mia: User) -> None:
    recorded(shop, mia)

    entry = AuditEntry.objects.get(action="tests.staff_told")
    assert NOTICE.strip() in bytes(entry.body).decode()


def test_the_database_takes_no_other_text_for_told(shop: factories.Shop, mia: User) -> None:
    recorded(shop, mia)

    with pytest.raises(IntegrityError, match="staff were not told this"), transaction.atomic():
        Programme.objects.update(notice="Nothing is tested.")


def test_nor_switches_on_what_nobody_recorded(shop: factories.Shop, mia: User) -> None:
    programmes.keep_texts(shop.workflow, notice=NOTICE, consultation="", by=mia, now=now())

    with pytest.raises(IntegrityError, match="programme_on_after_notice"), transaction.atomic():
        Programme.objects.update(on=True)
