"""An action in words: its type's title with the arguments filled in."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

MOST = 160

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,59})\}")
_VALUE_LENGTH = 60


def fill(title: str, arguments: Mapping[str, Any]) -> str:
    """Fill `{argument}` from the top level of the arguments: no formats, no attributes, no depth.

    What is filled in is the agent's text, so it is cut short and its hidden characters are shown.
    """
    filled = _PLACE.sub(lambda place: _shown(arguments.get(place[1])), title)
    return filled if len(filled) <= MOST else filled[: MOST - 1] + "…"


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str() | int() | float():
            return _cut(visible(str(value)))
        case {"amount": str() | int() | float() as amount, "currency": str(currency)}:
            return _cut(visible(f"{amount} {currency}"))
        case list() if value and all(isinstance(item, str | int | float) for item in value):
            more = " …" if len(value) > 3 else ""
            return _cut(visible(", ".join(str(item) for item in value[:3]))) + more
        case _:
            return "…"


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE_LENGTH else text[: _VALUE_LENGTH - 1] + "…"


def visible(text: str) -> str:
    """Show controls, direction marks and zero-width characters as what they are."""
    return "".join(
        f"⟦U+{ord(c):04X}⟧" if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") else c
        for c in text
    )
