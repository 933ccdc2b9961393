"""The managers' tool: who may look, who may change, and nothing that other apps bring along."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from allauth.account.decorators import secure_admin_login
from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib import messages
from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.errors import DomainError
from accounts.models import User
from accounts.roles import Can

View: TypeAlias = Callable[..., HttpResponse]
# generic for the type checker only
if TYPE_CHECKING:
    PlainAdmin: TypeAlias = ModelAdmin[Any]
else:
    PlainAdmin = ModelAdmin


def allowed(request: HttpRequest, capability: Can | None) -> bool:
    user = request.user
    return capability is not None and isinstance(user, User) and user.can(capability)


class ByRole:
    """Derive what someone may do in the admin from their roles; being superuser gives nothing."""

    changed_by: ClassVar[Can | None] = None
    seen_by: ClassVar[Can]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return allowed(request, self.seen_by) or allowed(request, self.changed_by)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return allowed(request, self.changed_by)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return allowed(request, self.changed_by)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class LookOnly(ByRole):
    """Show and never change; no capability is enough."""


class RoleAdmin(ByRole, PlainAdmin):
    """A page of the admin whose refusals are shown where the work was, and lose nothing of it."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show a refusal over the form, with everything that was typed; nothing was saved."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> type[Any]:
        form: type[Any] = super().get_form(request, obj, change, **options)
        refusal = getattr(request, "refusal", None)
        return form if refusal is None else _refusing(form, refusal)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show why an action on the list was refused."""
        try:
            return super().changelist_view(request, extra_context)
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return redirect(request.get_full_path())


def _refusing(form: type[Any], refusal: DomainError) -> type[Any]:
    """Make a form that says why what it holds was refused."""

    class Refusing(form):  # type: ignore[misc]
        def clean(self) -> Any:
            cleaned = super().clean()
            for sentence in [refusal.message, *(field.message for field in refusal.fields)]:
                self.add_error(None, sentence)
            return cleaned

    return Refusing


class OverreadAdminSite(AdminSite):
    """Shows our own models only; sign-in and passwords are where everyone's are."""

    site_header = "Overread"
    site_title = "Overread"
    index_title = "Manage"

    def register(
        self,
        model_or_iterable: Any,
        admin_class: Any = None,
        **options: Any,
    ) -> None:
        """Ignore what other apps register: their permissions know nothing of roles."""
        if admin_class is not None and issubclass(admin_class, ByRole):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Allow the admin's own scripts, which carry no nonce."""
        wrapped = super().admin_view(view, cacheable)
        inner: Any = csp_replace({"script-src": [SELF]})(wrapped)
        inner.login_required = getattr(wrapped, "login_required", True)
        return inner

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Send people to the one sign-in there is: it counts attempts and asks for the code."""
        guarded: View = secure_admin_login(super().login)
        return guarded(request, extra_context)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return redirect("account_change_password")
