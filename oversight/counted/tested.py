"""What blind tests showed, of those lots that were told: how many wrong ones were caught.

Nothing here leads to a person: lots are told of many, and only so (`blind_tests.telling`). It is
known of a workflow and its teams, and not of its queues, tiers or action types. Teams that are too
small are told of together (`blind_tests.pooling`), some only of the whole house.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from governance.estimates import Share
from handoffs.models import Workflow
from oversight.models import Programme, Tally
from oversight.statistics import evidence
from oversight.statistics.evidence import Bet, Course

# the words that a lot is broken down by, and what they mean all of
WORDS = ("team", "kind", "difficulty", "harm")
# instead of a team
SEVERAL = "several together"


@dataclass(frozen=True, kw_only=True)
class Group:
    """What was caught of one team, kind of fault, difficulty or harm, where that is told."""

    what: str
    word: str
    caught: Share


@dataclass(frozen=True, kw_only=True)
class Lots:
    """What was told until a day, the oldest first, and whether more is to come.

    `everywhere` is what was told of all workflows; each test is in it once.
    """

    told: tuple[Tally, ...]
    everywhere: tuple[Tally, ...]
    is_on: bool


@dataclass(frozen=True, kw_only=True)
class Tested:
    """`year` is what the evidence is of: a bet begun anew each time one looks would prove nothing.

    `tests` of all reviews there were: at that prevalence it was caught; None: of a part.
    """

    is_on: bool
    now: Share
    before: Share
    by_week: dict[date, Share]
    # of all teams of all workflows
    everywhere: Share
    everywhere_before: Share
    groups: tuple[Group, ...]
    tests: Share | None
    year: int | None
    lots: int
    at_least: float
    # the bet that no more than one in ten is missed
    fallen: Course
    fallen_in: date | None


def read(workflow: Workflow | None, *, since: date | None, last: date) -> Lots:
    """Read all that was told from then on until before `last`: there is little of it."""
    found = Tally.objects.filter(week__lt=last, **{"week__gte": since} if since else {})
    on = Programme.objects.filter(on=True)
    if workflow:
        of_all = Q(kind="", difficulty="", harm="")
        found = found.filter(of_all | Q(workflow=workflow.slug))
        on = on.filter(workflow=workflow)
    rows = tuple(found.order_by("week", "pk"))
    return Lots(
        told=tuple(one for one in rows if not workflow or one.workflow == workflow.slug),
        everywhere=tuple(one for one in rows if _is_whole(one)),
        is_on=on.exists(),
    )


def caught(lots: Lots) -> tuple[Share, Share]:
    """Return what was caught of these lots, and of all teams of all workflows."""
    return _share(one for one in lots.told if _is_whole(one)), _share(lots.everywhere)


def of(lots: Lots, *, earlier: date, starts: date, decided: int | None) -> Tested:
    """Say what they showed since `starts`, from `earlier` to then, and what is proven by now."""
    whole = [one for one in lots.told if _is_whole(one)]
    now = [one for one in whole if one.week >= starts]
    before = [one for one in whole if earlier <= one.week < starts]
    year = whole[-1].week.year if whole else None
    known = [one for one in whole if one.week.year == year]
    caught = _share(now)
    fallen = evidence.course(Bet(), [(one.tests - one.caught, one.tests) for one in known])
    return Tested(
        is_on=lots.is_on,
        now=caught,
        before=_share(before),
        by_week=_by_week(now),
        everywhere=_share(one for one in lots.everywhere if one.week >= starts),
        everywhere_before=_share(one for one in lots.everywhere if earlier <= one.week < starts),
        groups=tuple(_groups([one for one in lots.told if one.week >= starts])),
        tests=None if decided is None else Share(caught.of, caught.of + decided),
        year=year,
        lots=len(known),
        at_least=evidence.at_least((one.caught, one.tests) for one in known),
        fallen=fallen,
        fallen_in=None if fallen.proven_by is None else known[fallen.proven_by].week,
    )


def _is_whole(one: Tally) -> bool:
    return not (one.kind or one.difficulty or one.harm)


def _share(found: Iterable[Tally]) -> Share:
    known = list(found)
    return Share(sum(one.caught for one in known), sum(one.tests for one in known))


def _by_week(found: Sequence[Tally]) -> dict[date, Share]:
    weeks: dict[date, list[Tally]] = defaultdict(list)
    for one in found:
        weeks[one.week].append(one)
    return {week: _share(those) for week, those in weeks.items()}


def _groups(found: Sequence[Tally]) -> Iterable[Group]:
    """Add up what is told of each word; of teams only where there are several."""
    known: dict[tuple[str, str], list[Tally]] = defaultdict(list)
    for one in found:
        if _is_whole(one):
            known[("team", one.team or SEVERAL)].append(one)
        for what in WORDS[1:]:
            if getattr(one, what):
                known[(what, getattr(one, what))].append(one)
    teams = sum(what == "team" for what, _ in known)
    ordered = sorted(known, key=lambda words: (WORDS.index(words[0]), words[1]))
    for what, word in ordered:
        if what != "team" or teams > 1:
            yield Group(what=what, word=word, caught=_share(known[(what, word)]))
