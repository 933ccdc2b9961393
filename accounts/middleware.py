"""Sign-in is the default; what is open says so where it is written."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect


class SignInByDefault(LoginRequiredMiddleware):
    """Ask everyone to sign in, except for views marked `login_not_required`.

    Agents do not come this way: they have a door of their own, where a key is asked for.
    """

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
