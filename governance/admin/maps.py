"""Risk tier maps: drafts are written and published here; what was published is only shown."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.http import UserRequest
from accounts.roles import Can
from accounts.site import RoleAdmin
from governance import cases, maps
from handoffs import policy, strict_json
from handoffs.admin.base import actor, may_edit, pretty
from handoffs.models import RiskTierMap, Workflow
from handoffs.policy import PolicyError
from handoffs.states import Impact, Reversibility, Tier
from handoffs.strict_json import JsonRefused

TIERS = [(tier.value, tier.value.replace("_", " ")) for tier in Tier]
CELLS = [(impact.value, kind.value) for impact in Impact for kind in Reversibility]
DRAFT = RiskTierMap.State.DRAFT.value


def _floor(label: str) -> forms.ChoiceField:
    return forms.ChoiceField(choices=TIERS, label=label)


class MapForm(forms.ModelForm):  # type: ignore[type-arg]
    """A draft's default, its 2×2 of floors, and its rules as JSON."""

    default = forms.ChoiceField(choices=TIERS, help_text="Where no rule fires and no floor holds.")
    floor_low_reversible = _floor("low impact, reversible")
    floor_low_irreversible = _floor("low impact, irreversible")
    floor_high_reversible = _floor("high impact, reversible")
    floor_high_irreversible = _floor("high impact, irreversible")
    rules = forms.CharField(
        widget=forms.Textarea(
            attrs={"rows": 24, "class": "vLargeTextField", "spellcheck": "false"}
        ),
        required=False,
        help_text='A list of {"id", "tier", "when", "because"}. Rules only raise the tier. A '
        'condition: {"signal": "values.amount", "op": ">", "value": 200}, {"missing": '
        '"confidence"}, or {"all": […]}, {"any": […]}, {"not": …} of others.',
    )

    class Meta:
        model = RiskTierMap
        fields = ["workflow"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        body = self.instance.body or self.initial.get("body") or {"default": Tier.AUTONOMOUS.value}
        read = policy.map_to_json(policy.parse_map(body))
        self.initial["default"] = read["default"]
        self.initial["rules"] = json.dumps(read["rules"], indent=2, ensure_ascii=False)
        for impact, kind in CELLS:
            self.initial[cell(impact, kind)] = read["floors"][impact][kind]

    def clean_rules(self) -> Any:
        text = self.cleaned_data["rules"].strip() or "[]"
        try:
            return strict_json.parse(text.encode())
        except JsonRefused as refused:
            raise forms.ValidationError(str(refused)) from None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.errors:
            return given
        self.body = {
            "default": given["default"],
            "floors": {
                impact.value: {
                    kind.value: given[cell(impact.value, kind.value)] for kind in Reversibility
                }
                for impact in Impact
            },
            "rules": given["rules"],
        }
        try:
            policy.parse_map(self.body)
        except PolicyError as error:
            self.add_error("rules", f"{_place(error.path, self.body)}{error.reason}")
        return given


def cell(impact: str, kind: str) -> str:
    return f"floor_{impact}_{kind}"


def _place(path: str, body: dict[str, Any]) -> str:
    """Say which rule a path leads to, by its name where it has one: `Rule large-fee, when.op: `."""
    parts = path.split(".")
    if len(parts) < 2 or parts[0] != "rules" or not parts[1].isdigit():
        return f"{path}: " if path else ""
    rule = body["rules"][int(parts[1])]
    name = rule.get("id") if isinstance(rule, dict) else None
    rest = ".".join(parts[2:])
    return f"Rule {name or int(parts[1]) + 1}{', ' + rest if rest else ''}: "


@admin.register(RiskTierMap)
class MapAdmin(RoleAdmin):
    changed_by, seen_by = Can.EDIT_WORKFLOW, Can.READ_GOVERNANCE
    form = MapForm
    change_form_template = "admin/handoffs/risktiermap/change_form.html"
    list_display = ("workflow", "version", "state", "published_at", "published_by")
    list_display_links = ("workflow", "version")
    list_select_related = ("workflow", "published_by")
    list_filter = ("state", "workflow")
    ordering = ("workflow__name", "-version")
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: RiskTierMap | None = None) -> bool:
        if obj is None:
            return super().has_change_permission(request)
        return obj.state == DRAFT and may_edit(request, obj.workflow)

    def get_fieldsets(self, request: HttpRequest, obj: RiskTierMap | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            shown = ["workflow", "version", "state", "in_words", "published_at", "published_by"]
            return [(None, {"fields": [*shown, "digest", "as_json"]})]
        return [
            (None, {"fields": ["workflow", "default"]}),
            (
                "Floors: never below, from impact and reversibility",
                {"fields": [cell(*at) for at in CELLS]},
            ),
            ("Rules: what raises the tier, and why", {"fields": ["rules"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        return ["workflow", "version", "state", "in_words", "digest", "as_json"] + [
            "published_at",
            "published_by",
        ]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "workflow":
            ids = [one.pk for one in Workflow.objects.all() if may_edit(request, one)]
            options["queryset"] = Workflow.objects.filter(pk__in=ids)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Start from what is in force in the workflow that the address names."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        number = str(initial.get("workflow", ""))
        of = RiskTierMap.objects.filter(workflow=int(number) if number.isdigit() else None)
        published = of.in_force().first()
        return initial | ({"body": published.body} if published else {})

    @admin.display(description="rules in words")
    def in_words(self, map: RiskTierMap) -> SafeString:
        return format_html_join(
            "",
            "<p>{}: {} when {}{}. {}</p>",
            (
                (
                    rule.id,
                    rule.tier.replace("_", " "),
                    policy.in_words(rule.when),
                    ", or that is unknown" if rule.if_missing is policy.IfMissing.FIRES else "",
                    rule.because,
                )
                for rule in policy.parse_map(map.body).rules
            ),
        )

    @admin.display(description="as JSON")
    def as_json(self, map: RiskTierMap) -> SafeString:
        return pretty(map.body)

    def save_model(self, request: UserRequest, obj: RiskTierMap, form: Any, change: bool) -> None:  # type: ignore[override]
        now = timezone.now()
        if change:
            maps.edit(
                obj,
                body=form.body,
                cases=obj.cases,
                edition=obj.edition,
                by=actor(request),
                now=now,
            )
        else:
            types = maps.action_types(obj.workflow)
            suggested = cases.suggest(policy.parse_map(form.body), types)
            made = maps.draft(
                obj.workflow,
                form.body,
                cases=[cases.to_json(one) for one in suggested],
                by=actor(request),
                author=request.user,
                now=now,
            )
            obj.pk, obj.version = made.pk, made.version
        if "_publish" in request.POST:
            drafted = RiskTierMap.objects.select_related("workflow").get(pk=obj.pk)
            maps.publish(drafted, by=actor(request), published_by=request.user, now=now)

    def response_add(self, request: HttpRequest, obj: RiskTierMap, *args: Any) -> HttpResponse:
        self._warn(request, obj)
        return super().response_add(request, obj, *args)

    def response_change(self, request: HttpRequest, obj: RiskTierMap) -> HttpResponse:
        self._warn(request, obj)
        return super().response_change(request, obj)

    def _warn(self, request: HttpRequest, obj: RiskTierMap) -> None:
        """Say already at the draft what would keep it from being published."""
        drafted = RiskTierMap.objects.select_related("workflow").get(pk=obj.pk)
        if drafted.state == DRAFT:
            for sentence in maps.problems(drafted):
                messages.warning(request, f"Before it can be published: {sentence}")
