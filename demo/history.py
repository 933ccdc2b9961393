"""Half a year before the demo began: simulated, so that there is something to read of oversight.

Nothing of it happened, and every page that shows it says so: it lies in weeks before anything was
launched (`oversight.counted.beginnings`). There are only figures, no handoffs, and of nobody. They
tell of an agent that improves, of a bad week in summer, and of a team that has begun to hurry,
which tests show and the override rate does not.
"""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from demo.blind_tests import HURRY, TEAM, BlindTests
from handoffs.models import Handoff, Proposal, Queue, Workflow
from oversight.counted import beginnings, weeks
from oversight.counted.weeks import Part, Who
from oversight.models import FigureDay, ProposalDay, Tally
from oversight.statistics import bins

WEEKS = 26
SEED = 14
# as weekdays go, from Monday on
_OF_THE_WEEK = (1.15, 1.05, 1.0, 1.0, 0.95, 0.35, 0.1)
# counted from the first: a week with half the team ill
_ILL = 17


@dataclass(frozen=True, kw_only=True)
class Stream:
    """What comes to one queue on an average weekday, and how people answer it."""

    workflow: str
    queue: str
    action: str
    tier: str
    a_day: float
    # of the decisions at first and at last; an override is an edit so often
    overridden: tuple[float, float] = (0.0, 0.0)
    edited: float = 0.4
    # judged before the reveal: other than recommended so often, and then changed so often
    against: float = 0.12
    changed: float | None = None
    read_seconds: float = 50
    response_seconds: float = 1500
    kind: str = "approval"

    @property
    def is_action(self) -> bool:
        return self.kind == "approval"


STREAMS = (
    Stream(workflow="webshop-support", queue="refunds", action="refund_order",
           tier="hard_approval", a_day=26, overridden=(0.11, 0.05)),
    Stream(workflow="webshop-support", queue="refunds", action="cancel_order",
           tier="hard_approval", a_day=18, overridden=(0.05, 0.02), read_seconds=35),
    Stream(workflow="webshop-support", queue="refunds", action="change_address",
           tier="soft_review", a_day=12, overridden=(0.012, 0.004), read_seconds=20),
    Stream(workflow="webshop-support", queue="support-leads", action="takeover",
           tier="hard_stop", a_day=8, read_seconds=400, response_seconds=3600, kind="takeover"),
    Stream(workflow="supplier-payments", queue="payments", action="pay_invoice",
           tier="hard_approval", a_day=12, overridden=(0.08, 0.06), changed=0.07,
           read_seconds=110, response_seconds=9000),
)  # fmt: skip
# what the agents did without asking, on an average weekday: at first and at last
_ALONE = {
    ("webshop-support", "cancel_order", "notify"): (70, 170),
    ("webshop-support", "send_voucher", "notify"): (150, 260),
}


def simulate() -> int:
    """Store the past of an installation in which nothing happened yet; return how many weeks."""
    since = beginnings.real_since(None)
    begun = Handoff.objects.exists() or Proposal.objects.exists()
    if since is None or begun or FigureDay.objects.exists() or ProposalDay.objects.exists():
        return 0
    with transaction.atomic():
        _Past(since - timedelta(weeks=WEEKS)).live()
    return WEEKS


class _Past:
    """The same past each time, from one Monday on."""

    def __init__(self, first: date) -> None:
        self._first = first
        self._chance = random.Random(SEED)
        self._workflows = {one.slug: one for one in Workflow.objects.all()}
        self._queues = {one.slug: one for one in Queue.objects.all()}
        self._tests = BlindTests(self._chance)

    def live(self) -> None:
        for week in range(WEEKS):
            monday = self._first + timedelta(weeks=week)
            who: dict[Part, Who] = defaultdict(Counter)
            days, proposals = [], []
            for number in range(7):
                day = monday + timedelta(days=number)
                proposals += self._alone(day, week)
                for stream in STREAMS:
                    many = self._many(stream.a_day * _growth(week) * _OF_THE_WEEK[number])
                    if not many or stream.workflow not in self._workflows:
                        continue
                    found = self._day(stream, day, week, many)
                    self._note_who(who, found)
                    days.append(found)
                    if stream.is_action:
                        proposals.append(self._proposed(stream.workflow, stream.action,
                                                        stream.tier, day, many))  # fmt: skip
            FigureDay.objects.bulk_create(days)
            Tally.objects.bulk_create(self._tests.week(monday, week, days))
            ProposalDay.objects.bulk_create(proposals)
            weeks.store(monday, weeks.tellable(who))

    def _day(self, stream: Stream, day: date, week: int, many: int) -> FigureDay:
        ill = week == _ILL
        withdrawn = self._of(many, 0.02)
        late = self._of(many - withdrawn, 0.24 if ill else 0.03)
        unanswered = self._of(late, 0.2)
        decided = many - withdrawn - unanswered
        overridden = self._of(decided, _between(stream.overridden, week) * _hurried(week, 0.45))
        edited = self._of(overridden, stream.edited)
        approvals = decided if stream.is_action else 0
        judged = decided if stream.changed is not None else 0
        against = self._of(judged, stream.against)
        gave_in, turned = self._of(against, 0.4), self._of(judged - against, stream.changed or 0)
        escalated, asked = self._of(decided, 0.02), self._of(decided, 0.03)
        reopened, resisted = self._of(decided, 0.008), self._of(decided, 0.05)
        at_once = decided - min(decided, asked + reopened)
        challenged = min(approvals, overridden + (escalated + asked if approvals else 0))
        untouched = max(0, approvals - challenged - resisted)
        return FigureDay(
            workflow=self._workflows[stream.workflow], queue=self._queues[stream.queue],
            tier=stream.tier, action_type=stream.action, kind=stream.kind, day=day, came=many,
            by_people=decided, by_policy=unanswered, withdrawn=withdrawn,
            in_time=decided - (late - unanswered), late=late,
            escalated=escalated, asked=asked, reopened=reopened, decisions=decided,
            taken_back=self._of(decided, 0.01), approvals=approvals, overridden=overridden,
            edited=edited, judged=judged, changed=gave_in + turned, against=against,
            gave_in=gave_in, agreed=judged - against, turned=turned, taken=decided,
            resisted=resisted, at_once=at_once, acted=approvals, challenged=challenged,
            settled=approvals, untouched=untouched,
            verbs=_verbs(stream, decided, overridden, edited),
            times=self._times(stream, week, decided, ill),
        )  # fmt: skip

    def _times(
        self, stream: Stream, week: int, decided: int, ill: bool
    ) -> dict[str, dict[str, int]]:
        review, response = Counter[str](), Counter[str]()
        fast = 0.015 + (0.05 * (week - HURRY + 1) if week >= HURRY else 0)
        for _ in range(decided):
            hurried = stream.is_action and self._chance.random() < fast
            read = self._spread(2.4, 0.3) if hurried else self._spread(stream.read_seconds, 0.6)
            waited = self._spread(stream.response_seconds * (3 if ill else 1), 0.9)
            review[bins.of(read)] += 1
            response[bins.of(waited + read)] += 1
        times = {"review": dict(review), "response": dict(response), "waiting": dict(response)}
        return {what: counted for what, counted in times.items() if counted}

    def _note_who(self, who: dict[Part, Who], day: FigureDay) -> None:
        """Have the team share it out, for as long as it takes to see what may be told."""
        shared = Counter(self._chance.choices(range(len(TEAM)), TEAM, k=day.decisions))
        cell = (day.workflow.pk, day.queue.pk, day.tier, day.action_type, day.kind)
        for part in weeks.parts(*cell):
            who[part].update(shared)

    def _alone(self, day: date, week: int) -> list[ProposalDay]:
        found = []
        for (workflow, action, tier), bounds in _ALONE.items():
            many = self._many(_between(bounds, week) * _OF_THE_WEEK[day.weekday()])
            if many and workflow in self._workflows:
                found.append(self._proposed(workflow, action, tier, day, many))
        return found

    def _proposed(self, workflow: str, action: str, tier: str, day: date, many: int) -> ProposalDay:
        return ProposalDay(
            workflow=self._workflows[workflow], action_type=action, tier=tier, day=day,
            proposed=many,
        )  # fmt: skip

    def _many(self, usual: float) -> int:
        return max(0, round(self._chance.gauss(usual, usual**0.5)))

    def _of(self, many: int, share: float) -> int:
        return sum(self._chance.random() < share for _ in range(many))

    def _spread(self, middle: float, spread: float) -> float:
        return middle * self._chance.lognormvariate(0, spread)


def _verbs(stream: Stream, decided: int, overridden: int, edited: int) -> dict[str, int]:
    if not stream.is_action:
        return {"take_over": decided} if decided else {}
    found = {
        "approve": decided - overridden, "approve_with_edits": edited,
        "reject": overridden - edited,
    }  # fmt: skip
    return {verb: many for verb, many in found.items() if many}


def _between(bounds: tuple[float, float], week: int) -> float:
    return bounds[0] + (bounds[1] - bounds[0]) * week / (WEEKS - 1)


def _growth(week: int) -> float:
    return _between((0.85, 1.1), week)


def _hurried(week: int, share: float) -> float:
    """Return what is left of the care that was taken before the hurry began."""
    return share if week >= HURRY else 1.0
