"""What the admin pages share: who did it, big tables without counting, JSON one can read."""

import json
from functools import cached_property
from typing import Any, ClassVar, cast

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.roles import Can, Role
from accounts.site import RoleAdmin
from handoffs import actors, audit, grants
from handoffs.actors import Actor
from handoffs.models import Workflow


def actor(request: HttpRequest) -> Actor:
    """Name who does this: the role in public, the person in the audit log."""
    user = cast(User, request.user)
    role = Role.MANAGER if Role.MANAGER in user.roles else Role.WORKFLOW_OWNER
    return actors.person_actor(user.pk, role.value.replace("_", " "))


def may_edit(request: HttpRequest, workflow: Workflow | None) -> bool:
    """Let managers edit every workflow, owners their own, and teams those they were given to lead.

    A workflow that is not there yet is a manager's to make.
    """
    user: Any = request.user
    if not user.is_authenticated or not user.can(Can.EDIT_WORKFLOW):
        return False
    if workflow is None:
        return Role.MANAGER in user.roles
    return grants.leads(user, workflow).allowed


def pretty(value: Any) -> SafeString:
    """Show JSON, or bytes that hold it, as it reads best."""
    if isinstance(value, bytes | memoryview):
        value = bytes(value).decode(errors="replace")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return format_html("<pre>{}</pre>", value)
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))


class Audited(RoleAdmin):
    """Put every save of the admin into the audit log, in the transaction that saves."""

    noun: ClassVar[str]

    def subject(self, obj: Any) -> str:
        return str(obj.slug)

    def facts(self, obj: Any) -> dict[str, Any]:
        """Return what the log keeps of the thing as it now is."""
        return {}

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, obj, "added", message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        if message:
            self._record(request, obj, "changed", message)
        return super().log_change(request, obj, message)

    def _record(self, request: HttpRequest, obj: Model, verb: str, message: Any) -> None:
        audit.record(
            by=actor(request),
            action=f"{self.noun}.{verb}",
            subject=self.subject(obj),
            body={"changes": message, **self.facts(obj)},
        )


class EstimatingPaginator(Paginator):  # type: ignore[type-arg]
    """Counts a few pages truly and takes PostgreSQL's estimate for the rest of a big table."""

    EXACT = 2000

    @cached_property
    def count(self) -> int:
        queryset: Any = self.object_list
        counted = int(queryset.order_by()[: self.EXACT].count())
        if counted < self.EXACT or queryset.query.where:
            return counted
        with connection.cursor() as cursor:
            cursor.execute(
                "select reltuples::bigint from pg_class where oid = %s::regclass",
                [queryset.model._meta.db_table],
            )
            return max(counted, int(cursor.fetchone()[0]))


class Records(RoleAdmin):
    """Rows that the service writes: to look at, found by exact ids."""

    seen_by = Can.READ_AUDIT
    show_full_result_count = False
    paginator = EstimatingPaginator
    list_per_page = 50
    ordering = ("-pk",)
    actions: Any = None
    # what the search box matches, exactly, each backed by an index
    exact: ClassVar[tuple[str, ...]] = ()

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Show the search box; `get_search_results` looks."""
        return self.exact

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q()
        for field in self.exact:
            wanted |= Q(**{field: term})
        return queryset.filter(wanted), False
