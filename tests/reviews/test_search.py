"""Searching: everything one may see, nothing else, and no advice before its time."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import Brief, Handoff
from handoffs.states import HandoffKind
from reviews import claims, decisions, filters, permissions, search, search_index
from reviews.errors import FilterNameMissing, FilterNameTaken, TooManyFilters
from reviews.models import SavedFilter, SearchEntry
from reviews.search import Wanted
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
SEARCH = reverse("reviews:search")


def brief(**changes: Any) -> dict[str, Any]:
    return factories.brief_payload() | changes


def found(user: User, words: str = "", **more: Any) -> list[str]:
    search_index.note_new(now=timezone.now())
    return [hit.id for hit in search.find(user, Wanted(words=words, **more)).hits]


def test_a_handoff_is_found_by_the_beginning_of_any_of_its_words(
    shop: Shop, bot: Client, ann: User
) -> None:
    wanted = put(shop, bot, brief=brief(ask="Refund the garden chair to Zoë Müller?"))
    put(shop, bot, brief=brief(ask="Cancel the lamp?"))

    for words in ("garden", "GARD cha", "zoe muller", "Müller", wanted.id, "chair?"):
        assert found(ann, words) == [wanted.id], words


@pytest.mark.parametrize("words", ["& | !", "'", "gard & !chair", "a:* b", "\\", "''", "::"])
def test_signs_are_no_operators(shop: Shop, bot: Client, ann: User, words: str) -> None:
    put(shop, bot)

    assert found(ann, words) == []


def test_what_the_action_takes_and_what_the_run_is_called_are_words_too(
    shop: Shop, bot: Client, ann: User
) -> None:
    one = put(shop, bot, arguments={"order_id": "#W7700", "amount": 1, "items": [{"sku": "QX9"}]})

    assert found(ann, "W7700") == found(ann, "qx9") == [one.id]
    assert found(ann, one.run.external_id) == [one.id]


def test_the_newest_come_first_page_by_page_and_each_once(
    shop: Shop, bot: Client, ann: User
) -> None:
    made = [put(shop, bot).id for _ in range(search.PAGE + 3)]
    search_index.note_new(now=timezone.now())

    first = search.find(ann, Wanted(words="refund"))
    second = search.find(ann, Wanted(words="refund"), after=first.after)

    assert [hit.id for hit in [*first.hits, *second.hits]] == sorted(made, reverse=True)
    assert not second.after


def test_words_that_many_have_are_found_the_same_way(
    shop: Shop, bot: Client, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [put(shop, bot).id for _ in range(4)]
    monkeypatch.setattr(search, "_RARE", 2)

    assert found(ann, "refund") == sorted(made, reverse=True)


def test_a_search_that_stops_says_so_and_goes_on_from_there(
    shop: Shop, bot: Client, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = put(shop, bot, brief=brief(ask="Refund the garden chair?"))
    made = [put(shop, bot) for _ in range(3)]
    monkeypatch.setattr(search, "READ", 2)
    search_index.note_new(now=timezone.now())
    wanted = Wanted(kind=HandoffKind.AUDIT.value)

    stopped = search.find(ann, wanted)

    assert (stopped.hits, stopped.stopped, stopped.after) == ([], True, made[0].id)
    assert not search.find(ann, wanted, after=made[1].id).stopped
    assert found(ann, "chair") == [old.id]


def test_it_is_narrowed_by_state_queue_workflow_kind_and_by_whose(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    waiting, decided = put(shop, bot), put(shop, bot, safeguards={"undo_seconds": 0})
    asked = put(shop, bot, kind=HandoffKind.AMBIGUITY)
    claims.pick(decided.id, by=ann, now=timezone.now())
    claims.mark_opened(decided.id, by=ann, now=timezone.now())
    decisions.decide(
        decided.id, by=ann, choice=decisions.Choice(verb="approve"), now=timezone.now()
    )

    assert found(ann, state="answered") == found(ann, mine=True) == [decided.id]
    assert found(ann, state="open") == [asked.id, waiting.id]
    assert found(ann, kind="ambiguity") == [asked.id]
    assert found(ben, mine=True) == found(ann, queue="elsewhere") == []
    assert len(found(ann, queue="refunds", workflow="retail-support")) == 3


def test_what_one_may_not_see_is_not_found(shop: Shop, bot: Client, mia: User, olga: User) -> None:
    put(shop, bot)
    stranger = factories.UserFactory(roles=["reviewer"], groups=[factories.make_team("others")])

    assert found(stranger, "refund") == found(stranger) == []
    assert found(mia, "refund") == found(olga, "refund") == []


def test_search_sees_exactly_what_the_door_lets_through(
    shop: Shop, bot: Client, ann: User, mia: User
) -> None:
    handoff = put(shop, bot)
    gone = factories.UserFactory(roles=["reviewer"], groups=[shop.team], is_active=False)

    for user in (ann, mia, gone):
        seen = Handoff.objects.filter(id=handoff.id, queue_id__in=permissions.readable(user)[0])
        assert bool(found(user)) == seen.exists() == permissions.can_see(user, handoff)


@pytest.mark.parametrize(
    "hidden",
    [
        {"recommendation": {"answer": "approve", "rationale": "quixotic"}},
        {"confidence": {"value": 0.9, "basis": "quixotic"}},
        {"on_answer": {"approve": "quixotic"}},
        {"summary": "quixotic"},
        {"options": [{"id": "a", "label": "quixotic", "consequence": "quixotic"}]},
    ],
)
def test_no_advice_can_be_guessed_by_searching(
    shop: Shop, bot: Client, ann: User, hidden: dict[str, Any]
) -> None:
    put(shop, bot, brief=brief(**hidden))

    assert found(ann, "quixotic") == []


def test_a_newer_brief_is_found_by_its_new_words(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot, brief=brief(ask="Refund the lamp?"))
    assert found(ann, "lamp") == [handoff.id]
    Brief.objects.create(handoff=handoff, version=2, body=brief(ask="Refund the sofa?"), digest="d")

    assert found(ann, "sofa") == [handoff.id]
    assert found(ann, "lamp") == []
    assert SearchEntry.objects.count() == 1


def test_taking_in_reads_only_what_is_new(shop: Shop, bot: Client) -> None:
    for _ in range(3):
        put(shop, bot)

    assert search_index.note_new(now=timezone.now()) == 3
    assert search_index.note_new(now=timezone.now()) == 0


def test_the_page_costs_the_same_for_ten_and_for_twenty(
    desk: Browser, shop: Shop, bot: Client
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(10):
            put(shop, bot)
        search_index.note_new(now=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            page = desk.get(SEARCH, {"words": "refund"}).content.decode()
        counts.append(len(queries))

    assert page.count('class="row-ask"') == 20
    assert counts[0] == counts[1]


def test_hostile_words_come_back_as_words(desk: Browser, shop: Shop, bot: Client) -> None:
    put(shop, bot, brief=brief(ask="<script>alert(1)</script> \u202e refund?"))
    search_index.note_new(now=timezone.now())

    page = desk.get(SEARCH, {"words": '"><script>refund', "state": "x", "after": "'"})

    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()
    assert "⟦U+202E⟧" in desk.get(SEARCH, {"words": "refund"}).content.decode()


def test_a_search_is_saved_under_a_name_and_found_again(
    desk: Browser, shop: Shop, bot: Client, ann: User
) -> None:
    put(shop, bot, kind=HandoffKind.AMBIGUITY)

    answer = desk.post(
        reverse("reviews:filter-save"), {"name": " Open  questions ", "kind": "ambiguity"}
    )
    page = desk.get(answer["Location"]).content.decode()

    assert (answer.status_code, answer["Location"]) == (302, f"{SEARCH}?kind=ambiguity")
    assert "Open questions" in page
    assert 'href="/search?kind=ambiguity"' in desk.get(reverse("reviews:desk")).content.decode()


def test_a_saved_search_is_ones_own_and_can_be_removed(desk: Browser, ann: User, ben: User) -> None:
    mine, his = (
        filters.save("Mine", Wanted(words="a"), by=user, now=timezone.now()) for user in (ann, ben)
    )

    for kept in (mine, his):
        desk.post(reverse("reviews:filter-forget", args=[kept.pk]))

    assert list(SavedFilter.objects.all()) == [his]


def test_a_name_is_needed_once_and_there_is_room_for_twelve(ann: User) -> None:
    def save(name: str, wanted: Wanted) -> SavedFilter:
        return filters.save(name, wanted, by=ann, now=timezone.now())

    for name, wanted in ((" \0", Wanted(words="a")), ("All", Wanted())):
        with pytest.raises(FilterNameMissing):
            save(name, wanted)
    for number in range(filters.MOST - 1):
        save(f"{number}", Wanted(words="a"))
    with pytest.raises(FilterNameTaken):
        save("3", Wanted(words="b"))
    save("last", Wanted(words="a"))
    with pytest.raises(TooManyFilters):
        save("one more", Wanted(words="a"))


def test_a_refused_name_keeps_the_search_on_the_page(desk: Browser, ann: User) -> None:
    filters.save("Mine", Wanted(words="a"), by=ann, now=timezone.now())

    answer = desk.post(reverse("reviews:filter-save"), {"name": "Mine", "words": "lamp"})

    assert answer.status_code == 422
    assert 'value="lamp"' in answer.content.decode()
    assert "Choose another" in answer.content.decode()


def test_what_poses_as_a_fact_or_a_question_is_found_and_shown_only_where_it_may_be(
    shop: Shop, bot: Client, ann: User
) -> None:
    body = brief(
        ask="I recommend a zebra. Agreed?",
        facts=[{"label": "AI recommendation", "value": "giraffe", "kind": "text"}],
        flags=[{"label": "We suggest an okapi", "severity": "low"}],
    )
    shown = put(shop, bot, brief=body)
    put(shop, bot, brief=body, safeguards={"withhold_recommendation": True})

    for words in ("zebra", "giraffe", "okapi"):
        assert found(ann, words) == [shown.id], words
    assert found(ann, "committed") == []
    asked = {hit.ask for hit in search.find(ann, Wanted()).hits}
    assert asked == {"I recommend a zebra. Agreed?", "What should be done?"}
