"""The mailbox of ./run: everything is readable there, and nothing is there anywhere else."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client as Browser

from config import mailbox

HTML = (
    "<!doctype html><html><head><title>t</title></head><body>"
    '<script>alert(1)</script><a href="http://127.0.0.1:8000/links/abc">Open</a></body></html>'
)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.EMAIL_BACKEND = "config.mailbox.Folder"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    settings.MAILBOX = True
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    yield tmp_path / "mail"


def send(subject: str = "Décide by 14:05 <b>") -> None:
    mail = EmailMultiAlternatives(
        subject, "Open http://127.0.0.1:8000/links/abc now <i>", "a@example.com", ["z@example.com"]
    )
    mail.attach_alternative(HTML, "text/html")
    mail.send()


def only(folder: Path) -> str:
    (file,) = folder.iterdir()
    return file.stem


def test_a_mail_is_a_file_that_only_its_owner_reads(folder: Path) -> None:
    send()

    (file,) = folder.iterdir()
    assert file.suffix == ".eml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert isinstance(mailbox._read(file), EmailMessage)


def test_mails_are_listed_with_the_latest_first(db: None, folder: Path) -> None:
    for subject in ("first", "second"):
        send(subject)

    page = Browser().get("/dev/mail").content.decode()

    assert page.index("second") < page.index("first")
    assert "z@example.com" in page


def test_a_mail_is_shown_as_text_and_in_a_frame(db: None, folder: Path) -> None:
    send()
    name = only(folder)

    response = Browser().get(f"/dev/mail/{name}")

    page = response.content.decode()
    assert "Décide by 14:05 &lt;b&gt;" in page
    assert "now &lt;i&gt;" in page
    assert 'href="http://127.0.0.1:8000/links/abc"' in page
    assert f'src="/dev/mail/{name}/html" sandbox="allow-popups ' in page
    assert "allow-scripts" not in page and "allow-same-origin" not in page


def test_the_frame_may_do_nothing(db: None, folder: Path) -> None:
    send()

    response = Browser().get(f"/dev/mail/{only(folder)}/html")

    policy = response["Content-Security-Policy"]
    assert "sandbox allow-popups" in policy
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_blank">' in response.content.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"MAILBOX": False},
        {"EMAIL_FILE_PATH": ""},
        {"PUBLIC_URL": "https://overread.example"},
        {"PUBLIC_URL": "http://127.0.0.1.evil.example"},
    ],
)
def test_there_is_no_mailbox_anywhere_else(
    db: None, folder: Path, settings: Any, changes: dict[str, Any]
) -> None:
    send()
    name = only(folder)
    for setting, value in changes.items():
        setattr(settings, setting, value)

    for place in ("/dev/mail", f"/dev/mail/{name}", f"/dev/mail/{name}/html"):
        assert Browser().get(place).status_code == 404


@pytest.mark.parametrize(
    "name", ["..", "../secret", "%2e%2e%2fsecret", "x.eml", "UPPER", "a" * 300]
)
def test_only_mails_are_read(db: None, folder: Path, name: str) -> None:
    send()
    (folder.parent / "secret.eml").write_text("hush")

    assert Browser().get(f"/dev/mail/{name}").status_code == 404


def test_an_empty_mailbox_says_what_comes(db: None, folder: Path) -> None:
    assert "Nothing was mailed yet." in Browser().get("/dev/mail").content.decode()
