"""Mails that tell and ask nothing, and who wants no more of them.

A mail that asks somebody to decide is none of these: nobody can be rid of a duty by unsubscribing.
"""

from datetime import datetime

from django.conf import settings
from django.core import signing

from handoffs import audit
from handoffs.actors import SYSTEM
from handoffs.errors import NotFound
from handoffs.models import MailStop

# what each tells, for whoever is asked whether to stop it
NOTICES: dict[str, str] = {
    "handoff.held": "a handoff is held because nobody answered it",
    "requester.news": "a person has your request, it was passed on, or it is over",
    "run.failed": "a run stopped with an error",
    "endpoint.disabled": "an endpoint of yours was switched off",
    "channel.disabled": "a channel that you added was switched off",
    "notice.arrived": "something new waits for your team",
    "notice.transferred": "something was handed to your team",
    "notice.assigned": "something was given to you and you have not opened it",
    "notice.urgent": "something that you may decide became urgent",
    "notice.completed": "something that you were told of, passed on or decided is done",
    "notice.digest": "several things changed hands or were done",
}
_SALT = "overread.mail-stop"


def is_stopped(address: str, event: str) -> bool:
    if event not in NOTICES:
        return False
    return MailStop.objects.filter(address=address.lower(), event=event).exists()


def stop_url(address: str, event: str) -> str:
    """Return where these mails can be stopped; "" for what is no notice."""
    if event not in NOTICES:
        return ""
    token = signing.dumps([address.lower(), event], salt=_SALT)
    return f"{settings.PUBLIC_URL}/mail/stop/{token}"


def read(token: str) -> tuple[str, str]:
    """Return whose mails and which, or raise NotFound for what we did not sign."""
    try:
        address, event = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise NotFound from None
    if event not in NOTICES:
        raise NotFound
    return str(address), str(event)


def stop(token: str, *, now: datetime) -> None:
    """Send no more of these to this address; a second time changes nothing."""
    stop_for(*read(token), now=now)


def stop_for(address: str, event: str, *, now: datetime) -> None:
    """Send no more of these; whoever calls knows that the address is theirs who asks."""
    _, new = MailStop.objects.get_or_create(
        address=address.lower(), event=event, defaults={"stopped_at": now}
    )
    if new:
        audit.record(by=SYSTEM, action="mail.stopped", subject=event, body={"to": address})


def start(token: str, *, now: datetime) -> None:
    """Send them again."""
    start_for(*read(token), now=now)


def start_for(address: str, event: str, *, now: datetime) -> None:
    """Send them again; whoever calls knows that the address is theirs who asks."""
    gone, _ = MailStop.objects.filter(address=address.lower(), event=event).delete()
    if gone:
        audit.record(by=SYSTEM, action="mail.started", subject=event, body={"to": address})


def stopped(address: str) -> set[str]:
    """Return the events that this address wants to hear no more of."""
    return set(MailStop.objects.filter(address=address.lower()).values_list("event", flat=True))
