"""The brief as a person reads it: what is asked first, what the machine thinks of it last."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reviews.pages import links
from reviews.pages.lookup import Note, annotate
from reviews.pages.text import NO_LINK, Prose, marked, prose
from reviews.pages.values import Value, label, structure, value

SEVERITIES = ("high", "medium", "low", "info")
STEP = re.compile(r"(?P<what>[^(]+?)\s*\((?P<how>\{.*)\)", re.DOTALL)
TURN = re.compile(r"^(user|customer|assistant|agent|system|tool)\s*:\s*", re.M | re.I)


@dataclass(frozen=True, kw_only=True)
class Fact:
    label: str
    value: Value


@dataclass(frozen=True, kw_only=True)
class FactGroup:
    """Facts from one source; `title` is what their labels had in common."""

    title: str
    source: str
    facts: tuple[Fact, ...]
    wide: bool = False


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
    verb: str
    rationale: str


@dataclass(frozen=True, kw_only=True)
class Turn:
    who: str
    text: str
    machine: bool


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
    def alarms(self) -> int:
        """Count the flags that must not be scrolled past."""
        return sum(flag.severity == "high" for flag in self.flags)


def view(
    brief: Mapping[str, Any],
    *,
    arguments: Mapping[str, Any] | None,
    opened: Iterable[str],
    gates: Iterable[str],
    withheld: bool,
) -> BriefView:
    """Shape what was sent; `withheld` only words the gap, it removes nothing."""
    seen, gated = set(opened), set(gates)
    return BriefView(
        summary=marked(brief.get("summary") or ""),
        facts=fact_groups(brief.get("facts") or (), arguments or {}),
        flags=flags(brief.get("flags") or ()),
        steps=steps(brief.get("steps") or ()),
        evidence=tuple(
            evidence(
                item,
                number,
                opened=str(item.get("id", "")) in seen,
                must_open=str(item.get("id", "")) in gated,
            )
            for number, item in enumerate(brief.get("evidence") or (), start=1)
        ),
        draft=draft(brief.get("draft")),
        output=value(brief["output"]) if brief.get("output") else None,
        options=options(brief.get("options") or ()),
        confidence=confidence(brief.get("confidence")),
        suggestion=suggestion(brief.get("recommendation")),
        withheld=withheld,
    )


def fact_groups(
    facts: Iterable[Mapping[str, Any]], arguments: Mapping[str, Any]
) -> tuple[FactGroup, ...]:
    """Gather facts by source; leave out those that only repeat an argument shown above them."""
    shown = {label(key).casefold(): _plain(item) for key, item in arguments.items()}
    gathered: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = {}
    for fact in facts:
        name = marked(fact.get("label", ""))
        if _repeats(fact.get("value"), shown.get(name.casefold())):
            continue
        head, colon, tail = name.partition(": ")
        title, name = (head, tail) if colon and tail else ("", name)
        gathered.setdefault((title, marked(fact.get("source") or "")), []).append((name, fact))
    return tuple(
        FactGroup(
            title=title,
            source=source,
            facts=tuple(
                Fact(
                    label=label(name),
                    value=value(fact.get("value"), str(fact.get("kind") or "text")),
                )
                for name, fact in group
            ),
        )
        for (title, source), group in gathered.items()
    )


def arguments_view(
    arguments: Mapping[str, Any],
    schema: Mapping[str, Any],
    *,
    facts: Iterable[Mapping[str, Any]],
    index: Mapping[str, Note],
    told: str,
) -> tuple[Fact, ...]:
    """Show exactly what the agent will do, under the schema's titles.

    Storing loses the order: first what is required, then as the agent's facts have it.
    """
    named = schema.get("properties") or {}
    as_fact = {str(fact.get("label", "")).casefold(): fact.get("value") for fact in facts}
    keys = in_order(arguments, schema, list(as_fact))
    likes = {key: structure(as_fact.get(label(key).casefold())) for key in keys}
    return tuple(
        Fact(
            label=marked(named.get(key, {}).get("title") or label(key)),
            value=annotate(
                value(_in_order(arguments[key], likes[key]), _format(named.get(key, {}))),
                index,
                told,
            ),
        )
        for key in keys
    )


def in_order(
    arguments: Iterable[str], schema: Mapping[str, Any], told: Iterable[str] = ()
) -> list[str]:
    """Order argument names as people would tell them; JSON objects in the database have none."""
    places = {name: place for place, name in enumerate([*schema.get("required", ()), *told])}
    last = len(places)
    return sorted(
        arguments, key=lambda name: places.get(name, places.get(label(name).casefold(), last))
    )


def _in_order(argument: Any, like: Any) -> Any:
    """Put an argument's keys in the order in which the agent told the same thing as a fact."""
    if isinstance(argument, dict) and isinstance(like, dict):
        keys = [*(key for key in like if key in argument), *(key for key in argument)]
        return {key: _in_order(argument[key], like.get(key)) for key in dict.fromkeys(keys)}
    if isinstance(argument, list) and isinstance(like, list) and like:
        return [_in_order(item, like[0]) for item in argument]
    return argument


def _format(schema: Mapping[str, Any]) -> str:
    declared = schema.get("format")
    return {"date": "date", "date-time": "date", "uri": "link"}.get(str(declared), "text")


def _repeats(raw: Any, argument: str | None) -> bool:
    """Tell whether a fact says no more than the argument of its name, or only its beginning."""
    if argument is None:
        return False
    cut = value(raw).cut or str(raw).endswith("…")
    return cut or _plain(raw) == argument


def _plain(raw: Any) -> str:
    """Print a value so that the same JSON is the same text, however it was sent."""
    found = structure(raw)
    if found is None:
        return str(raw).strip().casefold()
    return json.dumps(found, sort_keys=True, ensure_ascii=False).casefold()


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
    url = item.get("url") or ""
    link = links.web(url)
    return Evidence(
        id=str(item.get("id", "")),
        dom_id=f"evidence-{number}",
        title=marked(item.get("title") or item.get("source") or f"Evidence {number}"),
        source=marked(item.get("source") or ""),
        href=link.href if link else "",
        host=link.host if link else f"{NO_LINK}: {marked(url)}" if url else "",
        must_open=must_open,
        opened=opened,
        body=value(item.get("snippet")) if opened or not must_open else None,
    )


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


def suggestion(raw: Any) -> Suggestion | None:
    if not isinstance(raw, Mapping) or not raw:
        return None
    return Suggestion(
        verb=label(raw.get("answer", "")), rationale=marked(raw.get("rationale") or "")
    )


def turns(transcript: object) -> tuple[Turn, ...]:
    """Cut a transcript at its speakers; what has none is one turn."""
    text = marked(transcript)
    cuts = [*TURN.finditer(text)]
    if not cuts:
        return (Turn(who="", text=text.strip(), machine=False),) if text.strip() else ()
    ends = [*(cut.start() for cut in cuts[1:]), len(text)]
    return tuple(
        Turn(
            who=cut[1].capitalize(),
            text=re.sub(r"\n{3,}", "\n\n", text[cut.end() : end].strip()),
            machine=cut[1].casefold() not in ("user", "customer"),
        )
        for cut, end in zip(cuts, ends, strict=True)
        if text[cut.end() : end].strip()
    )
