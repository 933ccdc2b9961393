"""Nothing in the log can be changed, taken out or put in without being found."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from handoffs import actors, audit
from handoffs.audit import Entry, Head
from handoffs.models import AuditEntry, AuditSeal
from tests.database import Databases

# ids of transactions that this server has not given out yet
ANOTHER_SERVERS = 1_000_000_000_000


def write(count: int = 1, **body: Any) -> None:
    for number in range(count):
        audit.record(
            by=actors.SYSTEM, action="test.done", subject=f"ho_{number}", body={"n": number, **body}
        )


def seal(expected: int, **options: int) -> int:
    """Seal until `expected` entries are; transactions beside the test's own only delay it."""
    deadline = time.monotonic() + 20
    sealed = 0
    while sealed < expected and time.monotonic() < deadline:
        sealed += audit.seal(**options)
    return sealed


def verify(*anchors: Head) -> str:
    return audit.verify(anchors=anchors, batch=3).broken


@pytest.fixture
def sealed(committed_db: Databases) -> Databases:
    """Seven entries, sealed."""
    write(7)
    assert seal(7) == 7
    return committed_db


@pytest.fixture
def vandal(committed_db: Databases) -> Iterator[psycopg.Connection]:
    """Whoever owns the tables and switches their guards off."""
    foreign_key = (
        "select conname from pg_constraint "
        "where conrelid = 'handoffs_auditseal'::regclass and contype = 'f'"
    )
    with psycopg.connect(settings.OWNER_DATABASE_URL, autocommit=True) as owner:
        (name,) = owner.execute(foreign_key).fetchone()  # type: ignore[misc]
        owner.execute("alter table handoffs_auditentry disable trigger user")
        owner.execute("alter table handoffs_auditseal disable trigger user")
        owner.execute(f"alter table handoffs_auditseal drop constraint {name}")
        yield owner
        owner.execute("truncate handoffs_auditentry, handoffs_auditseal")
        owner.execute(
            f"alter table handoffs_auditseal add constraint {name} foreign key (entry_id) "
            "references handoffs_auditentry (id) deferrable initially deferred"
        )
        owner.execute("alter table handoffs_auditentry enable trigger user")
        owner.execute("alter table handoffs_auditseal enable trigger user")


def test_an_entry_keeps_the_exact_bytes(db: None) -> None:
    audit.record(
        by=actors.client_actor("bot", "ovr_1"),
        action="test.done",
        subject="ho_1",
        body={"b": "é\u0000", "a": [1, None]},
    )

    entry = AuditEntry.objects.get()
    assert bytes(entry.body) == '{"a":[1,null],"b":"é\\u0000"}'.encode()
    assert (entry.actor_kind, entry.actor) == ("client", "bot (ovr_1…)")


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        audit.canonical({"n": float("nan")})


def test_an_entry_says_truly_when_and_in_which_transaction(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into handoffs_auditentry "
            "(actor_kind, actor, action, subject, body, at, xact_id) "
            "values ('system', '', 'a', 's', '', '2001-01-01', 17) "
            "returning xact_id, clock_timestamp() - at < '5 s', pg_current_xact_id()::text::bigint"
        )
        xact_id, recent, own = cursor.fetchone()

    assert recent
    assert xact_id == own


def test_an_entry_falls_with_what_it_records(committed_db: Databases) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write()
        raise ZeroDivisionError

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("table", ["handoffs_auditentry", "handoffs_auditseal"])
@pytest.mark.parametrize(
    "deed",
    [
        "update {} set id = id",
        "delete from {}",
        "truncate {} cascade",
        "alter table {} disable trigger user",
        "drop table {} cascade",
        "set session_replication_role = replica",
    ],
)
def test_the_runtime_role_cannot_rewrite_the_log(db: None, deed: str, table: str) -> None:
    deed = deed.replace("set id = id", "set entry_id = 1" if "seal" in table else "set actor = ''")
    with (
        psycopg.connect(os.environ["DATABASE_URL"]) as runtime,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission|owner"),
    ):
        runtime.execute(deed.format(table))  # type: ignore[arg-type]


def test_even_the_owner_is_stopped_by_the_guard(sealed: Databases) -> None:
    for table in ("handoffs_auditentry", "handoffs_auditseal"):
        with (
            psycopg.connect(settings.OWNER_DATABASE_URL) as owner,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
        ):
            owner.execute(f"delete from {table}")


def test_what_was_sealed_holds(sealed: Databases) -> None:
    report = audit.verify(batch=3)

    assert report.broken == ""
    assert (report.sealed, report.unsealed, report.unsealed_since) == (7, 0, None)
    assert report.head == audit.head()
    assert report.head.seq == 7


def test_a_link_is_what_the_documentation_says() -> None:
    entry = Entry(5, 77, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "client", "é", "a", "s", b"{}")
    fields = [b"1", b"5", b"77", b"2026-01-02T03:04:05.000000+00:00", b"client"]
    fields += ["é".encode(), b"a", b"s", b"{}"]
    spelled_out = bytes(32) + b"".join(len(f).to_bytes(4, "big") + f for f in fields)

    assert audit.link(bytes(32), 1, entry) == hashlib.sha256(spelled_out).digest()


def test_an_empty_log_holds(committed_db: Databases) -> None:
    assert audit.seal() == 0
    assert audit.verify().broken == ""
    assert audit.head() == Head(0, "00" * 32)


def test_what_is_not_yet_sealed_is_told(sealed: Databases) -> None:
    write(2)

    report = audit.verify()

    assert report.broken == ""
    assert (report.sealed, report.unsealed) == (7, 2)
    assert report.unsealed_since is not None


def test_a_changed_entry_is_named(sealed: Databases, vandal: psycopg.Connection) -> None:
    entry = AuditEntry.objects.get(seal__seq=5)
    changes = {
        "actor": "someone else",
        "actor_kind": "person",
        "action": "test.undone",
        "subject": "ho_9",
        "body": b'{"n":9}',
        "at": datetime(2001, 1, 1, tzinfo=UTC),
        "xact_id": 3,
    }
    for column, value in changes.items():
        change = f"update handoffs_auditentry set {column} = %s where id = %s"
        vandal.execute(change, [value, entry.id])

        report = audit.verify(batch=3)

        assert f"Entry {entry.id} (" in report.broken, column
        assert report.sealed == 4
        vandal.execute(change, [getattr(entry, column), entry.id])
    assert verify() == ""


def test_a_deleted_entry_is_named(sealed: Databases, vandal: psycopg.Connection) -> None:
    entry = AuditEntry.objects.get(seal__seq=5)
    vandal.execute("delete from handoffs_auditentry where id = %s", [entry.id])

    assert verify() == f"Entry {entry.id} of link 5 is missing."


def test_an_entry_deleted_with_its_link_is_found(
    sealed: Databases, vandal: psycopg.Connection
) -> None:
    vandal.execute(
        "with gone as (delete from handoffs_auditseal where seq = 3 returning entry_id) "
        "delete from handoffs_auditentry where id in (select entry_id from gone)"
    )

    assert verify() == "Link 3 is missing: the next one is 4."


def test_renumbered_links_are_found(sealed: Databases, vandal: psycopg.Connection) -> None:
    vandal.execute("delete from handoffs_auditseal where seq = 3")
    for seq in range(4, 8):
        vandal.execute("update handoffs_auditseal set seq = %s where seq = %s", [seq - 1, seq])

    assert "does not hold" in verify()


def test_reordered_entries_are_found(sealed: Databases, vandal: psycopg.Connection) -> None:
    second, third = AuditSeal.objects.filter(seq__in=[2, 3]).values_list("entry_id", flat=True)
    vandal.execute("update handoffs_auditseal set entry_id = 0 where seq = 2")
    vandal.execute("update handoffs_auditseal set entry_id = %s where seq = 3", [second])
    vandal.execute("update handoffs_auditseal set entry_id = %s where seq = 2", [third])

    assert f"Entry {third} (" in verify()


def test_bytes_moved_from_one_field_to_the_next_are_found(
    sealed: Databases, vandal: psycopg.Connection
) -> None:
    vandal.execute(
        "update handoffs_auditentry set action = 'test.don', subject = 'e' || subject "
        "where id = (select entry_id from handoffs_auditseal where seq = 2)"
    )

    assert "does not hold" in verify()


def test_an_entry_slipped_in_later_is_named(sealed: Databases, vandal: psycopg.Connection) -> None:
    xact_id = AuditEntry.objects.get(seal__seq=4).xact_id
    (id,) = vandal.execute(  # type: ignore[misc]
        "insert into handoffs_auditentry (actor_kind, actor, action, subject, body, xact_id) "
        "values ('system', 'system', 'forged', 'ho_1', '{}', %s) returning id",
        [xact_id],
    ).fetchone()

    assert verify() == f"Entry {id} (forged ho_1) was put in after its place was sealed."
    assert audit.seal() == 0


def test_a_missing_end_is_found_by_a_link_kept_outside(
    sealed: Databases, vandal: psycopg.Connection
) -> None:
    kept = audit.head()
    _cut_off(vandal, after=4)

    assert verify() == ""
    assert verify(kept) == (
        "The chain ends at link 4, but link 7 was kept outside: its end is missing."
    )


def test_a_chain_made_anew_is_found_by_a_link_kept_outside(
    sealed: Databases, vandal: psycopg.Connection
) -> None:
    kept = audit.head()
    _cut_off(vandal, after=4)
    vandal.execute("alter table handoffs_auditentry enable trigger user")
    write(4)
    seal(4)

    assert verify() == ""
    assert verify(kept).startswith("Link 7 is not the one that was kept outside")


def _cut_off(vandal: psycopg.Connection, *, after: int) -> None:
    vandal.execute(
        "with gone as (delete from handoffs_auditseal where seq > %s returning entry_id) "
        "delete from handoffs_auditentry where id in (select entry_id from gone)",
        [after],
    )


def test_a_lower_id_that_commits_later_is_sealed_in_its_place(committed_db: Databases) -> None:
    """The first transaction to begin writes the lower id and commits last."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as slow:
        slow.execute(audit.INSERT, ("system", "system", "slow", "s", b"{}"))
        write(1)

        assert audit.seal() == 0, "the slow one still comes before what was committed"
        slow.commit()

    assert seal(2) == 2
    actions = AuditEntry.objects.order_by("seal__seq").values_list("action", flat=True)
    assert list(actions) == ["slow", "test.done"]
    assert verify() == ""


def test_a_lower_id_of_a_younger_transaction_is_sealed(committed_db: Databases) -> None:
    """Ids follow neither the order of beginning nor that of committing."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url) as old, psycopg.connect(url) as young:
        old.execute("select pg_current_xact_id()")
        young.execute(audit.INSERT, ("system", "system", "young", "s", b"{}"))
        old.execute(audit.INSERT, ("system", "system", "old", "s", b"{}"))
        old.commit()
        assert seal(1) == 1

        young.commit()

    assert seal(1) == 1
    actions = AuditEntry.objects.order_by("seal__seq").values_list("action", flat=True)
    assert list(actions) == ["old", "young"]
    assert verify() == ""


def test_batches_split_a_transaction_and_lose_nothing(committed_db: Databases) -> None:
    with transaction.atomic():
        write(10)

    assert seal(1, batch=4, batches=2) == 8
    assert seal(1, batch=4, batches=2) == 2
    assert audit.seal(batch=4, batches=2) == 0
    assert verify() == ""


def test_two_sealers_at_once_make_one_chain(committed_db: Databases) -> None:
    write(200)
    sealed = []

    def work() -> None:
        sealed.append(sum(audit.seal(batch=5) for _ in range(20)))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    seal(200 - sum(sealed))
    assert AuditSeal.objects.count() == 200
    assert verify() == ""


def test_a_log_restored_into_another_server_goes_on(
    committed_db: Databases, vandal: psycopg.Connection
) -> None:
    """There, transactions are numbered from the beginning, far below the last one sealed."""
    vandal.execute(
        "insert into handoffs_auditentry (actor_kind, actor, action, subject, body, xact_id) "
        "select 'system', 'system', 'before', 's', '{}', %s + n from generate_series(1, 6) n",
        [ANOTHER_SERVERS],
    )
    with transaction.atomic(), connection.cursor() as cursor:
        last = audit._last(cursor)
        cursor.execute(audit._READY_AFTER_RESTORE, {"limit": 3})
        audit._append(cursor, 0, last.hash, [audit._entry(row) for row in cursor.fetchall()])
    vandal.execute("alter table handoffs_auditentry enable trigger user")
    write(2)

    assert audit.verify().unsealed == 5
    assert seal(5) == 5
    write(1)
    assert seal(1) == 1
    assert verify() == ""
    assert audit.verify().unsealed == 0


def test_a_quiet_log_after_a_restore_gets_one_entry_that_says_so(
    committed_db: Databases, vandal: psycopg.Connection
) -> None:
    vandal.execute(
        "insert into handoffs_auditentry (actor_kind, actor, action, subject, body, xact_id) "
        "values ('system', 'system', 'before', 's', '{}', %s)",
        [ANOTHER_SERVERS],
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(audit._READY_AFTER_RESTORE, {"limit": 3})
        audit._append(cursor, 0, audit.START, [audit._entry(row) for row in cursor.fetchall()])
    vandal.execute("alter table handoffs_auditentry enable trigger user")

    with psycopg.connect(os.environ["DATABASE_URL"]) as slow:
        slow.execute("select pg_current_xact_id()")
        assert [audit.seal() for _ in range(3)] == [0, 0, 0], "its entry waits for the slow one"
    assert seal(1) == 1
    assert audit.seal() == 0
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "before",
        "audit.restored",
    ]


def test_the_command_tells_the_head(sealed: Databases) -> None:
    out = StringIO()

    call_command("verify_audit", stdout=out)

    assert out.getvalue().splitlines() == [
        "7 entries hold, 0 are not yet sealed.",
        f"head 7:{audit.head().hash}",
    ]


def test_the_command_ends_with_1_when_it_does_not_hold(
    sealed: Databases, vandal: psycopg.Connection
) -> None:
    vandal.execute("update handoffs_auditentry set body = '{}'")

    with pytest.raises(CommandError, match="does not hold") as refused:
        call_command("verify_audit", stdout=StringIO())

    assert refused.value.returncode == 1


def test_the_command_ends_with_1_when_it_misses_an_anchor(sealed: Databases) -> None:
    with pytest.raises(CommandError, match="its end is missing") as refused:
        call_command("verify_audit", "--anchor", f"9:{'0' * 64}", stdout=StringIO())

    assert refused.value.returncode == 1


def test_the_command_ends_with_3_when_sealing_is_late(sealed: Databases) -> None:
    write()

    with pytest.raises(CommandError, match="waits for its seal") as refused:
        call_command("verify_audit", "--late", "0", stdout=StringIO())

    assert refused.value.returncode == 3


def test_a_command_argument_that_is_no_anchor_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="NUMBER:HASH"):
        call_command("verify_audit", "--anchor", "7", stdout=StringIO())
