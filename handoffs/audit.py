"""The log of who did what: written with what it records, linked into a hash chain soon after."""

import json
from typing import Any

from django.db import connection

from handoffs.actors import Actor

# A statement that does more in one round trip takes these in: `insert into … (COLUMNS)` and
# `values (PLACES)` or a select of its own, with `params(…)`. Time and transaction are the
# database's to say, by trigger.
COLUMNS = "actor_kind, actor, action, subject, body, xact_id"
PLACES = "%s, %s, %s, %s, %s, 0"
INSERT = f"insert into handoffs_auditentry ({COLUMNS}) values ({PLACES})"


def record(*, by: Actor, action: str, subject: str, body: dict[str, Any]) -> None:
    """Add one entry to the caller's own transaction: it stands or falls with what it records."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, params(by=by, action=action, subject=subject, body=body))


def params(
    *, by: Actor, action: str, subject: str, body: dict[str, Any]
) -> tuple[str, str, str, str, bytes]:
    return by.kind.value, by.audit_name, action, subject, canonical(body)


def canonical(body: dict[str, Any]) -> bytes:
    """Write `body` as the bytes that are stored and hashed; NaN and what is no JSON is refused."""
    return json.dumps(
        body, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode()
