"""The brief as a person reads it: what is asked first, what the machine thinks of it last."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from handoffs.texts import folded
from reviews.pages import links
from reviews.pages.facts import Fact, FactGroup, fact_groups
from reviews.pages.text import NO_LINK, Prose, marked, prose
from reviews.pages.values import Value, label, structure, value

SEVERITIES = ("high", "medium", "low", "info")
STEP = re.compile(r"(?P<what>[^(]+?)\s*\((?P<how>\{.*)\)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Flag:
    label: str
    severity: str


@dataclass(frozen=True, kw_only=True)
class Step:
    what: str
    how: str
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A piece of evidence; `body` is absent until it is opened where opening it is required."""

    id: str
    dom_id: str
    title: str
    source: str
    href: str
    host: str
    must_open: bool
    opened: bool
    body: Value | None


@dataclass(frozen=True, kw_only=True)
class Option:
    id: str
    label: str
    consequence: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """`rationale` goes on where the summary stops if it begins with the same words."""

    verb: str
    rationale: str
    goes_on: bool = False


@dataclass(frozen=True, kw_only=True)
class BriefView:
    summary: str
    facts: tuple[FactGroup, ...]
    flags: tuple[Flag, ...]
    steps: tuple[Step, ...]
    evidence: tuple[Evidence, ...]
    draft: Prose | None
    output: Value | None
    options: tuple[Option, ...]
    confidence: str
    suggestion: Suggestion | None
    withheld: bool

    @property
    def aside(self) -> tuple[str, ...]:
        """Name the groups of facts about other things than the one that is acted on."""
        return tuple(group.title for group in self.facts if group.aside)

    @property
    def alarms(self) -> int:
        """Count the flags that must not be scrolled past."""
        return sum(flag.severity == "high" for flag in self.flags)


def view(
    brief: Mapping[str, Any],
    *,
    arguments: tuple[Fact, ...],
    opened: Iterable[str],
    gates: Iterable[str],
    withheld: bool,
) -> BriefView:
    """Shape what was sent; `withheld` only words the gap, it removes nothing."""
    seen, gated = set(opened), set(gates)
    pieces = enumerate(brief.get("evidence") or (), start=1)
    return BriefView(
        summary=marked(brief.get("summary") or ""),
        facts=fact_groups(brief.get("facts") or (), arguments),
        flags=flags(brief.get("flags") or ()),
        steps=steps(brief.get("steps") or ()),
        evidence=tuple(
            evidence(item, number, opened=_id(item) in seen, must_open=_id(item) in gated)
            for number, item in pieces
        ),
        draft=draft(brief.get("draft")),
        output=value(brief["output"]) if brief.get("output") else None,
        options=options(brief.get("options") or ()),
        confidence=confidence(brief.get("confidence")),
        suggestion=suggestion(brief.get("recommendation"), brief.get("summary")),
        withheld=withheld,
    )


def _id(item: Mapping[str, Any]) -> str:
    return str(item.get("id", ""))


def flags(raw: Iterable[Mapping[str, Any]]) -> tuple[Flag, ...]:
    """Order flags from worst to mildest; an unknown severity counts as medium."""
    found = [
        Flag(
            label=marked(flag.get("label", "")),
            severity=flag["severity"] if flag.get("severity") in SEVERITIES else "medium",
        )
        for flag in raw
    ]
    return tuple(sorted(found, key=lambda flag: SEVERITIES.index(flag.severity)))


def steps(raw: Iterable[Any]) -> tuple[Step, ...]:
    """Split "Get order ({…})" into what and how; count the same step in a row."""
    found: list[Step] = []
    for item in raw:
        text = marked(item)
        match = STEP.fullmatch(text)
        step = (
            Step(what=match["what"], how=_how(match["how"])) if match else Step(what=text, how="")
        )
        last = found[-1] if found else None
        if last and (last.what, last.how) == (step.what, step.how):
            found[-1] = Step(what=step.what, how=step.how, times=last.times + 1)
        else:
            found.append(step)
    return tuple(found)


def _how(text: str) -> str:
    """Print a step's arguments without JSON's noise."""
    read = structure(text)
    if not isinstance(read, dict):
        return "" if text == "{}" else text
    said = ", ".join(
        item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
        for item in read.values()
    )
    return f"{said} …" if text.endswith("…") else said


def evidence(item: Mapping[str, Any], number: int, *, opened: bool, must_open: bool) -> Evidence:
    """Describe one piece; a piece that must be opened is not in the page before it is."""
    title = marked(item.get("title") or item.get("source") or f"Evidence {number}")
    source = marked(item.get("source") or "")
    url = item.get("url") or ""
    link = links.web(url)
    return Evidence(
        id=_id(item),
        dom_id=f"evidence-{number}",
        title=title,
        source="" if folded(source) == folded(title) else source,
        href=link.href if link else "",
        host=link.host if link else f"{NO_LINK}: {marked(url)}" if url else "",
        must_open=must_open,
        opened=opened,
        body=_body(item, link is not None) if opened or not must_open else None,
    )


def _body(item: Mapping[str, Any], linked: bool) -> Value:
    """Give what the piece says; where only a link was sent, that is said."""
    snippet = item.get("snippet")
    if not snippet and linked:
        return Value(kind="text", text="The agent sent only the link.")
    return value(snippet)


def draft(raw: Any) -> Prose | None:
    if not isinstance(raw, Mapping) or not raw.get("body"):
        return None
    return prose(raw["body"], markdown=raw.get("kind") == "markdown")


def options(raw: Iterable[Mapping[str, Any]]) -> tuple[Option, ...]:
    return tuple(
        Option(
            id=str(option.get("id", "")),
            label=marked(option.get("label", "")),
            consequence=marked(option.get("consequence") or ""),
            key=str(number),
        )
        for number, option in enumerate(raw, start=1)
    )


def confidence(raw: Any) -> str:
    """Say a confidence as the statement it is, with where the number comes from."""
    if not isinstance(raw, Mapping) or raw.get("value") is None:
        return ""
    percent = f"{float(raw['value']):.0%}".replace("%", "\u202f%")
    return f"{percent} sure, {marked(raw.get('basis') or 'basis not stated')}"


def suggestion(raw: Any, summary: Any = "") -> Suggestion | None:
    """Give the recommendation; what stands in the summary already is not said twice."""
    if not isinstance(raw, Mapping) or not raw:
        return None
    rationale, said = str(raw.get("rationale") or ""), str(summary or "").rstrip("… ")
    goes_on = len(said) > 40 and rationale.startswith(said)
    if goes_on and rationale[len(said) :][:1].isalnum():
        said = said[: said.rfind(" ") + 1]
    return Suggestion(
        verb=label(raw.get("answer", "")),
        rationale=marked(rationale[len(said) :].strip() if goes_on else rationale),
        goes_on=goes_on,
    )
