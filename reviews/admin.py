"""Look, don't touch: nothing at the desk is changed from the admin.

Decisions are shown one at a time, beside their handoff. There is no list, filter or count by
person here, and none may be added: oversight of the system is not a league table of people.
"""

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.roles import Can
from accounts.site import ByRole, RoleAdmin, allowed
from reviews import availability, caps, judged, links, records
from reviews.models import Absence, ApproverLink, Caps, Claim, Decision, Judgement

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


@admin.register(Caps)
class CapsAdmin(RoleAdmin):
    """How much one person is given; what they have had of it is theirs alone to see."""

    changed_by, seen_by = Can.MANAGE_PEOPLE, Can.READ_AUDIT
    list_display = ("user", "open_limit", "hour_limit", "day_limit", "minutes_limit")
    fields = ("user", "open_limit", "hour_limit", "day_limit", "minutes_limit")
    search_fields = ("user__name", "user__email")
    ordering = ("user__name",)
    # where nothing is said, what everybody is given holds
    labels: ClassVar[dict[str, str]] = {
        "open_limit": f"At once. Empty: {caps.OPEN}, as everybody.",
        "hour_limit": "In any sixty minutes. Empty: no limit.",
        "day_limit": "In a day of their time zone. Empty: no limit.",
        "minutes_limit": "In a day, with a handoff open before them. Empty: no limit.",
    }

    def get_readonly_fields(self, request: HttpRequest, obj: Caps | None = None) -> list[str]:
        return ["user"] if obj is not None else []

    def formfield_for_dbfield(self, db_field: Any, request: Any, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and db_field.name in self.labels:
            field.help_text = self.labels[db_field.name]
        return field

    def save_model(self, request: HttpRequest, obj: Caps, form: Any, change: bool) -> None:
        limits = {name: form.cleaned_data[name] for name in self.labels}
        kept = caps.limit(obj.user, **limits, by=cast(User, request.user), now=timezone.now())
        obj.pk = kept.pk


@admin.register(Absence)
class AbsenceAdmin(RoleAdmin):
    """Who is away, said by a manager for somebody who cannot, and who stands in for them."""

    changed_by, seen_by = Can.MANAGE_PEOPLE, Can.READ_AUDIT
    list_display = ("person", "starts_at", "ends_at", "stand_in")
    fields = ("person", "starts_at", "ends_at", "stand_in")
    search_fields = ("person__name", "person__email")
    ordering = ("-ends_at",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow ending one by deleting it, and no rewriting of what was."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return allowed(request, self.changed_by)

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:
        made = availability.go_away(
            obj.person,
            starts_at=obj.starts_at,
            ends_at=obj.ends_at,
            stand_in=obj.stand_in,
            by=cast(User, request.user),
            now=timezone.now(),
        )
        obj.pk = made.pk

    def delete_model(self, request: HttpRequest, obj: Absence) -> None:
        by = cast(User, request.user)
        availability.come_back(obj.pk, obj.person, by=by, now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Absence]) -> None:
        for absence in queryset.select_related("person"):
            self.delete_model(request, absence)
