"""Send the notices that are due to the channels of queues: what, where and by when, and a link.

What an agent wrote does not go there: a chat is another system, with other readers, in which words
can call people and hide links.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from handoffs import channels, locks
from handoffs.failpoints import failpoint
from handoffs.models import Handoff, NoticeChannel
from reviews import notices
from reviews.models import Notice
from reviews.notice_rules import MOST_AT_ONCE, Kind
from reviews.pages import notice_post

AT_ONCE = 100
IN_A_MESSAGE = 200
POSTER_LOCK = 0x6F766572_C902
Ended = Notice.Ended


def send_due(*, now: datetime) -> int:
    """Write what is due to every channel; return how many messages that is."""
    with locks.only_one(POSTER_LOCK) as alone:
        if not alone:
            return 0
        return sum(_send(channel, now=now) for channel in notices.waiting("channel", limit=AT_ONCE))


@transaction.atomic
def _send(channel_id: int, *, now: datetime) -> int:
    channel = NoticeChannel.objects.select_related("queue").get(pk=channel_id)
    found = Notice.objects.filter(channel=channel, ended_at=None, due_at__lte=Now())
    due = list(found.select_for_update(skip_locked=True).order_by("due_at", "id")[:IN_A_MESSAGE])
    if not channel.enabled:
        notices.end((one.pk for one in due), Ended.STOPPED)
        return 0
    told = list(_that_hold(due))
    gone = {one.pk for one in due} - {one.pk for one, _ in told}
    notices.end(gone, Ended.OVER)
    kinds = [kind for kind in Kind if any(one.kind == kind for one, _ in told)]
    ids = [one.pk for one, _ in told]
    if any(not one.digest for one, _ in told) and notices.of_late(channel=channel) >= MOST_AT_ONCE:
        notices.gather(ids, now)
        return 0
    if not told:
        return 0
    title, text = notice_post.post(channel.queue.name, told, now=now)
    event = f"notice.{kinds[0]}" if len(kinds) == 1 else "notice.digest"
    message = channels.tell(channel, event=event, title=title, text=text)
    notices.end(ids, Ended.SENT, message)
    failpoint("notice_posts.send.before_commit")
    return 1


def _that_hold(due: Iterable[Notice]) -> Iterable[tuple[Notice, Handoff]]:
    """Yield what is still so, and still in the channel's queue."""
    due = list(due)
    asked = Handoff.objects.select_related("queue", "workflow")
    handoffs = asked.in_bulk({notice.handoff_id for notice in due})
    holding = notices.that_hold(due, handoffs)
    for notice in due:
        if notice.pk in holding:
            yield notice, handoffs[notice.handoff_id]
