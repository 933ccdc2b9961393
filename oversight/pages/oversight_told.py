"""The figures of oversight for programs: JSON, and one line of CSV for each week."""

import csv
import io
from typing import Any

from django.utils.text import slugify

from governance.estimates import Share
from oversight.counted import weeks
from oversight.counted.events import Event
from oversight.counted.subjects import Subject
from oversight.counted.summary import Figures, Summary
from oversight.counted.tested import Tested
from oversight.pages import every_figure
from oversight.statistics import bins, shares

_OF_PEOPLE = tuple(name for name in weeks.COUNTS if name not in every_figure.OF_ALL)


def as_json(found: Summary) -> dict[str, Any]:
    return {
        "workflow": found.subject.workflow.slug if found.subject.workflow else None,
        "part": _part(found.subject),
        # these weeks did not happen
        "demo_history": found.is_demo,
        "from": found.starts.isoformat(),
        "to": found.ends.isoformat(),
        "now": _figures(found.now),
        "before": _figures(found.before),
        "weeks": [
            {"week": day.isoformat(), **_figures(one)}
            for day, one in sorted(found.by_week.items())
        ],
        "parts": [
            {"scope": one.scope, "key": one.slug, "name": one.name, **_figures(one.figures)}
            for one in found.parts
        ],
        "days": [
            {
                "day": one.day.isoformat(), "demo_history": one.is_demo, "came": one.came,
                "answered": one.answered, "late": one.late, "open": one.open,
            }
            for one in found.days
        ],
        "events": [_event(one) for one in found.events],
        "catch_rate": _caught(found.tested),
        "transitions_refused": found.refused,
        "figures": every_figure.rows(found),
    }  # fmt: skip


def _caught(tested: Tested) -> dict[str, Any] | None:
    """Say what tests showed, at the prevalence at which they were met; None: none were told."""
    if not (tested.now.of or tested.before.of or tested.everywhere.of):
        return None
    return {
        "now": _share(tested.now),
        "before": _share(tested.before),
        "across_all_teams": _share(tested.everywhere),
        "at_tested_prevalence": _share(tested.tests) if tested.tests else None,
        "groups": [
            {"what": one.what, "word": one.word, **one.caught.to_json()} for one in tested.groups
        ],
        "evidence": {
            "year": tested.year, "lots": tested.lots, "at_least": round(tested.at_least, 2),
            "more_than_one_in_ten_missed": tested.fallen_in.isoformat()
            if tested.fallen_in else None,
            "stands_at": tested.fallen.now, "most": tested.fallen.most,
        },
    }  # fmt: skip


def _part(subject: Subject) -> dict[str, str] | None:
    if not subject.is_part:
        return None
    return {"scope": subject.scope.value, "key": subject.slug, "name": subject.name}


def _event(event: Event) -> dict[str, Any]:
    return {
        "at": event.at.isoformat(), "kind": event.kind.value, "workflow": event.workflow or None,
        "number": event.number or None, "until": event.until.isoformat() if event.until else None,
        "reason": event.reason or None,
    }  # fmt: skip


def file_name(subject: Subject) -> str:
    """Name the file; what an action type is called is up to others."""
    name = "all" if subject.workflow is None else subject.workflow.slug
    if subject.is_part:
        name += f"-{subject.scope.value}-{slugify(subject.slug) or 'none'}"
    return f"oversight-{name}.csv"


def as_csv(found: Summary) -> str:
    """Write one line for each week; every figure is in `every_figure.as_csv`."""
    out = io.StringIO()
    names = ["week", "demo_history", "came", "weeks_told"]
    for name in every_figure.OF_FIGURES:
        names += [name, f"{name}_of", f"{name}_low", f"{name}_high"]
    writer = csv.DictWriter(out, names, lineterminator="\r\n")
    writer.writeheader()
    for day, figures in sorted(found.by_week.items()):
        row: dict[str, Any] = {
            "week": day.isoformat(),
            "demo_history": "yes" if found.is_demo else "no",
            "came": figures.counts["came"],
            "weeks_told": figures.weeks_told,
        }
        for name in every_figure.OF_FIGURES:
            share: Share = getattr(figures, name)
            if share.of:
                low, high = share.interval
                row |= {name: share.count, f"{name}_of": share.of}
                row |= {f"{name}_low": round(low, 6), f"{name}_high": round(high, 6)}
        writer.writerow(row)
    return out.getvalue()


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "counts": {name: figures.counts[name] for name in every_figure.OF_ALL},
        "people": {name: figures.told[name] for name in _OF_PEOPLE},
        "weeks": figures.weeks,
        "weeks_told": figures.weeks_told,
        "shares": {name: _share(getattr(figures, name)) for name in every_figure.OF_FIGURES},
        "verbs": figures.verbs,
        "times": {what: _quantiles(counted) for what, counted in sorted(figures.times.items())},
    }


def _share(share: Share) -> dict[str, Any] | None:
    return {**share.to_json(), "is_enough": share.of >= shares.ENOUGH} if share.of else None


def _quantiles(counted: dict[str, int]) -> dict[str, Any]:
    return {
        "count": sum(counted.values()),
        "p10": bins.quantile(counted, 0.1),
        "p50": bins.quantile(counted, 0.5),
        "p90": bins.quantile(counted, 0.9),
    }
