"""Reading time is what the server saw of looking, and a page that is left lets go of its claim."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs import briefs
from handoffs.models import Handoff
from reviews import claims, decisions, reading, seen
from reviews import desk as desk_reading
from reviews.decisions import Choice
from reviews.errors import BeatRefused, ClaimLost, SafeguardUnmet
from reviews.models import Claim, Draft, Visit
from reviews.reading import Place
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
MOMENT = 0.3


def opened(handoff: Handoff, by: User) -> str:
    """Open the page and return the token that it carries."""
    visit = claims.mark_opened(handoff.id, by=by, now=timezone.now())
    assert visit is not None
    claim = Claim.objects.get(handoff=handoff, ended_at=None)
    return reading.token(Place(claim=claim.id, visit=visit, needed=20))


def beat(handoff: Handoff, by: User, token: str, *, looking: bool = True) -> str:
    """Say that the page is looked at, or not; return the token of the next beat."""
    return claims.beat(handoff.id, token=token, looking=looking, by=by, now=timezone.now())[1]


def leave(handoff: Handoff, by: User, token: str) -> bool:
    return claims.leave(handoff.id, token=token, by=by, now=timezone.now())


def read_seconds() -> float:
    return float(Claim.objects.values_list("read_seconds", flat=True).get() or 0)


def shown(handoff: Handoff, by: User) -> float:
    """How long they have read, as their page says it."""
    return desk_reading.handoff(by, handoff.id, timezone.now()).seen.read_seconds or 0.0


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
    token = opened(held, ann)
    begun = time.monotonic()

    for _ in range(50):
        token = beat(held, ann, token)

    assert read_seconds() <= time.monotonic() - begun


def test_what_is_looked_at_counts_and_what_is_hidden_does_not(held: Handoff, ann: User) -> None:
    begun = time.monotonic()
    token = beat(held, ann, opened(held, ann))
    time.sleep(MOMENT)
    token = beat(held, ann, token, looking=False)
    looked, passed = read_seconds(), time.monotonic() - begun

    time.sleep(MOMENT)
    token = beat(held, ann, token, looking=False)
    hidden = read_seconds()
    beat(held, ann, token)

    assert MOMENT <= looked <= passed
    assert hidden == looked
    assert read_seconds() == looked


def test_a_page_that_is_hidden_from_the_start_has_read_nothing(held: Handoff, ann: User) -> None:
    token = beat(held, ann, opened(held, ann), looking=False)
    time.sleep(MOMENT)
    beat(held, ann, token, looking=False)

    assert read_seconds() == 0


def test_nobody_writes_reading_time_by_hand(held: Handoff, ann: User) -> None:
    beat(held, ann, opened(held, ann))

    Claim.objects.update(read_seconds=3600)
    Claim.objects.update(seen_at=timezone.now() + timedelta(hours=-1))

    assert read_seconds() < 1


def test_a_back_dated_claim_has_been_open_for_no_time(held: Handoff, ann: User) -> None:
    claims.give_back(held.id, by=ann, now=timezone.now())
    old, long_ago = Claim.objects.get(), timezone.now() - timedelta(days=1)

    Claim.objects.create(
        handoff=held,
        reviewer=ann,
        turn=old.turn + 1,
        number=old.number + 1,
        level=old.level,
        round=old.round,
        taken_at=long_ago,
        opened_at=long_ago,
        read_seconds=3600,
        seen_at=long_ago,
        expires_at=timezone.now() + timedelta(hours=1),
    )

    assert shown(held, ann) == 0
    with pytest.raises(IntegrityError), transaction.atomic():
        opened(held, ann)
        Claim.objects.filter(ended_at=None).update(opened_at=long_ago)


def test_what_was_read_is_given_to_nobody_else(held: Handoff, ann: User, ben: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.update(reviewer=ben)


def test_a_beat_counts_once(held: Handoff, ann: User) -> None:
    token = opened(held, ann)
    beat(held, ann, token)
    time.sleep(MOMENT)

    with pytest.raises(BeatRefused):
        beat(held, ann, token)

    assert read_seconds() == 0


def test_a_beat_that_we_never_gave_out_is_refused(held: Handoff, ann: User) -> None:
    token = opened(held, ann)
    place = reading.place(token)
    assert place is not None
    never_opened = reading.token(replace(place, visit=place.visit + 1))
    ahead = reading.token(replace(place, beat=5))
    meddled = token.replace(f".{place.visit}.", f".{place.visit + 1}.", 1)

    for invented in ("", "1.1.0.0:x", meddled, never_opened, ahead):
        with pytest.raises(BeatRefused):
            beat(held, ann, invented)

    assert Claim.objects.get().read_seconds is None


def test_a_beat_is_good_for_nobody_and_nothing_else(
    shop: Shop, bot: Client, held: Handoff, ann: User, ben: User
) -> None:
    other = put(shop, bot)
    claims.pick(other.id, by=ben, now=timezone.now())
    anns, bens = opened(held, ann), opened(other, ben)

    with pytest.raises(BeatRefused):
        beat(held, ann, bens)
    with pytest.raises(ClaimLost):
        beat(held, ben, anns)
    with pytest.raises(BeatRefused):
        beat(other, ben, anns)

    assert not Visit.objects.filter(beats__gt=0).exists()


def test_a_second_page_adds_nothing(held: Handoff, ann: User) -> None:
    one, other = opened(held, ann), opened(held, ann)
    begun = time.monotonic()

    for _ in range(20):
        one, other = beat(held, ann, one), beat(held, ann, other)
        time.sleep(0.01)

    assert read_seconds() <= time.monotonic() - begun


def test_a_second_page_in_the_background_stops_nothing_and_keeps_nothing_going(
    held: Handoff, ann: User
) -> None:
    front, back = opened(held, ann), opened(held, ann)
    front = beat(held, ann, front)
    time.sleep(MOMENT)

    back = beat(held, ann, back, looking=False)
    assert Claim.objects.get().seen_at is not None
    front = beat(held, ann, front)
    assert read_seconds() >= MOMENT

    # the page in front fell silent: what the one behind says of itself is no sign of looking
    counted, seen_at = read_seconds(), Claim.objects.get().seen_at
    for _ in range(3):
        time.sleep(0.05)
        back = beat(held, ann, back, looking=False)
    assert (read_seconds(), Claim.objects.get().seen_at) == (counted, seen_at)


def test_what_was_read_outlives_the_claim(held: Handoff, ann: User) -> None:
    begun = time.monotonic()
    token = beat(held, ann, opened(held, ann))
    time.sleep(MOMENT)
    beat(held, ann, token, looking=False)

    claims.give_back(held.id, by=ann, now=timezone.now())
    claims.pick(held.id, by=ann, now=timezone.now())
    beat(held, ann, opened(held, ann))

    assert MOMENT <= shown(held, ann) <= time.monotonic() - begun


def test_giving_back_and_taking_again_shortens_nothing_without_scripts(
    held: Handoff, ann: User
) -> None:
    opened(held, ann)
    time.sleep(MOMENT)

    claims.give_back(held.id, by=ann, now=timezone.now())
    begun = time.monotonic()
    claims.pick(held.id, by=ann, now=timezone.now())
    opened(held, ann)

    assert shown(held, ann) <= time.monotonic() - begun


def test_what_somebody_else_read_counts_for_nobody(held: Handoff, ann: User, ben: User) -> None:
    token = beat(held, ann, opened(held, ann))
    time.sleep(MOMENT)
    beat(held, ann, token, looking=False)

    claims.give_back(held.id, by=ann, now=timezone.now())
    begun = time.monotonic()
    claims.pick(held.id, by=ben, now=timezone.now())
    beat(held, ben, opened(held, ben))

    assert shown(held, ben) <= time.monotonic() - begun


def test_a_question_put_anew_is_read_anew(held: Handoff, ann: User) -> None:
    token = beat(held, ann, opened(held, ann))
    time.sleep(MOMENT)
    beat(held, ann, token, looking=False)
    claims.give_back(held.id, by=ann, now=timezone.now())

    Handoff.objects.filter(id=held.id).update(round=2)
    claims.pick(held.id, by=ann, now=timezone.now())

    assert shown(held, ann) == 0


def test_a_page_whose_beat_got_lost_is_told_where_it_stands(held: Handoff, ann: User) -> None:
    token = opened(held, ann)
    beat(held, ann, token)

    _, onward = claims.renew_page(held.id, token=token, by=ann, now=timezone.now())

    beat(held, ann, onward)
    assert Visit.objects.get().beats == 2


def test_a_page_of_an_earlier_claim_is_told_nothing(held: Handoff, ann: User) -> None:
    token = opened(held, ann)
    claims.give_back(held.id, by=ann, now=timezone.now())
    claims.pick(held.id, by=ann, now=timezone.now())

    assert claims.renew_page(held.id, token=token, by=ann, now=timezone.now())[1] == ""
    assert not leave(held, ann, token)


def test_beats_are_counted_upwards_only(held: Handoff, ann: User) -> None:
    beat(held, ann, opened(held, ann))

    with pytest.raises(IntegrityError), transaction.atomic():
        Visit.objects.update(beats=0)


def test_a_beat_says_how_much_is_still_needed(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot, safeguards={"minimum_seconds": 20})
    claims.pick(handoff.id, by=ann, now=timezone.now())
    page = desk.get(reverse("reviews:handoff", args=[handoff.id])).context["page"]
    beats = reverse("reviews:beat", args=[handoff.id])

    told = desk.post(beats, {"looking": "1", "read": "900", "token": page.keeping.token})
    again = desk.post(beats, {"looking": "1", "token": page.keeping.token})
    onward = desk.post(beats, {"looking": "1", "token": told.json()["token"]})

    assert told.json()["left"] == 20
    assert (again.status_code, onward.status_code) == (409, 200)


def test_a_refused_answer_is_a_page_that_counts_on(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot, safeguards={"minimum_seconds": 20})
    claims.pick(handoff.id, by=ann, now=timezone.now())
    page = desk.get(reverse("reviews:handoff", args=[handoff.id])).context["page"]
    beats = reverse("reviews:beat", args=[handoff.id])
    desk.post(beats, {"looking": "1", "token": page.keeping.token})

    again = desk.post(reverse("reviews:decide", args=[handoff.id]), {"verb": "approve"})

    assert again.status_code == 422
    token = again.context["page"].keeping.token
    assert desk.post(beats, {"looking": "1", "token": token}).status_code == 200


def test_a_longer_brief_is_read_for_longer(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    spec = {"minimum_seconds": 2, "words_per_minute": 60}
    brief = factories.brief_payload(summary="One word more. " * 20)
    handoff = put(shop, bot, safeguards=spec, brief=brief)
    claims.pick(handoff.id, by=ann, now=timezone.now())
    words = briefs.words_to_read(brief)

    page = desk.get(reverse("reviews:handoff", args=[handoff.id])).context["page"]

    assert words > 60
    assert [need.ready_in for need in page.rail.needs] == [words]
    with pytest.raises(SafeguardUnmet) as refused:
        decisions.decide(handoff.id, by=ann, choice=Choice(verb="approve"), now=timezone.now())
    assert refused.value.unmet[0].seconds == words


def test_what_is_withheld_does_not_lengthen_the_reading(shop: Shop, bot: Client) -> None:
    spec = {"words_per_minute": 200, "withhold_recommendation": True}
    brief = factories.brief_payload()
    without = {key: value for key, value in brief.items() if key != "recommendation"}

    assert seen.words(brief, spec) == seen.words(without, spec)


def test_a_beat_for_a_lost_claim_is_refused(held: Handoff, ann: User, ben: User) -> None:
    token = opened(held, ann)
    with pytest.raises(ClaimLost):
        beat(held, ben, token)
    claims.give_back(held.id, by=ann, now=timezone.now())
    with pytest.raises(ClaimLost):
        beat(held, ann, token)


def test_leaving_lets_the_claim_end_soon(held: Handoff, ann: User) -> None:
    token = opened(held, ann)

    assert leave(held, ann, token)

    assert 0 < lease_left() <= claims.LEFT_SECONDS


def test_leaving_twice_does_not_prolong_it(held: Handoff, ann: User) -> None:
    token = opened(held, ann)
    leave(held, ann, token)
    before = lease_left()

    assert not leave(held, ann, token)

    assert lease_left() <= before


@pytest.mark.parametrize("order", ["goodbye first", "new page first"])
def test_a_reload_keeps_the_claim(held: Handoff, ann: User, order: str) -> None:
    token = opened(held, ann)

    if order == "goodbye first":
        leave(held, ann, token)
    opened(held, ann)
    if order == "new page first":
        assert not leave(held, ann, token)

    assert lease_left() > 60


def test_coming_back_out_of_the_browsers_memory_keeps_the_claim(held: Handoff, ann: User) -> None:
    token = opened(held, ann)
    leave(held, ann, token)

    token = beat(held, ann, token, looking=False)
    assert lease_left() <= claims.LEFT_SECONDS
    beat(held, ann, token)

    assert lease_left() > 60


def test_who_has_written_something_keeps_the_claim(held: Handoff, ann: User) -> None:
    token = opened(held, ann)
    decisions.save_draft(held.id, by=ann, body={"reason": "Not yet"}, now=timezone.now())

    assert not leave(held, ann, token)

    assert lease_left() > 60


def test_what_was_written_under_an_earlier_claim_holds_nothing(held: Handoff, ann: User) -> None:
    decisions.save_draft(held.id, by=ann, body={"reason": "Not yet"}, now=timezone.now())
    Draft.objects.update(saved_at=timezone.now() - timedelta(days=1))

    assert leave(held, ann, opened(held, ann))


def test_nobody_else_can_say_goodbye(held: Handoff, ann: User, ben: User) -> None:
    token = opened(held, ann)

    assert not leave(held, ben, token)

    assert lease_left() > 60


def test_the_beacon_needs_the_pages_own_token(held: Handoff, ann: User) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(ann)
    token = opened(held, ann)

    refused = strict.post(reverse("reviews:leave", args=[held.id]), {"token": token})

    assert refused.status_code == 403
    assert lease_left() > 60


@pytest.mark.parametrize("token", ["", "x", "1.1.0.0", "1.1.0.0:abc", "9" * 40, "٣", "\0"])
def test_a_goodbye_that_cannot_be_read_is_none(
    desk: Browser, held: Handoff, ann: User, token: str
) -> None:
    opened(held, ann)

    told = desk.post(reverse("reviews:leave", args=[held.id]), {"token": token})

    assert told.status_code == 204
    assert lease_left() > 60


def test_the_last_words_come_with_the_goodbye_and_keep_the_claim(
    desk: Browser, held: Handoff, ann: User
) -> None:
    token = opened(held, ann)

    desk.post(reverse("reviews:leave", args=[held.id]), {"token": token, "words": "half a thought"})

    assert Draft.objects.get().body["reason"] == "half a thought"
    assert lease_left() > 60
