"""The governance matrix in the admin: pages of our own, reached from the workflow."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from accounts.roles import Can
from accounts.site import RoleAdmin
from governance.admin import matrix_pages
from handoffs.models import MatrixRow

PAGES = (
    ("of/<int:pk>/", "rows", matrix_pages.rows),
    ("of/<int:pk>/add/", "add_to", matrix_pages.add),
    ("of/<int:pk>/history/", "history_of", matrix_pages.history),
    ("changes/<int:pk>/", "decide", matrix_pages.decide),
    ("<int:pk>/change/", "change", matrix_pages.change),
)


@admin.register(MatrixRow)
class MatrixRowAdmin(RoleAdmin):
    changed_by, seen_by = Can.EDIT_WORKFLOW, Can.READ_GOVERNANCE

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        pages = [
            path(address, wrap(view), name=f"handoffs_matrixrow_{name}")
            for address, name, view in PAGES
        ]
        return [*pages, *super().get_urls()]

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Leave it out of the index: a matrix belongs to a workflow."""
        return {}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, *_: Any) -> HttpResponse:
        return redirect("admin:handoffs_workflow_changelist")
