"""What somebody reads right after a blind test: what was wrong, where it showed, what is kept."""

from dataclasses import dataclass

from django.urls import reverse

from reviews.disclosed import Disclosed
from reviews.pages.text import marked

_YOURS = {
    True: "Your answer kept it from going ahead.",
    False: "Your answer would have let it go ahead. It was made to look right.",
    None: "You had not answered it, so it was not counted at all.",
}


@dataclass(frozen=True, kw_only=True)
class DisclosurePage:
    """Nothing in it leads back here: the test has no name any more, and no address."""

    yours: str
    what: str
    before: str
    after: str
    where: str
    next_url: str
    next_label: str
    desk_url: str


def page(disclosed: Disclosed, *, in_session: bool = False) -> DisclosurePage:
    told = {name: marked(text).strip() for name, text in disclosed.told.items()}
    return DisclosurePage(
        yours=_YOURS[disclosed.caught],
        what=told.get("what", ""),
        before=told.get("before", ""),
        after=told.get("after", ""),
        where=told.get("where", ""),
        next_url=reverse("reviews:session-step" if in_session else "reviews:take"),
        next_label="Go on" if in_session else "Take the next one",
        desk_url=reverse("reviews:desk"),
    )
