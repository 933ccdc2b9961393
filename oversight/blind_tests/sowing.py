"""Let blind tests in: count reviews, draw, make, begin, let them ask, and take them out again.

Each step commits by itself and holds the row that says it is to be done; whoever else looks at that
row meanwhile passes it over. So any number of workers may do this at once, one that dies leaves
nothing half done, and what was done is not done again.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from accounts.errors import DomainError
from handoffs import moves
from handoffs.failpoints import failpoint
from handoffs.models import Handoff
from handoffs.rulings import Proposed
from handoffs.states import Tier
from oversight.blind_tests import cohorts, making, situations
from oversight.blind_tests.making import Ready
from oversight.models import Cohort, SpentPair, Sprout
from oversight.statistics.pacing import Off
from reviews import leases, plants
from reviews.models import Plant
from reviews.plants import NoPlace

logger = logging.getLogger(__name__)

# of its first level's time it stands for so much; in somebody's hands for a little longer
HALF, IN_HANDS = 0.5, 0.75
# after an outage nothing asks that was to ask long ago: no real one takes so long for that
LATE = timedelta(minutes=30)


def sow(*, now: datetime) -> None:
    """Do all that is due."""
    take_out(now=now)
    cohorts.count(now=now)
    begin_due(now=now)
    ask_due(now=now)


def begin_due(*, now: datetime) -> int:
    """Begin the tests that a draw made due; return how many."""
    begun = 0
    for name in [one.name for one in Cohort.objects.order_by("name") if _is_due(one)]:
        with _apart("A blind test could not be made.", partial(_skip, name)):
            begun += _begin_one(name, now)
    return begun


def _is_due(cohort: Cohort) -> bool:
    return cohorts.due(cohort) is not None


@transaction.atomic
def _begin_one(name: str, now: datetime) -> int:
    cohort = _lock(name)
    number = None if cohort is None else cohorts.due(cohort)
    if cohort is None or number is None:
        return 0
    ready = None
    if situations.off(cohort.workflow, cohort.queue, now=now) is None:
        ready = making.make(cohort, number, now=now)
    cohorts.settle(cohort, number)
    if ready is None:
        return 0
    _begin(cohort, ready, now)
    failpoint("sowing.begin.before_commit")
    return 1


def _lock(name: str) -> Cohort | None:
    found = Cohort.objects.select_for_update(of=("self",), skip_locked=True)
    return found.select_related("workflow", "queue").filter(name=name).first()


def _begin(cohort: Cohort, ready: Ready, now: datetime) -> None:
    if ready.pair:
        SpentPair.objects.create(digest=ready.pair)
    plant = plants.begin(
        cohort.workflow,
        ready.sown,
        client=ready.client,
        external_id=ready.external_id,
        input=ready.body["input"],
        requester=ready.body["requester"],
        now=now,
    )
    Sprout.objects.create(
        run_id=plant.pk,
        cohort=cohort,
        queue=cohort.queue,
        tier=Tier.HARD_APPROVAL.value,
        proposed=making.proposed(ready),
        asks_at=now + timedelta(seconds=ready.delay),
    )


@transaction.atomic
def _skip(name: str) -> None:
    """Let a stretch pass whose test can't be made, rather than to try for ever."""
    cohort = _lock(name)
    number = None if cohort is None else cohorts.due(cohort)
    if cohort is not None and number is not None:
        cohorts.settle(cohort, number)


def ask_due(*, now: datetime) -> int:
    """Let the tests ask whose time has come; return how many stand now."""
    due = Sprout.objects.filter(asks_at__lte=now).order_by("asks_at", "pk")
    stood = 0
    for run in due.values_list("pk", flat=True):
        with _apart("A blind test could not ask.", partial(_wither, run, now)):
            stood += _ask_one(run, now)
    return stood


@transaction.atomic
def _ask_one(run: str, now: datetime) -> int:
    sprout = _lock_sprout(run)
    if sprout is None:
        return 0
    moves.lock_run(run)
    plant = Plant.objects.get(pk=run)
    late = now - sprout.asks_at > LATE
    if plant.ended or late or _may_not_ask(sprout, now) is not None:
        _end(sprout, plant, now)
        return 0
    try:
        _stand(sprout, plant, now)
    except (NoPlace, DomainError) as error:
        logger.info(
            "A blind test did not ask.",
            extra={"action": "blind_test.kept_out", "why": type(error).__name__},
        )
        _end(sprout, plant, now)
        return 0
    sprout.delete()
    failpoint("sowing.ask.before_commit")
    return 1


def _lock_sprout(run: str) -> Sprout | None:
    found = Sprout.objects.select_for_update(of=("self",), skip_locked=True)
    return found.select_related("cohort__workflow", "queue").filter(pk=run).first()


def _may_not_ask(sprout: Sprout, now: datetime) -> Off | None:
    return situations.off(sprout.cohort.workflow, sprout.queue, now=now)


@transaction.atomic
def _stand(sprout: Sprout, plant: Plant, now: datetime) -> None:
    """Let it ask where the reviews of its cohort were taken, or not at all."""
    said = Proposed(run=plant.pk, **json.loads(sprout.proposed))
    handoff_id = plants.stand(plant, said, queue_id=sprout.queue_id, now=now)
    handoff = Handoff.objects.get(id=handoff_id)
    asked = (handoff.role_id, handoff.tier, handoff.level)
    if asked != (sprout.cohort.team_id, sprout.tier, 1):
        raise NoPlace
    if int(handoff.safeguards.get("approvers", 1)) != 1 or handoff.beyond_limit:
        raise NoPlace


def _end(sprout: Sprout, plant: Plant, now: datetime) -> None:
    if not plant.ended:
        plants.end(plant, now=now)
    sprout.delete()


@transaction.atomic
def _wither(run: str, now: datetime) -> None:
    sprout = _lock_sprout(run)
    if sprout is not None:
        _end(sprout, Plant.objects.get(pk=run), now)


def take_out(*, now: datetime) -> int:
    """Take out what stood for half its time, and all that stands where none may stand now."""
    why: dict[tuple[int, int], Off | None] = {}
    taken = 0
    standing = Plant.objects.filter(ended=False, handoff__isnull=False)
    for plant in standing.select_related("handoff__workflow", "handoff__queue"):
        handoff = plant.handoff
        assert handoff is not None
        place = (handoff.workflow_id, handoff.queue_id)
        if place not in why:
            why[place] = situations.off(handoff.workflow, handoff.queue, now=now)
        if _is_over(handoff, why[place], now):
            with _apart("A blind test could not be taken out.", lambda: None):
                _take_out_one(handoff.id, now)
                taken += 1
    return taken


def _is_over(handoff: Handoff, off: Off | None, now: datetime) -> bool:
    held = leases.standing(handoff.id).exists()
    if off in _AT_ONCE or off is not None and not held:
        return True
    whole = (handoff.deadline_at - handoff.counted_from).total_seconds()
    past = (now - handoff.counted_from).total_seconds()
    return past >= whole * (IN_HANDS if held else HALF)


# where these hold nobody goes on with what they have either
_AT_ONCE = frozenset({Off.STOPPED, Off.SWITCHED_OFF, Off.NO_NOTICE})


@transaction.atomic
def _take_out_one(handoff_id: str, now: datetime) -> None:
    plants.withdraw(handoff_id, now=now)
    failpoint("sowing.take_out.before_commit")


@contextmanager
def _apart(what: str, otherwise: Callable[[], None]) -> Iterator[None]:
    """Keep what fails for one from keeping the others, and from being tried for ever."""
    try:
        yield
    except Exception:
        logger.exception(what)
        otherwise()
