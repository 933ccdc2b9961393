"""Whoever has it now is told, once: what moved because a queue was full, and what was given out."""

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from guardian.shortcuts import assign_perm, remove_perm

from accounts.models import Client, User
from handoffs import moves, overflow
from handoffs.models import Handoff, NoticeChannel, Queue
from reviews import assigning, claims
from reviews.models import Claim, Notice
from reviews.notice_rules import UNOPENED
from tests import factories
from tests.factories import Shop
from tests.reviews.racing import all_at_once
from tests.reviews.telling import let_time_pass, look, send, subjects, tell_queue, told
from tests.reviews.waiting import let_lease_run_out, put


@pytest.fixture
def lea(shop: Shop, ann: User) -> User:
    """She decides what ann decides, and each of them works a queue of her own."""
    lea = factories.UserFactory(
        email="lea@example.com", name="Lea", roles=["reviewer"], groups=[shop.team]
    )
    remove_perm("work_queue", shop.team, shop.queue)
    assign_perm("work_queue", ann, shop.queue)
    assign_perm("work_queue", lea, shop.leads_queue)
    Queue.objects.filter(pk=shop.queue.pk).update(overflow_queue=shop.leads_queue)
    return lea


def shift(handoff: Handoff, to: Queue) -> None:
    with transaction.atomic():
        moves.lock_handoff(handoff.id)
        handoff.refresh_from_db()
        assert overflow.move(handoff, to=to.pk, now=timezone.now())


def channel(queue: Queue, **changes: Any) -> NoticeChannel:
    said = {"service": "ntfy", "address": "ntfys://x", "shown": "x", "kinds": ["transferred"]}
    return NoticeChannel.objects.create(queue=queue, **said | changes)


def heard(where: NoticeChannel) -> int:
    return Notice.objects.filter(channel=where).count()


@pytest.mark.django_db
class TestOverflow:
    @pytest.fixture(autouse=True)
    def _begun(self, shop: Shop) -> None:
        look()

    def test_whoever_has_it_now_is_told(self, shop: Shop, bot: Client, ann: User, lea: User):
        handoff = put(shop, bot)
        look()
        shift(handoff, shop.leads_queue)
        look()
        send()

        assert (told(ann), told(lea)) == ([], ["transferred"])
        assert subjects(lea) == ["Handed to your team: Refund 312.50 USD for order #W5744371?"]

    def test_once_however_often_it_comes_and_goes(
        self, shop: Shop, bot: Client, ann: User, lea: User
    ):
        handoff, chat = put(shop, bot), channel(shop.leads_queue)
        look()
        for _ in range(3):
            shift(handoff, shop.leads_queue)
            look()
            shift(handoff, shop.queue)
            look()

        assert (told(ann), told(lea)) == (["transferred"], ["transferred"])
        assert heard(chat) == 1

    def test_once_when_it_came_and_went_between_two_looks(
        self, shop: Shop, bot: Client, ann: User, lea: User
    ):
        handoff, chat = put(shop, bot), channel(shop.leads_queue)
        look()
        for _ in range(3):
            shift(handoff, shop.leads_queue)
            shift(handoff, shop.queue)
        shift(handoff, shop.leads_queue)
        look()

        assert (told(ann), told(lea)) == ([], ["transferred"])
        assert heard(chat) == 1

    def test_whoever_works_both_queues_has_it_still(
        self, shop: Shop, bot: Client, ann: User, lea: User
    ):
        assign_perm("work_queue", ann, shop.leads_queue)
        handoff = put(shop, bot)
        look()
        shift(handoff, shop.leads_queue)
        look()
        assign_perm("work_queue", lea, shop.queue)
        shift(handoff, shop.queue)
        look()

        assert told(ann) == []
        assert told(lea) == ["transferred"]

    def test_what_is_new_there_since_the_last_look_is_told_as_new(
        self, shop: Shop, bot: Client, lea: User
    ):
        tell_queue(shop.leads_queue, arrived="at_once")
        shift(put(shop, bot), shop.leads_queue)
        look()

        assert told(lea) == ["arrived"]


@pytest.mark.django_db
class TestGivenOut:
    @pytest.fixture(autouse=True)
    def _begun(self, shop: Shop, ann: User) -> None:
        Queue.objects.filter(pk=shop.queue.pk).update(mode="push", push_seconds=60)
        look()
        assigning.note_here(ann, now=timezone.now())

    def give(self) -> Claim:
        assert assigning.assign(now=timezone.now()) == 1
        look()
        return Claim.objects.latest("id")

    def test_whoever_has_not_opened_it_is_told_once(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ):
        put(shop, bot)
        claim = self.give()
        look()
        assert send() == 0, "it may be open in a moment"
        made = Notice.objects.get()
        assert (made.entry, made.due_at - claim.taken_at) == (claim.pk, UNOPENED)
        let_time_pass()
        send()
        send()

        assert (told(ann), told(ben)) == (["assigned"], [])
        assert subjects(ann) == ["Given to you: Refund 312.50 USD for order #W5744371?"]

    def test_whoever_opened_it_is_not_told(self, shop: Shop, bot: Client, ann: User):
        handoff = put(shop, bot)
        self.give()
        claims.mark_opened(handoff.id, by=ann, now=timezone.now())
        let_time_pass()
        send()

        assert subjects(ann) == []
        assert Notice.objects.get().ended_because == "over"

    def test_whoever_let_it_pass_is_not_told(self, shop: Shop, bot: Client, ann: User):
        handoff = put(shop, bot)
        self.give()
        let_lease_run_out(handoff)
        let_time_pass()
        send()

        assert subjects(ann) == []

    def test_whoever_took_it_knows(self, shop: Shop, bot: Client, ann: User):
        claims.pick(put(shop, bot).id, by=ann, now=timezone.now())
        look()

        assert told(ann) == []

    def test_no_chat_hears_of_it(self, shop: Shop, bot: Client, ann: User):
        chat = channel(shop.queue, kinds=["transferred", "assigned", "urgent"])
        put(shop, bot)
        self.give()

        assert heard(chat) == 0


def test_two_that_look_and_send_at_once_tell_each_thing_once(
    committed_db: Any, shop: Shop, bot: Client, lea: User
) -> None:
    look()
    handoffs = [put(shop, bot) for _ in range(4)]
    look()
    for handoff in handoffs:
        shift(handoff, shop.leads_queue)

    all_at_once([look] * 3)
    assert Notice.objects.filter(recipient=lea).count() == 4
    all_at_once([send] * 3)

    assert subjects(lea) == ["4 were handed to your team"]
