"""The blind tests of a workflow, for whoever answers for them."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.forms import Form
from django.urls import reverse

from governance.estimates import Share
from handoffs.models import Workflow
from oversight.blind_tests import notice_texts, programmes
from oversight.blind_tests.programme_forms import RateForm, TextsForm, ToldForm
from oversight.blind_tests.workload import Workload
from oversight.models import LibraryFault, Programme
from oversight.pages import lines, tested_lines
from oversight.pages import power as power_page
from oversight.statistics import cells, pacing, power
from oversight.statistics.pacing import Off
from oversight.statistics.power import Team

_SLIDE = (f"{100 * pacing.LEAST_RATE:g}", f"{100 * pacing.MOST_RATE:g}", "0.5")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One of what has to be before tests come in."""

    done: bool
    says: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Reckoned:
    """How soon a fall would be noticed at a rate, what that asks, and what speaks against it."""

    sentence: str
    basis: str
    notes: tuple[str, ...]
    url: str


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """What the library holds; `ready` is what makes tests now, `off` why none comes in anyway."""

    drafts: int
    approved: int
    retired: int
    ready: int
    off: str


@dataclass(frozen=True, kw_only=True)
class Showed:
    """What was caught of this workflow's tests and across all teams, in the last weeks."""

    weeks: int
    its: str
    across: str
    together: str


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What forms held that were refused."""

    rate: Form | None = None
    texts: Form | None = None
    told: Form | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    name: str
    slug: str
    on: bool
    state: str
    may_change: bool
    steps: tuple[Step, ...]
    reckoned: Reckoned
    shelf: Shelf
    showed: Showed
    rate: Form
    rate_now: str
    slide: tuple[str, str, str]
    texts: Form
    kept: bool
    told: Form
    told_line: str
    languages: tuple[tuple[str, str], ...]
    error: str
    urls: dict[str, str]


def page(
    programme: Programme,
    work: Workload,
    shelf: Shelf,
    showed: Showed,
    *,
    may_change: bool,
    language: str,
    typed: Typed,
) -> Page:
    workflow = programme.workflow
    read = programmes.digest(programme)
    return Page(
        name=workflow.name,
        slug=workflow.slug,
        on=programme.on,
        state=_state(programme, shelf),
        may_change=may_change,
        steps=_steps(programme, shelf),
        reckoned=reckoned(programme.rate, work),
        shelf=shelf,
        showed=showed,
        rate=typed.rate or RateForm(programme),
        rate_now=power_page.percent(programme.rate),
        slide=_SLIDE,
        texts=typed.texts or TextsForm(initial=_texts(programme, language)),
        kept=bool(programme.notice),
        told=typed.told or ToldForm(programme, read),
        told_line=told_line(programme),
        languages=tuple(notice_texts.LANGUAGES.items()),
        error=typed.error,
        urls=urls(workflow),
    )


def shelf(rows: list[LibraryFault], *, ready: int, off: Off | None) -> Shelf:
    states = [row.state for row in rows]
    return Shelf(
        drafts=states.count(LibraryFault.State.DRAFT),
        approved=states.count(LibraryFault.State.APPROVED),
        retired=states.count(LibraryFault.State.RETIRED),
        ready=ready,
        off="" if off is None else off.value,
    )


def showed(its: Share, across: Share, *, weeks: int) -> Showed:
    """Say both as the page about oversight does."""
    return Showed(
        weeks=weeks,
        its=lines.said(its),
        across=lines.said(across),
        together=tested_lines.together(),
    )


def urls(workflow: Workflow) -> dict[str, str]:
    names = ["tests", "tests-rate", "tests-texts", "tests-told", "tests-switch", "faults"]
    names += ["tests-notice", "tests-consultation", "workflow"]
    return {
        name.replace("-", "_"): reverse(f"oversight:{name}", args=[workflow.slug]) for name in names
    }


def reckoned(rate: float, work: Workload) -> Reckoned:
    """Say what this rate would show and ask, with what was measured or what is usual."""
    usual = Team()
    reviews = usual.reviews if work.reviews is None else max(work.reviews, 1.0)
    people = max(work.tested, 1)
    found = power.reckon(Team(reviews=reviews, people=people, rate=rate))
    query = urlencode({"reviews": f"{reviews:g}", "people": people, "rate": f"{100 * rate:g}"})
    return Reckoned(
        sentence=power_page.sentence(found),
        basis=power_page.basis(found),
        notes=tuple(_notes(work)),
        url=f"{reverse('oversight:power')}?{query}",
    )


def told_line(programme: Programme) -> str:
    if programme.noticed_at is None or programme.told_on is None:
        return ""
    by = programme.noticed_by.name if programme.noticed_by else ""
    return (
        f"Staff were told on {programme.told_on:%-d %B %Y}: {programme.told_how}. Recorded by "
        f"{by} at {programme.noticed_at:%Y-%m-%d %H:%M} UTC."
    )


def _notes(work: Workload) -> list[str]:
    notes = []
    if work.reviews is None:
        notes.append(
            f"So far no whole week was counted here, so {Team().reviews:g} reviews a day are "
            "assumed."
        )
    if work.tested < cells.PEOPLE:
        notes.append(
            f"{_people(work.tested)} here can meet a test. A result is told of at least "
            f"{cells.PEOPLE}, so nothing could be told of this workflow alone, only with others, "
            f"of at least {cells.PEOPLE_ACROSS_TEAMS} together."
        )
    if work.knowing:
        notes.append(
            f"Of those who decide here, {work.knowing} may read the library and meet no test for "
            "that."
        )
    return notes


def _people(number: int) -> str:
    return "One person" if number == 1 else f"{number or 'No'} people"


def _state(programme: Programme, shelf: Shelf) -> str:
    if programme.on and not shelf.approved:
        return "Switched on, and nothing comes in: no fault is approved."
    if programme.on and not shelf.ready:
        return "Switched on, and nothing comes in yet: no fault has a certificate of blindness."
    if programme.on and shelf.off:
        return f"Switched on. Nothing comes in right now: {shelf.off[0].lower()}{shelf.off[1:]}"
    if programme.on:
        return "Tests come in."
    if programme.noticed_at is None:
        return "Off. Nobody has recorded that staff were told."
    return "Off. Staff were told; you may switch them on."


def _steps(programme: Programme, shelf: Shelf) -> tuple[Step, ...]:
    faults = reverse("oversight:faults", args=[programme.workflow.slug])
    return (
        Step(done=bool(programme.notice), says="The words for staff are kept", url="#words"),
        Step(
            done=programme.noticed_at is not None,
            says="Staff were told, and those who speak for them were asked",
            url="#told",
        ),
        Step(
            done=bool(shelf.approved),
            says="A fault is in the library that two others approved",
            url=faults,
        ),
        Step(
            done=bool(shelf.ready),
            says="Some may make tests: their certificate holds, or they are written by hand",
            url=faults,
        ),
        Step(done=programme.on, says="Tests are switched on", url="#switch"),
    )


def _texts(programme: Programme, language: str) -> dict[str, str]:
    """Return what was kept, or what is ready-made where nothing was, or another was asked for."""
    workflow = programme.workflow
    words = {
        "workflow": workflow.name,
        "owner": workflow.owner.name if workflow.owner else "whoever owns this workflow",
        "least": f"{100 * pacing.LEAST_RATE:g}",
        "most": f"{100 * pacing.MOST_RATE:g}",
    }
    chosen = language if language in notice_texts.LANGUAGES else notice_texts.ENGLISH
    ready = {
        "notice": notice_texts.notice(chosen, **words),
        "consultation": notice_texts.consultation(chosen, **words),
    }
    if language:
        return ready
    return {name: getattr(programme, name) or text for name, text in ready.items()}


def printed(programme: Programme, which: str) -> tuple[str, tuple[str, ...]]:
    """Return the first line of a text as its heading, and what else it says, by paragraphs."""
    text = getattr(programme, which) or _texts(programme, "")[which]
    heading, *rest = [part.strip() for part in text.split("\n\n") if part.strip()]
    return heading, tuple(rest)
