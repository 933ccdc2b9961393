"""Change the governance matrix: who, when, before, after and why; by one person or by two."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.errors import FieldProblem
from accounts.models import User
from governance import maps, matrix_rows, matrix_schema, matrix_words, staffing
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
from handoffs import audit, gaps, queries
from handoffs.actors import Actor
from handoffs.errors import NotGapless
from handoffs.models import MatrixRow, Queue, Workflow

WAITING, APPLIED, REFUSED = MatrixChange.State.values


@transaction.atomic
def propose(
    workflow: Workflow,
    *,
    row: MatrixRow | None = None,
    after: RowFacts | None,
    why: str,
    by: Actor,
    user: User | None,
    now: datetime,
    effective_at: datetime | None = None,
) -> MatrixChange:
    """Begin a row, replace the version `row` that was read, or end it when `after` is None.

    It holds at once or from `effective_at` on; where the workflow asks for four eyes it waits for
    somebody else. Either way it is refused when it would leave gaps, and then nothing is stored.
    """
    locked = _one_at_a_time(workflow)
    moment = matrix_rows.moment()
    _check(locked, after, why, effective_at, moment)
    before = _as_read(row, moment) if row is not None else None
    if before == after:
        raise NothingChanged
    change = MatrixChange.objects.create(
        workflow=locked,
        row=row,
        before=before.model_dump() if before else None,
        after=after.model_dump() if after else None,
        why=why.strip(),
        four_eyes=locked.four_eyes,
        effective_at=effective_at,
        proposed_by=user,
        proposed_at=moment,
    )
    if locked.four_eyes:
        _try(change)
        _note("matrix.proposed", change, by)
        return change
    return _apply(change, by=by, user=user, moment=moment)


@transaction.atomic
def approve(change: MatrixChange, *, by: Actor, user: User, now: datetime) -> MatrixChange:
    """Put a change in force that somebody else proposed, as things stand now.

    Raises StaleChange when its row was changed since, and NotGapless when it leaves gaps by now.
    """
    current = _waiting(change)
    if current.proposed_by_id == user.pk:
        raise OwnChange
    return _apply(current, by=by, user=user, moment=matrix_rows.moment())


@transaction.atomic
def refuse(
    change: MatrixChange, *, by: Actor, user: User, now: datetime, note: str = ""
) -> MatrixChange:
    """Leave the matrix as it is; whoever proposed it may take it back this way."""
    current = _waiting(change)
    moment = matrix_rows.moment()
    MatrixChange.objects.filter(pk=current.pk).update(
        state=REFUSED, decided_by=user, decided_at=moment, note=note.strip()
    )
    _note("matrix.refused", current, by, note=note.strip())
    current.refresh_from_db()
    return current


def history(workflow: Workflow) -> QuerySet[MatrixChange]:
    """Return everything that was decided about the matrix, the newest first."""
    decided = MatrixChange.objects.filter(workflow=workflow).exclude(state=WAITING)
    return decided.select_related("proposed_by", "decided_by").order_by("-decided_at", "-id")


def waiting(workflow: Workflow) -> QuerySet[MatrixChange]:
    """Return what waits for a second person, the oldest first."""
    proposed = MatrixChange.objects.filter(workflow=workflow, state=WAITING)
    return proposed.select_related("proposed_by", "row").order_by("id")


def sentences(change: MatrixChange) -> list[str]:
    """Say what a change does, before and after."""
    before, after = matrix_words.of_json(change.before), matrix_words.of_json(change.after)
    return matrix_words.between(before, after)


@transaction.atomic
def bring(
    workflow: Workflow, wanted: Sequence[RowFacts], *, by: Actor, why: str, now: datetime
) -> None:
    """Make the rows that hold now and later those of `wanted`; what is the same goes on."""
    locked = _one_at_a_time(workflow)
    moment = matrix_rows.moment()
    left = list(wanted)
    ended: list[tuple[MatrixRow, RowFacts]] = []
    for row in queries.rows_from(locked, moment):
        said = matrix_rows.facts(row, now=moment)
        if said in left:
            left.remove(said)
        else:
            ended.append((row, said))
    if (left or ended) and locked.four_eyes and MatrixRow.objects.filter(workflow=locked).exists():
        raise FourEyesAsked
    for row, _ in ended:
        matrix_rows.end(row, at=moment)
    for said in left:
        known = next((one for one in ended if one[1].named == said.named), None)
        if known is not None:
            ended.remove(known)
        starts = matrix_schema.moment(said.starts)
        made = matrix_rows.begin(
            locked,
            said,
            at=max(starts or moment, moment),
            until=matrix_schema.moment(said.ends),
        )
        _imported(locked, known, said, made=made, why=why, moment=moment)
    for known in ended:
        _imported(locked, known, None, made=None, why=why, moment=moment)


def _imported(
    workflow: Workflow,
    known: tuple[MatrixRow, RowFacts] | None,
    after: RowFacts | None,
    *,
    made: MatrixRow | None,
    why: str,
    moment: datetime,
) -> None:
    MatrixChange.objects.create(
        workflow=workflow,
        row=known[0] if known else None,
        made=made,
        before=known[1].model_dump() if known else None,
        after=after.model_dump() if after else None,
        why=why,
        state=APPLIED,
        effective_at=made.effective_from if made else moment,
        proposed_at=moment,
        decided_at=moment,
    )


def _one_at_a_time(workflow: Workflow) -> Workflow:
    """Lock the workflow against other changes of its policy; proposals need not wait for it."""
    return Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)


def _check(
    workflow: Workflow,
    after: RowFacts | None,
    why: str,
    effective_at: datetime | None,
    moment: datetime,
) -> None:
    if not why.strip():
        raise WhyMissing
    if effective_at is not None and effective_at < moment:
        raise RowInThePast
    if after is None:
        return
    found = matrix_schema.problems(
        after,
        action_types=list(workflow.action_types.values_list("name", flat=True)),
        queues=list(Queue.objects.values_list("slug", flat=True)),
    )
    problems = tuple(FieldProblem(".".join(map(str, path)), said) for path, said in found)
    if problems:
        raise BadRow(fields=problems)


def _as_read(row: MatrixRow, moment: datetime) -> RowFacts:
    """Return what the version says, if it is still the one that holds or will hold."""
    for current in queries.rows_from(row.workflow, moment):
        if current.pk == row.pk and current.effective_until == row.effective_until:
            return matrix_rows.facts(current)
    raise RowChanged


def _waiting(change: MatrixChange) -> MatrixChange:
    """Lock, and return the change if nobody was faster."""
    _one_at_a_time(change.workflow)
    current = MatrixChange.objects.select_related("workflow", "row", "proposed_by").get(
        pk=change.pk
    )
    if current.state != WAITING:
        raise ChangeDecided
    return current


def _apply(change: MatrixChange, *, by: Actor, user: User | None, moment: datetime) -> MatrixChange:
    """Put the change in force: rows, history and audit entry commit together."""
    at, made = _put(change, moment)
    MatrixChange.objects.filter(pk=change.pk, state=WAITING).update(
        state=APPLIED, made=made, decided_by=user, decided_at=moment, effective_at=at
    )
    _note("matrix.changed", change, by, effective_at=at.isoformat())
    change.refresh_from_db()
    return change


def _put(change: MatrixChange, moment: datetime) -> tuple[datetime, MatrixRow | None]:
    """End the old version and begin the new one, at one moment, and refuse what leaves gaps."""
    row, after = change.row, matrix_words.of_json(change.after)
    at = max(change.effective_at or moment, moment)
    if change.before is not None:
        if row is None or not _still_stands(row, moment):
            raise _stale(change)
        # what is still to come begins when it was to begin, unless another time was said
        at = max(at, row.effective_from) if change.effective_at is None else at
        if not matrix_rows.end(row, at=at):
            raise _stale(change)
    try:
        with transaction.atomic():
            until = row.effective_until if row is not None else None
            made = matrix_rows.begin(change.workflow, after, at=at, until=until) if after else None
    except IntegrityError as error:
        if "matrix_row_one_at_a_time" not in str(error):
            raise
        raise RowTaken from error
    maps.check_launched(change.workflow, staffed=False)
    if after is not None and change.workflow.launched_at is not None:
        _check_staffed(after)
    return at, made


def _still_stands(row: MatrixRow, moment: datetime) -> bool:
    """Tell whether the version holds, or will hold, as long as when it was read."""
    current = MatrixRow.objects.filter(pk=row.pk, effective_until=row.effective_until)
    return current.filter(Q(effective_until__isnull=True) | Q(effective_until__gt=moment)).exists()


def _stale(change: MatrixChange) -> RowChanged | StaleChange:
    """Say by whom and when the row was changed since it was read."""
    since = MatrixChange.objects.filter(row_id=change.row_id, state=APPLIED).order_by("-id").first()
    if change.row_id is None or since is None:
        return StaleChange() if change.four_eyes else RowChanged()
    who = since.decided_by.name if since.decided_by else "An import"
    return StaleChange(
        f"{who} changed this row at {since.decided_at:%Y-%m-%d %H:%M} UTC, after this was "
        "proposed. Nothing was changed. Propose it anew, from what holds now."
    )


def _check_staffed(after: RowFacts) -> None:
    """Refuse to send anything to where nobody is."""
    row = matrix_schema.authority_row(after, id=0)
    found = gaps.unstaffed([row], staffing.read([row]))
    if found:
        raise NotGapless(
            "Nobody is there for what this row asks, so nothing was changed. Mend that first.",
            fields=tuple(FieldProblem("matrix", gap.sentence) for gap in found),
        )


class _TriedOut(Exception):
    """Takes back what was only tried."""


def _try(change: MatrixChange) -> None:
    """Refuse already what could not be approved as things stand."""
    try:
        with transaction.atomic():
            _put(change, matrix_rows.moment())
            raise _TriedOut
    except _TriedOut:
        return


def _note(action: str, change: MatrixChange, by: Actor, **facts: object) -> None:
    body = {
        "change": change.pk,
        "before": change.before,
        "after": change.after,
        "why": change.why,
        "proposed_by": change.proposed_by_id,
        **facts,
    }
    audit.record(by=by, action=action, subject=change.workflow.slug, body=body)
