"""Mails to approvers: each is told once of each question that is theirs to decide.

Nothing tells this module that something waits: it looks, along the queues' own index. Whoever has
many open links gets no more until some are over; what waits meanwhile is on the desk as ever.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Least, Now
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from handoffs import audit, locks, mails
from handoffs.actors import SYSTEM
from handoffs.mail_secrets import MailSecret
from handoffs.models import Handoff
from handoffs.states import ByEmail, HandoffKind, HandoffState, Tier
from reviews import desk, link_rules, permissions, spec
from reviews.desk import HandoffDetail
from reviews.link_rules import Needs
from reviews.models import ApproverLink
from reviews.pages import link_mail

logger = logging.getLogger(__name__)

# nobody decides more than these on the same day; a flood of mails is read by nobody
MOST_OPEN = 25
# a link is for a question of these days, whatever its deadline is
LONGEST = timedelta(days=7)
# one look writes so many; the next one, seconds later, goes on
AT_ONCE = 100
MAILER_LOCK = 0x6F766572_11A8
_MAILED = [ByEmail.YES.value, ByEmail.SIGN_IN.value, ByEmail.STEP_UP.value]

# For each approver who is not away and has room: what is offered in queues that they work, for a
# team or a seat of theirs, due first, and that no link of theirs was made for as it stands. A
# handoff kept its row's terms; from before there were any it has the default.
_WANTED = f"""
with approver as materialized (
    select u.id, lower(u.email) as email,
        array(select group_id from accounts_user_groups where user_id = u.id) as teams,
        array(select team.name::text from accounts_user_groups member
            join auth_group team on team.id = member.group_id
            where member.user_id = u.id) as names,
        %(most)s - (select count(*) from reviews_approverlink link
            where link.approver_id = u.id and link.ended_at is null
                and link.expires_at > statement_timestamp()) as room
    from accounts_user u where u.is_active and %(role)s = any(u.roles)
        and not exists (select from reviews_absence absence where absence.person_id = u.id
            and absence.starts_at <= statement_timestamp()
            and absence.ends_at > statement_timestamp())
)
select approver.id, next.id from approver cross join lateral (
    select h.id, h.calm, h.deadline_at from handoffs_queue queue cross join lateral (
        select h.id, {permissions.CALM} as calm, h.deadline_at from handoffs_handoff h
        where h.queue_id = queue.id and h.state = 'waiting'
            and (h.role_id = any(approver.teams) or h.safeguards -> 'seats' ?| approver.names)
            and h.deadline_at > statement_timestamp() and {permissions.OFFERED}
            and coalesce(h.terms ->> 'email', 'sign_in') = any(%(mailed)s)
            and not exists (select from reviews_approverlink link
                where link.handoff_id = h.id and link.approver_id = approver.id
                    and link.round = h.round and link.level = h.level
                    and link.brief_version = (select max(brief.version)
                        from handoffs_brief brief where brief.handoff_id = h.id))
        order by {permissions.CALM}, h.deadline_at, h.id
        limit greatest(0, approver.room)) h
    where {permissions.GRANTED.replace("%(user)s", "approver.id")}
    order by h.calm, h.deadline_at, h.id limit greatest(0, approver.room)) next
order by next.calm, next.deadline_at, next.id, approver.id limit %(at_once)s
"""

# Links that nobody can use any more give their places back. What waits to be released may still
# be taken back and wait again, so it stays.
_TIDY = """
with over as (
    select link.id, link.expires_at <= statement_timestamp() as ran_out
    from reviews_approverlink link join handoffs_handoff h on h.id = link.handoff_id
    where link.ended_at is null and (link.expires_at <= statement_timestamp()
        or h.state in ('answered', 'withdrawn') or h.round <> link.round or h.level <> link.level
        or exists (select from handoffs_brief brief
            where brief.handoff_id = h.id and brief.version > link.brief_version))
    limit 500
    for update of link skip locked
)
update reviews_approverlink link set ended_at = statement_timestamp(),
    ended_because = case when over.ran_out then 'expired' else 'moved' end
from over where link.id = over.id
"""


def send_due(*, now: datetime) -> int:
    """Mail every approver what newly waits for them; return how many mails were written.

    A no-op while another process is at it. Link and mail commit together, one by one: whoever
    dies over it leaves nothing half done, and the next look goes on.
    """
    with locks.only_one(MAILER_LOCK) as alone:
        if not alone:
            return 0
        tidy()
        return sum(_send(*pair, now=now) for pair in _wanted())


def tidy() -> int:
    """End what ran out or whose question moved on. Nothing waits for this but the room it makes."""
    with connection.cursor() as cursor:
        cursor.execute(_TIDY)
        return int(cursor.rowcount)


def _wanted() -> list[tuple[int, str]]:
    params: dict[str, Any] = {
        "role": Role.APPROVER.value,
        "most": MOST_OPEN,
        "mailed": _MAILED,
        "at_once": AT_ONCE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WANTED, params)
        return list(cursor.fetchall())


def _send(approver_id: int, handoff_id: str, *, now: datetime) -> bool:
    approver = User.objects.get(id=approver_id)
    try:
        with transaction.atomic():
            detail = desk.handoff(approver, handoff_id, now)
            if detail.handoff.state != HandoffState.WAITING.value:
                return False
            return _write(detail, approver, now=now)
    except IntegrityError:
        # somebody mailed this one meanwhile
        return False


def _write(detail: HandoffDetail, approver: User, *, now: datetime) -> bool:
    """Make the link and the mail that carries it, or note that this one is not theirs."""
    needs = _needs(detail)
    if needs is None or not detail.may_decide:
        _make(detail, approver, Needs.SIGN_IN, None)
        return False
    secret = mails.secret()
    link = _make(detail, approver, needs, secret)
    url = settings.PUBLIC_URL + reverse("reviews:link", args=[secret.mark])
    mail = link_mail.mail(
        detail, approver=approver, needs=needs, url=url, until=link.expires_at, now=now
    )
    mails.send(approver.email, "link.mailed", mail, secret=secret)
    facts = {"link": link.id, "approver": f"user {approver.id}", "needs": needs.value}
    audit.record(by=SYSTEM, action="link.mailed", subject=detail.handoff.id, body=facts)
    return True


def _needs(detail: HandoffDetail) -> Needs | None:
    handoff = detail.handoff
    return link_rules.needed(
        str(handoff.terms.get("email", ByEmail.SIGN_IN.value)),
        kind=HandoffKind(handoff.kind),
        tier=Tier(handoff.tier) if handoff.tier else None,
        spec=spec.read(handoff.safeguards),
    )


def _make(
    detail: HandoffDetail, approver: User, needs: Needs, secret: MailSecret | None
) -> ApproverLink:
    handoff = detail.handoff
    brief = handoff.briefs.get(version=detail.brief_version)
    ended = {} if secret else {"ended_at": Now(), "ended_because": ApproverLink.Ended.NOT_THEIRS}
    link = ApproverLink.objects.create(
        handoff=handoff,
        approver=approver,
        round=handoff.round,
        level=handoff.level,
        seat=_seat(handoff, approver),
        brief_version=brief.version,
        brief_digest=brief.digest,
        token_digest=secret.digest if secret else None,
        needs=needs.value,
        mailed_to=approver.email,
        expires_at=Least(handoff.deadline_at, Now() + LONGEST),
        **ended,
    )
    link.refresh_from_db(fields=["expires_at"])
    return link


def _seat(handoff: Handoff, approver: User) -> str:
    """Name the team as which they decide: a seat's, where one is kept for a team of theirs."""
    teams = set(approver.groups.values_list("name", flat=True))
    kept = [name for name in spec.read(handoff.safeguards).seats if name in teams]
    return kept[0] if kept else handoff.role.name
