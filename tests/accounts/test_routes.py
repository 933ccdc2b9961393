"""Every route of the service, found by walking: a key, or a sign-in, or a reason why not."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver

# what answers without key and without sign-in, and why
OPEN = {
    "healthz": "asked by machines whether this process can serve",
    "healthz/jobs": "asked by machines whether the clock and its hands are at work",
    "metrics": "a token is the guard, and without one set there is nothing",
    "accounts/login/": "the way in",
    "accounts/logout/": "leads to the way in when nobody is signed in",
    "accounts/inactive/": "says why someone does not get in",
    "accounts/signup/": "says that managers invite",
    "accounts/password/reset/": "the way in for who forgot",
    "accounts/password/reset/done/": "the same",
    "accounts/password/reset/key/done/": "the same",
    "accounts/password/reset/key/…-…/": "the link in the mail is the guard",
    "accounts/2fa/authenticate/": "the second half of the way in",
    "accounts/2fa/webauthn/login/": "the same, with a passkey",
    "admin/login/": "leads to the way in",
    "admin/jsi18n/": "words of Django's own",
    "dev/mail": "the mailbox of ./run: not there unless nothing is really mailed",
    "dev/mail/…": "the same",
    "dev/mail/…/html": "the same",
    "mail/stop/…": "no more of a notice: what we signed into its address is the guard",
    "links/…": "an approver's link: its 256 bits are the guard, and it says so when it is unknown",
    "links/at/…": "leads to sign in or back to the mail: the link itself is the guard",
    **{
        f"links/at/…/{name}": "the same"
        for name in ("open", "choose", "decide", "done", "undo", "evidence", "give-back")
        + ("source", "draft", "renew", "beat", "leave")
    },
    "links/at/…/desk": "leads to the desk, which asks to sign in",
    "status/…": "the requester's page: an unguessable link is the guard",
    "status/…/say": "the same",
    ".well-known/jwks.json": "public keys, for whoever verifies a receipt",
    "docs/errors": "what a problem's type points at: read by whoever met it",
    "docs/errors/…": "the same",
    "wait/…": "a signed address is the guard, and it tells only whether something moved",
    # Django's catch-all under the admin, for addresses that are nothing
    "admin/(?P<url>.*)$": "leads to the way in",
}
KEYED = ("api/", "compat/")
# what describes the API is open: it says nothing about anyone
DESCRIBES = {"api/v1/", "api/v1/openapi.json", "api/v1/docs"}
WAYS_IN = ("/accounts/login/?next=", "/admin/login/?next=")
VALUES = {"int": "1", "slug": "x", "str": "x", "uuid": "0" * 32, "path": "x/y"}


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route, pattern


def shown(route: str) -> str:
    """Write a route as OPEN does: each parameter as …"""
    plain = re.sub(r"<[^>]*>|\(\?P?<?[^()]*\([^()]*\)[^()]*\)|\(\?P<[^()]*\)", "…", route)
    return plain.removesuffix("$") or "/"


def address(route: str) -> str:
    """Fill a route's parameters in, so that it is an address that resolves."""
    filled = re.sub(r"\(\?P<[^>]+>(\w*)[^()]*\)", lambda match: match[1] or "x", route)
    filled = re.sub(r"<(?:(\w+):)?\w+>", lambda match: VALUES.get(match[1] or "str", "x"), filled)
    return "/" + filled.removesuffix("$").replace("\\", "")


ROUTES = sorted({route for route, _ in routes()})
PAGES = [route for route in ROUTES if not route.startswith(KEYED)]
CALLS = [route for route in ROUTES if route.startswith(KEYED) and route not in DESCRIBES]


def test_the_walk_finds_the_routes() -> None:
    assert "healthz" in ROUTES
    assert "admin/" in ROUTES
    assert "accounts/login/" in ROUTES


@pytest.mark.parametrize("route", [r for r in PAGES if shown(r) not in OPEN and r not in OPEN])
def test_a_page_asks_to_sign_in(db: None, route: str) -> None:
    response = Browser(raise_request_exception=False).get(address(route))

    assert response.status_code == 302, f"{address(route)} answered {response.status_code}"
    assert response["Location"].startswith(WAYS_IN)


@pytest.mark.parametrize("route", CALLS)
@pytest.mark.parametrize("authorization", [None, "Bearer ovr_abcdefgh_nonsense", "Basic eDp4"])
def test_a_call_without_a_valid_key_is_refused(
    db: None, route: str, authorization: str | None
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    statuses = {}
    for method in ("get", "post", "put", "patch", "delete"):
        response = getattr(Browser(raise_request_exception=False), method)(
            address(route), headers=headers
        )
        statuses[method] = response.status_code

    answered = {status for status in statuses.values() if status != 405}
    assert answered == {401}, f"{address(route)} answered {statuses}"


def test_a_session_is_no_key(db: None, ann: object) -> None:
    if not CALLS:
        pytest.skip("no call is mounted yet")
    browser = Browser(raise_request_exception=False)
    browser.force_login(ann)  # type: ignore[arg-type]

    statuses = {browser.get(address(route)).status_code for route in CALLS}

    assert statuses <= {401, 405}


@pytest.mark.parametrize("path", ["/admin/login/?next=/admin/", "/admin/nothing-here"])
def test_the_admin_has_no_way_in_of_its_own(db: None, path: str) -> None:
    response = Browser().get(path, follow=True)

    assert response.redirect_chain[-1][0].startswith("/accounts/login/")
