"""Risk tier maps in the admin: a list, and the pages of a map's life behind it."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path

from accounts.http import UserRequest
from accounts.roles import Can
from accounts.site import RoleAdmin
from governance.admin import (
    map_cases,
    map_door,
    map_index,
    map_page,
    map_parts,
    map_rules,
    map_signing,
    map_versions,
)
from handoffs.models import RiskTierMap

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
    ("cases/<int:number>/accept/", "case_accept", map_cases.accept),
    ("cases/<int:number>/remove/", "case_remove", map_cases.remove),
    ("signing/", "signing", map_signing.signing),
    ("sign/", "sign", map_signing.sign),
    ("withdraw/", "withdraw", map_signing.withdraw),
    ("publish/", "publish", map_signing.publish),
    ("retire/", "retire", map_signing.retire),
    ("review/", "review", map_signing.review),
)
OF_WORKFLOW = (
    ("", "versions", map_versions.versions),
    ("changes/", "changes", map_versions.changes),
    ("start/", "start", map_versions.start),
)


@admin.register(RiskTierMap)
class MapAdmin(RoleAdmin):
    changed_by, seen_by = Can.EDIT_WORKFLOW, Can.READ_GOVERNANCE

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

    def changelist_view(self, request: UserRequest, *_: Any) -> HttpResponse:  # type: ignore[override]
        """Show what stands in each workflow rather than every version there ever was."""
        return map_index.index(request)

    def change_view(self, request: UserRequest, object_id: str, *_: Any) -> HttpResponse:  # type: ignore[override]
        """Show our page of the map; Django's form of its columns would lose what it holds."""
        return map_page.show(request, int(object_id) if object_id.isdigit() else 0)

    def add_view(self, request: UserRequest, *_: Any) -> HttpResponse:  # type: ignore[override]
        """Ask of which workflow, where the address names none, then from what."""
        number = request.GET.get("workflow", "")
        if number.isdigit():
            return redirect(map_door.url("start", int(number)))
        if not self.has_add_permission(request):
            raise PermissionDenied
        return map_index.index(request)
