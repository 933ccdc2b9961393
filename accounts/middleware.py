"""Sign-in is the default; what is open is a written list."""

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest

# keys guard these, not sessions; each answers 401 itself
KEYED_PREFIXES = ("/api/", "/compat/")


class SignInByDefault(LoginRequiredMiddleware):
    """Ask everyone to sign in, except where an API key or an unguessable link is the guard."""

    def process_view(self, request: HttpRequest, view_func, view_args, view_kwargs):  # type: ignore[no-untyped-def]
        if request.path.startswith(KEYED_PREFIXES):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)
