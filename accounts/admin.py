"""People, teams, clients and keys, for managers; every change is one of the operations."""

from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts import clients, conflict_groups, keys, mails, people
from accounts.forms import ClientForm, ConflictGroupForm, KeyForm, PersonForm
from accounts.http import UserRequest
from accounts.models import ApiKey, Client, ConflictGroup, User
from accounts.roles import Can
from accounts.site import RoleAdmin

OLD_KEY_WORKS_ON = timedelta(days=1)


@admin.register(User)
class PersonAdmin(RoleAdmin):
    changed_by, seen_by = Can.MANAGE_PEOPLE, Can.READ_AUDIT
    form = PersonForm
    list_display = ("name", "email", "roles_given", "teams", "is_active")
    list_filter = ("is_active", "groups")
    search_fields = ("name", "email")
    ordering = ("name",)
    fields = ("name", "email", "roles", "teams")
    actions = ("deactivate", "let_back", "link_again")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="roles")
    def roles_given(self, user: User) -> str:
        return ", ".join(role.replace("_", " ") for role in user.roles)

    @admin.display(description="teams")
    def teams(self, user: User) -> str:
        return ", ".join(sorted(group.name for group in user.groups.all()))

    def save_model(self, request: UserRequest, obj: User, form: PersonForm, change: bool) -> None:  # type: ignore[override]
        """Invite, or change only what was changed, so that the log says no more than happened."""
        now, given = timezone.now(), form.cleaned_data
        if not change:
            invited = people.invite(
                email=given["email"],
                name=given["name"],
                roles=given["roles"],
                teams=given["teams"],
                by=request.user,
                now=now,
            )
            obj.pk = invited.pk
            self._send_link(request, invited)
            return
        if {"name", "email"} & set(form.changed_data):
            people.describe(obj, email=given["email"], name=given["name"], by=request.user, now=now)
        if "roles" in form.changed_data:
            people.give_roles(obj, roles=given["roles"], by=request.user, now=now)
        if "teams" in form.changed_data:
            people.put_in_teams(obj, teams=given["teams"], by=request.user, now=now)

    def _send_link(self, request: HttpRequest, user: User) -> None:
        """Mail the link once everything is stored; show it too, for mail that does not arrive."""
        link = settings.PUBLIC_URL + people.first_sign_in_path(user)

        def send() -> None:
            if mails.invite(user, link=link):
                said = f"Mailed to {user.email}. If it does not arrive, send {user.name} this link"
                messages.info(request, f"{said}; it works once, for three days: {link}")
                return
            messages.warning(
                request,
                f"No mail could be sent to {user.email}; the invitation stands. Send {user.name} "
                f"this link to choose a password. It works once, for three days: {link} "
                "See that OVERREAD_EMAIL_URL names a mail server that answers.",
            )

        transaction.on_commit(send)

    @admin.action(description="Deactivate: end every session", permissions=["change"])
    def deactivate(self, request: UserRequest, chosen: QuerySet[User]) -> None:
        for user in chosen:
            people.deactivate(user, by=request.user, now=timezone.now())

    @admin.action(description="Let back in", permissions=["change"])
    def let_back(self, request: UserRequest, chosen: QuerySet[User]) -> None:
        for user in chosen:
            people.let_back(user, by=request.user, now=timezone.now())

    @admin.action(description="Mail a new link to choose a password", permissions=["change"])
    def link_again(self, request: UserRequest, chosen: QuerySet[User]) -> None:
        for user in chosen.filter(is_active=True):
            self._send_link(request, user)


@admin.register(Group)
class TeamAdmin(RoleAdmin):
    """Teams have names; who belongs to one is said at the person, what it may do at the queue."""

    changed_by, seen_by = Can.MANAGE_PEOPLE, Can.READ_GOVERNANCE
    list_display = ("name", "people")
    fields = ("name",)
    search_fields = ("name",)
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        teams: QuerySet[Group] = super().get_queryset(request)
        return teams.annotate(size=Count("user"))

    @admin.display(description="people", ordering="size")
    def people(self, team: Group) -> int:
        return int(getattr(team, "size", 0))

    def save_model(self, request: UserRequest, obj: Group, form: Any, change: bool) -> None:  # type: ignore[override]
        now = timezone.now()
        if change:
            people.rename_team(obj, name=obj.name, by=request.user, now=now)
        else:
            obj.pk = people.make_team(obj.name, by=request.user, now=now).pk


@admin.register(ConflictGroup)
class ConflictGroupAdmin(RoleAdmin):
    """Who counts as one person where several have to decide independently of each other."""

    changed_by, seen_by = Can.MANAGE_PEOPLE, Can.READ_AUDIT
    form = ConflictGroupForm
    list_display = ("name", "members")
    fields = ("name", "people")
    search_fields = ("name", "people__name", "people__email")
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConflictGroup]:
        return super().get_queryset(request).prefetch_related("people")

    @admin.display(description="people")
    def members(self, group: ConflictGroup) -> str:
        return ", ".join(sorted(person.name for person in group.people.all()))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def save_model(self, request: UserRequest, obj: ConflictGroup, form: Any, change: bool) -> None:  # type: ignore[override]
        given = {"name": form.cleaned_data["name"], "people": form.cleaned_data["people"]}
        if change:
            conflict_groups.change(obj, **given, by=request.user, now=timezone.now())
        else:
            obj.pk = conflict_groups.make(**given, by=request.user, now=timezone.now()).pk

    def delete_model(self, request: UserRequest, obj: ConflictGroup) -> None:  # type: ignore[override]
        conflict_groups.dissolve(obj, by=request.user, now=timezone.now())

    def delete_queryset(self, request: UserRequest, queryset: QuerySet[ConflictGroup]) -> None:  # type: ignore[override]
        for group in queryset:
            conflict_groups.dissolve(group, by=request.user, now=timezone.now())


@admin.register(Client)
class ClientAdmin(RoleAdmin):
    changed_by, seen_by = Can.MANAGE_KEYS, Can.READ_AUDIT
    form = ClientForm
    list_display = ("name", "contact", "is_active", "can_be_slowed", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name", "contact", "can_be_slowed")
    actions = ("stop", "let_back")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Client]:
        """Leave the house out: it is nobody's to describe, and who stands for whom would show."""
        return super().get_queryset(request).filter(stands_for=None)

    def save_model(self, request: UserRequest, obj: Client, form: Any, change: bool) -> None:  # type: ignore[override]
        given = {name: form.cleaned_data[name] for name in self.fields}
        if change:
            clients.describe(obj, **given, by=request.user, now=timezone.now())
        else:
            obj.pk = clients.take_in(**given, by=request.user, now=timezone.now()).pk

    @admin.action(description="Stop: refuse every key from now on", permissions=["change"])
    def stop(self, request: UserRequest, chosen: QuerySet[Client]) -> None:
        for client in chosen:
            clients.stop(client, by=request.user, now=timezone.now())

    @admin.action(description="Let back", permissions=["change"])
    def let_back(self, request: UserRequest, chosen: QuerySet[Client]) -> None:
        for client in chosen:
            clients.let_back(client, by=request.user, now=timezone.now())


@admin.register(ApiKey)
class KeyAdmin(RoleAdmin):
    """Keys are issued, rotated and revoked, never edited; a raw key is shown on one page, once."""

    changed_by, seen_by = Can.MANAGE_KEYS, Can.READ_AUDIT
    form = KeyForm
    list_display = ("prefix", "client", "reach", "state", "last_used_on", "created_at")
    list_select_related = ("client",)
    list_filter = ("client",)
    search_fields = ("prefix", "client__name")
    ordering = ("client__name", "-created_at")
    actions = ("rotate", "revoke")
    shown: ClassVar[list[str]] = [
        "prefix",
        "client",
        "reach",
        "state",
        "created_at",
        "expires_at",
        "last_used_on",
    ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow the actions of the list, and no editing of a key."""
        return obj is None and super().has_change_permission(request)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return ["client", "workflows", "expires_at"] if obj is None else self.shown

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return [] if obj is None else self.shown

    @admin.display(description="workflows")
    def reach(self, key: ApiKey) -> str:
        return "every workflow" if key.workflows == ["*"] else ", ".join(key.workflows)

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return f"revoked {key.revoked_at:%Y-%m-%d %H:%M}"
        if key.expires_at is None:
            return "live"
        word = "expired" if key.expires_at <= timezone.now() else "live until"
        return f"{word} {key.expires_at:%Y-%m-%d %H:%M}"

    def save_model(self, request: UserRequest, obj: ApiKey, form: KeyForm, change: bool) -> None:  # type: ignore[override]
        issued = keys.issue(
            form.cleaned_data["client"],
            workflows=form.cleaned_data["workflows"],
            expires_at=form.cleaned_data["expires_at"],
            by=request.user,
            now=timezone.now(),
        )
        obj.pk, obj.prefix = issued.key.pk, issued.key.prefix
        request.issued = [issued]  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show(request, request.issued)  # type: ignore[attr-defined]

    def _show(self, request: HttpRequest, issued: list[keys.Issued]) -> HttpResponse:
        """Answer with the raw keys themselves: a redirect would have to keep them somewhere."""
        context = self.admin_site.each_context(request) | {
            "title": "New key" if len(issued) == 1 else "New keys",
            "issued": [(one.key.client.name, one.key.prefix, one.raw) for one in issued],
        }
        response = TemplateResponse(request, "admin/accounts/apikey/issued.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.action(
        description="Rotate: a new key each, the old one works for one more day",
        permissions=["change"],
    )
    def rotate(self, request: UserRequest, chosen: QuerySet[ApiKey]) -> HttpResponse:
        now = timezone.now()
        with transaction.atomic():
            issued = [
                keys.rotate(key, old_until=now + OLD_KEY_WORKS_ON, by=request.user, now=now)
                for key in chosen.select_related("client")
            ]
        return self._show(request, issued)

    @admin.action(description="Revoke: refuse it from now on", permissions=["change"])
    def revoke(self, request: UserRequest, chosen: QuerySet[ApiKey]) -> None:
        for key in chosen.select_related("client"):
            keys.revoke(key, by=request.user, now=timezone.now())
