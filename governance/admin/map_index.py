"""What stands in each workflow: the version in force, what comes, what is being drafted."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.http import HttpResponse
from django.utils import timezone

from accounts.http import UserRequest
from accounts.roles import Role
from governance.admin import map_door, map_versions
from governance.admin.map_versions import VersionHead, VersionLine
from handoffs.admin.base import may_edit
from handoffs.models import RiskTierMap, Workflow


@dataclass(frozen=True, kw_only=True)
class WorkflowLine:
    name: str
    owner: str
    in_force: VersionLine | None
    others: tuple[VersionLine, ...]
    versions_url: str
    start_url: str


@dataclass(frozen=True, kw_only=True)
class IndexPage:
    head: VersionHead
    lines: tuple[WorkflowLine, ...]
    signs_for: str


def index(request: UserRequest) -> HttpResponse:
    """Show one line for each workflow."""
    now = timezone.now()
    standing = _standing(now)
    lines = tuple(
        _line(request, workflow, standing[workflow.pk], now)
        for workflow in Workflow.objects.select_related("owner").order_by("name")
    )
    head = VersionHead(workflow="", versions_url=map_door.url("changelist"), name="Risk tier maps")
    page = IndexPage(head=head, lines=lines, signs_for=_signs_for(request))
    return map_door.show(request, "index", page)


def _standing(now: datetime) -> dict[int, list[RiskTierMap]]:
    """Return drafts and what rules or will rule, by workflow, in one look."""
    current = Q(state=RiskTierMap.State.DRAFT) | Q(
        pk__in=RiskTierMap.objects.published().filter(
            Q(superseded_at=None) | Q(superseded_at__gt=now)
        )
    )
    found: dict[int, list[RiskTierMap]] = defaultdict(list)
    for map in RiskTierMap.objects.filter(current).select_related("author").order_by("-version"):
        found[map.workflow_id].append(map)
    return found


def _line(
    request: UserRequest, workflow: Workflow, found: list[RiskTierMap], now: datetime
) -> WorkflowLine:
    lines = [map_versions.line(one, now) for one in found]
    return WorkflowLine(
        name=workflow.name,
        owner=str(workflow.owner) if workflow.owner else "",
        in_force=next((one for one in lines if one.standing == "in force"), None),
        others=tuple(one for one in lines if one.standing != "in force"),
        versions_url=map_door.url("versions", workflow.pk),
        start_url=map_door.url("start", workflow.pk) if may_edit(request, workflow) else "",
    )


def _signs_for(request: UserRequest) -> str:
    """Name the seats this person may sign for."""
    held = [role.removesuffix("_signer") for role in request.user.roles if role.endswith("_signer")]
    return ", ".join(held) if Role.MANAGER not in request.user.roles else ""
