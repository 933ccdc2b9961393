"""Reading time is what the server saw of looking, and a page that is left lets go of its claim."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import Handoff
from reviews import claims, decisions
from reviews.errors import ClaimLost
from reviews.models import Claim, Draft
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
MOMENT = 0.3


def opened(handoff: Handoff, by: User) -> Claim:
    claims.mark_opened(handoff.id, by=by, now=timezone.now())
    return Claim.objects.get(handoff=handoff, ended_at=None)


def beat(handoff: Handoff, by: User, *, looking: bool = True) -> None:
    claims.beat(handoff.id, looking=looking, by=by, now=timezone.now())


def leave(handoff: Handoff, by: User, visit: int) -> bool:
    return claims.leave(handoff.id, visit=visit, by=by, now=timezone.now())


def read_seconds() -> float:
    return float(Claim.objects.values_list("read_seconds", flat=True).get() or 0)


def lease_left() -> float:
    return (Claim.objects.get().expires_at - timezone.now()).total_seconds()


def counted(opened: float | None, read: float | None, seen: float | None) -> float | None:
    """What the database counts, given how many seconds ago it was opened and last looked at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select overread_read_for(clock_timestamp() - interval '1 second' * %s, %s,"
            " clock_timestamp() - interval '1 second' * %s)",
            [opened, read, seen],
        )
        value = cursor.fetchone()[0]
    return None if value is None else round(value, 1)


@pytest.mark.parametrize(
    ("opened", "read", "seen", "expected"),
    [
        (None, None, None, None),
        (40, None, None, 40.0),
        (3600, 0.0, None, 0.0),
        (3600, 12.0, None, 12.0),
        (3600, 12.0, 4, 16.0),
        (3600, 12.0, 600, 19.0),
        (3600, 12.0, -600, 12.0),
    ],
    ids=[
        "never opened",
        "no scripts: since it was opened",
        "hidden from the start",
        "hidden now",
        "looked at",
        "beats were left out: one interval at most",
        "the clock was set back",
    ],
)
def test_reading_counts(
    opened: float | None, read: float | None, seen: float | None, expected: float | None
) -> None:
    assert counted(opened, read, seen) == expected


def test_fast_beats_gain_nothing(held: Handoff, ann: User) -> None:
    opened(held, ann)
    begun = time.monotonic()

    for _ in range(50):
        beat(held, ann)

    assert read_seconds() <= time.monotonic() - begun


def test_what_is_looked_at_counts_and_what_is_hidden_does_not(held: Handoff, ann: User) -> None:
    opened(held, ann)
    beat(held, ann)
    time.sleep(MOMENT)
    beat(held, ann, looking=False)
    looked = read_seconds()

    time.sleep(MOMENT)
    beat(held, ann, looking=False)
    hidden = read_seconds()
    beat(held, ann)

    assert MOMENT <= looked < 2 * MOMENT
    assert hidden == looked
    assert read_seconds() == looked


def test_a_page_that_is_hidden_from_the_start_has_read_nothing(held: Handoff, ann: User) -> None:
    opened(held, ann)

    beat(held, ann, looking=False)
    time.sleep(MOMENT)
    beat(held, ann, looking=False)

    assert read_seconds() == 0


def test_nobody_writes_reading_time_by_hand(held: Handoff, ann: User) -> None:
    opened(held, ann)
    beat(held, ann)

    Claim.objects.update(read_seconds=3600)
    Claim.objects.update(seen_at=timezone.now() + timedelta(hours=-1))

    assert read_seconds() < 1


def test_a_beat_says_how_much_is_still_needed(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot, safeguards={"minimum_seconds": 20})
    claims.pick(handoff.id, by=ann, now=timezone.now())
    desk.get(reverse("reviews:handoff", args=[handoff.id]))

    told = desk.post(reverse("reviews:beat", args=[handoff.id]), {"looking": "1", "read": "900"})

    assert told.json() == {"left": 20}


def test_a_beat_for_a_lost_claim_is_refused(held: Handoff, ann: User, ben: User) -> None:
    with pytest.raises(ClaimLost):
        beat(held, ben)
    claims.give_back(held.id, by=ann, now=timezone.now())
    with pytest.raises(ClaimLost):
        beat(held, ann)


def test_leaving_lets_the_claim_end_soon(held: Handoff, ann: User) -> None:
    visit = opened(held, ann).visit

    assert leave(held, ann, visit)

    assert 0 < lease_left() <= claims.LEFT_SECONDS


def test_leaving_twice_does_not_prolong_it(held: Handoff, ann: User) -> None:
    visit = opened(held, ann).visit
    leave(held, ann, visit)
    before = lease_left()

    assert not leave(held, ann, visit)

    assert lease_left() <= before


@pytest.mark.parametrize("order", ["goodbye first", "new page first"])
def test_a_reload_keeps_the_claim(held: Handoff, ann: User, order: str) -> None:
    visit = opened(held, ann).visit

    if order == "goodbye first":
        leave(held, ann, visit)
    opened(held, ann)
    if order == "new page first":
        assert not leave(held, ann, visit)

    assert lease_left() > 60


def test_coming_back_out_of_the_browsers_memory_keeps_the_claim(held: Handoff, ann: User) -> None:
    leave(held, ann, opened(held, ann).visit)

    beat(held, ann, looking=False)
    assert lease_left() <= claims.LEFT_SECONDS
    beat(held, ann)

    assert lease_left() > 60


def test_who_has_written_something_keeps_the_claim(held: Handoff, ann: User) -> None:
    visit = opened(held, ann).visit
    decisions.save_draft(held.id, by=ann, body={"reason": "Not yet"}, now=timezone.now())

    assert not leave(held, ann, visit)

    assert lease_left() > 60


def test_what_was_written_under_an_earlier_claim_holds_nothing(held: Handoff, ann: User) -> None:
    decisions.save_draft(held.id, by=ann, body={"reason": "Not yet"}, now=timezone.now())
    Draft.objects.update(saved_at=timezone.now() - timedelta(days=1))

    assert leave(held, ann, opened(held, ann).visit)


def test_nobody_else_can_say_goodbye(held: Handoff, ann: User, ben: User) -> None:
    visit = opened(held, ann).visit

    assert not leave(held, ben, visit)

    assert lease_left() > 60


def test_the_beacon_needs_the_pages_own_token(held: Handoff, ann: User) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(ann)
    visit = opened(held, ann).visit

    refused = strict.post(reverse("reviews:leave", args=[held.id]), {"visit": visit})

    assert refused.status_code == 403
    assert lease_left() > 60


@pytest.mark.parametrize("visit", ["", "x", "-1", "1e9", "9" * 40, "٣"])
def test_a_goodbye_that_cannot_be_read_is_none(
    desk: Browser, held: Handoff, ann: User, visit: str
) -> None:
    opened(held, ann)

    told = desk.post(reverse("reviews:leave", args=[held.id]), {"visit": visit})

    assert told.status_code == 204
    assert lease_left() > 60


def test_the_last_words_come_with_the_goodbye_and_keep_the_claim(
    desk: Browser, held: Handoff, ann: User
) -> None:
    visit = opened(held, ann).visit

    desk.post(reverse("reviews:leave", args=[held.id]), {"visit": visit, "words": "half a thought"})

    assert Draft.objects.get().body["reason"] == "half a thought"
    assert lease_left() > 60
