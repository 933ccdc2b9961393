"""Tell of several teams at once what is of too few to be told of each by itself.

For six weeks a lot waits for its own team to be enough. Then it is told with those of its workflow,
after nine with those of the whole house: of ten people, and by the rule that holds for every lot.
Each test is told once, in the smallest of these that is of many. So what is told of all teams, less
what is told of some of them, is what was told of the others together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from oversight.blind_tests import telling
from oversight.blind_tests.telling import Told
from oversight.statistics import cells
from reviews import lots
from reviews.lots import Lot

# weeks that a lot was not told by itself; before thirteen it is emptied
WITH_ITS_WORKFLOW, WITH_THE_HOUSE = 6, 9
HOUSE = ""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A cohort's lot that could not be told by itself for so many weeks."""

    cohort: str
    workflow: str
    weeks: int
    lot: Lot


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """What is told by workflow, or of the house; and the lots that go on otherwise, by cohort.

    `told_of` names those cohorts that are in what was told.
    """

    told: dict[str, list[Told]] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    told_of: set[str] = field(default_factory=set)


def close(waiting: Sequence[Waiting]) -> Pooled:
    """Return what these lots let tell together; their people have to have the same names."""
    found = Pooled()
    for workflow in sorted({one.workflow for one in waiting}):
        its = (one for one in waiting if one.workflow == workflow)
        _close(found, workflow, [one for one in its if one.weeks >= WITH_ITS_WORKFLOW])
    left = (one for one in waiting if one.cohort not in found.lots)
    _close(found, HOUSE, [one for one in left if one.weeks >= WITH_THE_HOUSE])
    return found


def _close(found: Pooled, where: str, these: Sequence[Waiting]) -> None:
    if not these:
        return
    whole = lots.together(one.lot for one in these)
    rows, goes_on = telling.close_as_one(whole, people=cells.PEOPLE_ACROSS_TEAMS)
    if rows:
        found.told[where] = rows
        found.told_of.update(one.cohort for one in these)
    after = ((one, goes_on(one.lot)) for one in these)
    found.lots.update({one.cohort: lot for one, lot in after if lot is not one.lot})
