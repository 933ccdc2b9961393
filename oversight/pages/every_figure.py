"""Every figure of the page for programs, one a row: the same rows as CSV and as JSON."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from governance.estimates import Share
from oversight.counted import weeks
from oversight.counted.summary import Summary
from oversight.counted.totals import Figures
from oversight.pages import oversight_lines
from oversight.statistics import bins, known, shares
from oversight.statistics.detection import Detection

OF_FIGURES = (
    "overridden", "edited", "challenged", "changed", "gave_in", "turned", "approved", "untouched",
    "in_time", "by_policy", "late", "accepted", "resisted", "at_once", "escalated", "asked",
    "escalation", "reopened",
)  # fmt: skip
# what is told of everything that came; the rest is what people did, and told where it may be
OF_ALL = ("came", "open", "by_people", "by_policy", "withdrawn", "in_time", "late", "reopened")
_OF_SWITCHES = ("caught", "challenged_right", "helpful", "resisted", "harmful")
_TENTHS = (("p10", 0.1), ("p50", 0.5), ("p90", 0.9))
COLUMNS = (
    "demo_history", "from", "to", "scope", "part", "figure", "unit", "value", "count", "of", "low",
    "high", "is_enough",
)  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Of:
    """What some figures are of: which weeks, and all or one part of it."""

    demo: bool
    starts: date
    ends: date
    scope: str
    part: str

    def row(self, figure: str, unit: str, **said: Any) -> Row:
        of = {
            "demo_history": self.demo, "from": self.starts.isoformat(), "to": self.ends.isoformat(),
            "scope": self.scope, "part": self.part, "figure": figure, "unit": unit,
        }  # fmt: skip
        return {**dict.fromkeys(COLUMNS), **of, **said}

    def share(self, figure: str, share: Share) -> Row:
        """Say a share; of nothing, that there is none."""
        if not share.of:
            return self.row(figure, "share", count=0, of=0, is_enough=False)
        low, high = share.interval
        return self.row(
            figure, "share", value=round(share.share, 6), count=share.count, of=share.of,
            low=round(low, 6), high=round(high, 6), is_enough=share.of >= shares.ENOUGH,
        )  # fmt: skip


def rows(found: Summary) -> list[Row]:
    """Return every figure: of these weeks, of those before, of each week and of each part."""
    subject = found.subject
    whole = _Of(demo=found.is_demo, starts=found.starts, ends=found.ends,
                scope=subject.scope.value, part=subject.slug)  # fmt: skip
    before = _moved(whole, found.starts - (found.ends + timedelta(days=1) - found.starts))
    return [
        *_figures(whole, found.now),
        *_figures(before, found.before),
        *_tested(found, whole, before),
        *_refused(found, whole, before),
        *_weeks(found, whole),
        *(row for one in found.parts for row in _figures(_part(whole, one.scope, one.slug),
                                                         one.figures)),
    ]  # fmt: skip


def as_csv(found: Summary) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({**row, "part": _harmless(row["part"])} for row in rows(found))
    return out.getvalue()


def _harmless(text: str) -> str:
    """Keep a spreadsheet from reading an action type's name as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _moved(of: _Of, starts: date) -> _Of:
    ends = of.starts - timedelta(days=1)
    return _Of(demo=of.demo, starts=starts, ends=ends, scope=of.scope, part=of.part)


def _part(of: _Of, scope: str, part: str) -> _Of:
    return _Of(demo=of.demo, starts=of.starts, ends=of.ends, scope=scope, part=part)


def _figures(of: _Of, figures: Figures) -> Iterator[Row]:
    for name in weeks.COUNTS:
        counted = figures.counts if name in OF_ALL else figures.told
        yield of.row(name, "count", value=counted[name])
    yield of.row("weeks", "count", value=figures.weeks)
    yield of.row("weeks_told", "count", value=figures.weeks_told)
    for verb, many in sorted(figures.verbs.items()):
        yield of.row(f"said_{verb}", "count", value=many)
    for name in OF_FIGURES:
        yield of.share(f"{name}_share", getattr(figures, name))
    for name in _OF_SWITCHES:
        yield of.share(f"audited_{name}_share", getattr(figures.switches, name))
    yield from _times(of, figures)


def _times(of: _Of, figures: Figures) -> Iterator[Row]:
    """Say tenths of each time, and of looking how many were too fast, and the distribution."""
    for what, counted in sorted(figures.times.items()):
        total = sum(counted.values())
        for name, share in _TENTHS:
            yield of.row(f"{what}_{name}", "seconds", value=bins.quantile(counted, share),
                         of=total, is_enough=total >= shares.ENOUGH)  # fmt: skip
    rapid = oversight_lines.rapid_of(figures)
    if rapid is not None:
        yield of.row("rapid_below", "seconds", value=round(rapid.cut, 3))
        yield of.share("rapid_share", oversight_lines.rapid_share(rapid))
        yield of.share("within_five_seconds_share", oversight_lines.spike(figures))
    for name, many in sorted(figures.times.get("review", {}).items(), key=lambda one: int(one[0])):
        yield of.row(f"review_about_{bins.middle(name):.3g}_s", "count", value=many)


def _tested(found: Summary, whole: _Of, before: _Of) -> Iterator[Row]:
    tested = found.tested
    yield whole.share("catch_rate", tested.now)
    yield before.share("catch_rate", tested.before)
    yield whole.share("catch_rate_across_all_teams", tested.everywhere)
    if tested.tests is not None:
        yield whole.share("tests_share", tested.tests)
    for one in tested.groups:
        yield whole.share(f"catch_rate_{one.what}_{one.word}", one.caught)
    if tested.lots:
        yield whole.row("caught_at_least_proven", "share", value=round(tested.at_least, 2),
                        of=tested.lots)  # fmt: skip
        proven = tested.fallen_in is not None
        yield whole.row("evidence_of_misses", "times the stake", value=tested.fallen.now,
                        high=tested.fallen.most, is_enough=proven)  # fmt: skip
    yield from _sensitivity(found, whole)


def _sensitivity(found: Summary, whole: _Of) -> Iterator[Row]:
    """Say d′ and c where numbers allow: beside audited right ones, or else beside overrides."""
    tested, overridden = found.tested.now, found.now.overridden
    exactly = known.detection(tested.count, tested.of, found.now.known)
    at_least = Detection(hits=tested.count, signals=tested.of, false_alarms=overridden.count,
                         noises=overridden.of)  # fmt: skip
    for name, one in (("", exactly), ("_at_least", at_least)):
        if one.is_enough:
            low, high = one.interval()
            yield whole.row(f"d_prime{name}", "d′", value=round(one.sensitivity.d_prime, 4),
                            low=round(low, 4), high=round(high, 4), is_enough=True)  # fmt: skip
            criterion = round(one.sensitivity.criterion, 4)
            yield whole.row(f"criterion{name}", "c", value=criterion, is_enough=True)


def _refused(found: Summary, whole: _Of, before: _Of) -> Iterable[Row]:
    if found.refused is None:
        return []
    return [
        whole.row("moves_refused", "count", value=found.refused),
        before.row("moves_refused", "count", value=found.refused_before),
    ]


def _weeks(found: Summary, whole: _Of) -> Iterator[Row]:
    """Of a single week no times and no verbs are shown."""
    for day, figures in sorted(found.by_week.items()):
        of = _Of(demo=whole.demo, starts=day, ends=day + timedelta(days=6), scope=whole.scope,
                 part=whole.part)  # fmt: skip
        yield of.row("came", "count", value=figures.counts["came"])
        for name in OF_FIGURES:
            yield of.share(f"{name}_share", getattr(figures, name))
        if day in found.tested.by_week:
            yield of.share("catch_rate", found.tested.by_week[day])
