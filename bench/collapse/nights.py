"""Let a night pass in a moment: what is kept of a day becomes a day older, the clock stays.

What is kept by its Monday becomes a week older every seventh night, so that it stays a Monday.
"""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

_DAYS = (
    ("reviews_testsmet", "day"),
    ("oversight_chart", "looked_on"),
    ("oversight_chart", "begun_on"),
)
_WEEKS = (("oversight_chart", "closed"), ("oversight_tally", "week"))
# when the first test came says how many come in a day
_TESTS = """
update handoffs_run set created_at = created_at - make_interval(days => %s)
where id in (select run_id from reviews_plant)
"""


@dataclass
class Nights:
    """As the owner of the tables: nobody else may change what is kept of the past."""

    owner: psycopg.Connection[Any]
    passed: int = 0

    def pass_by(self, nights: int = 1, *, tests_too: bool = True) -> None:
        """Let them pass; without the tests it stays as it is how many of them come in a day."""
        weeks = (self.passed + nights) // 7 - self.passed // 7
        with self.owner.transaction():
            if tests_too:
                # guards are for operations, and time is none
                self.owner.execute("alter table handoffs_run disable trigger user")
                self.owner.execute(_TESTS, [nights])
                self.owner.execute("alter table handoffs_run enable trigger user")
            for columns, days in ((_DAYS, nights), (_WEEKS, 7 * weeks)):
                for table, column in columns:
                    self._age(table, column, days)
        self.passed += nights

    def forget(self) -> None:
        """Let nothing be kept of what tests showed."""
        self.owner.execute("truncate reviews_sealedlot, oversight_chart, oversight_tally")

    def _age(self, table: str, column: str, days: int) -> None:
        query = sql.SQL("update {0} set {1} = {1} - {2}")
        names = (sql.Identifier(table), sql.Identifier(column), sql.Literal(days))
        self.owner.execute(query.format(*names))
