"""Who may see and decide what: a level on the queue to see, the handoff's team to decide.

`handoffs.verdicts` says it of one thing, with every step of why. The sets below say the same of
many things at once. A superuser is no exception: setting a system up and deciding in it are
separate duties.
"""

from dataclasses import replace

from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.roles import GRANTS, Can
from handoffs import grants, verdicts
from handoffs.errors import NotFound
from handoffs.models import Handoff, Queue, QueueGroupPermission, QueueUserPermission
from handoffs.verdicts import Code, Verdict
from reviews import panels
from reviews.errors import (
    AlreadyDecided,
    HasAStake,
    MayNotDecide,
    NoAuthorityHere,
    OwnRequest,
)

WORK = "work_queue"
DECIDING_ROLES = sorted(role.value for role, can in GRANTS.items() if Can.DECIDE in can)
# whoever reads figures or records could lay them, where no blind test is, beside their list
KNOWING_ROLES = sorted(
    role.value for role, can in GRANTS.items() if can & {Can.EDIT_WORKFLOW, Can.READ_AUDIT}
)

# The same grant as `workable`, for statements that do more in one round trip: true for a queue
# `queue` that the person %(user)s may work.
GRANTED = """(
    exists (select from handoffs_queueuserpermission direct
        join auth_permission permission on permission.id = direct.permission_id
        where direct.content_object_id = queue.id and direct.user_id = %(user)s
            and permission.codename = 'work_queue')
    or exists (select from handoffs_queuegrouppermission through
        join auth_permission permission on permission.id = through.permission_id
        join accounts_user_groups member on member.group_id = through.group_id
        where through.content_object_id = queue.id and member.user_id = %(user)s
            and permission.codename = 'work_queue'))"""

# The order of a queue begins with it, and so does its index: what is urgent comes before what is
# not, each by its deadline.
CALM = "(h.urgent_since is null)"
# What is urgent, said so that a search for it begins and ends at the head of that index.
URGENT = f"(({CALM}, h.deadline_at, h.id) < (true, '-infinity'::timestamptz, ''))"
# of such a handoff: it does not gather with others of its kind any more
OFFERED = """(h.gather_until is null or h.gather_until <= statement_timestamp()
        or h.urgent_since is not null)"""
# of such a handoff: neither people's stop nor a person who has its run keeps it where it is
STOPPED = "(h.workflow_id = any((select overread_stopped_workflows())::bigint[]))"
# a value, not `exists`: that would be answered by reading all runs there are
PAUSED = """(not h.stepped_in
    and (select run.held from handoffs_run run where run.id = h.run_id))"""
GOES_ON = f"(h.tier in ('autonomous', 'notify') or not ({STOPPED} or {PAUSED}))"

# arrays, not lists in a condition: it must stay a filter on a walk along the index
TEAMS = "array(select group_id from accounts_user_groups where user_id = %(user)s)"
# this person and whoever a conflict group puts together with them
KIN = """array(select %(user)s::bigint union
    select other.user_id from accounts_conflictgroup_people mine
    join accounts_conflictgroup_people other on other.conflictgroup_id = mine.conflictgroup_id
    where mine.user_id = %(user)s)"""
# Of a handoff h in a queue they work: they may decide it, whoever else is at it just now. The same
# as `decides`; migration 0029 has it for taking.
DECIDABLE = f"""(case when overread_one_decides(h.safeguards) then h.role_id = any({TEAMS})
        else overread_free_seat(h.id, {KIN}, {TEAMS}, false) is not null end
    and not exists (select from handoffs_run run where run.id = h.run_id
        and lower(run.requester ->> 'email') = any(array(
            select lower(person.email) from accounts_user person where person.id = any({KIN})))))"""
# of such a handoff: there is a seat for them that nobody holds
SEAT_FREE = f"""(case when overread_one_decides(h.safeguards) then {{claimed_by}} is null
    else overread_free_seat(h.id, {KIN}, {TEAMS}, true) is not null end)"""

_FREE_SEAT = f"select overread_free_seat(%(handoff)s, {KIN}, {TEAMS}, true)"


def workable(user: User) -> QuerySet[Queue]:
    """Return the queues that this person may work: none without an active, deciding role.

    guardian's own shortcut is not used here: with it the desk would wait for two queries more.
    """
    if not user.can(Can.DECIDE):
        return Queue.objects.none()
    direct = QueueUserPermission.objects.filter(
        content_object=OuterRef("pk"), user=user, permission__codename=WORK
    )
    through = QueueGroupPermission.objects.filter(
        content_object=OuterRef("pk"), group__user=user, permission__codename=WORK
    )
    return Queue.objects.filter(Exists(direct) | Exists(through))


def workers(queue_id: int) -> QuerySet[User]:
    """Return the people who may work this queue, by name: active, with a role that decides."""
    given = Permission.objects.filter(codename=WORK)
    teams = QueueGroupPermission.objects.filter(
        content_object=queue_id, permission__in=given
    ).values("group")
    people = QueueUserPermission.objects.filter(
        content_object=queue_id, permission__in=given
    ).values("user")
    return (
        User.objects.filter(
            Q(groups__in=teams) | Q(pk__in=people), is_active=True, roles__overlap=DECIDING_ROLES
        )
        .distinct()
        .order_by("name", "pk")
    )


def queues_for(user: User) -> list[Queue]:
    return list(workable(user).order_by("name", "id"))


def get_queue(user: User, slug: str) -> Queue:
    """Return the queue, or raise NotFound when it is not there or not theirs to know."""
    queue = workable(user).filter(slug=slug).first()
    if queue is None:
        raise NotFound
    return queue


def get(user: User, handoff_id: str) -> Handoff:
    """Return the handoff with what a page needs around it, or raise NotFound.

    One query for what `verdicts.see` reasons about; a test holds the two together.
    """
    places = Q(queue__in=workable(user))
    if user.can(Can.READ_GOVERNANCE):
        places |= Q(queue__in=grants.viewable_queues(user))
        places |= Q(workflow__in=grants.viewable_workflows(user))
    handoff = (
        Handoff.objects.filter(places, id=handoff_id)
        .select_related("queue", "role", "proposal", "run", "workflow")
        .defer("proposal__signals")
        .first()
    )
    if handoff is None:
        raise NotFound
    return handoff


def readable(user: User) -> tuple[list[int], list[int]]:
    """Return the queues and the workflows whose handoffs this person may read, as `get` has it."""
    queues = set(workable(user).values_list("id", flat=True))
    queues |= set(grants.viewable_queues(user).values_list("id", flat=True))
    return sorted(queues), sorted(grants.viewable_workflows(user).values_list("id", flat=True))


def sees(user: User, handoff: Handoff) -> Verdict:
    """Say whether this person may read the handoff, and why."""
    given = grants.given(queue=handoff.queue_id, workflow=handoff.workflow_id)
    asked = grants.asked(handoff)
    return verdicts.see(grants.person(user), given, queue=asked.queue, workflow=asked.workflow)


def decides(user: User, handoff: Handoff, *, seat: int | None = None) -> Verdict:
    """Say whether this person may answer the handoff, and why; `seat` is the one they hold."""
    return verdict(user, handoff, panels.read(handoff), seat=seat)


def verdict(
    user: User, handoff: Handoff, panel: panels.Panel | None, *, seat: int | None = None
) -> Verdict:
    """Say what `decides` says, of a panel that was read already."""
    given = grants.given(queue=handoff.queue_id)
    several = panels.among(handoff, panel, seat=seat)
    asked = replace(grants.asked(handoff), several=several)
    return verdicts.decide(grants.person(user), given, asked)


def free_seat(user: User, handoff: Handoff) -> int | None:
    """Return the seat that this person could take now, where several decide; None: there is none.

    Taking asks the same function, see migration 0010.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FREE_SEAT, {"handoff": handoff.id, "user": user.pk})
        found: int | None = cursor.fetchone()[0]
    return found


def can_see(user: User, handoff: Handoff) -> bool:
    return sees(user, handoff).allowed


def check_can_see(user: User, handoff: Handoff) -> None:
    """Raise NotFound: that there is something is already more than they may know."""
    if not can_see(user, handoff):
        raise NotFound


def can_decide(user: User, handoff: Handoff) -> bool:
    return decides(user, handoff).allowed


def check_can_decide(user: User, handoff: Handoff, *, seat: int | None = None) -> None:
    """Raise with the reason; read anew from the database, so that what was taken away is gone."""
    current = User.objects.filter(id=user.id).first()
    if current is None:
        raise MayNotDecide
    match decides(current, handoff, seat=seat).lacks:
        case None:
            return
        case Code.ACTIVE | Code.ROLE:
            raise MayNotDecide
        case Code.GRANT:
            check_can_see(current, handoff)
            raise NoAuthorityHere
        case Code.TEAM:
            raise NoAuthorityHere
        case Code.TWICE:
            raise AlreadyDecided
        case Code.CONFLICT:
            raise OwnRequest
        case Code.STAKE:
            raise HasAStake
