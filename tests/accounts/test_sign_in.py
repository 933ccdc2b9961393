import pytest
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import caches
from django.test import Client as Browser
from django.test import override_settings

from accounts.models import User
from tests import factories

DATABASE_CACHE = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
}


@pytest.fixture(autouse=True)
def _forget_attempts() -> None:
    caches["default"].clear()


def sign_in(browser: Browser, email: str, password: str = factories.PASSWORD) -> bool:
    response = browser.post("/accounts/login/", {"login": email, "password": password})
    return response.status_code == 302


def test_a_person_signs_in_by_address_and_password(ann: User) -> None:
    browser = Browser()

    assert sign_in(browser, ann.email)
    assert browser.session["_auth_user_id"] == str(ann.pk)


def test_the_case_of_an_address_does_not_matter(ann: User) -> None:
    assert sign_in(Browser(), "ANN@Example.com")


def test_a_wrong_password_and_an_unknown_address_read_the_same(ann: User) -> None:
    answers = []
    for email in (ann.email, "nobody@example.com"):
        page = Browser().post("/accounts/login/", {"login": email, "password": "wrong"})
        assert page.status_code == 200
        answers.append(page.context["form"].non_field_errors())

    assert answers[0] == answers[1]
    assert answers[0]


def test_after_sign_in_the_page_that_was_asked_for_is_next(ann: User) -> None:
    browser = Browser()
    there = browser.get("/accounts/password/change/")

    response = browser.post(there["Location"], {"login": ann.email, "password": factories.PASSWORD})

    assert response["Location"] == "/accounts/password/change/"


def test_nobody_is_sent_to_another_site_after_sign_in(ann: User) -> None:
    response = Browser().post(
        "/accounts/login/?next=https://evil.example/",
        {"login": ann.email, "password": factories.PASSWORD},
    )

    assert "evil" not in response["Location"]


def test_the_session_is_a_new_one_after_sign_in(ann: User) -> None:
    browser = Browser()
    session = browser.session
    session["planted"] = "x"
    session.save()
    before = session.session_key

    assert sign_in(browser, ann.email)

    assert browser.session.session_key != before


def test_signing_up_is_closed(db: None) -> None:
    Browser().post(
        "/accounts/signup/", {"email": "zoe@example.com", "password1": "a wholly new secret"}
    )

    assert not User.objects.exists()


def test_the_admins_own_sign_in_form_is_not_a_way_around(mia: User) -> None:
    browser = Browser()

    browser.post("/admin/login/", {"username": mia.email, "password": factories.PASSWORD})

    assert "_auth_user_id" not in browser.session


@override_settings(CACHES=DATABASE_CACHE)
def test_guessing_is_slowed_down_by_a_count_in_postgresql(ann: User) -> None:
    caches["default"].clear()
    for _ in range(5):
        assert not sign_in(Browser(), ann.email, "wrong")

    assert not sign_in(Browser(), ann.email)


def test_a_reset_is_mailed_to_known_addresses_and_answered_alike_to_others(
    ann: User, mailoutbox: list
) -> None:
    answers = [
        Browser().post("/accounts/password/reset/", {"email": email})
        for email in (ann.email, "nobody@example.com")
    ]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert [mail.to for mail in mailoutbox if "/password/reset/key/" in mail.body] == [[ann.email]]


def test_a_part_of_a_page_asked_for_after_the_session_ended_brings_sign_in(db: None) -> None:
    response = Browser().get(
        "/accounts/password/change/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/queues/refunds"},
    )

    assert response.status_code == 200
    assert response["HX-Redirect"] == "/accounts/login/?next=/queues/refunds"


class TestWithASecondFactor:
    @pytest.fixture
    def secret(self, ann: User) -> str:
        secret = totp.generate_totp_secret()
        TOTP.activate(ann, secret)
        return secret

    def code(self, secret: str) -> str:
        counter = next(totp.yield_hotp_counters_from_time())
        return totp.format_hotp_value(totp.hotp_value(secret, counter))

    def test_the_password_alone_does_not_get_in(self, ann: User, secret: str) -> None:
        browser = Browser()

        response = browser.post(
            "/accounts/login/", {"login": ann.email, "password": factories.PASSWORD}
        )

        assert response["Location"].startswith("/accounts/2fa/authenticate/")
        assert "_auth_user_id" not in browser.session

    def test_the_code_gets_in_once(self, ann: User, secret: str) -> None:
        code = self.code(secret)
        first, second = Browser(), Browser()
        for browser in (first, second):
            sign_in(browser, ann.email)
            browser.post("/accounts/2fa/authenticate/", {"code": code})

        assert first.session["_auth_user_id"] == str(ann.pk)
        assert "_auth_user_id" not in second.session

    def test_a_wrong_code_does_not_get_in(self, ann: User, secret: str) -> None:
        browser = Browser()
        sign_in(browser, ann.email)

        browser.post("/accounts/2fa/authenticate/", {"code": "000000"})

        assert "_auth_user_id" not in browser.session


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "where"),
    [("reviewer", "/"), ("manager", "/admin/"), ("auditor", "/admin/"), ("approver", "/")],
)
def test_who_signs_in_arrives_where_their_work_is(role: str, where: str) -> None:
    person = factories.UserFactory(roles=[role], is_staff=role in ("manager", "auditor"))

    told = Browser().post(
        "/accounts/login/", {"login": person.email, "password": factories.PASSWORD}
    )

    assert told.headers["Location"] == where
