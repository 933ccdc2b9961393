"""Proposals that come at the same moment share one look and one statement for those alike.

Only what is plainly in order is settled here. Whatever is refused, waits for somebody else's work,
or has to ask the database more, is left to whoever may wait for it: `intake.propose`, which also
says why.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError

from handoffs import doors, intake, pause
from handoffs.doors import Door
from handoffs.failpoints import failpoint
from handoffs.idempotency import Told
from handoffs.intake import Asked, Ready
from handoffs.pause import Stored
from handoffs.wires import Lost, Wire

# nothing was stored of it, and it was not looked at any further
LEFT = None


async def settle(wire: Wire, asked: Sequence[Asked]) -> list[Told | None | Exception]:
    """Return for each what it is told, as if it had come alone; or LEFT; or Lost."""
    outcomes: list[Told | None | Exception] = [LEFT] * len(asked)
    alike: dict[tuple[str, ...], dict[int, Ready]] = defaultdict(dict)
    # the second proposal of a run comes after the first
    runs: set[str] = set()
    for place, (one, door) in enumerate(zip(asked, await _look(wire, asked), strict=True)):
        found = _prepare(one, door)
        if isinstance(found, Told):
            outcomes[place] = found
        elif found is not None and one.proposed.run not in runs:
            runs.add(one.proposed.run)
            alike[found.writing.parts][place] = found
    for group in alike.values():
        for place, outcome in zip(group, await _store(wire, list(group.values())), strict=True):
            outcomes[place] = outcome
    return outcomes


async def _look(wire: Wire, asked: Sequence[Asked]) -> list[Door | None]:
    try:
        rows = await wire.rows(doors.DOOR, [_knock(one) for one in asked])
    except (DatabaseError, OSError):
        return [None] * len(asked)
    return doors.read(rows, len(asked))


def _knock(one: Asked) -> dict[str, Any]:
    key = one.keyed.key if one.keyed else None
    return doors.knock(secret_hash=one.secret_hash, run_id=one.proposed.run, key=key)


def _prepare(one: Asked, door: Door | None) -> Told | Ready | None:
    if door is None:
        return LEFT
    try:
        found = intake.prepare(door, one.proposed, one.keyed)
        return LEFT if isinstance(found, Ready) and found.beyond_limit else found
    except Exception:
        # a refusal, or Django's SynchronousOnlyOperation: it wanted to ask the database
        return LEFT


async def _store(wire: Wire, ready: Sequence[Ready]) -> list[Told | None | Exception]:
    """Store all of them, but for those whose run somebody else just works on or has ended."""
    failpoint("lots.before_store")
    found = pause.statement(ready[0].writing.parts, patient=False)
    try:
        rows = await wire.rows(found, [one.writing.values for one in ready])
    except Lost as error:
        return [error] * len(ready)
    except DatabaseError:
        return [LEFT] * len(ready)
    failpoint("lots.after_store")
    stored = pause.stored(rows)
    return [one.told if stored.get(one.run) is Stored.STORED else LEFT for one in ready]
