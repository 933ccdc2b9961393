"""Interim: what a brief must hold."""

from dataclasses import dataclass
from typing import Any

from handoffs import canonical


@dataclass(frozen=True)
class Finding:
    path: str
    message: str


@dataclass(frozen=True)
class Checked:
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    over_budget: bool = False


def check(brief: dict[str, Any], *, required_context: tuple[str, ...], action_type: str) -> Checked:
    problems = []
    if not str(brief.get("ask", "")).strip():
        problems.append(Finding("brief.ask", "The question to the person is missing."))
    labels = {str(fact.get("label", "")).casefold() for fact in brief.get("facts", [])}
    for label in required_context:
        if label.casefold() not in labels:
            problems.append(Finding("brief.facts", f"The fact {label} is missing."))
    return Checked(tuple(problems), ())


def content_digest(brief: dict[str, Any]) -> str:
    return canonical.digest(brief)
