"""Clauses with what serves them and where the proof is, as links where there is a page."""

from dataclasses import dataclass
from itertools import groupby

from django.urls import NoReverseMatch, reverse

from governance import traceability
from governance.traceability import WORDS, Capability, Clause, Evidence


@dataclass(frozen=True, kw_only=True)
class Proof:
    kind: str
    at: str
    shows: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Served:
    name: str
    says: str
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, kw_only=True)
class ClauseLine:
    clause: str
    asks: str
    covers: str
    word: str
    by: tuple[Served, ...]
    not_covered: str


@dataclass(frozen=True, kw_only=True)
class Source:
    name: str
    clauses: tuple[ClauseLine, ...]


@dataclass(frozen=True, kw_only=True)
class TraceabilityPage:
    version: int
    checked_on: str
    sources: tuple[Source, ...]


def page() -> TraceabilityPage:
    found = traceability.read()
    by_source = groupby(found.clauses, key=lambda clause: clause.source)
    return TraceabilityPage(
        version=found.version,
        checked_on=found.checked_on,
        sources=tuple(
            Source(name=name, clauses=tuple(_clause(one) for one in clauses))
            for name, clauses in by_source
        ),
    )


def _clause(clause: Clause) -> ClauseLine:
    return ClauseLine(
        clause=clause.clause,
        asks=clause.asks,
        covers=clause.covers,
        word=WORDS[clause.covers],
        by=tuple(_served(one) for one in clause.by),
        not_covered=clause.not_covered,
    )


def _served(capability: Capability) -> Served:
    return Served(
        name=capability.name,
        says=capability.says,
        proofs=tuple(_proof(one) for one in capability.evidence),
    )


def _proof(evidence: Evidence) -> Proof:
    at, url = evidence.at, ""
    if evidence.kind == "page":
        url = _url(at)
        at = url or at
    if evidence.kind == "command":
        at = f"manage.py {at}"
    return Proof(kind=evidence.kind, at=at, shows=evidence.shows, url=url)


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
