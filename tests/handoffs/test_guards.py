"""Every move that the table does not have is refused by the database, whoever sends it.

Each pair is tried through the ORM and past it, with its transition and without.
"""

import os
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Client
from handoffs import ids
from handoffs.models import Handoff, HeldAnswer, Run, Transition
from handoffs.states import HANDOFF_TRANSITIONS, RUN_TRANSITIONS, HandoffState, RunState
from tests import walks
from tests.database import Databases
from tests.factories import Shop

Move = Callable[[Run | Handoff, str], None]

# what else must be true of a row in this state
FITTING: dict[str, dict[str, Any]] = {
    "PAUSED_PENDING_HUMAN": {"open_blocking": 1},
    "decided": {"answered_at": None},
    "answered": {"answered_at": timezone.now()},
    "waiting": {"answered_at": None},
    "needs_information": {"answered_at": None},
    "withdrawn": {"answered_at": None},
}


def by_orm(row: Run | Handoff, to: str) -> None:
    type(row).objects.filter(pk=row.pk).update(
        state=to, version=F("version") + 1, **FITTING.get(to, {})
    )
    keep_what_was_said(row, to)


def by_sql(row: Run | Handoff, to: str) -> None:
    changes = {"state": to, **FITTING.get(to, {})}
    columns = ", ".join(f"{name} = %s" for name in changes)
    with connection.cursor() as cursor:
        cursor.execute(
            f"update {row._meta.db_table} set version = version + 1, {columns} where id = %s",
            [*changes.values(), row.pk],
        )
    keep_what_was_said(row, to)


def keep_what_was_said(row: Run | Handoff, to: str) -> None:
    """Hold an answer of what is decided, and of nothing else."""
    if isinstance(row, Handoff):
        HeldAnswer.objects.filter(handoff=row).delete()
        if to == HandoffState.DECIDED.value:
            hold(row)


def hold(handoff: Handoff, **changes: Any) -> None:
    fields = {"round": handoff.round, "said": "{}", "release_at": timezone.now()}
    HeldAnswer.objects.create(handoff=handoff, **fields | changes)


def log(row: Run | Handoff, to: str, **changes: Any) -> None:
    """Write the transition that belongs to a move from where `row` is to `to`."""
    fields = {
        "run_id": row.run_id if isinstance(row, Handoff) else row.pk,
        "handoff_id": row.pk if isinstance(row, Handoff) else None,
        "version": row.version + 1,
        "from_state": row.state,
        "to_state": to,
        "actor_kind": "system",
        "cause": "stopped",
    }
    Transition.objects.create(**fields | changes)


def as_at_commit() -> None:
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("set constraints all deferred")


def refusal(*steps: Callable[[], None]) -> str:
    """Take the steps and commit; return the name of the rule that refused, or nothing."""
    try:
        with transaction.atomic():
            for step in steps:
                step()
            as_at_commit()
    except IntegrityError as refused:
        cause = refused.__cause__
        assert isinstance(cause, psycopg.Error)
        return cause.diag.constraint_name or ""
    return ""


def walk(row: Run | Handoff, to: str) -> None:
    """Bring `row` to the state by the shortest legal way."""
    table: Any = RUN_TRANSITIONS if isinstance(row, Run) else HANDOFF_TRANSITIONS
    ways: deque[list[str]] = deque([[row.state]])
    while (way := ways.popleft())[-1] != to:
        ways.extend([*way, target.value] for target in table[way[-1]] if target.value not in way)
    for state in way[1:]:
        assert refusal(lambda: by_orm(row, state), lambda: log(row, state)) == ""  # noqa: B023
        row.refresh_from_db()


@pytest.fixture
def run(db: None, shop: Shop, bot: Client) -> Run:
    return walks.start_run(shop, bot)


@pytest.fixture
def handoff(db: None, shop: Shop, bot: Client, bot_key: str) -> Handoff:
    return walks.waiting(shop, bot, bot_key)


@pytest.mark.parametrize("move", [by_orm, by_sql])
@pytest.mark.parametrize("source", RunState)
def test_a_run_moves_only_as_the_table_says(run: Run, source: RunState, move: Move) -> None:
    walk(run, source.value)

    _try_every_target(run, source, RUN_TRANSITIONS[source], list(RunState), move)


@pytest.mark.parametrize("move", [by_orm, by_sql])
@pytest.mark.parametrize("source", HandoffState)
def test_a_handoff_moves_only_as_the_table_says(
    handoff: Handoff, source: HandoffState, move: Move
) -> None:
    walk(handoff, source.value)

    _try_every_target(handoff, source, HANDOFF_TRANSITIONS[source], list(HandoffState), move)


def _try_every_target(
    row: Run | Handoff, source: Any, legal: frozenset[Any], states: list[Any], move: Move
) -> None:
    name = "run" if isinstance(row, Run) else "handoff"
    for target in [*states, "unheard_of"]:
        unlogged = refusal(lambda: move(row, target))  # noqa: B023
        logged = refusal(lambda: move(row, target), lambda: log(row, target), _take_back)  # noqa: B023

        if target in legal:
            assert unlogged == f"{name}_transition_is_logged", f"{source} -> {target}"
            assert logged == "taken_back", f"{source} -> {target}"
        else:
            assert unlogged == logged == f"{name}_transition_is_legal", f"{source} -> {target}"
        row.refresh_from_db()
        assert row.state == source


def _take_back() -> None:
    """Refuse a move that everyone else accepts, so that the next target is tried from there."""
    as_at_commit()
    with connection.cursor() as cursor:
        cursor.execute(
            "do $$ begin raise 'taken back' "
            "using errcode = 'check_violation', constraint = 'taken_back'; end $$"
        )


@pytest.mark.parametrize("state", RunState)
def test_a_run_begins_running(run: Run, state: RunState) -> None:
    def begin() -> None:
        Run.objects.create(
            workflow_id=run.workflow_id,
            client_id=run.client_id,
            external_id="another",
            state=state.value,
            cause="created",
            status_token="another",
            open_blocking=1,
        )

    expected = "run_transition_is_legal"
    if state is RunState.RUNNING:
        expected = "run_transition_is_logged"
    assert refusal(begin) == expected


@pytest.mark.parametrize("state", HandoffState)
def test_a_handoff_begins_waiting(handoff: Handoff, state: HandoffState) -> None:
    def begin() -> None:
        handoff.pk, handoff.proposal_id = ids.new_handoff(), None
        handoff.state = state.value
        handoff.answered_at = FITTING[state.value]["answered_at"]
        handoff.save(force_insert=True)

    expected = "handoff_transition_is_legal"
    if state is HandoffState.WAITING:
        expected = "handoff_transition_is_logged"
    assert refusal(begin) == expected


def decide_without_a_word(handoff: Handoff) -> None:
    by_sql(handoff, "decided")
    log(handoff, "decided")
    HeldAnswer.objects.filter(handoff=handoff).delete()


def decide_in_another_round(handoff: Handoff) -> None:
    by_sql(handoff, "decided")
    log(handoff, "decided")
    HeldAnswer.objects.filter(handoff=handoff).update(round=2)


@pytest.mark.parametrize("wrong", [decide_without_a_word, decide_in_another_round, hold])
def test_a_handoff_is_decided_exactly_as_long_as_an_answer_is_held(
    handoff: Handoff, wrong: Callable[[Handoff], None]
) -> None:
    assert refusal(lambda: wrong(handoff)) == "handoff_decided_is_held"


def test_what_is_held_of_a_decided_handoff_does_not_vanish(handoff: Handoff) -> None:
    walk(handoff, "decided")

    gone = refusal(lambda: HeldAnswer.objects.filter(handoff=handoff).delete() and None)

    assert gone == "handoff_decided_is_held"


@pytest.mark.parametrize("version", [-1, 0, 1, 3, 7])
def test_the_version_moves_by_one(run: Run, version: int) -> None:
    """`run` is at 1, so only 2 can follow; and 1 itself is no move at all."""

    def move() -> None:
        Run.objects.filter(pk=run.pk).update(state=RunState.COMPLETED.value, version=version)

    assert refusal(move) == "run_version_by_one"


def test_the_version_does_not_move_alone(run: Run) -> None:
    assert refusal(lambda: by_orm(run, "RUNNING")) == "run_transition_is_legal"


def test_a_row_begins_at_version_one(run: Run) -> None:
    def begin() -> None:
        Run.objects.create(
            workflow_id=run.workflow_id,
            client_id=run.client_id,
            external_id="another",
            state="RUNNING",
            version=2,
            cause="created",
            status_token="another",
        )

    assert refusal(begin) == "run_version_by_one"


@pytest.mark.parametrize(
    "wrong",
    [{"version": 3}, {"from_state": "RESUMING"}, {"to_state": "FAILED"}, {"handoff_id": "ho_1"}],
)
def test_a_transition_that_tells_another_story_does_not_count(
    run: Run, wrong: dict[str, Any]
) -> None:
    steps = (lambda: by_orm(run, "COMPLETED"), lambda: log(run, "COMPLETED", **wrong))

    assert refusal(*steps) == "run_transition_is_logged"


def test_another_runs_transition_does_not_count(run: Run, handoff: Handoff) -> None:
    steps = (lambda: by_orm(run, "COMPLETED"), lambda: log(handoff, "waiting", version=2))

    assert refusal(*steps) == "run_transition_is_logged"


def test_two_moves_in_one_transaction_each_need_their_own(run: Run) -> None:
    def first() -> None:
        by_orm(run, "PAUSED_PENDING_HUMAN")
        log(run, "PAUSED_PENDING_HUMAN")

    assert refusal(first, lambda: by_orm(run, "FAILED")) == "run_transition_is_logged"


def test_a_transition_says_truly_when_and_in_which_transaction(run: Run) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_current_xact_id()::text::bigint")
        own = cursor.fetchone()[0]

    log(run, "COMPLETED", at=datetime(2001, 1, 1, tzinfo=UTC), xact_id=own - 1)

    written = Transition.objects.get(run=run, version=2)
    assert written.xact_id == own
    assert (timezone.now() - written.at).total_seconds() < 60


@pytest.mark.parametrize(
    "deed",
    [
        "update handoffs_transition set at = now()",
        "delete from handoffs_transition",
        "truncate handoffs_transition",
        "alter table handoffs_transition disable trigger user",
        "alter table handoffs_run disable trigger run_guard_logged",
        "drop trigger run_guard_move on handoffs_run",
        "create or replace function overread_legal_move(e text, f text, t text) returns boolean "
        "language sql as 'select true'",
        "set session_replication_role = replica",
    ],
)
def test_the_runtime_role_cannot_get_round_the_guards(db: None, deed: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(deed)


def test_even_the_owner_cannot_rewrite_a_transition(
    committed_db: Databases, shop: Shop, bot: Client
) -> None:
    walks.start_run(shop, bot)

    for deed in ("update handoffs_transition set cause = ''", "delete from handoffs_transition"):
        with (
            psycopg.connect(settings.OWNER_DATABASE_URL) as owner,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
        ):
            owner.execute(deed)


def test_a_transition_of_another_transaction_does_not_count(
    committed_db: Databases, shop: Shop, bot: Client
) -> None:
    """Written and committed beforehand it would let anybody move the run later, unlogged."""
    run = walks.start_run(shop, bot)
    log(run, "COMPLETED")

    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute(
            "update handoffs_run set state = 'COMPLETED', version = 2 where id = %s", [run.id]
        )
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            other.commit()

    assert refused.value.diag.constraint_name == "run_transition_is_logged"
    run.refresh_from_db()
    assert run.state == "RUNNING"


def test_a_handoff_cannot_be_born_again(
    committed_db: Databases, shop: Shop, bot: Client, bot_key: str
) -> None:
    """Deleted and put in anew it would begin at version 1, whose transition is there already."""
    handoff = walks.waiting(shop, bot, bot_key)

    def again() -> None:
        handoff.briefs.all().delete()
        Handoff.objects.filter(pk=handoff.pk).delete()
        handoff.save(force_insert=True)

    def logged() -> None:
        log(handoff, "waiting", version=1, from_state="")

    assert refusal(again) == "handoff_transition_is_logged"
    assert refusal(again, logged) == "transition_once_per_version"


@pytest.mark.parametrize(
    "table", ["handoffs_workflow", "handoffs_queue", "accounts_client", "auth_group"]
)
def test_what_runs_and_handoffs_name_is_never_deleted(
    db: None, shop: Shop, bot: Client, table: str
) -> None:
    """The hot tables name these without a foreign key, so the other side may not go."""
    with (
        pytest.raises(IntegrityError, match=f"{table} [0-9]+ is kept"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"delete from {table}")


def test_a_run_is_never_deleted(run: Run) -> None:
    """Its transitions name it without a foreign key."""
    with (
        pytest.raises(IntegrityError, match=f"handoffs_run {run.id} is kept"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("delete from handoffs_run where id = %s", [run.id])
