"""Make a cohort's next test: choose a kind, find a source, and put the one into the other."""

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from django.db.models import Count

from accounts.models import Client
from handoffs.models import Run
from oversight.blind_tests import (
    cohorts,
    copies,
    faults,
    guises,
    library,
    material,
    sources,
    stock,
    telling,
    written,
)
from oversight.blind_tests.faults import Fault, Made, Unusable
from oversight.blind_tests.guises import Guise
from oversight.blind_tests.material import Path
from oversight.blind_tests.sources import Source, Wording
from oversight.blind_tests.stock import Stocked
from oversight.blind_tests.written import Written
from oversight.models import Cohort, SpentPair
from oversight.statistics import pacing
from oversight.statistics.pacing import Block
from reviews.models import Plant
from reviews.plants import Sown

# so many sources are looked at for one fault; where nothing comes of them another has its turn
_SOURCES = 12
_FAULTS = 6


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A test that is made: whose run it seems, what it will ask, and how long after it begins.

    `pair` is what is spent of the past by it; a test by hand spends itself.
    """

    client: Client
    sown: Sown
    made: Made
    delay: float
    blocking: bool
    pair: str = ""

    @property
    def body(self) -> Mapping[str, Any]:
        return self.made.material.body

    @property
    def external_id(self) -> str:
        return str(self.body["external_id"])


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One stretch's turn of a cohort; `said` is read once for each action type."""

    cohort: Cohort
    number: int
    now: datetime
    said: dict[str, Wording] = field(default_factory=dict)

    def place(self, *words: str) -> float:
        return pacing.place(cohorts.secret(), self.key, *words)

    @property
    def key(self) -> str:
        return f"{cohorts.key(self.cohort)}:{self.number}"

    def wording(self, action_type: str) -> Wording:
        if action_type not in self.said:
            self.said[action_type] = sources.wording(
                self.cohort.workflow_id, action_type, now=self.now
            )
        return self.said[action_type]


def make(cohort: Cohort, number: int, *, now: datetime) -> Ready | None:
    """Return the test of this stretch; None where the library or the past have nothing for it."""
    turn = Turn(cohort=cohort, number=number, now=now)
    for stocked in islice(_chosen(turn), _FAULTS):
        ready = _of(turn, stocked)
        if ready is not None:
            return ready
    return None


def _chosen(turn: Turn) -> Iterator[Stocked]:
    """Yield what is in stock, that of the block that was met least first."""
    left: dict[Block, list[Stocked]] = {}
    for one in stock.usable(turn.cohort.workflow):
        left.setdefault(one.block, []).append(one)
    met, secret, key = _met(turn.cohort), cohorts.secret(), cohorts.key(turn.cohort)
    while True:
        block = pacing.choose(secret, key, turn.number, met=met, stock=left)
        if block is None:
            return
        several = sorted(left.pop(block), key=lambda one: one.digest)
        start = int(turn.place("fault") * len(several))
        yield from several[start:] + several[:start]


def _met(cohort: Cohort) -> dict[Block, int]:
    made = Plant.objects.filter(cohort=cohort.name).values_list("kind")
    return {
        Block(*kind.split(telling.BETWEEN_WORDS)): times
        for kind, times in made.annotate(times=Count("pk"))
    }


def _of(turn: Turn, stocked: Stocked) -> Ready | None:
    said = stocked.said
    if isinstance(said, Written):
        return _by_hand(turn, stocked, said)
    found = sources.find(
        turn.cohort,
        said.action_type,
        draws=stocked.draws,
        lot=partial(turn.place, "source", stocked.digest),
        now=turn.now,
    )
    tried = (_generated(turn, stocked, said, one) for one in islice(found, _SOURCES))
    return next((ready for ready in tried if ready is not None), None)


def _generated(turn: Turn, stocked: Stocked, fault: Fault, source: Source) -> Ready | None:
    pair = _pair(source, stocked)
    handoff = source.handoff
    if SpentPair.objects.filter(digest=pair).exists():
        return None
    drawn = _key(turn, pair)
    said = turn.wording(fault.action_type)
    try:
        external_id = _called(turn, handoff.run.external_id, drawn)
        made = copies.copy(
            source.material,
            fault,
            _guise(drawn, said, source, turn.now),
            external_id=external_id,
            usual=said.usual,
        )
    except Unusable:
        return None
    at = faults.place(fault.shown_at, made.material.body)
    return Ready(
        client=handoff.run.client,
        sown=_sown(turn, stocked, made, at=at, knows=source.known_to),
        made=made,
        delay=_delay(turn, fault.action_type, drawn),
        blocking=handoff.blocking,
        pair=pair,
    )


def _by_hand(turn: Turn, stocked: Stocked, said: Written) -> Ready | None:
    """Let a test by hand stand as the last real one of its kind did; it is spent by that."""
    action_type = said.material.action_type
    like = sources.latest(turn.cohort, action_type, now=turn.now)
    if like is None:
        return None
    drawn, made = _key(turn, stocked.digest), written.made(said)
    empty: dict[str, Any] = {
        "signals": {},
        "preconditions": [],
        "checkpoint": None,
        "requester": None,
    }
    try:
        name = _called(turn, like.run.external_id, drawn)
    except Unusable:
        return None
    if not library.spend(stocked.id, now=turn.now):
        return None
    body = {**empty, **said.material.body, "external_id": name}
    shown = replace(made, material=made.material.with_body(body))
    return Ready(
        client=like.run.client,
        sown=_sown(turn, stocked, shown, at=said.shown_at, knows=frozenset()),
        made=shown,
        delay=_delay(turn, action_type, drawn),
        blocking=like.blocking,
    )


def _pair(source: Source, stocked: Stocked) -> str:
    """Name a source and a fault together, so that no dump says which."""
    words = f"{source.handoff.pk}:{stocked.digest}".encode()
    return hmac.digest(cohorts.secret(), b"overread spent pairs\0" + words, "sha256").hex()


def _key(turn: Turn, of: str) -> bytes:
    return hmac.digest(cohorts.secret(), f"{turn.key}:{of}".encode(), "sha256")


def _guise(key: bytes, said: Wording, source: Source, now: datetime) -> Guise:
    then = source.handoff.opened_at
    return Guise(
        key=key,
        given_names=said.given_names,
        family_names=said.family_names,
        days=guises.days_between(then, now, source.material.body),
        year=then.year,
    )


def _called(turn: Turn, like: str, key: bytes) -> str:
    """Return what the agent might call it; raises Unusable where no name is like theirs."""
    workflow = turn.cohort.workflow_id
    recent = set(sources.recent_names(workflow, now=turn.now))
    for name in copies.called(like, recent, key):
        if not Run.objects.filter(workflow=workflow, external_id=name).exists():
            return name
    raise Unusable("Its agent calls its runs by names that can't be made up.")


def _delay(turn: Turn, action_type: str, key: bytes) -> float:
    """Return how long after it begins this run asks: as long as one of the last real ones."""
    real = sources.delays(turn.cohort.workflow_id, action_type, now=turn.now)
    return real[int(pacing.place(key, "delay") * len(real))] if real else 0.0


def _sown(turn: Turn, stocked: Stocked, made: Made, *, at: Path, knows: frozenset[int]) -> Sown:
    said, where = stocked.said, material.in_words(at, made.material.body)
    return Sown(
        cohort=turn.cohort.name,
        kind=telling.key(said.kind.value, said.difficulty.value, said.harm.value),
        wrong=made.wrong,
        told={"what": said.told, "before": made.before, "after": made.after, "where": where},
        known_to=tuple(sorted(knows | stocked.known_to)),
    )


def proposed(ready: Ready) -> str:
    """Return what this test will propose, see handoffs.rulings.Proposed, as JSON text."""
    body, kept = ready.body, ready.body["checkpoint"]
    return json.dumps(
        {
            "action_type": ready.made.material.action_type,
            "arguments": body["arguments"],
            "signals": body["signals"],
            "brief": body["brief"],
            "checkpoint": None if kept is None else json.dumps(kept),
            "preconditions": body["preconditions"],
            "blocking": ready.blocking,
        }
    )
