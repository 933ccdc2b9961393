"""Sign-in is the default; what is open is a written list."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect

# keys guard these, not sessions; each answers 401 itself
KEYED_PREFIXES = ("/api/", "/compat/")


class SignInByDefault(LoginRequiredMiddleware):
    """Ask everyone to sign in, except where an API key or an unguessable link is the guard."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        if request.path.startswith(KEYED_PREFIXES):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        """Send the whole page to sign-in when a part of it asks after the session has ended."""
        htmx = getattr(request, "htmx", None)
        if not htmx:
            return super().handle_no_permission(request, view_func)
        here = htmx.current_url_abs_path or "/"
        login = redirect_to_login(here, resolve_url(self.get_login_url(view_func)))
        return HttpResponseClientRedirect(login.url)
