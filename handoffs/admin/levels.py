"""Which team has which level on a queue or a workflow: one table, for managers and owners."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from handoffs import grants
from handoffs.admin.base import actor
from handoffs.grants import Thing
from handoffs.verdicts import LEVELS_OF, Grant, Level

MEANS = {
    "queue": {
        Level.VIEW: "Reads what waits here; takes nothing.",
        Level.WORK: "Takes what waits here. The matrix says who decides it.",
        Level.LEAD: "Changes its depth limit, its lease and whether people may choose.",
        Level.OWN: "Leads, and says in this table who has what.",
    },
    "workflow": {
        Level.VIEW: "Reads its handoffs, in whichever queue they wait; takes nothing.",
        Level.LEAD: "Changes its action types, its map and its matrix.",
        Level.OWN: "Leads, and says in this table who has what.",
    },
}
NEEDS = {
    Level.VIEW: "any role",
    Level.WORK: "a role that decides",
    Level.LEAD: "the role workflow owner",
    Level.OWN: "the role workflow owner",
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One box of the table; `key` is what the form sends when it is ticked."""

    key: str
    level: str
    given: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    team: str
    people: int
    cells: tuple[Cell, ...]


class WithLevels:
    """Adds the page with the table to the admin of queues or workflows."""

    def get_urls(self) -> Any:
        admin: Any = self
        name = f"handoffs_{admin.opts.model_name}_levels"
        page = path("<path:object_id>/levels/", admin.admin_site.admin_view(self.levels), name=name)
        return [page, *super().get_urls()]  # type: ignore[misc]

    def levels(self, request: HttpRequest, object_id: str) -> HttpResponse:
        admin: Any = self
        thing = admin.get_object(request, object_id)
        if thing is None or not admin.has_view_permission(request, thing):
            raise Http404
        may_change = grants.owns(request.user, thing).allowed  # type: ignore[arg-type]
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            changed = _apply(request, thing)
            said = f"Changes kept: {changed}. They hold from the next request on."
            admin.message_user(request, said if changed else "Nothing was changed.")
            return redirect(request.path)
        kind = grants.kind_of(thing)
        context = admin.admin_site.each_context(request) | {
            "title": f"Who may do what: {thing}",
            "lines": _lines(thing),
            "columns": [(one.value, MEANS[kind][one], NEEDS[one]) for one in LEVELS_OF[kind]],
            "people": [one for one in _given(thing) if one.team is None],
            "kind": kind,
            "owner": getattr(thing, "owner", None),
            "may_change": may_change,
            "back": reverse(f"admin:handoffs_{kind}_change", args=[thing.pk]),
            "opts": admin.opts,
        }
        return TemplateResponse(request, "admin/handoffs/levels.html", context)


def _given(thing: Thing) -> tuple[Grant, ...]:
    return grants.given(**{grants.kind_of(thing): thing.pk})


def _lines(thing: Thing) -> list[Line]:
    given = {(one.team, one.level) for one in _given(thing)}
    teams = Group.objects.annotate(people=Count("user", filter=Q(user__is_active=True)))
    return [
        Line(
            team=team.name,
            people=team.people,
            cells=tuple(
                Cell(key=f"{team.pk}-{level}", level=level, given=(team.pk, level) in given)
                for level in LEVELS_OF[grants.kind_of(thing)]
            ),
        )
        for team in teams.order_by("name")
    ]


@transaction.atomic
def _apply(request: HttpRequest, thing: Thing) -> int:
    """Change only the boxes that were changed, so that two who edit at once lose nothing."""
    was, has = set(request.POST.getlist("was")), set(request.POST.getlist("has"))
    changed = 0
    for key in sorted(was ^ has):
        team_id, _, level = key.partition("-")
        team = Group.objects.filter(pk=int(team_id)).first() if team_id.isdecimal() else None
        if team is None or level not in LEVELS_OF[grants.kind_of(thing)]:
            raise Http404
        change = grants.give if key in has else grants.take_back
        changed += change(
            thing, team=team, level=Level(level), by=actor(request), now=timezone.now()
        )
    return changed
