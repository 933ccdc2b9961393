"""Changes of the governance matrix: who, when, before, after, why; by one person or by two."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.errors import DomainError
from accounts.models import User
from governance import matrix, matrix_rows, workflow_files
from governance.errors import (
    BadRow,
    ChangeDecided,
    FourEyesAsked,
    NothingChanged,
    OwnChange,
    RowChanged,
    RowInThePast,
    RowTaken,
    StaleChange,
    WhyMissing,
)
from governance.matrix_schema import RowFacts
from governance.models import MatrixChange
from handoffs import compiled
from handoffs.actors import SYSTEM, person_actor
from handoffs.errors import NotGapless
from handoffs.models import AuditEntry, MatrixRow, Workflow
from handoffs.states import HandoffKind, Tier
from tests import factories, walks


def now() -> datetime:
    return timezone.now()


def facts(shop: factories.Shop, **changes: Any) -> RowFacts:
    row = MatrixRow.objects.get(pk=shop.row.pk)
    return matrix_rows.facts(row).model_copy(update=changes)


def propose(
    shop: factories.Shop, user: User, row: MatrixRow | None | str = "first", **said: Any
) -> MatrixChange:
    changes = {"deadline": "2h"} | said.pop("changes", {})
    options = {"after": facts(shop, **changes), "why": "Answers take too long"} | said
    return matrix.propose(
        shop.workflow,
        row=MatrixRow.objects.get(pk=shop.row.pk) if row == "first" else row,  # type: ignore[arg-type]
        by=person_actor(user.pk, "manager"),
        user=user,
        now=now(),
        **options,
    )


def approve(change: MatrixChange, user: User) -> MatrixChange:
    return matrix.approve(change, by=person_actor(user.pk, "manager"), user=user, now=now())


@pytest.fixture
def two(shop: factories.Shop) -> factories.Shop:
    """The shop, where two people decide about the matrix."""
    Workflow.objects.filter(pk=shop.workflow.pk).update(four_eyes=True)
    shop.workflow.refresh_from_db()
    return shop


def seconds(shop: factories.Shop, at: datetime | None = None) -> int:
    """The deadline that a refund would get."""
    read = compiled.get(shop.workflow.pk, *((Workflow.objects.get().revision, at) if at else ()))
    found = read.authority("refund_order", HandoffKind.APPROVAL, Tier.HARD_APPROVAL)
    assert found is not None
    return found.deadline_seconds


def test_a_change_ends_the_row_and_begins_another_at_one_moment(
    shop: factories.Shop, mia: User
) -> None:
    revision = Workflow.objects.get().revision

    change = propose(shop, mia)

    old, new = MatrixRow.objects.order_by("pk")
    assert old.effective_until == new.effective_from == change.effective_at
    assert (new.deadline_seconds, new.steps.count()) == (7200, 1)
    assert (change.state, change.made, change.decided_by) == ("applied", new, mia)
    assert Workflow.objects.get().revision > revision
    assert seconds(shop) == 7200


def test_the_history_says_who_when_before_after_and_why(shop: factories.Shop, mia: User) -> None:
    propose(shop, mia, changes={"deadline": "2h", "fallback": "hold"})

    (change,) = matrix.history(shop.workflow)
    assert (change.proposed_by, change.why) == (mia, "Answers take too long")
    assert matrix.sentences(change) == [
        "Deadline: 2 h. Before: 4 h.",
        "When nobody answers: it stays where it is and the owner is told. Before: the agent is "
        "told no.",
    ]
    entry = AuditEntry.objects.get(action="matrix.changed")
    assert (entry.subject, entry.actor) == ("retail-support", f"user {mia.pk}")


def test_a_change_for_later_holds_from_then_on(
    shop: factories.Shop, mia: User, bot: Any, bot_key: str
) -> None:
    later = now() + timedelta(days=2)

    propose(shop, mia, effective_at=later)

    assert seconds(shop) == 4 * 3600
    assert seconds(shop, later - timedelta(seconds=1)) == 4 * 3600
    assert seconds(shop, later) == 7200
    assert walks.waiting(shop, bot, bot_key).deadline_seconds == 4 * 3600


def test_a_row_that_is_still_to_come_is_changed_where_it_stands(
    shop: factories.Shop, mia: User
) -> None:
    later = now() + timedelta(days=2)
    planned = propose(shop, mia, effective_at=later).made

    propose(shop, mia, row=planned, changes={"deadline": "1h"})

    assert [seconds(shop, at) for at in (now(), later)] == [4 * 3600, 3600]


def test_a_row_begins_and_ends(shop: factories.Shop, mia: User) -> None:
    wanted = facts(shop, action_type="refund_order", deadline="30m")

    begun = propose(shop, mia, row=None, after=wanted)
    assert seconds(shop) == 1800
    assert matrix.sentences(begun)[0].startswith("A new row for action type refund_order: ")

    propose(shop, mia, row=begun.made, after=None)
    assert seconds(shop) == 4 * 3600


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"why": "  "}, WhyMissing),
        ({"changes": {"deadline": "4h"}}, NothingChanged),
        ({"effective_at": datetime.fromisoformat("2020-01-01T00:00+00:00")}, RowInThePast),
        ({"changes": {"queue": "attic"}}, BadRow),
        ({"changes": {"deadline": "soon"}}, BadRow),
        ({"changes": {"fallback": ""}}, NotGapless),
        ({"changes": {"tier": "hard_stop"}}, NotGapless),
        ({"changes": {"role": "nobody yet"}}, NotGapless),
        ({"after": None}, NotGapless),
        ({"row": None}, RowTaken),
    ],
)
@pytest.mark.parametrize("eyes", ["two eyes", "four eyes"])
def test_what_cannot_hold_is_refused_and_changes_nothing(
    shop: factories.Shop, mia: User, said: dict[str, Any], refusal: type[DomainError], eyes: str
) -> None:
    Workflow.objects.update(four_eyes=eyes == "four eyes")
    before = list(MatrixRow.objects.values())

    with pytest.raises(refusal):
        propose(shop, mia, **said)

    assert list(MatrixRow.objects.values()) == before
    assert not MatrixChange.objects.exists()


def test_a_row_that_was_changed_after_it_was_read_is_not_changed(
    shop: factories.Shop, mia: User, olga: User
) -> None:
    read = MatrixRow.objects.get(pk=shop.row.pk)
    propose(shop, mia)

    with pytest.raises(RowChanged):
        propose(shop, olga, row=read, changes={"deadline": "9h"})

    assert seconds(shop) == 7200


class TestFourEyes:
    def test_nothing_changes_before_somebody_else_approves(
        self, two: factories.Shop, mia: User, olga: User
    ) -> None:
        change = propose(two, mia)

        assert change.state == "waiting"
        assert list(matrix.waiting(two.workflow)) == [change]
        assert seconds(two) == 4 * 3600

        done = approve(change, olga)

        assert (done.state, done.proposed_by, done.decided_by) == ("applied", mia, olga)
        assert seconds(two) == 7200

    def test_nobody_approves_what_they_proposed(self, two: factories.Shop, mia: User) -> None:
        change = propose(two, mia)

        with pytest.raises(OwnChange):
            approve(change, mia)

        assert seconds(two) == 4 * 3600

    def test_the_database_knows_it_too(self, two: factories.Shop, mia: User) -> None:
        change = propose(two, mia)
        alone = {"state": "applied", "decided_by": mia, "decided_at": now()}

        with pytest.raises(IntegrityError, match="matrix_change_seen_by_two"), transaction.atomic():
            MatrixChange.objects.filter(pk=change.pk).update(**alone)

    def test_what_is_refused_stays_as_it_was(
        self, two: factories.Shop, mia: User, olga: User
    ) -> None:
        change = propose(two, mia)

        matrix.refuse(change, by=SYSTEM, user=olga, now=now(), note="Too short")

        assert matrix.history(two.workflow).get().note == "Too short"
        with pytest.raises(ChangeDecided):
            approve(change, olga)
        assert seconds(two) == 4 * 3600

    def test_a_proposal_that_is_out_of_date_is_refused_by_name(
        self, two: factories.Shop, mia: User, olga: User
    ) -> None:
        first, second = propose(two, mia), propose(two, mia, changes={"deadline": "1h"})
        approve(first, olga)

        with pytest.raises(StaleChange, match="Olga changed this row at .* after this was"):
            approve(second, olga)

        assert seconds(two) == 7200
        assert second in matrix.waiting(two.workflow)

    def test_what_was_fine_then_and_leaves_a_gap_now_is_refused(
        self, two: factories.Shop, mia: User, olga: User
    ) -> None:
        extra = facts(two, action_type="refund_order", kind="approval")
        approve(propose(two, mia, row=None, after=extra), olga)
        approve(propose(two, mia, row=None, after=facts(two, action_type="refund_order")), olga)
        one, other = MatrixRow.objects.order_by("-pk")[:2]
        changes = [propose(two, mia, row=row, after=None) for row in (one, other)]
        rest = propose(two, mia, changes={"action_type": "cancel_order"})
        approve(changes[0], olga)
        approve(changes[1], olga)

        with pytest.raises(NotGapless):
            approve(rest, olga)

    def test_a_file_does_not_get_past_the_second_person(self, two: factories.Shop) -> None:
        text = workflow_files.export(two.workflow)
        assert "four_eyes: true" in text
        workflow_files.load(text, by=SYSTEM, now=now())

        with pytest.raises(FourEyesAsked):
            workflow_files.load(
                text.replace("deadline: 4h", "deadline: 1h", 1), by=SYSTEM, now=now()
            )
        with pytest.raises(FourEyesAsked):
            workflow_files.load(text.replace("four_eyes: true\n", ""), by=SYSTEM, now=now())

        assert seconds(two) == 4 * 3600


def test_two_rows_for_the_same_never_hold_at_one_moment(shop: factories.Shop) -> None:
    with pytest.raises(IntegrityError, match="matrix_row_one_at_a_time"), transaction.atomic():
        factories.MatrixRowFactory(workflow=shop.workflow, role=shop.team, queue=shop.queue)

    MatrixRow.objects.filter(pk=shop.row.pk).update(effective_until=now() + timedelta(days=1))
    factories.MatrixRowFactory(
        workflow=shop.workflow,
        role=shop.team,
        queue=shop.queue,
        effective_from=now() + timedelta(days=2),
    )
    factories.MatrixRowFactory(
        workflow=shop.workflow, role=shop.team, queue=shop.queue, kind="audit"
    )


def in_order(first: Callable[[], object], second: Callable[[], object]) -> list[object]:
    """Run `second` on another connection while `first` has not committed yet; tell what came."""
    came: list[object] = [None, None]
    holds, started = threading.Event(), threading.Event()

    def run_second() -> None:
        holds.wait(10)
        started.set()
        try:
            came[1] = second()
        except Exception as error:
            came[1] = error
        finally:
            connection.close()

    thread = threading.Thread(target=run_second)
    thread.start()
    with transaction.atomic():
        came[0] = first()
        holds.set()
        started.wait(10)
        # long enough for the other to reach the lock
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(20)
    return came


@pytest.mark.slow
@pytest.mark.parametrize("order", ["first", "second"])
def test_of_two_changes_at_once_the_later_is_refused(
    committed_db: object, shop: factories.Shop, mia: User, olga: User, order: str
) -> None:
    read = MatrixRow.objects.get(pk=shop.row.pk)
    acts = [
        lambda: propose(shop, mia, row=read, changes={"deadline": "2h"}),
        lambda: propose(shop, olga, row=read, changes={"deadline": "3h"}),
    ]
    winner, loser = in_order(*(acts if order == "first" else reversed(acts)))

    assert isinstance(winner, MatrixChange)
    assert isinstance(loser, RowChanged)
    assert seconds(shop) == (7200 if order == "first" else 10_800)
    assert MatrixRow.objects.filter(effective_until=None).count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("order", ["approved", "refused"])
def test_of_a_yes_and_a_no_at_once_the_later_is_told(
    committed_db: object, two: factories.Shop, mia: User, olga: User, order: str
) -> None:
    change = propose(two, mia)
    acts = [
        lambda: approve(change, olga),
        lambda: matrix.refuse(change, by=SYSTEM, user=mia, now=now()),
    ]
    winner, loser = in_order(*(acts if order == "approved" else reversed(acts)))

    assert isinstance(winner, MatrixChange)
    assert isinstance(loser, ChangeDecided)
    assert MatrixChange.objects.get().state == ("applied" if order == "approved" else "refused")
