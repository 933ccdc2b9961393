"""What somebody said of a blind test leaves one and the same trace, whatever it was.

Every table, sequence, log line and figure is read before and after, and the size of what was sent:
a catch and a miss differ in the one sentence that the person reads.
"""

import json
import logging
import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Client, User
from handoffs.models import Handoff
from oversight.counted import days
from oversight.queues import arrivals
from oversight.watch import machine
from reviews import claims, measures, rates
from tests import factories
from tests.factories import Shop
from tests.reviews import pairs
from tests.reviews.pairs import bare, browser_of
from tests.reviews.planting import planted

pytestmark = pytest.mark.django_db
WRONG = {"arguments": {**factories.proposal_payload("")["arguments"], "amount": 3125.0}}
WORDS = "The order says 312.50, I looked at it twice."
MISSED = ("decide", {"verb": "approve", "words": WORDS})
CAUGHT = [
    ("decide", {"verb": "reject", "words": WORDS}),
    ("ask", {"words": WORDS}),
    ("hand-up", {"words": WORDS}),
]
Said = tuple[str, dict[str, str]]
# a row in the order of its table, with what made it and where it lies
_ROWS = "select to_jsonb(t), t.xmin::text from {} t order by t.ctid"
_TABLES = """
select table_name from information_schema.tables
where table_schema = 'public' and table_type = 'BASE TABLE' order by 1
"""
_NUMBERS = """
select sequencename, coalesce(last_value, 0) from pg_sequences where schemaname = 'public'
"""


class Everything(logging.Handler):
    """Keeps every line that anything logs, with all that goes along."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        kept = {k: str(v) for k, v in vars(record).items() if k not in _OF_THE_MOMENT}
        self.lines.append(json.dumps(kept, sort_keys=True))


_OF_THE_MOMENT = (
    "created", "msecs", "relativeCreated", "thread", "threadName", "process", "processName",
    "taskName", "duration",
)  # fmt: skip


@pytest.fixture
def make(shop: Shop, bot: Client, bot_key: str, ann: User) -> Callable[[], Handoff]:
    def made() -> Handoff:
        found = Handoff.objects.get(id=planted(shop, bot, **WRONG).handoff_id)
        claims.pick(found.id, by=ann, now=now())
        claims.mark_opened(found.id, by=ann, now=now())
        return found

    return made


def dump() -> dict[str, list[tuple[dict[str, Any], str]]]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(_ROWS.format(table))
            found[table] = [(json.loads(row), xmin) for row, xmin in cursor.fetchall()]
        return found


def numbers() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERS)
        return dict(cursor.fetchall())


def changed(before: Any, after: Any, handoff: Handoff) -> list[str]:
    """Name each row that went or came, in its place, with all it holds but keys and moments."""
    found, made_by = [], []
    for table, rows in after.items():
        old, new = ([row for row, _ in one[table]] for one in (before, after))
        found += [f"{table} - {_shape(row, handoff)}" for row in old if row not in new]
        for row, xmin in rows:
            if row not in old:
                made_by.append(xmin)
                which = sorted(set(made_by), key=made_by.index).index(xmin)
                found.append(f"{table} + {_shape(row, handoff)} by {which}")
    return found


def _shape(row: dict[str, Any], handoff: Handoff) -> str:
    kept = {name: value for name, value in row.items() if name not in _NUMBERED}
    for name, value in kept.items():
        if isinstance(value, str) and value.startswith("\\x"):
            text = bytes.fromhex(value[2:])
            kept[name] = text.decode() if text.isascii() else f"{len(text)} bytes"
    return bare(json.dumps(kept, sort_keys=True), handoff)


# what is given out in turn: the house comes anew each time
_NUMBERED = ("id", "entry_id", "xact_id", "client_id", "claim_id")


def traces(make: Callable[[], Handoff], person: User, said: Said) -> dict[str, Any]:
    """Let somebody say this of a test; return all that it leaves, and what was sent."""
    browser = browser_of(person)
    logs = Everything()

    def look(handoff: Handoff) -> dict[str, Any]:
        where, typed = said
        rows, at = dump(), numbers()
        logs.lines.clear()
        logging.getLogger().addHandler(logs)
        try:
            answer = browser.post(reverse(f"reviews:{where}", args=[handoff.id]), typed)
        finally:
            logging.getLogger().removeHandler(logs)
        assert "That was a blind test" in answer.content.decode()
        more = {name: value - at[name] for name, value in numbers().items() if value != at[name]}
        return {
            "rows": changed(rows, dump(), handoff),
            "numbers": more,
            "logs": [bare(line, handoff) for line in logs.lines],
            "sent": (answer.status_code, len(answer.content), sorted(answer.headers)),
            "figures": figures(),
        }

    (found,) = pairs.apart([make], look)
    return found


def figures() -> str:
    arrivals.note_new(now=now())
    days.recount([now().date()])
    rates.measure(now=now())
    measures.measure_new(now=now())
    told = machine.told(now=now())
    return re.sub(r"(seconds\S*) [\d.e+]+", r"\1 S", told)


@pytest.mark.parametrize("caught", CAUGHT, ids=lambda said: said[1].get("verb", said[0]))
def test_a_catch_and_a_miss_leave_the_same(
    make: Callable[[], Handoff], ann: User, caught: Said, settings: Any
) -> None:
    settings.LOGGING_CONFIG = None
    logging.getLogger().setLevel(logging.DEBUG)

    missed, seen = traces(make, ann, MISSED), traces(make, ann, caught)

    rows = " ".join(missed["rows"])
    for table in (
        "reviews_sealedlot +",
        "reviews_testsmet +",
        "reviews_plant -",
        "reviews_claim -",
    ):
        assert table in rows
    for what in missed:
        if what != "logs":
            assert seen[what] == missed[what], what
    # the address of what was pressed is in the request's own line, see the notice to operators
    assert [_sent_to_nowhere(line) for line in seen["logs"]] == [
        _sent_to_nowhere(line) for line in missed["logs"]
    ]


def _sent_to_nowhere(line: str) -> str:
    return re.sub(r"/(decide|ask|hand-up)\b", "/ACT", line)


def test_nothing_that_was_typed_is_left_anywhere(make: Callable[[], Handoff], ann: User) -> None:
    browser = browser_of(ann)
    handoff = make()
    logs = Everything()
    logging.getLogger().addHandler(logs)
    browser.post(reverse("reviews:draft", args=[handoff.id]), {"words": WORDS})

    browser.post(reverse("reviews:decide", args=[handoff.id]), MISSED[1])

    logging.getLogger().removeHandler(logs)
    for known in (json.dumps(dump(), default=str), "".join(logs.lines)):
        assert "I looked at it twice" not in known


def test_what_is_sent_is_of_one_size_but_for_what_cannot_be_packed(
    make: Callable[[], Handoff], ann: User
) -> None:
    """Packed, as a proxy might: the size varies by more than the sentence that differs."""
    browser = browser_of(ann)

    def size(handoff: Handoff) -> int:
        answer = browser.post(reverse("reviews:decide", args=[handoff.id]), MISSED[1])
        assert len(answer.content) % 16_384 == 0
        return len(zlib.compress(answer.content))

    sizes = [pairs.apart([make], size)[0] for _ in range(6)]
    assert max(sizes) - min(sizes) > 40
