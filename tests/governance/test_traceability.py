"""What is claimed can be looked up, and what is missing is said."""

import copy
import csv
import io
import json
from typing import Any

import pytest
import yaml
from django.apps import apps
from django.conf import settings
from django.core.management import call_command, get_commands
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import User
from config import docs
from governance import traceability
from governance.traceability import Evidence, NotReadable

DATA = yaml.safe_load(traceability.FILE.read_text())
EVIDENCE = [
    (capability.id, one)
    for capability in traceability.read().capabilities
    for one in capability.evidence
]


def there(evidence: Evidence) -> bool:
    match evidence.kind:
        case "page":
            return bool(reverse(evidence.at))
        case "command":
            return evidence.at in get_commands()
        case "table":
            return evidence.at in {model._meta.db_table for model in apps.get_models()}
        case "call":
            return f"/api/v1{evidence.at}" in json.loads(docs.document_text())["paths"]
        case "file":
            return (settings.BASE_DIR / evidence.at).is_file()


@pytest.mark.parametrize(("capability", "evidence"), EVIDENCE)
def test_every_piece_of_evidence_is_there(capability: str, evidence: Evidence) -> None:
    assert there(evidence), f"{capability}: there is no {evidence.kind} {evidence.at}"


def test_the_three_sources_are_all_there_and_each_clause_once() -> None:
    clauses = [(one.source, one.clause) for one in traceability.read().clauses]

    assert {source for source, _ in clauses} == {"EU AI Act", "NIST AI RMF", "ISO/IEC 42001"}
    assert len(clauses) == len(set(clauses))
    for article in ("Art. 12", "Art. 14", "Art. 26"):
        assert any(clause.startswith(article) for _, clause in clauses)


def test_every_capability_serves_something() -> None:
    found = traceability.read()
    used = {one.id for clause in found.clauses for one in clause.by}

    assert {one.id for one in found.capabilities} == used


@pytest.mark.parametrize(
    "spoil",
    [
        lambda clause: clause.update(by=["nothing"]),
        lambda clause: clause.update(covers="full", by=[]),
        lambda clause: clause.update(covers="none"),
        lambda clause: clause.update(covers="mostly"),
        lambda clause: clause.update(not_covered=" "),
    ],
)
def test_what_claims_too_much_is_not_read(spoil: Any) -> None:
    data = copy.deepcopy(DATA)
    spoil(data["clauses"][0])

    with pytest.raises(NotReadable):
        traceability.parse(data)


def export(format: str) -> str:
    out = io.StringIO()
    call_command("traceability", "--format", format, stdout=out)
    return out.getvalue()


def test_each_export_tells_every_clause_and_what_is_missing() -> None:
    found = traceability.read()
    told = json.loads(export("json"))
    lines = list(csv.DictReader(io.StringIO(export("csv"))))
    document = export("md")

    assert [one["clause"] for one in told["clauses"]] == [one.clause for one in found.clauses]
    for clause in found.clauses:
        assert clause.not_covered in document
        assert any(line["not_covered"] == clause.not_covered for line in lines)
    assert sum(bool(line["at"]) for line in lines) == sum(
        len(one.evidence) for clause in found.clauses for one in clause.by
    )


def test_everyone_signed_in_reads_it(db: None, ann: User) -> None:
    browser = Browser()
    browser.force_login(ann)

    page = browser.get(reverse("governance:traceability")).content.decode()

    assert "Not covered:" in page
    assert "manage.py verify_audit" in page
