"""Searches that somebody comes back to, under names of their own."""

from datetime import datetime
from urllib.parse import urlencode

from accounts.models import User
from reviews.errors import FilterNameMissing, FilterNameTaken, TooManyFilters
from reviews.models import SavedFilter
from reviews.search import Wanted

MOST = 12


def save(name: str, wanted: Wanted, *, by: User, now: datetime) -> SavedFilter:
    """Keep a search; raises where it has no name, a name that is taken, or they have enough."""
    name = " ".join(name.replace("\0", "").split())[:60]
    if not name or not wanted.said:
        raise FilterNameMissing
    mine = SavedFilter.objects.filter(user=by)
    if mine.count() >= MOST:
        raise TooManyFilters
    kept, made = mine.get_or_create(
        user=by, name=name, defaults={"query": urlencode(wanted.said)[:500], "saved_at": now}
    )
    if not made:
        raise FilterNameTaken
    return kept


def forget(id: int, *, by: User, now: datetime) -> bool:
    """Drop one of one's own; False when there is none such."""
    gone, _ = SavedFilter.objects.filter(user=by, id=id).delete()
    return bool(gone)


def of(user: User) -> list[SavedFilter]:
    return list(SavedFilter.objects.filter(user=user).order_by("name"))
