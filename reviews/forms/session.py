"""How long a session shall be: one number, of handoffs or of minutes."""

from django.http import QueryDict


def wanted(typed: QueryDict) -> dict[str, int]:
    """Read the number under its unit; 0, which none may be, where it cannot be read."""
    text = typed.get("number", "").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return {"minutes" if typed.get("unit") == "minutes" else "items": number}
