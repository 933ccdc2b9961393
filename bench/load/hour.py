"""One hour, step by step: agents ask, reviewers work, the clock strikes, and all of it is checked.

Nothing here waits: the next half minute is there when the last one is done. Each step is one
after the other, so that what is checked is exact; races are tested elsewhere.
"""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.test import Client as Browser
from django.utils import timezone

from accounts.errors import DomainError
from accounts.models import User
from bench import ground
from bench.load import scene as scenes
from bench.load.scene import Scene
from bench.load.warp import Warp
from bench.load.watch import Watch
from config.celery import app
from config.timetable import EVERY
from handoffs.models import Handoff
from reviews import claims, decisions, expectations, queueing
from reviews.errors import CapReached, ClaimLost
from reviews.wording import Choice

# jobs that reach outside, or keep what nobody here reads
_LEFT_OUT = (
    "handoffs.seal_audit", "handoffs.deliver_outbox", "handoffs.open_audits",
    "handoffs.detect_anomalies", "handoffs.open_findings", "reviews.mail_links",
    "reviews.look_for_notices", "reviews.send_notices", "reviews.note_for_search",
    "reviews.measure_briefs", "reviews.forget_what_was_typed", "governance.", "oversight.",
)  # fmt: skip
_OF_THE_SCENE = ("first", "second", "third", "an_hour", "deadlines")
# after so many every level of what may wait longest is over
DAYS = 5


def jobs() -> list[str]:
    """Return what the clock does at least every minute and that moves work here."""
    return [name for name, often in EVERY.items() if often <= 60 and not name.startswith(_LEFT_OUT)]


@dataclass(order=True)
class Ask:
    """An agent that wants to act, and when it asks (again)."""

    at: float
    name: str
    kind: str = field(compare=False)
    run: str = field(compare=False, default="")
    tries: int = field(compare=False, default=0)


@dataclass
class Seat:
    """A reviewer: breaks by the clock, one handoff after the other, each for a while."""

    person: User
    # from and until when they are away, in seconds of the hour
    breaks: Sequence[tuple[float, float]]
    handoff: str = ""
    busy_until: float = 0.0

    def is_here(self, at: float) -> bool:
        return not any(since <= at < until for since, until in self.breaks)


@dataclass
class Hour:
    """The hour's agents and reviewers, its clock and its watch."""

    scene: Scene
    warp: Warp
    watch: Watch
    chance: random.Random
    # how many come in a minute, and within which minutes three times as many
    per_minute: float = 6.0
    bursts: Sequence[tuple[float, float]] = ((10, 15), (35, 42))
    handling: float = 100.0
    step_seconds: float = 30.0
    # how often an agent comes again before it gives up
    patience: int = 8
    at: float = 0.0
    asks: list[Ask] = field(default_factory=list)
    seats: list[Seat] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.agent = Browser(headers={"Authorization": f"Bearer {self.scene.key}"})
        self.seats = [
            Seat(person, self._breaks(number)) for number, person in enumerate(self.scene.people)
        ]
        app.loader.import_default_modules()
        self.jobs = jobs()

    def _breaks(self, number: int) -> Sequence[tuple[float, float]]:
        """Ten minutes each, one after the other; one of three leaves for a quarter of an hour."""
        begins = 300.0 * (number % 10) + 120
        gone = ((2100.0, 3000.0),) if number % 3 == 0 else ()
        return ((begins, begins + 600), *gone)

    def live(self, minutes: float) -> None:
        """Let so many minutes pass, checked at every step."""
        self.arrive(minutes)
        until = self.at + minutes * 60
        while self.at < until:
            self.step()

    def step(self) -> None:
        self.warp.pass_by(self.step_seconds)
        self.at += self.step_seconds
        self._strike()
        self.act()
        self._strike()
        self.watch.step()

    def act(self) -> None:
        """Let agents and reviewers do what they do by now."""
        while self.asks and self.asks[0].at <= self.at:
            self._ask(self.asks.pop(0))
        for seat in self.chance.sample(self.seats, len(self.seats)):
            self._work(seat)

    def _strike(self) -> None:
        for name in self.jobs:
            app.tasks[name]()

    def arrive(self, minutes: float) -> None:
        """Draw when agents come: at random, and far more of them in a burst."""
        at = self.at
        while True:
            minute = at / 60
            burst = any(since <= minute < until for since, until in self.bursts)
            at += self.chance.expovariate(self.per_minute * (3 if burst else 1) / 60)
            if at >= self.at + minutes * 60:
                break
            name = f"ask-{len(self.asks)}-{at:.3f}"
            self.asks.append(Ask(at=at, name=name, kind=self.chance.choice(self.scene.kinds)))
        self.asks.sort()

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self.agent.post(
            f"/api/v1{path}", data=json.dumps(body), content_type="application/json"
        )

    def _ask(self, ask: Ask) -> None:
        """Start a run and propose; who is refused comes again as told, or gives up in the end."""
        if not ask.run:
            answer = self._post(
                "/runs", {"workflow": self.scene.slug, "external_id": ask.name, "input": {}}
            )
            if answer.status_code == 201:
                ask.run = answer.json()["id"]
        if ask.run:
            answer = self._post(
                "/proposals",
                {
                    "run": ask.run, "action_type": ask.kind, "arguments": {"note": ask.name},
                    "signals": {}, "brief": {"ask": f"Change {ask.name}?"},
                    "checkpoint": {}, "blocking": True,
                },
            )  # fmt: skip
        self.done[f"{answer.status_code}"] += 1
        if answer.status_code == 201:
            self.watch.settled(ask.name)
            self.watch.let_in(ask.run)
            for handoff in Handoff.objects.filter(run=ask.run, level=1):
                # as the requester's page does when it is opened
                expectations.tell(handoff, now=timezone.now())
        elif answer.status_code == 429:
            self.sent_away(ask, answer.headers.get("Retry-After"))
        else:
            self.watch.broken.append(f"intake: {answer.status_code} {answer.content[:200]!r}")

    def sent_away(self, ask: Ask, retry_after: str | None) -> None:
        self.watch.sent_away(ask.name, retry_after)
        ask.tries += 1
        if ask.tries < self.patience:
            self.come_again(ask, float(retry_after or self.step_seconds))
        else:
            self.give_up(ask)

    def come_again(self, ask: Ask, seconds: float) -> None:
        ask.at = self.at + seconds
        self.asks.append(ask)
        self.asks.sort()

    def give_up(self, ask: Ask) -> None:
        """Say to the run's owner that it ended here."""
        if ask.run:
            answer = self._post(f"/runs/{ask.run}/fail", {"error": "The queue was full."})
            if answer.status_code != 200:
                return
        self.done["gave up"] += 1
        self.watch.settled(ask.name)

    def _work(self, seat: Seat) -> None:
        """Decide what is done, take the next one; whoever goes on a break drops what they hold."""
        if not seat.is_here(self.at):
            seat.handoff = ""
            return
        if seat.handoff and self.at >= seat.busy_until:
            self._decide(seat)
        if not seat.handoff:
            self._take(seat)
        else:
            self._keep(seat)

    def _take(self, seat: Seat) -> None:
        # where the free ones begin is remembered for a second, and seconds pass between two takes
        queueing.floors.kept.clear()
        try:
            claim = claims.take_next(by=seat.person, now=timezone.now())
        except CapReached:
            self.done["had enough"] += 1
            return
        if claim is None:
            return
        # what they hold already comes back to them first, whatever else waits
        if timezone.now() - claim.taken_at < timedelta(seconds=self.step_seconds):
            self.watch.taken(claim.handoff_id, by=seat.person.pk)
        claims.mark_opened(claim.handoff_id, by=seat.person, now=timezone.now())
        seat.handoff = claim.handoff_id
        seat.busy_until = self.at + self.chance.gammavariate(2, self.handling / 2)

    def _keep(self, seat: Seat) -> None:
        try:
            claims.renew(seat.handoff, by=seat.person, now=timezone.now())
        except ClaimLost:
            self.done["lost"] += 1
            seat.handoff = ""

    def _decide(self, seat: Seat) -> None:
        handoff, seat.handoff = seat.handoff, ""
        try:
            if self.chance.random() < 0.05:
                claims.give_back(handoff, by=seat.person, now=timezone.now())
                self.done["given back"] += 1
                return
            verb = "approve" if self.chance.random() < 0.8 else "reject"
            decisions.decide(
                handoff, by=seat.person, choice=Choice(verb=verb), now=timezone.now()
            )  # fmt: skip
            self.done["decided"] += 1
        except ClaimLost:
            self.done["lost"] += 1
        except DomainError as refused:
            self.watch.broken.append(f"decide: {refused}")

    def end(self) -> None:
        """Let everybody who was sent away come to an end, and ask for the last time."""
        for _ in range(400):
            if not self.asks:
                break
            self.step()
        for ask in self.asks:
            self.give_up(ask)
        self.watch.over()

    def outlast(self) -> None:
        """Let days pass with nobody there: every deadline, every level and every fallback."""
        for _ in range(DAYS * 2):
            self.warp.pass_by(12 * 3600)
            self._strike()
            self.watch.step()
        self.watch.ended()


def begin(*, seed: int, **changes: Any) -> Hour:
    """Set the scene and return an hour that is about to begin."""
    where = scenes.build(**{name: changes.pop(name) for name in _OF_THE_SCENE if name in changes})
    return Hour(
        scene=where, warp=Warp(ground.owner()), watch=Watch(where), chance=random.Random(seed),
        **changes,
    )  # fmt: skip
