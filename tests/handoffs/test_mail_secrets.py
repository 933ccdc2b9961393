"""The link in a mail is in the mail, and nowhere else; it is sent by real SMTP."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from handoffs import deliveries, mail_secrets, outbox
from handoffs.models import OutboxMessage
from tests.handoffs.postbox import Postbox, postbox

KEY = "the server's own"


@pytest.fixture
def post(settings: Any) -> Iterator[Postbox]:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = KEY, []
    with postbox(settings) as box:
        yield box


def send(text: str = "Go to {}", html: str = "<p>Go to {}</p>") -> OutboxMessage:
    secret = mail_secrets.new(KEY)
    payload = {"subject": "s", "text": text.format(secret.mark), "html": html.format(secret.mark)}
    return outbox.mail("zoe@example.com", "link.mailed", payload, secret=secret)


def found(text: str) -> str:
    return text.split("Go to ")[1].split("<")[0].strip()


def test_the_secret_is_256_bits_and_each_is_another() -> None:
    made = [mail_secrets.new(KEY) for _ in range(100)]
    spelled = [mail_secrets.fill(one.mark, one, [KEY]) for one in made]

    assert len({one.digest for one in made} | {one.mark for one in made} | set(spelled)) == 300
    # 43 characters of base64 hold 256 bits
    assert {len(text) for text in spelled} == {43}
    assert [mail_secrets.digest(text) for text in spelled] == [one.digest for one in made]


def test_without_the_key_the_mark_and_the_digest_give_nothing() -> None:
    sealed = mail_secrets.new(KEY)

    with pytest.raises(mail_secrets.KeyGone):
        mail_secrets.fill(sealed.mark, sealed, ["another key", ""])


def test_a_secret_survives_a_change_of_the_key() -> None:
    sealed = mail_secrets.new("old")

    assert mail_secrets.digest(mail_secrets.fill(sealed.mark, sealed, ["new", "old"])) == (
        sealed.digest
    )


def test_the_mail_has_the_secret_in_both_parts_and_the_outbox_has_it_nowhere(
    db: None, post: Postbox
) -> None:
    message = send()

    assert deliveries.deliver() == 1

    text, html = found(post.text()), found(post.html())
    message.refresh_from_db()
    assert text == html
    assert mail_secrets.digest(text) == message.payload["secret"]["digest"]
    assert text not in json.dumps(message.payload)


def test_a_mail_goes_out_under_its_own_id_and_says_that_no_person_sent_it(
    db: None, post: Postbox
) -> None:
    message = send()

    deliveries.deliver()

    (mail,) = post.mails
    assert mail["Message-ID"] == f"<{message.id}@localhost>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"


def test_a_server_that_is_busy_gets_the_same_mail_again(db: None, post: Postbox) -> None:
    post.says = ["451 Not now"]
    message = send()

    assert deliveries.deliver() == 0
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("pending", 1)
    assert "451" in message.last_error
    message.next_attempt_at = timezone.now() - timedelta(minutes=5)
    message.save(update_fields=["next_attempt_at"])
    assert deliveries.deliver() == 1

    assert [mail["Message-ID"] for mail in post.tried] == [post.mails[0]["Message-ID"]] * 2
    assert found(post.text()) in post.tried[0].as_string()


def test_what_an_agent_wrote_is_never_given_the_secret(db: None, post: Postbox) -> None:
    """Whatever it guesses a mark to look like, the mark is random."""
    send(text="https://evil.example/{{mark}}/%(secret)s/{{secret}} Go to {}")

    deliveries.deliver()

    token = found(post.text())
    assert post.text().count(token) == 1
    assert f"evil.example/{token}" not in post.text()


def test_a_mail_whose_key_is_gone_is_not_sent_without_its_link(
    db: None, post: Postbox, settings: Any
) -> None:
    message = send()
    settings.SECRET_KEY = "another"

    assert deliveries.deliver() == 0

    message.refresh_from_db()
    assert post.tried == []
    assert "the link would not open" in message.last_error


def test_a_subject_is_one_line_whatever_an_agent_wrote(db: None, post: Postbox) -> None:
    outbox.mail("zoe@example.com", "e", {"subject": "a\r\nBcc: x@evil.example\n b", "text": "t"})

    assert deliveries.deliver() == 1

    (mail,) = post.mails
    assert mail["Subject"] == "a Bcc: x@evil.example b"
    assert mail["Bcc"] is None
