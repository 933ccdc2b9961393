"""A real mail server on this machine that keeps what it takes and refuses when told to."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Postbox:
    """`says` is its next answers, first one first; without any it takes everything."""

    port: int = 0
    says: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    tried: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.tried.append(mail)
        answer = self.says.pop(0) if self.says else "250 Taken"
        if answer.startswith("250"):
            self.mails.append(mail)
        return answer

    def text(self, index: int = -1) -> str:
        return self._part(index, "plain")

    def html(self, index: int = -1) -> str:
        return self._part(index, "html")

    def _part(self, index: int, kind: str) -> str:
        body = self.mails[index].get_body((kind,))
        assert isinstance(body, EmailMessage)
        return str(body.get_content())


class _Server(Controller):
    """Takes whichever port is free, and looks there whether it listens."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def postbox(settings: Any) -> Iterator[Postbox]:
    """Serve SMTP for real and send Django's mail there."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    box = Postbox()
    server = _Server(box, hostname="127.0.0.1", port=0, ready_timeout=10)
    server.start()
    try:
        box.port = server.port
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield box
    finally:
        server.stop()
