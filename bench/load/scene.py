"""Three queues with overflow, twelve reviewers and a ladder: where the hour takes place."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.utils import timezone

from accounts import keys
from accounts.models import Client, User
from accounts.roles import Role
from governance import workflow_files
from handoffs.actors import SYSTEM
from handoffs.models import Queue, Workflow
from reviews.models import Caps

SLUG = "busy-hour"
# seconds until an answer is due, how long before that it is urgent, and how many of ten are so
DEADLINES = {"quick": (300, 120, 3), "normal": (2700, 900, 5), "slow": (2 * 86_400, 900, 2)}
_TEAMS = {"first": 6, "second": 3, "third": 3}
_ACTION = """
  {name}:
    title: Change {name}
    impact: high
    reversibility: irreversible
    arguments:
      type: object
      properties: {{note: {{type: string}}}}
      additionalProperties: false"""
_ROW = """
  - action_type: {name}
    role: {slug} reviewers
    queue: {slug}-first
    overflow: {slug}-second
    deadline: {due}s
    urgent: {urgent}s
    ladder: [{{role: {slug} third, queue: {slug}-third, deadline: {due}s}}]
    fallback: reject
    safeguards: {{evidence: none, reason: never, undo_seconds: 0}}"""
_WORKFLOW = """
workflow: {slug}
name: A busy hour
queues:
  {slug}-first: {{name: First, teams: [{slug} first], depth_limit: {first}}}
  {slug}-second: {{name: Second, teams: [{slug} second], depth_limit: {second}}}
  {slug}-third: {{name: Third, teams: [{slug} third], depth_limit: {third}}}
action_types:{actions}
map:
  default: hard_approval
matrix:{rows}
"""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What the checker holds the database to is said here, not read from it."""

    workflow: Workflow
    queues: dict[int, str]
    limits: dict[int, int]
    # which queues each reviewer works
    works: dict[int, frozenset[int]]
    people: list[User]
    key: str
    most_open: int
    most_an_hour: int
    slug: str = SLUG
    # each kind as often as it comes
    kinds: list[str]


def build(
    *, first: int = 24, second: int = 12, third: int = 60, an_hour: int = 25,
    deadlines: Mapping[str, tuple[int, int, int]] = DEADLINES,
) -> Scene:  # fmt: skip
    """Set the scene: what the first queue has no room for goes to the second, then to the third."""
    text = _WORKFLOW.format(
        slug=SLUG, first=first, second=second, third=third,
        actions="".join(_ACTION.format(name=name) for name in deadlines),
        rows="".join(
            _ROW.format(name=name, slug=SLUG, due=due, urgent=urgent)
            for name, (due, urgent, _) in deadlines.items()
        ),
    )  # fmt: skip
    now = timezone.now()
    names = (*_TEAMS, "reviewers")
    teams = {name: Group.objects.get_or_create(name=f"{SLUG} {name}")[0] for name in names}
    people = {
        name: [
            _person(f"{name}-{number}", [teams[name], teams["reviewers"]], an_hour)
            for number in range(count)
        ]
        for name, count in _TEAMS.items()
    }
    workflow_files.load(text, by=SYSTEM, now=now, launch=True)
    queues = {name: Queue.objects.get(slug=f"{SLUG}-{name}") for name in _TEAMS}
    Queue.objects.filter(pk=queues["second"].pk).update(overflow_queue=queues["third"])
    client, _ = Client.objects.get_or_create(name=f"{SLUG} agent")
    return Scene(
        workflow=Workflow.objects.get(slug=SLUG),
        queues={queue.pk: name for name, queue in queues.items()},
        limits={queues["first"].pk: first, queues["second"].pk: second, queues["third"].pk: third},
        works={one.pk: frozenset({queues[name].pk}) for name in _TEAMS for one in people[name]},
        people=[one for team in people.values() for one in team],
        key=keys.issue(client, workflows=[SLUG], by=None, now=now).raw,
        most_open=2,
        most_an_hour=an_hour,
        kinds=[name for name, (_, _, share) in deadlines.items() for _ in range(share)],
    )


def _person(name: str, teams: list[Group], an_hour: int) -> User:
    user, _ = User.objects.get_or_create(
        email=f"{name}@load.example", defaults={"name": name, "roles": [Role.REVIEWER.value]}
    )
    user.groups.add(*teams)
    Caps.objects.update_or_create(user=user, defaults={"open_limit": 2, "hour_limit": an_hour})
    return user
