"""Look, don't touch: nothing at the desk is changed from the admin.

Decisions are shown one at a time, beside their handoff. There is no list, filter or count by
person here, and none may be added: oversight of the system is not a league table of people.
"""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.roles import Can
from accounts.site import ByRole, allowed
from reviews import judged, links, records
from reviews.models import ApproverLink, Claim, Decision, Judgement

# imported for what it registers: the boundary's records, without what is withheld
__all__ = ["records"]


class _ReadOnly(ByRole, admin.ModelAdmin):  # type: ignore[type-arg]
    changed_by, seen_by = None, Can.READ_AUDIT
    actions = None


@admin.register(Decision)
class DecisionAdmin(_ReadOnly):
    """What was decided; of open handoffs only for those who decide nothing."""

    list_display = ("handoff", "round", "verb", "decided_at", "undone_at")
    list_filter = ("verb",)
    fields = (
        "handoff",
        "round",
        "verb",
        "reason",
        "challenge",
        "message",
        "option",
        "arguments",
        "brief_version",
        "judgement",
        "changed_after_reveal",
        "decided_at",
        "undone_at",
    )
    search_fields = ("handoff__id",)
    ordering = ("-decided_at",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        found: QuerySet[Decision] = super().get_queryset(request)
        if not allowed(request, Can.DECIDE):
            return found
        return found.filter(handoff__state__in=judged.OVER)


@admin.register(Judgement)
class JudgementAdmin(_ReadOnly):
    """What was committed before a reveal; of open handoffs only for those who decide nothing."""

    list_display = ("handoff", "round", "brief_version", "committed_at")
    fields = (
        "handoff",
        "round",
        "brief_version",
        "verb",
        "option",
        "confidence",
        "reason",
        "informed",
        "committed_at",
    )
    search_fields = ("=handoff__id",)
    ordering = ("-id",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Judgement]:
        found: QuerySet[Judgement] = super().get_queryset(request)
        if not allowed(request, Can.DECIDE):
            return found
        return found.filter(handoff__state__in=judged.OVER)


@admin.register(Claim)
class ClaimAdmin(_ReadOnly):
    list_display = ("handoff", "level", "taken_at", "expires_at", "ended_because")
    list_filter = ("ended_because",)
    fields = ("handoff", "level", "round", "taken_at", "expires_at", "ended_at", "ended_because")
    search_fields = ("handoff__id",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(ApproverLink)
class ApproverLinkAdmin(ByRole, admin.ModelAdmin):  # type: ignore[type-arg]
    """Links in e-mails that are open: whom they were sent to, and a way to take them back.

    Only open ones: beside its handoff, a link that was used would tell what its person decided.
    """

    changed_by, seen_by = None, Can.READ_AUDIT
    list_display = ("id", "handoff", "mailed_to", "asks_for", "level", "made_at", "expires_at")
    fields = (
        "id",
        "handoff",
        "approver",
        "mailed_to",
        "seat",
        "asks_for",
        "level",
        "round",
        "brief_version",
        "made_at",
        "expires_at",
    )
    readonly_fields = ("asks_for",)
    search_fields = ("=handoff__id", "=mailed_to")
    search_help_text = "The handoff's id, or the whole address that the mail went to."
    ordering = ("-made_at",)
    show_full_result_count = False
    actions = ("revoke",)

    @admin.display(description="opens with")
    def asks_for(self, link: ApproverLink) -> str:
        said = {"link": "the link alone", "sign_in": "signing in", "step_up": "the password again"}
        return said[link.needs]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(ended_at=None, expires_at__gt=Now())

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return allowed(request, Can.MANAGE_PEOPLE)

    @admin.action(description="Take back: the link opens nothing any more", permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApproverLink]) -> None:
        ids = list(chosen.values_list("id", flat=True))
        taken = links.revoke(ids, by=cast(User, request.user), now=timezone.now())
        rest = "" if taken == len(ids) else " The others were over meanwhile."
        messages.info(request, f"{taken} of {len(ids)} links taken back.{rest}")
