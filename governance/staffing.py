"""Who is there to be asked today: people come and go, which a matrix of teams cannot see."""

from collections.abc import Iterable

from django.db import connection

from accounts import queries
from accounts.roles import GRANTS, Can, Role
from handoffs import seating
from handoffs.authority import Row
from handoffs.gaps import Staffing
from handoffs.models import Queue

# teams with somebody active in them who may decide, and the queues that such a person works
_STAFFED = """
with decides as (
    select person.id from accounts_user person
    where person.is_active and person.roles && %(deciders)s::varchar[]
), works as (
    select granted.content_object_id as queue_id, member.user_id
    from handoffs_queuegrouppermission granted
    join auth_permission permission on permission.id = granted.permission_id
        and permission.codename = 'work_queue'
    join accounts_user_groups member on member.group_id = granted.group_id
    union
    select granted.content_object_id, granted.user_id
    from handoffs_queueuserpermission granted
    join auth_permission permission on permission.id = granted.permission_id
        and permission.codename = 'work_queue'
)
select distinct team.name, queue.slug, member.user_id
from auth_group team
join accounts_user_groups member on member.group_id = team.id
join decides on decides.id = member.user_id
left join works on works.user_id = member.user_id
left join handoffs_queue queue on queue.id = works.queue_id
where team.name = any(%(teams)s)
"""


def read(rows: Iterable[Row]) -> Staffing:
    """Look up who is there for what these rows ask."""
    rows = list(rows)
    teams = {team for row in rows for team, _ in seating.places(row)}
    deciders = [role.value for role in Role if Can.DECIDE in GRANTS[role]]
    with connection.cursor() as cursor:
        cursor.execute(_STAFFED, {"deciders": deciders, "teams": sorted(teams)})
        found = cursor.fetchall()
    people: dict[tuple[str, str], set[int]] = {}
    for team, queue, person in found:
        if queue is not None:
            people.setdefault((team, queue), set()).add(person)
    return Staffing(
        held=frozenset(team for team, _, _ in found),
        works=frozenset(people),
        people={place: frozenset(there) for place, there in people.items()},
        apart=queries.apart(),
        queue_names=dict(Queue.objects.values_list("slug", "name")),
    )
