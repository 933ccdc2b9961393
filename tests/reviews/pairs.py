"""A blind test and the real handoff it is like, one after the other in the same place.

Each is alone there when it is looked at: everything that was done for it is rolled back before the
other comes. What differs between any two real ones is told apart by `bare`.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote as percent

from django.contrib.admin.utils import quote
from django.db import connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.models import Client, User
from handoffs.models import Handoff
from tests import factories
from tests.people import Agent
from tests.reviews import planting

T = TypeVar("T")
# what any two that came one after the other differ by: moments, numbers of rows, tokens
DIFFERS = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(\+00:00|Z)?", "TIME"),
    (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", "TIME"),
    (r"[A-Z][a-z]+\.? \d+, \d{4}, (\d+(:\d\d)? [ap]\.m\.|noon|midnight)", "TIME"),
    (r"\d\d:\d\d(:\d\d)?", "CLOCK"),
    (r"\b\d+ s( ago)?\b", "AGO"),
    (r"in \d+ h( \d+ min)?", "IN"),
    (r"nonce(-|=\")[\w+/=-]+", "NONCE"),
    (r"csrfmiddlewaretoken\" value=\"\w+", "CSRF"),
    (r"X-CSRFToken&quot;: &quot;\w+", "CSRF"),
    (r"\d+\.\d+\.\d+\.\d+:[\w-]{40,}", "READING"),
    (r"/links/(at/)?[\w-]{20,}", "LINK"),
    (r"/mail/stop/[\w:=-]+", "STOP"),
    (r"\"(mark|digest)\": \"[\w-]{40,}", "SEALED"),
    (r"data-etag=\"[^\"]+", "ETAG"),
    (r"(transition|auditentry|brief|claim)/\d+/", r"\1/N/"),
    (r"-id\" value=\"\d+\"", "-id N"),
)


def real(shop: factories.Shop, agent: Agent) -> Handoff:
    """One that an agent has asked for, by HTTP."""
    started = agent.post(
        "/runs", factories.run_payload(requester=planting.NAMED | {"email": "k@l.example"})
    )
    asked = agent.post("/proposals", factories.proposal_payload(started.json()["id"]))
    assert asked.status_code == 201, asked.content
    return _found(asked.json()["handoff"]["id"])


def planted(shop: factories.Shop, bot: Client) -> Handoff:
    return _found(str(planting.planted(shop, bot).handoff_id))


def _found(handoff_id: str) -> Handoff:
    return Handoff.objects.select_related("run", "proposal").get(id=handoff_id)


def apart(makers: Iterable[Callable[[], Handoff]], look: Callable[[Handoff], T]) -> list[T]:
    """Make each, look at it, and take everything back again."""
    seen = []
    for make in makers:
        # looked at once before, so that nothing is read for the first time by either
        for _ in range(2):
            point = transaction.savepoint()
            found = look(make())
            transaction.savepoint_rollback(point)
        seen.append(found)
    return seen


def apart_from(make: Callable[[], T]) -> T:
    """Do it, and take everything back."""
    point = transaction.savepoint()
    found = make()
    transaction.savepoint_rollback(point)
    return found


def page(browser: Browser, handoff: Handoff, path: str) -> str:
    """Return everything a page answers with and how much was asked for it."""
    address = path.format(
        handoff=handoff.id,
        run=handoff.run_id,
        status=handoff.run.status_token,
        called=percent(handoff.run.external_id),
        handoff_record=quote(handoff.id),
        run_record=quote(handoff.run_id),
        proposal_record=quote(handoff.proposal_id),
    )
    with CaptureQueriesContext(connection) as asked:
        answer = browser.get(address)
    # the length is that of the page, compared below
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("ETag", "Content-Length")
    }
    if "ETag" in answer.headers:
        headers["ETag"] = str(len(answer.headers["ETag"]))
    told = f"{path} {answer.status_code} {len(asked)} queries\n{json.dumps(headers)}\n"
    return bare(told + answer.content.decode(), handoff)


def bare(text: str, handoff: Handoff) -> str:
    """Leave out what differs between any two real handoffs."""
    run = handoff.run
    own = (handoff.id, run.id, str(handoff.proposal_id), run.external_id, run.status_token)
    for number, name in enumerate(own):
        for spelled in (name, quote(name), percent(name)):
            text = text.replace(spelled, f"NAME{number}")
    for pattern, instead in DIFFERS:
        text = re.sub(pattern, instead, text)
    return text


def browser_of(person: User) -> Browser:
    browser = Browser()
    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def rows(handoff: Handoff) -> dict[str, Any]:
    """Return every row that this handoff has brought, without what numbers and times them."""
    own = [handoff.id, handoff.run_id, str(handoff.proposal_id)]
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NAMING, [["run_id", "handoff_id", "subject"]])
        for table, column in cursor.fetchall():
            cursor.execute(
                f"select to_jsonb(t) from {table} t where {column} = any(%s) order by t::text",
                [own],
            )
            found[f"{table}.{column}"] = [_bare_row(json.loads(row), handoff) for (row,) in cursor]
    return found


_NAMING = """
select table_name, column_name from information_schema.columns join information_schema.tables
    using (table_schema, table_name)
where table_schema = 'public' and table_type = 'BASE TABLE' and (column_name = any(%s)
    or column_name = 'id' and data_type = 'character varying') order by 1, 2
"""


def _bare_row(row: dict[str, Any], handoff: Handoff) -> dict[str, str]:
    if isinstance(row.get("id"), int):
        del row["id"]
    for name, value in row.items():
        if isinstance(value, str) and value.startswith(r"\x"):
            row[name] = bytes.fromhex(value[2:]).decode("utf-8", "replace")
    return {name: bare(str(value), handoff) for name, value in row.items()}
