"""Let an hour pass in a moment: every time that is stored moves back, the clock stays as it is.

The database's clock decides everything, so what was due in a minute is due when all that is stored
is a minute older. The guards are for operations, and time is none: where one of them looks at every
change of a table, it looks away meanwhile.
"""

from typing import Any

import psycopg
from psycopg import sql

# records of what was done, what people wrote, and settings: their times decide nothing here
_STAYS = (
    "handoffs_audit", "handoffs_outbox", "handoffs_matrixrow", "handoffs_risktiermap",
    "handoffs_action", "handoffs_client", "handoffs_jobpulse", "handoffs_idempotency",
    "handoffs_delivery", "handoffs_rung", "handoffs_brief", "handoffs_requesterword",
    "reviews_draft", "reviews_judgement", "reviews_summaryedit", "reviews_visit",
    "reviews_approverlink", "reviews_searchentry", "reviews_briefmeasure",
)  # fmt: skip
_COLUMNS = """
select c.table_name, array_agg(c.column_name::text), exists (
    select from pg_trigger t where t.tgrelid = c.table_name::regclass and not t.tgisinternal
        and t.tgtype & 16 > 0 and t.tgqual is null and (t.tgattr = '' or exists (
            select from pg_attribute a where a.attrelid = t.tgrelid
                and a.attnum = any(t.tgattr::int2[]) and a.atttypid = 'timestamptz'::regtype)))
from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
    and c.data_type = 'timestamp with time zone' and c.is_generated = 'NEVER'
    and (c.table_name like 'handoffs_%' or c.table_name like 'reviews_%')
    and c.table_name <> 'handoffs_workflow'
group by c.table_name order by c.table_name
"""


class Warp:
    """Moves all stored times back, as the owner of the tables."""

    def __init__(self, owner: psycopg.Connection[Any]) -> None:
        self.owner = owner
        self.tables = [
            (sql.Identifier(table), columns, guarded)
            for table, columns, guarded in owner.execute(_COLUMNS).fetchall()
            if not table.startswith(_STAYS)
        ]

    def pass_by(self, seconds: float) -> None:
        """Let so many seconds pass."""
        with self.owner.transaction():
            for table, columns, guarded in self.tables:
                if not self._has_rows(table):
                    continue
                if guarded:
                    self.owner.execute(sql.SQL("alter table {} disable trigger user").format(table))
                self.owner.execute(self._move(table, columns, seconds))
                if guarded:
                    self.owner.execute("set constraints all immediate")
                    self.owner.execute(sql.SQL("alter table {} enable trigger user").format(table))

    def _has_rows(self, table: sql.Identifier) -> bool:
        row = self.owner.execute(sql.SQL("select exists (select from {})").format(table)).fetchone()
        return bool(row and row[0])

    @staticmethod
    def _move(table: sql.Identifier, columns: list[str], seconds: float) -> sql.Composed:
        back = sql.SQL(", ").join(
            sql.SQL("{0} = {0} - make_interval(secs => {1})").format(
                sql.Identifier(column), sql.Literal(seconds)
            )
            for column in columns
        )
        return sql.SQL("update {} set {}").format(table, back)
