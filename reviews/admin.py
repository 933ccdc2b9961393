"""Look, don't touch: nothing at the desk is changed from the admin.

Decisions are shown one at a time, beside their handoff. There is no list, filter or count by
person here, and none may be added: oversight of the system is not a league table of people.
"""

from django.contrib import admin

from accounts.roles import Can
from accounts.site import ByRole
from reviews.models import Claim, Decision


class _ReadOnly(ByRole, admin.ModelAdmin):  # type: ignore[type-arg]
    changed_by, seen_by = None, Can.READ_AUDIT
    actions = None


@admin.register(Decision)
class DecisionAdmin(_ReadOnly):
    list_display = ("handoff", "round", "verb", "decided_at")
    list_filter = ("verb",)
    fields = (
        "handoff",
        "round",
        "verb",
        "reason",
        "message",
        "option",
        "arguments",
        "brief_version",
        "decided_at",
    )
    search_fields = ("handoff__id",)
    ordering = ("-decided_at",)
    show_full_result_count = False


@admin.register(Claim)
class ClaimAdmin(_ReadOnly):
    list_display = ("handoff", "level", "taken_at", "expires_at", "ended_because")
    list_filter = ("ended_because",)
    fields = ("handoff", "level", "round", "taken_at", "expires_at", "ended_at", "ended_because")
    search_fields = ("handoff__id",)
    ordering = ("-id",)
    show_full_result_count = False
