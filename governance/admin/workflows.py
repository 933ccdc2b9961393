"""Workflows with their action types on one page; their maps and matrix have their own."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.http import UserRequest
from accounts.roles import Can, Role
from accounts.site import ByRole
from governance import maps, matrix, workflow_files
from governance.admin.forms import ActionTypeForm
from handoffs import queries
from handoffs.admin.base import Audited, actor, may_edit
from handoffs.admin.levels import WithLevels
from handoffs.models import ActionType, Workflow
from handoffs.states import SignOff

NOTHING = "Nothing."
# what keeps one person from changing policy alone; whoever owns the workflow cannot take it away
GUARDS = ("sign_offs", "four_eyes")


class OfWorkflow(ByRole):
    """A part of a workflow: changed by whoever may change the whole."""

    changed_by, seen_by = Can.EDIT_WORKFLOW, Can.READ_GOVERNANCE

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_edit(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_edit(request, obj)


class ActionTypeInline(OfWorkflow, admin.StackedInline):  # type: ignore[type-arg]
    model = ActionType
    form = ActionTypeForm
    extra = 0
    ordering = ("name",)
    fields = (
        ("name", "title"),
        ("impact", "reversibility", "latency_tolerance", "roll_back_within"),
        "arguments_schema",
        "required_context",
    )


@admin.register(Workflow)
class WorkflowAdmin(WithLevels, OfWorkflow, Audited):
    noun = "workflow"
    change_form_template = "admin/handoffs/workflow/change_form.html"
    list_display = ("name", "slug", "owner", "review_on", "launched_at")
    list_select_related = ("owner",)
    search_fields = ("name", "slug")
    ordering = ("name",)
    inlines = (ActionTypeInline,)
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ("owner",)
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (
            ByRole.has_change_permission(self, request) if obj is None else may_edit(request, obj)
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Workflow | None = None) -> Any:
        whole = ["name", "slug", "purpose", "owner", "review_on", "strict_briefs"]
        changes = ("Who must agree to changes", {"fields": [*GUARDS]})
        told = ("What requesters hear", {"fields": ["requester_sees", "writes_to_requesters"]})
        if obj is None:
            return [(None, {"fields": whole}), told, changes]
        launch = ["launched_at", "map_in_force", "rows", "missing", "unattended"]
        return [(None, {"fields": whole}), told, changes, ("Launch", {"fields": launch})]

    def get_inlines(self, request: HttpRequest, obj: Workflow | None) -> Any:
        """Ask for the workflow first: rows name its action types."""
        return self.inlines if obj else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Workflow | None = None) -> list[str]:
        if obj is None:
            return []
        shown = ["slug", "launched_at", "map_in_force", "rows", "missing", "unattended"]
        user: Any = request.user
        return shown if Role.MANAGER in user.roles else [*shown, "owner", *GUARDS]

    def formfield_for_dbfield(self, db_field: Any, request: Any, **options: Any) -> Any:
        if db_field.name != "sign_offs":
            return super().formfield_for_dbfield(db_field, request, **options)
        return forms.MultipleChoiceField(
            label="must sign a map",
            choices=[(seat.value, seat.value) for seat in SignOff],
            widget=forms.CheckboxSelectMultiple,
            required=False,
            help_text="One person each, before a version is published. None: a manager alone.",
        )

    def get_prepopulated_fields(self, request: HttpRequest, obj: Workflow | None = None) -> Any:
        return {} if obj else self.prepopulated_fields

    @admin.display(description="map in force")
    def map_in_force(self, workflow: Workflow) -> SafeString:
        published = maps.published_map(workflow)
        start = reverse("admin:handoffs_risktiermap_add") + f"?workflow={workflow.pk}"
        said = f"version {published.version}" if published else "none"
        return format_html('{} · <a href="{}">start the next version</a>', said, start)

    @admin.display(description="governance matrix")
    def rows(self, workflow: Workflow) -> SafeString:
        count = len(queries.rows_in_force(workflow, timezone.now()))
        waiting = matrix.waiting(workflow).count()
        page = reverse("admin:handoffs_matrixrow_rows", args=[workflow.pk])
        said = f"{count} {'row' if count == 1 else 'rows'}"
        said += f", {waiting} waiting for a second person" if waiting else ""
        return format_html('{} · <a href="{}">who decides what, by when</a>', said, page)

    @admin.display(description="missing before launch")
    def missing(self, workflow: Workflow) -> SafeString | str:
        return _sentences(maps.standing_gaps(workflow))

    @admin.display(description="nobody there today")
    def unattended(self, workflow: Workflow) -> SafeString | str:
        return _sentences(maps.unattended(workflow))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        workflow = kwargs.get("obj")
        context["may_launch"] = bool(
            workflow and workflow.launched_at is None and may_edit(request, workflow)
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def save_related(self, request: UserRequest, form: Any, formsets: Any, change: bool) -> None:  # type: ignore[override]
        """Save the parts, then launch if asked; a launched workflow is never left with gaps."""
        super().save_related(request, form, formsets, change)
        workflow = form.instance
        if "_launch" in request.POST:
            maps.launch(workflow, by=actor(request), now=timezone.now())
        maps.check_launched(workflow, staffed=False)

    def facts(self, obj: Workflow) -> dict[str, Any]:
        return {"after": workflow_files.document(obj)}


def _sentences(found: list[str]) -> SafeString | str:
    return format_html_join("", "<p>{}</p>", ([one] for one in found)) if found else NOTHING
