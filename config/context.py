"""What every template may use."""

from django.http import HttpRequest


def csp_nonce(request: HttpRequest) -> dict[str, str]:
    """Offer the nonce as `{% htmx_script %}` reads it; django-csp names it otherwise."""
    return {"csp_nonce": str(getattr(request, "csp_nonce", ""))}
