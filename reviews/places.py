"""Places in a list, as a page's address carries them: behind which row the next page begins."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

from handoffs.errors import NotFound


@dataclass(frozen=True)
class Place:
    """Behind which row a page begins; by default before all of them."""

    calm: bool = False
    at: str = "-infinity"
    id: str = ""


def write(*, calm: bool, at: datetime, id: str) -> str:
    place = f"{'calm' if calm else 'urgent'} {at.isoformat()} {id}"
    return base64.urlsafe_b64encode(place.encode()).decode()


def read(text: str | None) -> Place:
    """Read a place in the list; what is no place of ours is not found."""
    if not text:
        return Place()
    try:
        calm, at, id = base64.urlsafe_b64decode(text.encode()).decode().split(" ", 2)
        at = datetime.fromisoformat(at).isoformat()
        return Place(calm == "calm", at, id.replace("\0", ""))
    except (ValueError, binascii.Error):
        raise NotFound from None
