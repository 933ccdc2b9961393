"""The library of a workflow's faults, and each fault as those read it who approve it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.models import User
from handoffs.models import Workflow
from oversight.blind_tests import (
    certificates,
    examples,
    fault_files,
    fault_forms,
    library,
    material,
    written_files,
)
from oversight.blind_tests.examples import Tried
from oversight.blind_tests.faults import Edit, Fault
from oversight.blind_tests.material import Material, Path
from oversight.blind_tests.written import Written
from oversight.models import FaultCertificate, LibraryFault
from oversight.pages import preview
from oversight.statistics import blindness
from reviews.pages.handoff import HandoffPage
from reviews.pages.text import marked

_STATES: Mapping[str, tuple[str, str]] = {
    LibraryFault.State.DRAFT.value: ("to be approved", "amber"),
    LibraryFault.State.APPROVED.value: ("approved", "green"),
    LibraryFault.State.RETIRED.value: ("retired", ""),
}
_MOST_PLACES = 60


@dataclass(frozen=True, kw_only=True)
class Line:
    name: str
    url: str
    kind: str
    difficulty: str
    harm: str
    state: str
    tone: str
    by_hand: bool
    approvals: str


@dataclass(frozen=True, kw_only=True)
class Index:
    name: str
    lines: tuple[Line, ...]
    may_write: bool
    urls: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class EditLine:
    where: str
    does: str


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One place that differs: what stood there, and what stands there now."""

    where: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One test as it would stand at the desk: what it asks, and what was changed in it."""

    number: int
    ask: str
    url: str
    changes: tuple[Changed, ...]


@dataclass(frozen=True, kw_only=True)
class Preview:
    page: HandoffPage
    name: str
    shown_at: str
    told: str
    changes: tuple[Changed, ...]
    url: str


@dataclass(frozen=True, kw_only=True)
class FaultPage:
    id: int
    line: Line
    workflow: str
    edits: tuple[EditLine, ...]
    shown_at: str
    told: str
    right: str
    wrong: tuple[Changed, ...]
    digest: str
    author: str
    written_at: datetime
    approved_by: tuple[str, ...]
    lacking: int
    retired_because: str
    certificate: str
    fits: str
    misfits: tuple[tuple[str, int], ...]
    shown: tuple[Shown, ...]
    may_approve: bool
    may_not_because: str
    may_retire: bool
    error: str
    why: str
    urls: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Place:
    path: str
    value: str


def index(workflow: Workflow, rows: Iterable[LibraryFault], *, may_write: bool) -> Index:
    return Index(
        name=workflow.name,
        lines=tuple(_line(row) for row in rows),
        may_write=may_write,
        urls={
            "tests": reverse("oversight:tests", args=[workflow.slug]),
            "new": reverse("oversight:fault-new", args=[workflow.slug]),
            "by_hand": reverse("oversight:fault-by-hand", args=[workflow.slug]),
        },
    )


def fault(
    row: LibraryFault, *, reader: User, now: datetime, error: str = "", why: str = ""
) -> FaultPage:
    """Say all of a fault, and show what it makes of the latest handoffs of its kind."""
    approvals = list(row.approvals.all())
    generator, by_hand = _read(row)
    tried = examples.tried(row.workflow, generator, now=now) if generator else None
    names = ("fault-approve", "fault-retire")
    urls = {
        name.partition("-")[2]: reverse(f"oversight:{name}", args=[row.workflow.slug, row.pk])
        for name in names
    }
    said = generator or by_hand
    assert said is not None
    is_draft, may_not = row.state == LibraryFault.State.DRAFT, _may_not(row, reader)
    return FaultPage(
        id=row.pk,
        line=_line(row),
        workflow=row.workflow.name,
        edits=tuple(_edit(edit) for edit in generator.edits) if generator else (),
        shown_at=marked(_where(said.shown_at)),
        told=marked(said.told),
        right=marked(by_hand.right) if by_hand else "",
        wrong=_wrong(by_hand) if by_hand else (),
        digest=row.digest,
        author=row.author.name,
        written_at=row.written_at,
        approved_by=tuple(one.by.name for one in approvals),
        lacking=max(0, library.APPROVERS - len(approvals)),
        retired_because=marked(row.retired_because),
        certificate=certified(certificates.latest(row)) if _is_measured(row) else "",
        fits=_fits(tried) if tried else "",
        misfits=tried.misfits if tried else (),
        shown=_shown_of(row, tried) if tried else _by_hand_shown(row, by_hand),
        may_approve=is_draft and not may_not,
        may_not_because=may_not if is_draft else "",
        may_retire=row.state != LibraryFault.State.RETIRED and library.leads(reader, row.workflow),
        error=error,
        why=why,
        urls=urls | {"faults": reverse("oversight:faults", args=[row.workflow.slug])},
    )


def _is_measured(row: LibraryFault) -> bool:
    return row.state == LibraryFault.State.APPROVED and not written_files.is_by_hand(row.body)


def certified(found: FaultCertificate | None) -> str:
    """Say whether tests of a fault may be made, by what a classifier made of copies with it."""
    if found is None:
        return (
            "Not measured yet, so it makes no tests. Copies are made and measured within the hour."
        )
    if found.sources < blindness.LEAST:
        return (
            "Too few to say, so it makes no tests: "
            f"copies can be made of {found.sources} handoffs, {blindness.LEAST} are needed. "
            "It is measured again each week."
        )
    told = (
        f"classifiers told {found.copies} copies from {found.reals} real handoffs with an AUC "
        f"of at most {found.upper:.2f} ({blindness.MOST:.2f} is allowed, 0.50 is luck), on "
        f"{found.measured_at:%-d %B %Y}."
    )
    if found.state == FaultCertificate.State.HOLDS:
        return f"It holds: {told}"
    return f"Not certain, so it makes no tests: {told} It is measured again each week."


def places(shown: Material | None) -> tuple[Place, ...]:
    """List the places of a handoff of this kind, as they are typed, each with what stands there."""
    if shown is None:
        return ()
    return tuple(
        Place(path=fault_forms.words(named(path, shown.body)), value=marked(str(value))[:80])
        for path, value in list(material.leaves(shown.body))[:_MOST_PLACES]
        if path[-1] not in ("label", "kind", "source", "id", "severity")
    )


def named(path: Path, body: Mapping[str, Any]) -> Path:
    """Name facts and evidence in a path by their label or id, as a fault finds them."""
    found: list[str | int] = []
    for number, step in enumerate(path):
        inside = material.find(body, path[: number + 1])
        name = inside.get("label") or inside.get("id") if isinstance(inside, Mapping) else None
        found.append(name if isinstance(step, int) and name else step)
    return tuple(found)


def _read(row: LibraryFault) -> tuple[Fault | None, Written | None]:
    if written_files.is_by_hand(row.body):
        return None, written_files.read(row.body)
    return fault_files.read(row.body), None


def _line(row: LibraryFault) -> Line:
    state, tone = _STATES[row.state]
    given = len(row.approvals.all())
    return Line(
        name=marked(row.name),
        url=reverse("oversight:fault", args=[row.workflow.slug, row.pk]),
        kind=str(row.body.get("kind", "")),
        difficulty=str(row.body.get("difficulty", "")),
        harm=str(row.body.get("harm", "")),
        state=state,
        tone=tone,
        by_hand=written_files.is_by_hand(row.body),
        approvals=f"{min(given, library.APPROVERS)} of {library.APPROVERS}",
    )


def _may_not(row: LibraryFault, reader: User) -> str:
    """Say why this person does not approve it, or nothing."""
    if not library.may_approve(reader, row.workflow):
        return "You read this. Whoever signs maps or leads the workflow approves it."
    if row.author_id == reader.pk:
        return "You wrote it, so two others approve it."
    if any(one.by_id == reader.pk for one in row.approvals.all()):
        return "You approved it. One other person is still to read it."
    return ""


_SIDES = {"arguments": "what the agent wants", "input": "the original request"}
_PARTS = {"facts": "fact", "evidence": "evidence", "flags": "flag"}


def _where(path: Path) -> str:
    """Say in words where a place is: the fact “Status”."""
    if path[:1] == ("brief",) and len(path) > 2 and path[1] in _PARTS:
        return f"the {_PARTS[str(path[1])]} “{path[2]}”"
    if path[:1] == ("brief",):
        return "the brief: " + ", ".join(str(step).replace("_", " ") for step in path[1:])
    side = _SIDES.get(str(path[0]), str(path[0]))
    rest = ", ".join(str(step).replace("_", " ") for step in path[1:])
    return f"{side}: {rest}" if rest else side


def _edit(edit: Edit) -> EditLine:
    return EditLine(where=marked(_where(edit.at)), does=marked(_does(edit)))


def _does(edit: Edit) -> str:
    value = edit.value
    match edit.how.value:
        case "set":
            return f"becomes “{value}”"
        case "scale":
            return f"becomes {value} times as much"
        case "add":
            return f"becomes {value} more"
        case "transpose":
            return "gets two of its digits the wrong way round"
        case "shift days":
            return f"moves by {value} days"
        case "add text":
            return f"gets added: “{value}”"
        case "another":
            return "becomes another one that stands in the brief"
        case "also":
            return "gets another one added that stands in the brief"
        case "quote":
            return "becomes what is asked for where the fault shows"
        case other:
            return f"{other}: {value}"


def _wrong(by_hand: Written) -> tuple[Changed, ...]:
    return tuple(
        Changed(where=fault_forms.words(path), before="", after=marked(str(value)))
        for path, value in by_hand.wrong.values
    )


def _fits(tried: Tried) -> str:
    if not tried.looked_at:
        return "No handoff of this kind has come yet, so nothing can be shown. It can be approved."
    return (
        f"Of the last {tried.looked_at} handoffs of this kind, tests could be made of {tried.fits}."
    )


def _shown_of(row: LibraryFault, tried: Tried) -> tuple[Shown, ...]:
    return tuple(
        Shown(
            number=number,
            ask=marked(one.made.material.body["brief"].get("ask", "")),
            url=_preview_url(row, number),
            changes=_changes(one.before.body, one.made.material.body),
        )
        for number, one in enumerate(tried.shown, start=1)
    )


def _by_hand_shown(row: LibraryFault, by_hand: Written | None) -> tuple[Shown, ...]:
    if by_hand is None:
        return ()
    ask = marked(by_hand.material.body["brief"].get("ask", ""))
    return (Shown(number=1, ask=ask, url=_preview_url(row, 1), changes=()),)


def _preview_url(row: LibraryFault, number: int) -> str:
    return reverse("oversight:fault-preview", args=[row.workflow.slug, row.pk, number])


def previewed(row: LibraryFault, number: int, *, now: datetime) -> Preview | None:
    """Return this example as the desk would show it; None where there is none."""
    generator, by_hand = _read(row)
    changes: tuple[Changed, ...] = ()
    if generator is not None:
        shown = examples.tried(row.workflow, generator, now=now).shown
        if not 1 <= number <= len(shown):
            return None
        one = shown[number - 1]
        seen, like = one.made.material, one.handoff
        changes = _changes(one.before.body, seen.body)
    else:
        assert by_hand is not None
        found = examples.stand_in(row.workflow, by_hand.material.action_type)
        if found is None or number != 1:
            return None
        seen, like = by_hand.material, found
    said = generator or by_hand
    assert said is not None
    return Preview(
        page=preview.page(seen, like, now=now),
        name=marked(row.name),
        shown_at=marked(_where(said.shown_at)),
        told=marked(said.told),
        changes=changes,
        url=reverse("oversight:fault", args=[row.workflow.slug, row.pk]),
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Changed, ...]:
    then = dict(material.leaves(before))
    now_ = dict(material.leaves(after))
    return tuple(
        Changed(
            where=marked(_where(named(path, after))),
            before=marked(str(then.get(path, ""))),
            after=marked(str(value)),
        )
        for path, value in now_.items()
        if then.get(path) != value
    )
