"""Test cases of a version: whether they hold, which rules they show, and a form for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import DomainError
from accounts.http import UserRequest
from governance import cases, maps
from governance.admin import (
    map_case_form,
    map_changes,
    map_door,
    map_meanwhile,
    map_pages,
    map_words,
)
from governance.admin.map_case_form import CaseForm, SignalField
from governance.admin.map_meanwhile import Refused
from governance.admin.map_pages import Head
from governance.cases import Case, Result
from handoffs.models import RiskTierMap
from handoffs.policy import PolicyError, RiskMap
from handoffs.signals import ActionType
from reviews.forms import arguments as argument_form

NEW = -1


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    name: str
    passed: bool
    sentence: str
    action_type: str
    tier: str
    tier_name: str
    rules: tuple[str, ...]
    url: str
    accept_url: str


@dataclass(frozen=True, kw_only=True)
class CasesPage:
    head: Head
    lines: tuple[CaseLine, ...]
    failing: int
    coverage: tuple[str, ...]
    covered: bool
    unreadable: str
    urls: dict[str, str]


@require_GET
@never_cache
def cases_page(request: UserRequest, pk: int) -> HttpResponse:
    """Run every case and say which rules they leave in the dark."""
    map = map_door.find(request, pk)
    risk_map, unreadable = map_pages.read(map)
    types = maps.action_types(map.workflow)
    results, broken = _results(map, risk_map, types)
    read = [one.case for one in results]
    coverage = cases.uncovered(risk_map, types, read) if risk_map else []
    page = CasesPage(
        head=map_pages.head(request, map, timezone.now()),
        lines=tuple(_line(map, at, one) for at, one in enumerate(results)),
        failing=sum(not one.passed for one in results),
        coverage=tuple(coverage),
        covered=not coverage and risk_map is not None,
        unreadable=unreadable or broken,
        urls={name: map_door.url(name, map.pk) for name in ("cases", "case_add", "case_suggest")},
    )
    return map_door.show(request, "cases", page)


def _results(
    map: RiskTierMap, risk_map: RiskMap | None, types: Sequence[ActionType]
) -> tuple[list[Result], str]:
    if risk_map is None:
        return [], ""
    try:
        return [cases.check(risk_map, types, cases.parse(one)) for one in map.cases], ""
    except PolicyError as error:
        return [], f"The cases cannot be read. {error}"


def _line(map: RiskTierMap, number: int, result: Result) -> CaseLine:
    case = result.case
    return CaseLine(
        name=case.name,
        passed=result.passed,
        sentence=result.sentence,
        action_type=case.action_type,
        tier=map_words.TIERS[case.tier],
        tier_name=case.tier.value,
        rules=case.rules,
        url=map_door.url("case", map.pk, number),
        accept_url=map_door.url("case_accept", map.pk, number),
    )


@dataclass(frozen=True, kw_only=True)
class CasePage:
    head: Head
    title: str
    url: str
    remove_url: str
    cases_url: str
    edition: int
    name: str
    types: tuple[tuple[str, str, bool], ...]
    arguments: tuple[argument_form.Field, ...]
    signals: tuple[SignalField, ...]
    values: str
    input: str
    brief: tuple[tuple[str, str], ...]
    at: str
    first_seen: tuple[tuple[str, str, bool], ...]
    tiers: tuple[tuple[str, str, bool], ...]
    rules: tuple[tuple[str, bool], ...]
    now: str
    errors: Mapping[str, str] = field(default_factory=dict)
    refused: Refused | None = None


@require_http_methods(["GET", "POST"])
@never_cache
def case_page(request: UserRequest, pk: int, number: int = NEW) -> HttpResponse:
    """Add or change a case; with `do=rule` the expectation is taken from what the map says."""
    map = map_door.find_draft(request, pk)
    if number != NEW and number >= len(map.cases):
        raise Http404
    stored = map.workflow.action_types.values_list("name", "arguments_schema")
    schemas = {name: map_case_form.lenient(schema) for name, schema in stored}
    if request.method == "GET":
        kept = map.cases[number] if number != NEW else {"action_type": next(iter(schemas), "")}
        return _show(request, map, number, CaseForm(case=kept), schemas)
    schema = schemas.get(request.POST.get("action_type", ""), {"type": "object"})
    form = map_case_form.of_post(request.POST, schema)
    if request.POST.get("do") != "save":
        return _show(request, map, number, _answered(map, form, request), schemas)
    return _save(request, map, number, form, schemas)


def _answered(map: RiskTierMap, form: CaseForm, request: UserRequest) -> CaseForm:
    """Fill in what the map says now; another action type only changes the fields."""
    if request.POST.get("do") != "rule" or form.errors:
        return replace(form, errors={}) if request.POST.get("do") == "type" else form
    said = _ruled(map, form)
    return replace(form, case={**form.case, **said}) if said else form


def _ruled(map: RiskTierMap, form: CaseForm) -> dict[str, Any]:
    risk_map, _ = map_pages.read(map)
    case, _ = _parsed({"tier": "autonomous", "name": "-", **form.case})
    if risk_map is None or case is None:
        return {}
    result = cases.check(risk_map, maps.action_types(map.workflow), case)
    return {"tier": result.tier.value, "rules": list(result.rules)} if result.tier else {}


def _parsed(data: Mapping[str, Any]) -> tuple[Case | None, str]:
    try:
        return cases.parse(data), ""
    except PolicyError as error:
        return None, error.reason


def _save(
    request: UserRequest, map: RiskTierMap, number: int, form: CaseForm, schemas: dict[str, Any]
) -> HttpResponse:
    case, why = _parsed(form.case)
    taken = [one.get("name") for at, one in enumerate(map.cases) if at != number]
    if case is not None and case.name in taken:
        why = f"There is a case “{case.name}” already. Give this one another name."
    if form.errors or why or case is None:
        page_form = replace(form, errors={**form.errors, "": why})
        return _show(request, map, number, page_form, schemas, status=422)
    kept = list(map.cases)
    if number == NEW:
        kept.append(cases.to_json(case))
    else:
        kept[number] = cases.to_json(case)
    try:
        map_door.save(request, map, cases=kept)
    except DomainError as refusal:
        refused = map_meanwhile.refused(refusal, map, map_door.edition(request))
        return _show(request, map, number, form, schemas, status=409, refused=refused)
    messages.success(request, f"The case “{case.name}” is saved in the draft.")
    return map_door.to(map_door.url("cases", map.pk))


@require_POST
def remove(request: UserRequest, pk: int, number: int) -> HttpResponse:
    map = map_door.find_draft(request, pk)
    kept = [one for at, one in enumerate(map.cases) if at != number]
    return _saved(request, map, kept, "The case is gone from the draft.")


@require_POST
def accept(request: UserRequest, pk: int, number: int) -> HttpResponse:
    """Let one case expect what the map says now, where somebody has looked and finds it right."""
    map = map_door.find_draft(request, pk)
    if number >= len(map.cases):
        raise Http404
    said = _ruled(map, CaseForm(case=map.cases[number]))
    kept = [{**one, **said} if at == number else one for at, one in enumerate(map.cases)]
    return _saved(request, map, kept, f"“{map.cases[number].get('name')}” expects this now.")


@require_POST
def suggest(request: UserRequest, pk: int) -> HttpResponse:
    """Add what would show the rules that no case shows yet."""
    map = map_door.find_draft(request, pk)
    risk_map, why = map_pages.read(map)
    if risk_map is None:
        messages.error(request, why)
        return map_door.to(map_door.url("cases", map.pk))
    made = [cases.to_json(one) for one in cases.suggest(risk_map, maps.action_types(map.workflow))]
    told = [_told(one) for one in map.cases]
    fresh = [one for one in made if _told(one) not in told]
    done = f"{len(fresh)} case{'s' if len(fresh) != 1 else ''} added. Read each: it says what the"
    return _saved(request, map, map_changes.with_cases(map.cases, fresh), f"{done} map does now.")


def _told(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a case brings, without what it is called or expects."""
    return {key: one for key, one in case.items() if key not in ("name", "tier", "rules")}


def _saved(
    request: UserRequest, map: RiskTierMap, kept: list[dict[str, Any]], done: str
) -> HttpResponse:
    try:
        map_door.save(request, map, cases=kept)
        messages.success(request, done)
    except DomainError as refusal:
        map_door.said(request, refusal)
    return map_door.to(map_door.url("cases", map.pk))


def _show(
    request: UserRequest,
    map: RiskTierMap,
    number: int,
    form: CaseForm,
    schemas: Mapping[str, Any],
    *,
    status: int = 200,
    refused: Refused | None = None,
) -> HttpResponse:
    page = _page(request, map, number, form, schemas, refused)
    return map_door.show(request, "case", page, status=status)


def _page(
    request: UserRequest,
    map: RiskTierMap,
    number: int,
    form: CaseForm,
    schemas: Mapping[str, Any],
    refused: Refused | None,
) -> CasePage:
    case, chosen = form.case, str(form.case.get("action_type", ""))
    first = {True: "yes", False: "no", None: ""}[case.get("first_seen")]
    brief = case.get("brief") or {}
    shown = request.method == "GET" or refused is not None
    schema = schemas.get(chosen, {"type": "object"})
    return CasePage(
        head=map_pages.head(request, map, timezone.now()),
        title="A new case" if number == NEW else f"Case: {map.cases[number].get('name')}",
        url=map_door.url("case_add", map.pk)
        if number == NEW
        else map_door.url("case", map.pk, number),
        remove_url="" if number == NEW else map_door.url("case_remove", map.pk, number),
        cases_url=map_door.url("cases", map.pk),
        edition=map.edition if shown else map_door.edition(request),
        name=str(case.get("name", "")),
        types=tuple((name, name, name == chosen) for name in sorted(schemas)),
        arguments=argument_form.fields(
            schema, case.get("arguments") or {}, typed=form.typed, errors=form.errors
        ),
        signals=map_case_form.signal_fields(form),
        values=map_case_form.pairs(form, "values"),
        input=map_case_form.pairs(form, "input"),
        brief=tuple((key, str(brief.get(key, ""))) for key in map_case_form.BRIEF),
        at=str(case.get("at") or "")[:16],
        first_seen=tuple(
            (value, label, value == first)
            for value, label in (("", "not said"), ("yes", "yes"), ("no", "no"))
        ),
        tiers=tuple((t, said, t == case.get("tier")) for t, said in map_words.TIERS.items()),
        rules=tuple(
            (str(one.get("id")), one.get("id") in (case.get("rules") or []))
            for one in map_changes.rules(map.body)
        ),
        now=_now(map, form),
        errors={"values": "", "input": "", "at": ""} | dict(form.errors),
        refused=refused or map_meanwhile.plain(form.errors.get("", "")),
    )


def _now(map: RiskTierMap, form: CaseForm) -> str:
    """Say what the map makes of the case as it stands."""
    said = {} if form.errors else _ruled(map, form)
    if not said:
        return ""
    fired = f"; {', '.join(said['rules'])} fire" if said["rules"] else "; no rule fires"
    if len(said["rules"]) == 1:
        fired += "s"
    return f"As it stands, the map says {map_words.TIERS[said['tier']]}{fired}."
