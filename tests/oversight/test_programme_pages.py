"""The pages of blind tests: who reads and changes them, what they say, how they refuse."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from handoffs import stops
from handoffs.actors import person_actor
from handoffs.stops import Presser
from oversight.blind_tests import programmes, stock
from oversight.counted import weeks
from oversight.models import FaultCertificate, LibraryFault, Programme, Tally
from tests import factories
from tests.oversight import sown
from tests.oversight.test_programmes import NOTICE, recorded

pytestmark = pytest.mark.django_db
now = timezone.now


def url(shop: factories.Shop, name: str = "tests") -> str:
    return reverse(f"oversight:{name}", args=[shop.workflow.slug])


def get(user: User, address: str, status: int = 200, **headers: str) -> str:
    browser = Browser()
    browser.force_login(user)
    answer = browser.get(address, headers=headers or None)
    assert answer.status_code == status, answer.content[:400]
    return answer.getvalue().decode().replace("\xa0", " ")


def post(user: User, address: str, **fields: Any) -> HttpResponse:
    browser = Browser()
    browser.force_login(user)
    answer: Any = browser.post(address, fields)
    return answer


def said(answer: HttpResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_who_answers_signs_and_audits_reads_it(
    shop: factories.Shop, mia: User, olga: User, ann: User
) -> None:
    signer = factories.UserFactory(roles=[Role.COMPLIANCE_SIGNER])
    for name in ("tests", "faults", "tests-consultation"):
        for user, status in ((mia, 200), (olga, 200), (signer, 200), (ann, 403)):
            get(user, url(shop, name), status)
    assert Browser().get(url(shop)).status_code == 302


def test_who_only_reads_has_nothing_to_press(shop: factories.Shop, olga: User) -> None:
    page = get(olga, url(shop))

    assert page.count('method="post"') == get(olga, url(shop, "tests-notice")).count(
        'method="post"'
    )
    assert "whoever leads the workflow changes it" in page


def test_it_is_off_and_says_what_is_missing(shop: factories.Shop, mia: User) -> None:
    page = get(mia, url(shop))

    assert "Off. Nobody has recorded that staff were told." in page
    assert page.count('data-done="false"') == 5


def test_ready_made_words_are_there_in_two_languages(shop: factories.Shop, mia: User) -> None:
    assert "Some handoffs will be tests" in get(mia, url(shop))
    assert "Einige Vorgänge werden Tests sein" in get(mia, url(shop) + "?language=de")
    assert f"“{shop.workflow.name}”" in get(mia, url(shop))


def test_the_ready_made_notice_is_one_that_may_be_kept(shop: factories.Shop, mia: User) -> None:
    page = get(mia, url(shop, "tests-notice"))

    assert "between 1 and 5 of a hundred" in page
    assert "{" not in re.sub(r"(?s)<head>.*</head>|<script.*?</script>", "", page)


def test_from_words_to_on(shop: factories.Shop, mia: User) -> None:
    words = "<summary>The words, to edit</summary>"
    assert words in get(mia, url(shop)).split("<details open>")[1]
    assert post(mia, url(shop, "tests-texts"), notice=NOTICE, consultation="").status_code == 302
    # words that are kept are out of the way, until others are asked for
    assert words in get(mia, url(shop)).split("<details>")[1]
    assert words in get(mia, url(shop) + "?language=de").split("<details open>")[1]
    read = programmes.digest(programmes.of(shop.workflow))
    told = {"told_on": now().date().isoformat(), "told_how": "By mail", "read": read}
    told["consulted"] = "There is no works council."
    assert post(mia, url(shop, "tests-told"), **told).status_code == 302
    assert post(mia, url(shop, "tests-switch"), on="1").status_code == 302

    page = get(mia, url(shop))
    assert "Switched on, and nothing comes in: no fault is approved." in page
    assert "Recorded by Mia" in page
    assert post(mia, url(shop, "tests-switch"), on="0").status_code == 302
    assert not programmes.of(shop.workflow).on


def test_it_says_what_was_caught_of_this_workflow_and_across_all_teams(
    shop: factories.Shop, mia: User
) -> None:
    page = get(mia, url(shop))
    assert page.count("not enough data") == 2
    this = weeks.monday(now().date())
    shop.workflow.launched_at = now() - timedelta(weeks=20)
    shop.workflow.save()
    for workflow, back, tests, caught in (
        (shop.workflow.slug, 1, 40, 30),
        ("", 2, 20, 18),
        # demo history, and longer ago than is shown
        (shop.workflow.slug, 30, 40, 1),
        ("", 13, 40, 1),
    ):
        week = this - timedelta(weeks=back)
        Tally.objects.create(workflow=workflow, week=week, tests=tests, caught=caught)

    page = get(mia, url(shop))

    assert "<dt>This workflow</dt><dd>75 % (30 of 40;" in page
    assert "<dt>Across all teams</dt><dd>80 % (48 of 60;" in page
    assert "of at least 10 people, and each test once" in page


@pytest.mark.parametrize("name", ["tests-texts", "tests-told", "tests-switch", "tests-rate"])
def test_others_change_nothing(shop: factories.Shop, olga: User, ann: User, name: str) -> None:
    fields = {"notice": NOTICE, "on": "1", "rate": "3", "told_how": "By mail", "read": "x"}
    assert post(olga, url(shop, name), **fields).status_code == 403
    assert post(ann, url(shop, name), **fields).status_code == 403
    assert not Programme.objects.exists()


def test_switching_on_too_early_is_refused_in_three_beats(shop: factories.Shop, mia: User) -> None:
    answer = post(mia, url(shop, "tests-switch"), on="1")

    assert answer.status_code == 409
    assert (
        "Nobody has recorded that staff were told. Tests stay off. Tell them, then record it here."
        in said(answer)
    )


def test_what_was_typed_is_kept_when_it_is_refused(shop: factories.Shop, mia: User) -> None:
    programmes.keep_texts(shop.workflow, notice=NOTICE, consultation="", by=mia, now=now())
    late = (now().date() + timedelta(days=9)).isoformat()

    answer = post(
        mia, url(shop, "tests-told"), told_on=late, told_how="On paper, in person", consulted=""
    )

    assert answer.status_code == 422
    assert "That day has not come yet" in said(answer)
    assert "Say who was consulted" in said(answer)
    assert 'value="On paper, in person"' in answer.content.decode()
    short = post(mia, url(shop, "tests-texts"), notice="Some are tests.", consultation="")
    assert short.status_code == 422
    assert "fewer than 40 words" in said(short)


def test_a_form_that_is_older_than_the_notice_records_nothing(
    shop: factories.Shop, mia: User
) -> None:
    programmes.keep_texts(shop.workflow, notice=NOTICE, consultation="", by=mia, now=now())
    told = {"told_on": now().date().isoformat(), "told_how": "By mail", "read": "sha-256=old"}
    answer = post(mia, url(shop, "tests-told"), **told, consulted="Nobody has to be consulted")

    assert answer.status_code == 409
    assert "changed after you read it" in said(answer)


@pytest.mark.parametrize(("typed", "status"), [("3", 302), ("0.5", 422), ("6", 422), ("x", 422)])
def test_a_rate_is_kept_or_refused(
    shop: factories.Shop, mia: User, typed: str, status: int
) -> None:
    assert post(mia, url(shop, "tests-rate"), rate=typed).status_code == status
    assert programmes.of(shop.workflow).rate == (0.03 if status == 302 else 0.02)


def test_another_rate_is_reckoned_before_it_is_kept(shop: factories.Shop, mia: User) -> None:
    usual = get(mia, url(shop))
    part = get(mia, url(shop) + "?rate=5", **{"HX-Request": "true"})

    assert "would be noticed in" in usual
    assert 'id="tests-power"' in part
    assert "<html" not in part
    assert re.findall("noticed in [0-9.,]+", part) != re.findall("noticed in [0-9.,]+", usual)
    assert not Programme.objects.exists()


def test_it_says_when_too_few_people_decide(shop: factories.Shop, mia: User, ann: User) -> None:
    page = get(mia, url(shop))

    assert "2 people here can meet a test. A result is told of at least 5" in page


def test_who_decides_and_reads_the_library_is_counted_and_not_named(
    shop: factories.Shop, mia: User
) -> None:
    factories.UserFactory(
        name="Both Worlds", roles=[Role.REVIEWER, Role.PRODUCT_SIGNER], groups=[shop.team]
    )
    page = get(mia, url(shop))

    assert "Of those who decide here, 1 may read the library and meet no test" in page
    assert "Both Worlds" not in page


def test_the_notice_is_everybodys_once_they_were_told(
    shop: factories.Shop, mia: User, ann: User
) -> None:
    before = get(ann, url(shop, "tests-notice"))
    assert "There are no blind tests" in before
    assert "a few of the handoffs" not in before
    recorded(shop, mia)

    assert "From next month" in get(ann, url(shop, "tests-notice"))
    get(ann, url(shop, "tests-consultation"), 403)


def test_off_says_that_another_text_switched_it_off(shop: factories.Shop, mia: User) -> None:
    recorded(shop, mia)
    programmes.switch(shop.workflow, on=True, by=mia, now=now())
    browser = Browser()
    browser.force_login(mia)

    page = browser.post(url(shop, "tests-texts"), {"notice": NOTICE + "Another end."}, follow=True)

    assert "Tests are off until staff were told this text." in page.content.decode()


def test_it_says_that_tests_come_in_only_where_they_do(shop: factories.Shop, mia: User) -> None:
    sown.turn_on(shop.workflow, by=mia)
    fault = sown.stock(shop.workflow)
    assert "Tests come in." in get(mia, url(shop))

    presser = Presser(by=person_actor(mia.pk, ""), user=mia)
    stops.stop(shop.workflow, reason="It refunds twice", presser=presser, now=now())
    page = get(mia, url(shop))
    assert "Tests come in." not in page
    assert "Nothing comes in right now: the workflow is stopped." in page

    FaultCertificate.objects.filter(fault=fault).update(state=FaultCertificate.State.UNCERTAIN)
    page = get(mia, url(shop))
    assert "nothing comes in yet: no fault has a certificate of blindness" in page
    assert "1 fault approved, of which 0 may make tests now" in page


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, "It holds: classifiers told 600 copies from 600 real handoffs"),
        ({"sources": 12}, "copies can be made of 12 handoffs, 30 are needed"),
        ({"state": "uncertain", "upper": 0.61}, "Not certain, so it makes no tests"),
        (None, "Not measured yet, so it makes no tests"),
    ],
)
def test_a_fault_says_what_its_certificate_is(
    shop: factories.Shop, mia: User, changed: dict[str, Any] | None, says: str
) -> None:
    fault = sown.stock(shop.workflow)
    certificates = FaultCertificate.objects.filter(fault=fault)
    certificates.delete() if changed is None else certificates.update(**changed)

    address = reverse("oversight:fault", args=[shop.workflow.slug, fault.pk])
    assert says in get(mia, address)


def test_more_faults_take_no_more_queries(shop: factories.Shop) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert len(stock.usable(shop.workflow)) == LibraryFault.objects.count()
        return len(seen)

    sown.stock(shop.workflow)
    one = asked()
    for times in (3, 4, 5):
        edit = replace(sown.AMOUNT.edits[0], value=times)
        sown.stock(shop.workflow, replace(sown.AMOUNT, name=f"{times} times", edits=(edit,)))

    assert asked() == one
