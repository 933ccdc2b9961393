"""What requesters of a workflow were told of when there is news, and how good that was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse

from governance import estimates
from handoffs.models import RequesterWord, Workflow
from handoffs.models.workflows import RequesterSees
from reviews import expectations, forecast
from reviews.expectations import Week
from reviews.pages import times

WIDTH, HEIGHT, LEFT, TOP = 560, 160, 56, 16
# of fewer a share says nothing
ENOUGH = 20


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One week: the share that was kept, as a bar with its interval, and as figures."""

    label: str
    x: str
    y: str
    width: str
    height: str
    middle: str
    low: str
    high: str
    said: str
    told: int
    kept: int
    share: str
    between: str
    revised: int
    wait: str
    took: str


@dataclass(frozen=True, kw_only=True)
class Line:
    y: str
    label: str
    promised: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    name: str
    promised: str
    kept: str
    verdict: str
    tone: str
    sees: str
    writes: bool
    words: int
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    back_url: str


def page(workflow: Workflow) -> Page:
    weeks = expectations.weeks(workflow.pk)
    kept = estimates.Share(count=sum(w.kept for w in weeks), of=sum(w.told for w in weeks))
    verdict, tone = _verdict(kept)
    return Page(
        name=workflow.name,
        promised=estimates.percent(forecast.CONFIDENCE),
        kept=str(kept) if kept.of else "nothing has come due yet",
        verdict=verdict,
        tone=tone,
        sees=RequesterSees(workflow.requester_sees).label,
        writes=workflow.writes_to_requesters,
        words=RequesterWord.objects.filter(run__workflow=workflow).count(),
        bars=_bars(weeks),
        lines=tuple(
            Line(y=_number(_y(share)), label=f"{share:.0%}", promised=share == forecast.CONFIDENCE)
            for share in (0, 0.5, forecast.CONFIDENCE, 1)
        ),
        back_url=reverse("governance:workflow", args=[workflow.slug]),
    )


def _verdict(kept: estimates.Share) -> tuple[str, str]:
    """Say in a sentence whether what was told holds; the interval decides, not the figure."""
    if kept.of < ENOUGH:
        return f"Too few to judge: {ENOUGH} have to come due first.", ""
    low, high = kept.interval
    if high < forecast.CONFIDENCE:
        return (
            "Answers come later than requesters are told. Look at who is there, and at what "
            "overtakes in the queue.",
            "red",
        )
    if low > forecast.CONFIDENCE:
        return "Answers come sooner than requesters are told: the times are careful.", ""
    return "What requesters are told holds as often as it says.", "green"


def _bars(weeks: Sequence[Week]) -> tuple[Bar, ...]:
    step = WIDTH / expectations.WEEKS
    last = weeks[-1].starts if weeks else None
    return tuple(
        _bar(week, LEFT + step * (expectations.WEEKS - 1 - (last - week.starts).days // 7), step)
        for week in weeks
        if last is not None and last - week.starts < timedelta(weeks=expectations.WEEKS)
    )


def _bar(week: Week, left: float, step: float) -> Bar:
    share = estimates.Share(count=week.kept, of=week.told)
    low, high = share.interval
    return Bar(
        label=f"{week.starts:%-d %b}",
        x=_number(left + step * 0.15),
        y=_number(_y(share.share)),
        width=_number(step * 0.7),
        height=_number(HEIGHT * share.share),
        middle=_number(left + step / 2),
        low=_number(_y(low)),
        high=_number(_y(high)),
        said=f"Week of {week.starts:%-d %B}: {week.kept} of {week.told} kept",
        told=week.told,
        kept=week.kept,
        share=estimates.percent(share.share),
        between=f"{estimates.percent(low)} to {estimates.percent(high)}",
        revised=week.revised,
        wait=times.span(week.told_seconds),
        took="not answered yet" if week.took_seconds is None else times.span(week.took_seconds),
    )


def _y(share: float) -> float:
    return TOP + HEIGHT * (1 - share)


def _number(value: float) -> str:
    return f"{value:.1f}"
