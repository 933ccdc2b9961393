"""Make a cohort's next test: choose a kind, find a source, and put the one into the other."""

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Count

from handoffs.models import Run
from oversight import cohorts, copies, faults, guises, pacing, sources, stock, telling
from oversight.faults import Fault, Made, Unusable
from oversight.guises import Guise
from oversight.models import Cohort, SpentPair
from oversight.pacing import Block
from oversight.sources import Source, Wording
from oversight.stock import Stocked
from reviews.models import Plant
from reviews.plants import Sown

# so many sources are looked at for one fault; where nothing comes of them another has its turn
_SOURCES = 12
_FAULTS = 6


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A test that is made: all that its run begins with, and what it will ask."""

    source: Source
    sown: Sown
    made: Made
    pair: str
    delay: float

    @property
    def body(self) -> Mapping[str, Any]:
        return self.made.material.body

    @property
    def external_id(self) -> str:
        return str(self.body["external_id"])


def make(cohort: Cohort, number: int, *, now: datetime) -> Ready | None:
    """Return the test of this stretch; None where the library or the past have nothing for it."""
    key = f"{cohorts.key(cohort)}:{number}"
    for stocked in islice(_chosen(cohort, number), _FAULTS):
        place = pacing.place(cohorts.secret(), key, "source", stocked.digest)
        found = sources.find(cohort, stocked.fault.action_type, place=place, now=now)
        for source in islice(found, _SOURCES):
            ready = _try(cohort, stocked, source, key=key, now=now)
            if ready is not None:
                return ready
    return None


def _chosen(cohort: Cohort, number: int) -> Iterator[Stocked]:
    """Yield the faults in stock, those of the block that was met least first."""
    left: dict[Block, list[Stocked]] = {}
    for one in stock.usable(cohort.workflow):
        left.setdefault(_block(one.fault), []).append(one)
    met, secret, key = _met(cohort), cohorts.secret(), cohorts.key(cohort)
    while True:
        block = pacing.choose(secret, key, number, met=met, stock=left)
        if block is None:
            return
        drawn = pacing.place(secret, key, "fault", str(number))
        several = sorted(left.pop(block), key=lambda one: one.digest)
        start = int(drawn * len(several))
        yield from several[start:] + several[:start]


def _block(fault: Fault) -> Block:
    return Block(fault.kind.value, fault.difficulty.value, fault.harm.value)


def _met(cohort: Cohort) -> dict[Block, int]:
    made = Plant.objects.filter(cohort=cohort.name).values_list("kind")
    return {
        Block(*kind.split(telling.BETWEEN_WORDS)): times
        for kind, times in made.annotate(times=Count("pk"))
    }


def _try(
    cohort: Cohort, stocked: Stocked, source: Source, *, key: str, now: datetime
) -> Ready | None:
    pair = _pair(source, stocked)
    if SpentPair.objects.filter(digest=pair).exists():
        return None
    drawn = hmac.digest(cohorts.secret(), f"{key}:{pair}".encode(), "sha256")
    fault, handoff = stocked.fault, source.handoff
    said = sources.wording(cohort.workflow_id, fault.action_type, besides=handoff.pk, now=now)
    external_id = _called(cohort, handoff.run.external_id, drawn, now=now)
    if external_id is None:
        return None
    try:
        made = copies.copy(
            source.material,
            fault,
            _guise(drawn, said, source, now),
            external_id=external_id,
            usual=said.usual,
        )
    except Unusable:
        return None
    return Ready(
        source=source,
        sown=_sown(cohort, stocked, source, made),
        made=made,
        pair=pair,
        delay=_delay(cohort, fault, drawn, now=now),
    )


def _pair(source: Source, stocked: Stocked) -> str:
    """Name a source and a fault together, so that no dump says which."""
    words = f"{source.handoff.pk}:{stocked.digest}".encode()
    return hmac.digest(cohorts.secret(), b"overread spent pairs\0" + words, "sha256").hex()


def _guise(key: bytes, said: Wording, source: Source, now: datetime) -> Guise:
    then = source.handoff.opened_at
    return Guise(
        key=key,
        given_names=said.given_names,
        family_names=said.family_names,
        days=guises.days_between(then, now, source.material.body),
        year=then.year,
    )


def _called(cohort: Cohort, like: str, key: bytes, *, now: datetime) -> str | None:
    recent = set(sources.recent_names(cohort.workflow_id, now=now))
    for name in copies.called(like, recent, key):
        if not Run.objects.filter(workflow=cohort.workflow_id, external_id=name).exists():
            return name
    return None


def _delay(cohort: Cohort, fault: Fault, key: bytes, *, now: datetime) -> float:
    """Return how long after it begins this run asks: as long as one of the last real ones."""
    real = sources.delays(cohort.workflow_id, fault.action_type, now=now)
    return real[int(pacing.place(key, "delay") * len(real))] if real else 0.0


def _sown(cohort: Cohort, stocked: Stocked, source: Source, made: Made) -> Sown:
    fault = stocked.fault
    return Sown(
        cohort=cohort.name,
        kind=telling.key(fault.kind.value, fault.difficulty.value, fault.harm.value),
        wrong=made.wrong,
        told={
            "what": fault.told,
            "before": made.before,
            "after": made.after,
            "where": str(faults.place(fault.shown_at, made.material.body)[-1]),
        },
        known_to=tuple(sorted(source.known_to | stocked.known_to)),
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
            "blocking": ready.source.handoff.blocking,
        }
    )
