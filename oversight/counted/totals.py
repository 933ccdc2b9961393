"""What was counted in some weeks, added up, and the shares that are told of it."""

from collections import Counter
from dataclasses import dataclass, field

from governance.estimates import Share
from oversight.counted import weeks
from oversight.models import FigureWeek
from oversight.statistics import bins, known
from oversight.statistics.switches import Switches


@dataclass(kw_only=True)
class Figures:
    """What was counted, added up: everything that came, and of what may be told the decisions."""

    counts: Counter[str] = field(default_factory=Counter)
    # the same of those weeks whose decisions may be told
    told: Counter[str] = field(default_factory=Counter)
    verbs: dict[str, int] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    times: dict[str, dict[str, int]] = field(default_factory=dict)
    weeks: int = 0
    weeks_told: int = 0
    proposed: int = 0
    asked_about: int = 0

    def add(self, week: FigureWeek) -> None:
        self.add_counts(week)
        if not week.told:
            return
        bins.add(self.verbs, week.verbs)
        bins.add(self.known, week.known)
        for what, counted in week.times.items():
            bins.add(self.times.setdefault(what, {}), counted)

    def add_counts(self, week: FigureWeek) -> None:
        """Leave out times and verbs: of a single week they are not shown."""
        self.weeks += 1
        self._count(self.counts, week)
        if week.told:
            self.weeks_told += 1
            self._count(self.told, week)

    def _count(self, into: Counter[str], week: FigureWeek) -> None:
        for name in weeks.COUNTS:
            into[name] += getattr(week, name)

    # is oversight working?
    @property
    def overridden(self) -> Share:
        return Share(self.told["overridden"], self.told["approvals"])

    @property
    def edited(self) -> Share:
        return Share(self.told["edited"], self.told["approvals"])

    @property
    def changed(self) -> Share:
        return Share(self.told["changed"], self.told["judged"])

    @property
    def challenged(self) -> Share:
        """Return on how many actions somebody did not just agree, but asked or passed on too."""
        return Share(self.told["challenged"], self.told["acted"])

    @property
    def gave_in(self) -> Share:
        """Return how many judged otherwise at first and then did what was recommended."""
        return Share(self.told["gave_in"], self.told["against"])

    @property
    def turned(self) -> Share:
        """Return how many had agreed before they saw that it was recommended, and then did not."""
        return Share(self.told["turned"], self.told["agreed"])

    @property
    def switches(self) -> Switches:
        """Say of those actions that were audited later what was caught, and what advice did."""
        return known.count(self.known)

    # is the queue healthy?
    @property
    def in_time(self) -> Share:
        """Return how many were answered by people before any time was up, of all that ended."""
        ended = self.counts["by_people"] + self.counts["by_policy"]
        return Share(self.counts["in_time"], ended)

    @property
    def by_policy(self) -> Share:
        ended = self.counts["by_people"] + self.counts["by_policy"]
        return Share(self.counts["by_policy"], ended)

    @property
    def late(self) -> Share:
        return Share(self.counts["late"], self.counts["came"])

    @property
    def resisted(self) -> Share:
        """Return how many that were taken somebody put down, let run out or passed on."""
        return Share(self.told["resisted"], self.told["taken"])

    @property
    def accepted(self) -> Share:
        return Share(self.told["taken"] - self.told["resisted"], self.told["taken"])

    @property
    def at_once(self) -> Share:
        """Return how many were answered without a question in between and were not asked again."""
        return Share(self.told["at_once"], self.told["by_people"])

    @property
    def escalated(self) -> Share:
        return Share(self.told["escalated"], self.told["came"])

    @property
    def asked(self) -> Share:
        return Share(self.told["asked"], self.told["came"])

    # is the agent improving?
    @property
    def escalation(self) -> Share:
        return Share(self.asked_about, self.proposed)

    @property
    def reopened(self) -> Share:
        return Share(self.counts["reopened"], self.counts["came"])

    @property
    def approved(self) -> Share:
        return Share(self.told["approvals"] - self.told["overridden"], self.told["approvals"])

    @property
    def untouched(self) -> Share:
        """Return how many actions were answered as proposed, at once, and nobody minded.

        No more than these could have been automatic; whether they should have been is not known.
        """
        return Share(self.told["untouched"], self.told["settled"])
