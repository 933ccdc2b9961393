"""A webhook is believed when it is signed with one of the secrets, and sent just now."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

import overread

OLD, NEW, OTHER = ("whsec_" + name * 8 for name in ("b2xk", "bmV3", "b3Ro"))
BODY = json.dumps({"type": "handoff.answered", "data": {"handoff": "ho_1", "note": "é"}})
SENT = 1_750_000_000


def headers(*secrets: str, body: str = BODY, id: str = "msg_1") -> dict[str, str]:
    """Sign as an independent implementation does; with each secret while they rotate."""
    at = datetime.fromtimestamp(SENT, UTC)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(SENT),
        "webhook-signature": " ".join(Webhook(secret).sign(id, at, body) for secret in secrets),
    }


def verify(told: dict[str, str], body: str = BODY, secrets: Any = NEW, late: int = 0) -> Any:
    return overread.webhooks.verify(body, told, secrets, now=SENT + late)


def test_what_is_signed_is_read() -> None:
    assert verify(headers(NEW)) == json.loads(BODY)
    assert overread.webhooks.verify(BODY.encode(), headers(NEW), NEW, now=SENT) == json.loads(BODY)


def test_the_names_of_headers_may_be_written_in_any_case() -> None:
    shouted = {name.title(): value for name, value in headers(NEW).items()}

    assert verify(shouted)


@pytest.mark.parametrize("signed", [(OLD,), (NEW,), (OLD, NEW), (OTHER, NEW)])
def test_while_a_secret_rotates_both_are_good(signed: tuple[str, ...]) -> None:
    assert verify(headers(*signed), secrets=[NEW, OLD])


@pytest.mark.parametrize(
    ("told", "body", "late"),
    [
        (headers(OTHER), BODY, 0),
        (headers(OLD), BODY, 0),
        (headers(NEW), BODY + " ", 0),
        (headers(NEW, id="msg_2") | {"webhook-id": "msg_1"}, BODY, 0),
        (headers(NEW) | {"webhook-timestamp": str(SENT + 1)}, BODY, 0),
        (headers(NEW) | {"webhook-timestamp": "now"}, BODY, 0),
        (headers(NEW) | {"webhook-signature": ""}, BODY, 0),
        (headers(NEW) | {"webhook-signature": "v2,AAAA v1 é v1,é"}, BODY, 0),
        ({}, BODY, 0),
        (headers(NEW), BODY, 301),
        (headers(NEW), BODY, -301),
        (headers(NEW, body="no json"), "no json", 0),
    ],
)
def test_everything_else_is_refused(told: dict[str, str], body: str, late: int) -> None:
    with pytest.raises(overread.WebhookInvalid):
        verify(told, body, late=late)


@pytest.mark.parametrize("secrets", ["", "not a secret", [], "whsec_é"])
def test_a_secret_that_is_none_is_our_own_mistake(secrets: object) -> None:
    with pytest.raises(ValueError):
        verify(headers(NEW), secrets=secrets)
