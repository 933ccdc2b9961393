"""Tell a requester that their task changed hands: by mail where they left an address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from handoffs import languages, outbox
from handoffs.models import Run

BY_HAND = languages.noted("A person has taken over your request and finishes it by hand.")
TAKEN_ON = languages.noted("A person has taken over your request and is working on it.")


def write(
    run: Run,
    *,
    event: str,
    line: str,
    message: str = "",
    facts: Mapping[str, Any] | None = None,
    until: datetime | None = None,
) -> None:
    """Mail the requester one line, perhaps a person's own words, and where to look again.

    `line` is an English text marked with `languages.noted`; they read it in their language, with
    `facts` filled in. `until` is when there will be news at the latest. It goes with this
    transaction.
    """
    requester = run.requester if isinstance(run.requester, dict) else {}
    if not (email := str(requester.get("email") or "")):
        return
    with languages.speaking(languages.of(languages.of_requester(requester))):
        said = languages.say(line, **(facts or {}))
        parts = [
            said,
            *([message] if message else []),
            *([_news(until, requester)] if until else []),
            languages.say("How it stands, whenever you look:") + f"\n{status_url(run)}",
        ]
        outbox.mail(email, event, {"subject": said, "text": "\n\n".join(parts) + "\n"})


def _news(until: datetime, requester: Mapping[str, Any]) -> str:
    zone = languages.zone_of(requester)
    when = languages.moment(until, timezone.now(), zone, says_day=False)
    return languages.say("News at the latest: %(when)s", when=when)


def status_url(run: Run) -> str:
    return f"{settings.PUBLIC_URL}/status/{run.status_token}"
