"""A copy of the database, held against the rota: it says who was tested, and not what they did.

The same tests are met by the same people in the same order; only who of them missed differs. Then
every table is the same, row for row, in its place. So whatever somebody makes of a copy, they would
make the same of it if others had missed: see `test_identify` for what is told of all together.
"""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import canonical
from oversight.blind_tests import releases
from oversight.models import Tally
from reviews import claims, decisions
from reviews.disclosed import WasATest
from reviews.models import Plant, TestsMet
from tests import factories
from tests.factories import Shop
from tests.reviews import pairs
from tests.reviews.planting import planted

pytestmark = pytest.mark.django_db
WRONG = {"arguments": {**factories.proposal_payload("")["arguments"], "amount": 3125.0}}
PEOPLE, EACH = 5, 4
_TABLES = """
select table_name from information_schema.tables
where table_schema = 'public' and table_type = 'BASE TABLE' order by 1
"""
_NAMES = (
    (r"\b[a-z]+_[0-9a-hjkmnp-tv-z]{26}\b", "ID"),
    (r"sha-256=:?[\w+/=:-]{20,}", "SHA"),
    (r"\b[0-9a-f]{64}\b", "DIGEST"),
)
_OF_THE_MOMENT = (
    "id",
    "entry_id",
    "xact_id",
    "external_id",
    "client_id",
    "status_token",
    "revision",
)


@pytest.fixture
def team(shop: Shop) -> list[User]:
    return [factories.UserFactory(roles=[Role.REVIEWER], groups=[shop.team]) for _ in range(PEOPLE)]


def meet(plant: Plant, person: User, *, caught: bool) -> None:
    handoff = str(plant.handoff_id)
    claims.pick(handoff, by=person, now=now())
    claims.mark_opened(handoff, by=person, now=now())
    choice = decisions.Choice(verb="reject" if caught else "approve", reason="I looked at it.")
    with pytest.raises(WasATest):
        decisions.decide(handoff, by=person, choice=choice, now=now())


def world(shop: Shop, bot: Client, team: list[User], missed: set[int]) -> str:
    """Let everybody meet their tests, close the week, and return all that is there then."""
    releases.close(now=now())
    for number in range(PEOPLE * EACH):
        # as if on another day each time: nobody meets so many in one
        TestsMet.objects.all().delete()
        meet(planted(shop, bot, **WRONG), team[number % PEOPLE], caught=number not in missed)
    for days in (0, 7, 8):
        releases.close(now=now() + timedelta(days=days))
    return dump()


def dump() -> str:
    found = []
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        for (table,) in cursor.fetchall():
            cursor.execute(f"select to_jsonb(t) from {table} t")
            rows = [json.loads(row) for (row,) in cursor.fetchall()]
            # what numbers them says in which order they came; else there is none to rely on
            rows.sort(key=lambda row: (row.get("id", 0), _told(row)))
            found += [f"{table} {_told(row)}" for row in rows]
    return "\n".join(found)


def _told(row: dict[str, Any]) -> str:
    kept = {name: value for name, value in row.items() if name not in _OF_THE_MOMENT}
    for name, value in kept.items():
        if isinstance(value, str) and value.startswith("\\x"):
            text = bytes.fromhex(value[2:])
            kept[name] = text.decode() if text.isascii() else f"{len(text)} bytes"
    text = canonical.encode(kept).decode()
    for pattern, instead in (*_NAMES, *pairs.DIFFERS):
        text = re.sub(pattern, instead, text)
    return text


def test_it_is_the_same_whoever_missed(
    shop: Shop, bot: Client, bot_key: str, team: list[User]
) -> None:
    tests = range(PEOPLE * EACH)
    by_two = {number for number in tests if number % PEOPLE < 2 and number < 10}
    by_three = {number for number in tests if number % PEOPLE > 2 and number < 10}
    assert len(by_two) == len(by_three)

    one, other = (
        pairs.apart_from(lambda missed=missed: world(shop, bot, team, missed))
        for missed in (by_two, by_three)
    )

    assert "oversight_tally" in one
    assert '"caught":16' in one
    assert one == other


def test_untold_it_is_the_same_however_many_missed(
    shop: Shop, bot: Client, bot_key: str, team: list[User]
) -> None:
    """Of four people nothing is told; then not even how many missed is to be had."""

    def few(missed: set[int]) -> str:
        for number in range(8):
            TestsMet.objects.all().delete()
            meet(planted(shop, bot, **WRONG), team[number % 4], caught=number not in missed)
        releases.close(now=now())
        releases.close(now=now() + timedelta(days=7))
        assert not Tally.objects.exists()
        return dump()

    one, other = (
        pairs.apart_from(lambda missed=missed: few(missed)) for missed in (set(), {0, 1, 4, 5})
    )
    assert one == other


# What the tables hold

# whatever knows what tests showed, and all that it holds
RESULTS = {
    "reviews_sealedlot": {"cohort", "sealed"},
    "oversight_tally": {
        "id", "workflow", "team", "week", "kind", "difficulty", "harm", "tests", "caught",
    },
    "oversight_chart": {
        "cohort", "workflow", "team", "raised", "looked_on", "closed", "pooled", "begun_on",
    },
}  # fmt: skip
# whatever knows that there are tests, or who met one, and nothing of what they showed
EXPOSURES = {
    "reviews_plant": {
        "run_id", "handoff_id", "cohort", "kind", "ended", "wrong", "told", "known_to",
    },
    "reviews_testsmet": {"person_id", "day", "times", "last_claim"},
    "reviews_spared": {"id", "taken", "tests"},
}  # fmt: skip
_FOREIGN = """
select conrelid::regclass::text, confrelid::regclass::text from pg_constraint
where contype = 'f' and connamespace = 'public'::regnamespace
"""
_COLUMNS = """
select table_name, column_name, data_type from information_schema.columns
where table_schema = 'public'
"""


def columns() -> dict[str, dict[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in cursor.fetchall():
            found.setdefault(table, {})[column] = kind
        return found


@pytest.mark.parametrize("table", [*RESULTS, *EXPOSURES])
def test_what_knows_of_tests_holds_that_and_no_more(table: str) -> None:
    """Another column is another way to somebody: think, then add it here."""
    assert set(columns()[table]) == (RESULTS | EXPOSURES)[table]


def test_no_key_leads_from_a_result_or_to_one() -> None:
    """Walk every key that the database has, both ways, from everybody as far as it goes."""
    with connection.cursor() as cursor:
        cursor.execute(_FOREIGN)
        keys = cursor.fetchall()
    near: dict[str, set[str]] = {}
    for one, other in keys:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    reached, edge = {"accounts_user"}, ["accounts_user"]
    while edge:
        fresh = near[edge.pop()] - reached
        reached |= fresh
        edge += fresh

    assert len(reached) > 60
    assert reached.isdisjoint(RESULTS)
    assert not set(near) & set(RESULTS)


def test_no_clock_stands_beside_a_result_but_a_week_and_a_day() -> None:
    kinds = columns()
    for table in RESULTS:
        assert not {kind for kind in kinds[table].values() if kind.startswith("timestamp")}
    assert {name for name, kind in kinds["oversight_tally"].items() if kind == "date"} == {"week"}


def test_no_other_table_says_that_somebody_was_right_or_wrong() -> None:
    """Whatever is called like a result is one of these; of people none."""
    named = {
        f"{table}.{column}"
        for table, names in columns().items()
        for column in names
        if re.search(r"caught|missed|correct|wrong|right|verdict|score|grade", column)
    }
    assert named <= KNOWN, named - KNOWN


# the library and what stands; and, of nobody, what was told of many
KNOWN = {"oversight_tally.caught", "reviews_plant.wrong"}
