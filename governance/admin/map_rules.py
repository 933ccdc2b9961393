"""The page of one rule: conditions built step by step, saved into the draft."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import DomainError
from accounts.http import UserRequest
from accounts.roles import Can
from governance.admin import (
    map_builder,
    map_changes,
    map_door,
    map_meanwhile,
    map_pages,
    map_rule_form,
    map_vocabulary,
    map_words,
    map_would,
)
from governance.admin.map_meanwhile import Refused
from governance.admin.map_pages import Head
from governance.admin.map_rule_form import RuleForm
from governance.admin.map_vocabulary import Vocabulary
from handoffs.models import RiskTierMap
from handoffs.policy import IfMissing

NEW = ""


@dataclass(frozen=True, kw_only=True)
class RulePage:
    head: Head
    title: str
    url: str
    would_url: str
    remove_url: str
    edition: int
    builder: map_builder.Builder
    id: str
    because: str
    tiers: tuple[tuple[str, str, str, bool], ...]
    if_missing: tuple[tuple[str, str, bool], ...]
    errors: dict[str, str]
    focus: str
    would: map_would.Would
    refused: Refused | None


@require_http_methods(["GET", "POST"])
@never_cache
def rule(request: UserRequest, pk: int, name: str = NEW) -> HttpResponse:
    """Show a rule, carry out a button of the builder, or save."""
    map = map_door.find_draft(request, pk)
    kept = map_changes.rule(map.body, name)
    if name and kept is None and request.method == "GET":
        raise Http404
    words = vocabulary(map)
    if request.method == "GET":
        form = map_rule_form.of_rule(kept) if kept else RuleForm(was=None)
        return _show(request, map, form, words, body=map.body)
    form = map_rule_form.of_post(request.POST, words, was=name or None)
    if request.POST.get("do") == "save":
        return _save(request, map, form, words)
    if request.htmx:
        return _builder(request, map, form, words)
    _, body = map_rule_form.checked(map_rule_form.to_try(form), map.body)
    return _show(request, map, form, words, body=body)


def _save(
    request: UserRequest, map: RiskTierMap, form: RuleForm, words: Vocabulary
) -> HttpResponse:
    form, body = map_rule_form.checked(form, map.body)
    if body is None:
        return _show(request, map, form, words, body=None, status=422)
    made = map_rule_form.to_json(form)["id"]
    try:
        cases = map_changes.renamed_in_cases(map.cases, form.was, made)
        map_door.save(request, map, body=body, cases=cases)
    except DomainError as refusal:
        refused = map_meanwhile.refused(refusal, map, map_door.edition(request))
        return _show(request, map, form, words, body=body, status=409, refused=refused)
    messages.success(request, f"Rule {made} is saved in the draft.")
    return map_door.to_map(map, f"rule-{made}")


@require_POST
def would(request: UserRequest, pk: int, name: str = NEW) -> HttpResponse:
    """Try the rule as it is typed; nothing is saved."""
    map = map_door.find_draft(request, pk)
    form = map_rule_form.of_post(request.POST, vocabulary(map), was=name or None)
    _, body = map_rule_form.checked(map_rule_form.to_try(form), map.body)
    page = map_would.would(map, body, may_look=request.user.can(Can.READ_AUDIT))
    return map_door.show_part(request, "_would", {"would": page})


@require_POST
def remove(request: UserRequest, pk: int, name: str) -> HttpResponse:
    map = map_door.find_draft(request, pk)
    try:
        map_door.save(request, map, body=map_changes.without_rule(map.body, name))
        messages.success(request, f"Rule {name} is gone from the draft.")
    except DomainError as refusal:
        map_door.said(request, refusal)
    return map_door.to_map(map, "rules")


@require_POST
def order(request: UserRequest, pk: int) -> HttpResponse:
    """Move one rule by a button, or take over the order that was dragged."""
    map = map_door.find_draft(request, pk)
    verb, _, name = request.POST.get("do", "").partition(":")
    if verb in ("up", "down"):
        body = map_changes.moved(map.body, name, -1 if verb == "up" else 1)
    else:
        body = map_changes.ordered(map.body, request.POST.get("order", "").split())
    try:
        map_door.save(request, map, body=body)
    except DomainError as refusal:
        map_door.said(request, refusal)
    return map_door.to_map(map, f"rule-{name}" if name else "rules")


def vocabulary(map: RiskTierMap) -> Vocabulary:
    schemas = map.workflow.action_types.values_list("name", "arguments_schema")
    return map_vocabulary.vocabulary(dict(schemas), map_changes.names_read(map.body))


def _show(
    request: UserRequest,
    map: RiskTierMap,
    form: RuleForm,
    words: Vocabulary,
    *,
    body: dict[str, Any] | None,
    status: int = 200,
    refused: Refused | None = None,
) -> HttpResponse:
    page = _page(request, map, form, words, body=body, refused=refused)
    return map_door.show(request, "rule", page, status=status)


def _builder(
    request: UserRequest, map: RiskTierMap, form: RuleForm, words: Vocabulary
) -> HttpResponse:
    page = _page(request, map, form, words, body=None, refused=None)
    answer = map_door.show(request, "rule", page, part="builder")
    answer["HX-Trigger-After-Swap"] = "builder-changed"
    return answer


def _page(
    request: UserRequest,
    map: RiskTierMap,
    form: RuleForm,
    words: Vocabulary,
    *,
    body: dict[str, Any] | None,
    refused: Refused | None,
) -> RulePage:
    name = form.was or NEW
    lists = {key: str(one.get("kind", "")) for key, one in (map.body.get("lists") or {}).items()}
    return RulePage(
        head=map_pages.head(request, map, timezone.now()),
        title=f"Rule {form.was}" if form.was else "A new rule",
        url=map_door.url("rule", map.pk, name) if name else map_door.url("rule_add", map.pk),
        would_url=map_door.url("rule_would", map.pk, name)
        if name
        else map_door.url("rule_add_would", map.pk),
        remove_url=map_door.url("rule_remove", map.pk, name) if name else "",
        edition=_edition(request, map, refused),
        builder=map_builder.builder(form.when, words, lists=lists, errors=form.at),
        id=form.id,
        because=form.because,
        tiers=tuple(
            (tier, said, map_words.TIER_HINTS[tier], tier == form.tier)
            for tier, said in map_words.TIERS.items()
        ),
        if_missing=tuple(
            (one.value, f"it {map_words.IF_MISSING[one]}", one.value == form.if_missing)
            for one in IfMissing
        ),
        errors={"id": "", "tier": "", "because": "", "if_missing": ""} | dict(form.errors),
        focus=_focus(request, form),
        would=map_would.would(map, body, may_look=request.user.can(Can.READ_AUDIT)),
        refused=refused or map_meanwhile.plain(form.errors.get("", "")),
    )


def _edition(request: UserRequest, map: RiskTierMap, refused: Refused | None) -> int:
    """Keep the edition that was read, until the person has seen what was changed since."""
    if request.method == "GET" or refused is not None:
        return map.edition
    return map_door.edition(request)


def _focus(request: UserRequest, form: RuleForm) -> str:
    """Say which item was just added: the keyboard goes on there."""
    verb, _, at = request.POST.get("do", "").partition(":")
    if verb == "group":
        return f"{len(form.when.items) - 1}.0"
    if verb != "add":
        return ""
    if not at:
        return str(len(form.when.items) - 1)
    inner: Any = form.when.items[int(at)] if at.isdigit() else None
    return f"{at}.{len(inner.items) - 1}" if hasattr(inner, "items") else ""
