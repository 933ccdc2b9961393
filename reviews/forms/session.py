"""How long a session shall be: one number, of handoffs or of minutes."""

from django.http import QueryDict

from reviews.gathered import Alike


def wanted(typed: QueryDict) -> dict[str, int]:
    """Read the number under its unit; 0, which none may be, where it cannot be read."""
    text = typed.get("number", "").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return {"minutes" if typed.get("unit") == "minutes" else "items": number}


def alike(typed: QueryDict) -> Alike:
    """Read of what the session is; what cannot be read is nothing that has gathered."""
    workflow = typed.get("workflow", "")
    return Alike(
        workflow=int(workflow) if workflow.isascii() and workflow.isdigit() else 0,
        kind=typed.get("kind", ""),
        action_type=typed.get("action_type", ""),
    )
