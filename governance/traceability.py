"""Which rule asks for what, which capability serves it, where the proof is, and what is missing."""

import csv
import functools
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

FILE = Path(__file__).with_name("clauses.yaml")
Covers = Literal["full", "part", "none"]
Kind = Literal["page", "command", "table", "call", "file"]


class NotReadable(ValueError):
    """The data does not have the shape that everything here relies on."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Where one can look: the name of a page, a command, a table, a call of the API, a file."""

    kind: Kind
    at: str
    shows: str


@dataclass(frozen=True, kw_only=True)
class Capability:
    id: str
    name: str
    says: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One demand, in our own words; `not_covered` always says something."""

    source: str
    clause: str
    asks: str
    covers: Covers
    by: tuple[Capability, ...]
    not_covered: str


@dataclass(frozen=True, kw_only=True)
class Traceability:
    version: int
    checked_on: str
    capabilities: tuple[Capability, ...]
    clauses: tuple[Clause, ...]


@functools.cache
def read() -> Traceability:
    """Return what the file of this release says."""
    return parse(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def parse(data: dict[str, Any]) -> Traceability:
    known = {id: _capability(id, one) for id, one in data["capabilities"].items()}
    return Traceability(
        version=data["version"],
        checked_on=str(data["checked_on"]),
        capabilities=tuple(known.values()),
        clauses=tuple(_clause(one, known) for one in data["clauses"]),
    )


def _capability(id: str, data: dict[str, Any]) -> Capability:
    evidence = tuple(_evidence(id, one) for one in data["evidence"])
    return Capability(id=id, name=data["name"], says=data["says"], evidence=evidence)


def _evidence(id: str, data: dict[str, str]) -> Evidence:
    kinds = [kind for kind in get_args(Kind) if kind in data]
    if len(kinds) != 1 or set(data) != {kinds[0], "shows"}:
        raise NotReadable(f"{id}: a piece of evidence is one of {', '.join(get_args(Kind))}.")
    return Evidence(kind=kinds[0], at=data[kinds[0]], shows=data["shows"])


def _clause(data: dict[str, Any], known: dict[str, Capability]) -> Clause:
    where = f"{data['source']} {data['clause']}"
    unknown = [id for id in data["by"] if id not in known]
    if unknown:
        raise NotReadable(f"{where}: there is no capability {unknown[0]}.")
    if data["covers"] not in get_args(Covers) or (data["covers"] == "none") == bool(data["by"]):
        raise NotReadable(f"{where}: what is covered is covered by something, and nothing else is.")
    if not data["not_covered"].strip():
        raise NotReadable(f"{where}: say what is not covered.")
    return Clause(
        source=data["source"],
        clause=str(data["clause"]),
        asks=data["asks"],
        covers=data["covers"],
        by=tuple(known[id] for id in data["by"]),
        not_covered=data["not_covered"],
    )


def as_json(found: Traceability) -> dict[str, Any]:
    """Write everything as plain data, each clause complete in itself."""
    return {
        "version": found.version,
        "checked_on": found.checked_on,
        "clauses": [
            {
                "source": clause.source,
                "clause": clause.clause,
                "asks": clause.asks,
                "covers": clause.covers,
                "by": [
                    {
                        "capability": one.id,
                        "name": one.name,
                        "says": one.says,
                        "evidence": [
                            {"kind": proof.kind, "at": proof.at, "shows": proof.shows}
                            for proof in one.evidence
                        ],
                    }
                    for one in clause.by
                ],
                "not_covered": clause.not_covered,
            }
            for clause in found.clauses
        ],
    }


def as_csv(found: Traceability) -> str:
    """Write a line for each piece of evidence, and one for each clause that has none."""
    out = io.StringIO()
    names = ["source", "clause", "asks", "covers", "capability", "kind", "at", "shows"]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*names, "not_covered"])
    for clause in found.clauses:
        told = [clause.source, clause.clause, clause.asks, clause.covers]
        proofs = [[one.id, p.kind, p.at, p.shows] for one in clause.by for p in one.evidence]
        for proof in proofs or [[""] * 4]:
            writer.writerow([*told, *proof, clause.not_covered])
    return out.getvalue()


def as_markdown(found: Traceability) -> str:
    lines = [
        "# Which rule, which capability, which proof",
        "",
        f"Version {found.version}, looked at on {found.checked_on}. Clauses are told in our own "
        "words; what is covered is our own view.",
    ]
    for clause in found.clauses:
        lines += ["", f"## {clause.source}, {clause.clause}", "", clause.asks, ""]
        lines += [f"**Covered:** {WORDS[clause.covers]}. **Not covered:** {clause.not_covered}"]
        for one in clause.by:
            lines += ["", f"- **{one.name}.** {one.says}"]
            lines += [f"  - {proof.kind} `{proof.at}`: {proof.shows}" for proof in one.evidence]
    return "\n".join([*lines, ""])


WORDS: dict[str, str] = {"full": "yes, for what runs here", "part": "in part", "none": "no"}
