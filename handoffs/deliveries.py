"""Sends what is in the outbox: at least once, under the same id each time.

Nobody waits behind an endpoint that does not answer.
"""

import json
import logging
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from handoffs import audit, channels, locks, mail_secrets, notices, outbox, webhooks
from handoffs.actors import SYSTEM
from handoffs.failpoints import failpoint
from handoffs.mail_secrets import MailSecret
from handoffs.models import OutboxMessage, WebhookEndpoint
from handoffs.webhooks import Delivery

log = logging.getLogger(__name__)

# so many endpoints are posted to at once, and so many messages go to one before the next look
LANES = 8
IN_A_ROW = 10
# one call leases for so long, a lane sends for so long, and one attempt takes so long: together
# less than the time limit of a task, and less than a lease
LEASING_SECONDS = 10
LANE_SECONDS = 5
ATTEMPT_SECONDS = 15
LEASE_SECONDS = 60
# one process sends at a time: a second would only hang at the same endpoints
SENDER_LOCK = 0x6F766572_0B0C
_MAIL_LANE = 0

# The earliest due of the endpoints that nothing is being sent to. Pushing `next_attempt_at` on is
# the lease: it is committed before anything is sent, and its value fences off a late record.
_LEASE = """
with free as (
    select endpoint.id, first.next_attempt_at
    from handoffs_webhookendpoint endpoint cross join lateral (
        select next_attempt_at from handoffs_outboxmessage
        where endpoint_id = endpoint.id and state = 'pending'
            and next_attempt_at <= statement_timestamp()
        order by next_attempt_at limit 1) first
    where endpoint.enabled and not endpoint.id = any(%(busy)s)
    order by first.next_attempt_at limit %(lanes)s
), posts as (
    select message.id from free cross join lateral (
        select id from handoffs_outboxmessage
        where endpoint_id = free.id and state = 'pending'
            and next_attempt_at <= statement_timestamp()
        order by next_attempt_at limit %(in_a_row)s for update skip locked) message
), chats as (
    select message.id from (
        select channel.id from handoffs_noticechannel channel
        where channel.enabled and not -channel.id = any(%(busy)s)
            and exists (select from handoffs_outboxmessage message
                where message.channel_id = channel.id and message.state = 'pending'
                    and message.next_attempt_at <= statement_timestamp())
        limit %(lanes)s) free
    cross join lateral (
        select id from handoffs_outboxmessage
        where channel_id = free.id and state = 'pending'
            and next_attempt_at <= statement_timestamp()
        order by next_attempt_at limit %(in_a_row)s for update skip locked) message
), mails as (
    select id from handoffs_outboxmessage
    where endpoint_id is null and channel_id is null and state = 'pending'
        and next_attempt_at <= statement_timestamp()
        and not %(mail)s = any(%(busy)s)
    order by next_attempt_at limit %(in_a_row)s for update skip locked
), due as (
    select id from posts union all select id from chats union all select id from mails
), leased as (
    update handoffs_outboxmessage message
    set next_attempt_at = statement_timestamp() + make_interval(secs => %(seconds)s)
    from due where message.id = due.id
    returning message.*
)
select leased.id, coalesce(leased.endpoint_id, -leased.channel_id, %(mail)s), leased.event,
    leased.payload, leased.attempts, leased.created_at, leased.next_attempt_at, leased.mail_to,
    coalesce(endpoint.url, channel.address), endpoint.secret, endpoint.old_secret
from leased left join handoffs_webhookendpoint endpoint on endpoint.id = leased.endpoint_id
    left join handoffs_noticechannel channel on channel.id = leased.channel_id
order by leased.created_at, leased.id
"""


class Leased(NamedTuple):
    """A message that is ours to send until `until`; `lane` is its endpoint, mail, or its channel.

    Channels are numbered below zero.
    """

    id: str
    lane: int
    event: str
    payload: dict[str, Any]
    attempts: int
    created_at: datetime
    until: datetime
    mail_to: str
    url: str
    secret: str
    old_secret: str


Attempt = tuple[Leased, Delivery | None]


def deliver() -> int:
    """Send what is due and return how many got through; a no-op while another process sends.

    Each endpoint is a lane of its own with one message under way, so that one that hangs holds up
    nobody else. A lane that failed rests until the next call.
    """
    with locks.only_one(SENDER_LOCK) as alone, ThreadPoolExecutor(LANES, "outbox") as pool:
        return _deliver(pool) if alone else 0


def _deliver(pool: ThreadPoolExecutor) -> int:
    until = time.monotonic() + LEASING_SECONDS
    under_way: dict[Future[list[Attempt]], int] = {}
    resting: set[int] = set()
    delivered = 0
    while True:
        if time.monotonic() < until and len(under_way) < LANES:
            busy = [*under_way.values(), *resting]
            for lane, batch in _lease(busy, LANES - len(under_way)).items():
                under_way[pool.submit(_send_in_a_row, batch)] = lane
        if not under_way:
            return delivered
        done, _ = wait(under_way, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in done:
            lane = under_way.pop(future)
            attempts = future.result()
            failpoint("outbox.deliver.after_sending")
            went_through = sum(_record(*attempt) for attempt in attempts)
            delivered += went_through
            if went_through < len(attempts):
                resting.add(lane)


def _lease(busy: Sequence[int], lanes: int) -> dict[int, list[Leased]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _LEASE,
            {
                "busy": list(busy),
                "lanes": lanes,
                "in_a_row": IN_A_ROW,
                "mail": _MAIL_LANE,
                "seconds": LEASE_SECONDS,
            },
        )
        batches: dict[int, list[Leased]] = {}
        for row in cursor.fetchall():
            message = Leased._make((*row[:3], json.loads(row[3]), *row[4:]))
            batches.setdefault(message.lane, []).append(message)
    failpoint("outbox.deliver.after_lease")
    return batches


def _send_in_a_row(batch: list[Leased]) -> list[Attempt]:
    """Send until one fails or the time is up; what was not tried comes back with None.

    Runs in a thread and touches no database.
    """
    until = time.monotonic() + LANE_SECONDS
    attempts: list[Attempt] = []
    going = True
    for message in batch:
        delivery = _send(message) if going and time.monotonic() < until else None
        going = going and delivery is not None and delivery.delivered
        attempts.append((message, delivery))
    return attempts


def _send(message: Leased) -> Delivery:
    try:
        if message.lane == _MAIL_LANE:
            return _mail(message)
        if message.lane < _MAIL_LANE:
            return channels.send(message.url, message.payload)
        return _post(message)
    except webhooks.SecretUnusable as error:
        return Delivery(error=str(error))
    except Exception:
        fault = {"action": "outbox.fault", "id": message.id}
        log.exception("A message cannot be sent.", extra=fault)
        return Delivery(error="It cannot be sent; the log says why.")


def _post(message: Leased) -> Delivery:
    body = json.dumps(
        {
            "type": message.event,
            "timestamp": message.created_at.isoformat().replace("+00:00", "Z"),
            "data": message.payload,
        },
        ensure_ascii=False,
    ).encode()
    keys = [key for key in (message.secret, message.old_secret) if key]
    headers = webhooks.sign(message.id, int(time.time()), body, keys)
    inward: dict[str, Any] = {"allow_http": True, "allow_private": True, "ports": None}
    return webhooks.post(
        message.url,
        body,
        {"content-type": "application/json", "user-agent": "Overread", **headers},
        seconds=ATTEMPT_SECONDS,
        **(inward if settings.WEBHOOKS_MAY_GO_INWARD else {}),
    )


def _mail(message: Leased) -> Delivery:
    """Send one e-mail under the message's own id, so that a mail server can drop a second copy."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    try:
        subject, text, html = _written(message.payload)
    except mail_secrets.KeyGone as error:
        return Delivery(error=str(error))
    # so that nobody's absence note answers it
    headers = {"Message-ID": f"<{message.id}@{host}>", "Auto-Submitted": "auto-generated"}
    if stop := notices.stop_url(message.mail_to, message.event):
        headers["List-Unsubscribe"] = f"<{stop}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        # who is written to in another language has been told already
        if "/mail/stop/" not in text:
            text += f"\nNo more of these: {stop}\n"
    mail = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=text,
        to=[message.mail_to],
        headers=headers,
        connection=get_connection(timeout=ATTEMPT_SECONDS),
    )
    if html:
        mail.attach_alternative(html, "text/html")
    try:
        mail.send()
    except (OSError, SMTPException) as error:
        return Delivery(error=f"The mail server did not take it: {error}")
    return Delivery(status=200)


def _written(payload: dict[str, Any]) -> tuple[str, ...]:
    """Return subject, text and HTML as they go out, with the secret where its mark stands."""
    parts = tuple(str(payload.get(name) or "") for name in ("subject", "text", "html"))
    if "secret" not in payload:
        return parts
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    sealed = MailSecret(**payload["secret"])
    return tuple(mail_secrets.fill(part, sealed, keys) for part in parts)


def _record(message: Leased, delivery: Delivery | None) -> bool:
    """Keep what came of it, unless the lease ran out and the message is somebody else's by now."""
    mine = OutboxMessage.objects.filter(
        id=message.id, state=OutboxMessage.State.PENDING, next_attempt_at=message.until
    )
    if delivery is None:
        mine.update(next_attempt_at=Now())
        return False
    if delivery.delivered:
        mine.update(
            state=OutboxMessage.State.DELIVERED,
            attempts=F("attempts") + 1,
            last_error="",
            delivered_at=Now(),
        )
        return True
    _record_failure(mine, message, delivery)
    return False


def _record_failure(mine: "QuerySet[OutboxMessage]", message: Leased, delivery: Delivery) -> None:
    """Set the next attempt, or give the message up: after the last one, or when nobody wants it."""
    error = (delivery.error or f"Answered {delivery.status}.")[:300]
    again = webhooks.delay(message.attempts + 1, message.id, delivery.retry_after)
    if message.lane < _MAIL_LANE and message.attempts + 1 >= channels.ATTEMPTS:
        again = None
    gone = channels.is_gone(delivery) if message.lane < _MAIL_LANE else delivery.gone
    if gone or again is None:
        mine.update(state=OutboxMessage.State.DEAD, attempts=F("attempts") + 1, last_error=error)
    else:
        mine.update(
            attempts=F("attempts") + 1,
            last_error=error,
            next_attempt_at=Now() + timedelta(seconds=again),
        )
    if gone and message.lane < _MAIL_LANE:
        channels.give_up(-message.lane, delivery)
    elif gone:
        _switch_off(message.lane)


def _switch_off(endpoint_id: int) -> None:
    """The receiver wants no more: keep what waits for it as dead letters, and tell its client."""
    because = "It answered 410 Gone."
    with transaction.atomic():
        switched = WebhookEndpoint.objects.filter(id=endpoint_id, enabled=True)
        if not switched.update(enabled=False, disabled_because=because):
            return
        OutboxMessage.objects.filter(
            endpoint=endpoint_id, state=OutboxMessage.State.PENDING
        ).update(state=OutboxMessage.State.DEAD, last_error="The endpoint was switched off.")
        endpoint = WebhookEndpoint.objects.select_related("client").get(id=endpoint_id)
        audit.record(
            by=SYSTEM,
            action="endpoint.disabled",
            subject=f"endpoint {endpoint_id}",
            body={"because": because},
        )
        if endpoint.client.contact:
            outbox.mail(
                endpoint.client.contact,
                "endpoint.disabled",
                {
                    "subject": f"Overread no longer tells {endpoint.client.name}",
                    "text": f"{endpoint.url} answered 410 Gone, so nothing more is sent there. "
                    "What was not delivered is kept. Switch the endpoint on again in Overread "
                    "and replay it.\n",
                },
            )
