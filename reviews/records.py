"""The admin's records, for people who read them and decide as well: withheld is withheld there too.

Whoever only audits sees everything at once. Whoever may decide sees of a handoff with a withheld
recommendation what its page would show them, and the rest once they have judged or it is answered.
"""

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import User
from accounts.roles import Can
from handoffs.admin import records
from handoffs.models import AuditEntry, Handoff, Proposal, Run
from reviews import judged

NOTE = (
    "Parts of this record are not shown to you yet: it tells what the machine would answer, and "
    "you may still be asked. Commit your own answer at the desk, or look again once it is answered."
)


def withheld(request: HttpRequest, handoffs: Any) -> bool:
    """Tell whether one of these handoffs still withholds something from whoever asks."""
    user = cast(User, request.user)
    if not user.can(Can.DECIDE):
        return False
    return not all(judged.may_know(one, user) for one in handoffs)


class _Withholding:
    """Leaves out the fields `tells` and the inlines `telling` while something is withheld."""

    tells: tuple[str, ...] = ()
    telling: tuple[type, ...] = ()

    def handoffs(self, obj: Any) -> Any:
        return Handoff.objects.filter(run=obj)

    def _withheld(self, request: HttpRequest, obj: Any) -> bool:
        return obj is not None and withheld(request, self.handoffs(obj))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = list(super().get_fields(request, obj))  # type: ignore[misc]
        if not self._withheld(request, obj):
            return fields
        return ["not_shown", *(name for name in fields if name not in self.tells)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "not_shown"]  # type: ignore[misc]

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        inlines = super().get_inlines(request, obj)  # type: ignore[misc]
        if not self._withheld(request, obj):
            return inlines
        return [inline for inline in inlines if inline not in self.telling]

    @admin.display(description="not shown")
    def not_shown(self, obj: Any) -> str:
        return NOTE


class HandoffRecords(_Withholding, records.HandoffAdmin):
    telling = (records.BriefsOfHandoff,)

    def handoffs(self, obj: Handoff) -> list[Handoff]:
        return [obj]


class ProposalRecords(_Withholding, records.ProposalAdmin):
    tells = ("why", "signals_shown")

    def handoffs(self, obj: Proposal) -> Any:
        return Handoff.objects.filter(proposal=obj)


class RunRecords(_Withholding, records.RunAdmin):
    tells = ("input", "task", "output", "error", "partial", "next_step")

    def handoffs(self, obj: Run) -> Any:
        return Handoff.objects.filter(run=obj)


class AuditRecords(_Withholding, records.AuditAdmin):
    tells = ("body_shown",)

    def handoffs(self, obj: AuditEntry) -> Any:
        about = Handoff.objects.filter(id=obj.subject)
        return about.union(
            Handoff.objects.filter(proposal=obj.subject), Handoff.objects.filter(run=obj.subject)
        )


for model, page in (
    (Handoff, HandoffRecords),
    (Proposal, ProposalRecords),
    (Run, RunRecords),
    (AuditEntry, AuditRecords),
):
    admin.site.unregister(model)
    admin.site.register(model, page)
