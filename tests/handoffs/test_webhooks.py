import base64
import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from handoffs import webhooks
from handoffs.webhooks import SecretUnusable

OLD, NEW = webhooks.new_secret(), webhooks.new_secret()
BODY = json.dumps({"type": "handoff.answered", "data": {"text": "grüße"}}).encode()


def test_message_verifies_with_the_reference_library() -> None:
    headers = webhooks.sign("msg_1", int(time.time()), BODY, [NEW])

    assert Webhook(NEW).verify(BODY, headers) == json.loads(BODY)


def test_message_signed_as_in_the_specification() -> None:
    """Message, secret and signature as in the test of the reference implementations."""
    headers = webhooks.sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_both_secrets_verify_while_rotating() -> None:
    headers = webhooks.sign("msg_1", int(time.time()), BODY, [NEW, OLD])

    Webhook(OLD).verify(BODY, headers)
    Webhook(NEW).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhooks.new_secret()).verify(BODY, headers)


@pytest.mark.parametrize("changed", ["webhook-id", "body"])
def test_changed_message_does_not_verify(changed: str) -> None:
    headers = webhooks.sign("msg_1", int(time.time()), BODY, [NEW])
    if changed == "webhook-id":
        headers["webhook-id"] = "msg_2"

    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY if changed == "webhook-id" else BODY + b" ", headers)


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_%%%", base64.b64encode(b"x" * 32).decode(),
     "whsec_" + base64.b64encode(b"x" * 23).decode(),
     "whsec_" + base64.b64encode(b"x" * 65).decode()],
)  # fmt: skip
def test_secret_of_another_form_is_refused(secret: str) -> None:
    with pytest.raises(SecretUnusable):
        webhooks.sign("msg_1", 1, BODY, [secret])


def test_message_without_secret_or_with_a_dot_in_its_id_is_refused() -> None:
    for message_id, keys in (("msg_1", []), ("msg.1", [NEW])):
        with pytest.raises(ValueError):
            webhooks.sign(message_id, 1, BODY, keys)


def test_retries_follow_the_schedule_over_three_days() -> None:
    delays = [webhooks.delay(n, "msg_1") for n in range(11)]

    assert delays[0] == 0
    assert delays[-1] is None
    for planned, waited in zip(webhooks.RETRIES, delays, strict=False):
        assert waited is not None
        assert planned <= waited <= planned * 1.1
    assert 74 < sum(webhooks.RETRIES) / 3600 < 76


def test_jitter_is_the_messages_own_and_always_the_same() -> None:
    of_many = {webhooks.delay(3, f"msg_{n}") for n in range(50)}

    assert len(of_many) == 50
    assert webhooks.delay(3, "msg_1") == webhooks.delay(3, "msg_1")
    assert webhooks.delay(3, "msg_1") != 6 * (webhooks.delay(2, "msg_1") or 0)


def test_receiver_may_ask_for_more_time_but_not_for_less() -> None:
    assert webhooks.delay(1, "msg_1", retry_after=120) == 120
    assert (webhooks.delay(3, "msg_1", retry_after=1) or 0) >= 1800
    assert webhooks.delay(1, "msg_1", retry_after=10**9) == 86_400
    assert webhooks.delay(10, "msg_1", retry_after=1) is None
