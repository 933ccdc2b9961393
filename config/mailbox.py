"""The mailbox of ./run: what would have been mailed, in a folder, with a page to read it on.

Only where OVERREAD_MAILBOX says so, nothing is really sent, and the address is this machine's own:
whoever reads everybody's mail can choose everybody's password.
"""

import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from csp.decorators import csp_replace, csp_update
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.mail import EmailMessage as Outgoing
from django.core.mail.backends.base import BaseEmailBackend
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

_SHOWN = 100
_HERE = ("127.0.0.1", "localhost", "::1")
_NAME = re.compile(r"[0-9a-f-]{1,60}")
# nothing in a mail runs, loads or frames; its links open beside it
_SANDBOX = ["allow-popups", "allow-popups-to-escape-sandbox"]


class Folder(BaseEmailBackend):
    """Puts each mail into a file of its own, whole or not at all."""

    def send_messages(self, email_messages: Sequence[Outgoing]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        for mail in email_messages:
            name = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(4)}"
            fresh = folder / f"{name}.new"
            with open(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
                file.write(mail.message().as_bytes())
            fresh.rename(folder / f"{name}.eml")
        return len(email_messages)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as the page shows it."""

    to: str
    subject: str
    sender: str
    at: str
    id: str
    url: str
    text: str = ""
    html_url: str = ""


def is_shown() -> bool:
    host = urlsplit(settings.PUBLIC_URL).hostname
    return bool(settings.MAILBOX and settings.EMAIL_FILE_PATH and host in _HERE)


@login_not_required
@never_cache
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """List what was mailed, the latest first."""
    _check_shown()
    files = sorted(Path(settings.EMAIL_FILE_PATH).glob("*.eml"), reverse=True)[:_SHOWN]
    mails = [_mail(file.stem, _read(file)) for file in files]
    return render(request, "dev/mails.html", {"mails": mails})


@login_not_required
@never_cache
@require_GET
@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail: its text, and its HTML in a frame that can do nothing."""
    found = _find(name)
    return render(request, "dev/mail.html", {"mail": _mail(name, found, whole=True)})


@login_not_required
@never_cache
@require_GET
@xframe_options_sameorigin
@csp_replace(  # type: ignore[arg-type]
    {
        "default-src": [NONE],
        "script-src": [NONE],
        "style-src": ["'unsafe-inline'"],
        "frame-ancestors": [SELF],
        "sandbox": _SANDBOX,
    }
)
def html(request: HttpRequest, name: str) -> HttpResponse:
    """Give the HTML as it was mailed; its links open in a window of their own."""
    part = _find(name).get_body(("html",))
    if part is None:
        raise Http404
    markup = str(part.get_content()).replace("<head>", '<head><base target="_blank">', 1)
    return HttpResponse(markup)


def _check_shown() -> None:
    if not is_shown():
        raise Http404


def _find(name: str) -> EmailMessage:
    _check_shown()
    file = Path(settings.EMAIL_FILE_PATH) / f"{name}.eml"
    if not (_NAME.fullmatch(name) and file.is_file()):
        raise Http404
    return _read(file)


def _read(file: Path) -> EmailMessage:
    found = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def _mail(name: str, mail: EmailMessage, *, whole: bool = False) -> Mail:
    text = mail.get_body(("plain",)) if whole else None
    html = mail.get_body(("html",)) if whole else None
    return Mail(
        to=str(mail["To"] or ""),
        subject=str(mail["Subject"] or "(no subject)"),
        sender=str(mail["From"] or ""),
        at=f"{name[9:11]}:{name[11:13]}:{name[13:15]}",
        id=str(mail["Message-ID"] or ""),
        url=reverse("dev-mail", args=[name]),
        text=str(text.get_content()) if text else "",
        html_url=reverse("dev-mail-html", args=[name]) if html else "",
    )
