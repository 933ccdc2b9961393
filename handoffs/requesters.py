"""Requesters: what they say on their page, and what they are mailed where they left an address."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from handoffs import audit, languages, moves, notices, outbox
from handoffs.actors import REQUESTER
from handoffs.errors import NothingSaid, RequestOver, SaidEnough, SaidTooLong, SaidTooOften
from handoffs.models import RequesterWord, Run
from handoffs.states import FINAL_RUN_STATES, RunState

# what one run takes of whoever has its link
MOST, MOST_AN_HOUR, LONGEST = 20, 5, 2_000
_HOUR = timedelta(hours=1)
Kind = RequesterWord.Kind

BY_HAND = languages.noted("A person has taken over your request and finishes it by hand.")
TAKEN_ON = languages.noted("A person has taken over your request and is working on it.")


def say(run_id: str, *, kind: str, text: str, now: datetime) -> RequesterWord:
    """Keep what the requester says, for whoever decides, and tell the agent.

    It changes nothing by itself: a link can be passed on, so that it is no longer needed is for
    the agent or a person to act on. A page sent twice, or said again, is kept once. So many an
    hour and so many in all; every refusal is a sentence in the language that is spoken now.
    """
    text = _cleaned(text)
    if kind == Kind.INFORMATION and not text:
        raise NothingSaid(languages.say("There are no words in it. Write what we should know."))
    if len(text) > LONGEST:
        raise SaidTooLong(
            languages.say(
                "This is longer than %(most)s characters. Nothing was sent. Please shorten it.",
                most=LONGEST,
            )
        )
    with transaction.atomic():
        run = moves.lock_run(run_id)
        if RunState(run.state) in FINAL_RUN_STATES:
            raise RequestOver(
                languages.say("The work on your request is over. Please get in touch with us.")
            )
        last = RequesterWord.objects.filter(run=run).order_by("-number").first()
        if last is not None and (last.kind, last.text) == (kind, text):
            return last
        _check_room(run)
        word = RequesterWord.objects.create(
            run=run, number=last.number + 1 if last else 1, kind=kind, text=text
        )
        word.refresh_from_db()
        facts = {"number": word.number, "kind": word.kind}
        audit.record(by=REQUESTER, action="requester.said", subject=run.id, body=facts)
        outbox.tell(run.client_id, "requester.said", {"run": run.id, "text": text, **facts})
        moves.notify(run.id)
    return word


def _cleaned(text: str) -> str:
    return text.replace("\0", "").replace("\r\n", "\n").strip()


def _check_room(run: Run) -> None:
    """Refuse more than a person has to say; the run is locked, so that the count holds."""
    said = RequesterWord.objects.filter(run=run).aggregate(
        all=Count("id"),
        lately=Count("id", filter=Q(said_at__gt=Now() - _HOUR)),
        first=Min("said_at", filter=Q(said_at__gt=Now() - _HOUR)),
        now=Max(Now()),
    )
    if said["all"] >= MOST:
        raise SaidEnough(
            languages.say(
                "You have written as often as this page takes it. Please get in touch with us."
            )
        )
    if said["lately"] >= MOST_AN_HOUR:
        wait = said["first"] + _HOUR - said["now"]
        raise SaidTooOften(
            languages.say(
                "You have written several times within an hour. Nothing was sent this time. "
                "Please try again later."
            ),
            retry_after=max(1, int(wait.total_seconds())),
        )


def write(
    run: Run,
    *,
    event: str,
    line: str,
    message: str = "",
    facts: Mapping[str, Any] | None = None,
    until: datetime | None = None,
    more: Sequence[str] = (),
) -> None:
    """Mail the requester one line, perhaps a person's own words, and where to look again.

    `line` is an English text marked with `languages.noted`; they read it in their language, with
    `facts` filled in; `more` is in their language already. `until` is when there will be news at
    the latest. It goes with this transaction.
    """
    email = mailed(run)
    if not email or run.requester is None:
        return
    requester = run.requester
    with languages.speaking(languages.of(languages.of_requester(requester))):
        said = languages.say(line, **(facts or {}))
        parts = [
            said,
            *([message] if message else []),
            *more,
            *([_news(until, requester)] if until else []),
            languages.say("How it stands, whenever you look:") + f"\n{status_url(run)}",
            *_way_out(email, event),
        ]
        outbox.mail(email, event, {"subject": said, "text": "\n\n".join(parts) + "\n"})


def _way_out(email: str, event: str) -> list[str]:
    """Say where these mails end, in their language; what is no notice has no such way."""
    stop = notices.stop_url(email, event)
    return [languages.say("No more of these mails:") + f"\n{stop}"] if stop else []


def _news(until: datetime, requester: Mapping[str, Any]) -> str:
    zone = languages.zone_of(requester)
    when = languages.moment(until, timezone.now(), zone, says_day=False)
    return languages.say("News at the latest: %(when)s", when=when)


def mailed(run: Run) -> str:
    """Return where this run's requester is mailed; "" where they, or their workflow, are not."""
    requester = run.requester if isinstance(run.requester, dict) else {}
    return str(requester.get("email") or "") if run.workflow.writes_to_requesters else ""


def status_url(run: Run) -> str:
    return f"{settings.PUBLIC_URL}/status/{run.status_token}"
