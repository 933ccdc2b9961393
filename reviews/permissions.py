"""Who may see and decide what: a level on the queue to see, the handoff's team to decide.

`handoffs.verdicts` says it of one thing, with every step of why. The sets below say the same of
many things at once. A superuser is no exception: setting a system up and deciding in it are
separate duties.
"""

from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.roles import GRANTS, Can
from handoffs import grants, verdicts
from handoffs.errors import NotFound
from handoffs.models import Handoff, Queue, QueueGroupPermission, QueueUserPermission
from handoffs.verdicts import Code, Verdict
from reviews.errors import MayNotDecide, NoAuthorityHere, OwnRequest

WORK = "work_queue"
DECIDING_ROLES = sorted(role.value for role, can in GRANTS.items() if Can.DECIDE in can)

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


def decides(user: User, handoff: Handoff) -> Verdict:
    """Say whether this person may answer the handoff, and why."""
    given = grants.given(queue=handoff.queue_id)
    return verdicts.decide(grants.person(user), given, grants.asked(handoff))


def can_see(user: User, handoff: Handoff) -> bool:
    return sees(user, handoff).allowed


def check_can_see(user: User, handoff: Handoff) -> None:
    """Raise NotFound: that there is something is already more than they may know."""
    if not can_see(user, handoff):
        raise NotFound


def can_decide(user: User, handoff: Handoff) -> bool:
    return decides(user, handoff).allowed


def check_can_decide(user: User, handoff: Handoff) -> None:
    """Raise with the reason; read anew from the database, so that what was taken away is gone."""
    current = User.objects.filter(id=user.id).first()
    if current is None:
        raise MayNotDecide
    match decides(current, handoff).lacks:
        case None:
            return
        case Code.ACTIVE | Code.ROLE:
            raise MayNotDecide
        case Code.GRANT:
            check_can_see(current, handoff)
            raise NoAuthorityHere
        case Code.TEAM:
            raise NoAuthorityHere
        case Code.CONFLICT:
            raise OwnRequest
