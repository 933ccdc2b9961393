"""Risk tier maps in the admin: a list, and the pages of a map's life behind it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.http import UserRequest
from accounts.roles import Can
from accounts.site import RoleAdmin
from governance import maps
from governance.admin import (
    map_cases,
    map_door,
    map_page,
    map_parts,
    map_rules,
    map_signing,
    map_versions,
    map_words,
)
from handoffs.admin.base import may_edit
from handoffs.models import RiskTierMap, Workflow

# (address under the map, name, view)
OF_MAP = (
    ("frame/", "frame", map_parts.frame),
    ("json/", "json", map_parts.as_json),
    ("lists/add/", "list_add", map_parts.word_list),
    ("lists/<slug:name>/", "list", map_parts.word_list),
    ("lists/<slug:name>/remove/", "list_remove", map_parts.remove_list),
    ("order/", "order", map_rules.order),
    ("rules/add/", "rule_add", map_rules.rule),
    ("rules/add/would/", "rule_add_would", map_rules.would),
    ("rules/of/<slug:name>/", "rule", map_rules.rule),
    ("rules/of/<slug:name>/would/", "rule_would", map_rules.would),
    ("rules/of/<slug:name>/remove/", "rule_remove", map_rules.remove),
    ("cases/", "cases", map_cases.cases_page),
    ("cases/suggest/", "case_suggest", map_cases.suggest),
    ("cases/add/", "case_add", map_cases.case_page),
    ("cases/<int:number>/", "case", map_cases.case_page),
    ("cases/<int:number>/remove/", "case_remove", map_cases.remove),
    ("signing/", "signing", map_signing.signing),
    ("sign/", "sign", map_signing.sign),
    ("withdraw/", "withdraw", map_signing.withdraw),
    ("publish/", "publish", map_signing.publish),
    ("retire/", "retire", map_signing.retire),
)
OF_WORKFLOW = (
    ("", "versions", map_versions.versions),
    ("changes/", "changes", map_versions.changes),
    ("start/", "start", map_versions.start),
)


@admin.register(RiskTierMap)
class MapAdmin(RoleAdmin):
    changed_by, seen_by = Can.EDIT_WORKFLOW, Can.READ_GOVERNANCE
    list_display = ("workflow", "shown_version", "shown_standing", "effective_at", "author")
    list_display_links = ("workflow", "shown_version")
    list_select_related = ("workflow", "author")
    list_filter = ("state", "workflow")
    ordering = ("workflow__name", "-version")
    actions = None

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        pages = [
            path(f"<int:pk>/{address}", wrap(view), name=f"handoffs_risktiermap_{name}")
            for address, name, view in OF_MAP
        ]
        pages += [
            path(f"of/<int:pk>/{address}", wrap(view), name=f"handoffs_risktiermap_{name}")
            for address, name, view in OF_WORKFLOW
        ]
        return [*pages, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RiskTierMap]:
        return super().get_queryset(request).defer("body", "cases")

    def change_view(self, request: UserRequest, object_id: str, *_: Any) -> HttpResponse:  # type: ignore[override]
        """Show our page of the map; Django's form of its columns would lose what it holds."""
        return map_page.show(request, int(object_id) if object_id.isdigit() else 0)

    def add_view(self, request: UserRequest, *_: Any) -> HttpResponse:  # type: ignore[override]
        """Ask of which workflow, then from what."""
        number = request.GET.get("workflow", "")
        if number.isdigit():
            return redirect(map_door.url("start", int(number)))
        mine = [one for one in Workflow.objects.order_by("name") if may_edit(request, one)]
        return map_versions.choose(request, mine)

    @admin.display(description="version", ordering="version")
    def shown_version(self, map: RiskTierMap) -> int:
        return map.version

    @admin.display(description="standing")
    def shown_standing(self, map: RiskTierMap) -> SafeString:
        words, tone = map_words.standing(maps.standing(map, timezone.now()))
        return format_html('<span data-tone="{}">{}</span>', tone, words)
