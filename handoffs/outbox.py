"""What the outside is told: a row with the change it tells of, sent after the commit."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from handoffs import ids, jobs, notices
from handoffs.mail_secrets import MailSecret
from handoffs.models import OutboxMessage

# Takes `tell_params(…)`; a statement that does more in one round trip may take it in as a CTE.
# One row for each endpoint that is enabled and wants the event. The message id is the event's,
# with the endpoint's number: a receiver behind two endpoints can tell that it is the same event.
TELL = """
insert into handoffs_outboxmessage
    (id, endpoint_id, mail_to, event, payload, state, attempts, last_error)
select %(message_id)s || '_' || endpoint.id, endpoint.id, '', %(event)s, %(payload)s::jsonb,
    'pending', 0, ''
from handoffs_webhookendpoint endpoint
where endpoint.client_id = %(client_id)s and endpoint.enabled
    and (endpoint.events = '{}' or %(event)s = any(endpoint.events))
"""
_PARTS = ("subject", "text", "html")
KEPT_FOR = timedelta(days=30)
# What is dead stays: somebody may want to send it again. An array is looked for once: joined, it
# might be looked for again and again, without a limit.
_FORGET = """
delete from handoffs_outboxmessage where id = any(array(
    select id from handoffs_outboxmessage
    where state = 'delivered' and delivered_at < %s
    order by delivered_at limit %s for update skip locked
))
"""
# Events of these carry `sequence`, the version of what moved: they may arrive in any order.
_SEQUENCED = ("handoff.", "run.")


def tell(client_id: int, event: str, payload: dict[str, Any]) -> None:
    """Add a webhook for each endpoint of the client that wants `event`, in this transaction.

    An event of a handoff or run carries its version as ``sequence``.
    """
    with connection.cursor() as cursor:
        cursor.execute(TELL, tell_params(client_id, event, payload))


def tell_params(client_id: int, event: str, payload: dict[str, Any]) -> dict[str, Any]:
    if event.startswith(_SEQUENCED) and "sequence" not in payload:
        raise ValueError(f"{event} without its sequence cannot be put in order by its receiver")
    return {
        "message_id": ids.new_message(),
        "client_id": client_id,
        "event": event,
        "payload": json.dumps(payload),
    }


def mail(
    to: str, event: str, payload: dict[str, Any], *, secret: MailSecret | None = None
) -> OutboxMessage | None:
    """Add an e-mail, `payload` being its ``subject``, ``text`` and perhaps ``html``.

    It goes with this transaction. `secret` is put in for its mark when the mail is sent. None for
    a notice that its receiver wants no more.
    """
    if notices.is_stopped(to, event):
        return None
    kept: dict[str, Any] = {name: payload[name] for name in _PARTS if name in payload}
    if secret is not None:
        kept["secret"] = asdict(secret)
    return OutboxMessage.objects.create(mail_to=to, event=event, payload=kept)


def tell_channel(channel_id: int, event: str, *, title: str, text: str) -> OutboxMessage:
    """Add a message to a queue's channel; it goes with this transaction."""
    return OutboxMessage.objects.create(
        channel_id=channel_id, event=event, payload={"subject": title, "text": text}
    )


def forget(*, now: datetime, limit: int = 5_000) -> int:
    """Drop what was delivered 30 days ago, batch by batch; return how many."""

    def batch() -> int:
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, [now - KEPT_FOR, limit])
            return int(cursor.rowcount)

    return jobs.drain(batch, full=limit)
