"""What is looked at although nobody was asked: audit shares, the detector, and how both go."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.site import RoleAdmin
from governance import matrix_schema, sampling, sampling_schema
from governance.admin.workflows import OfWorkflow
from governance.sampling import ShareFacts
from governance.sampling_schema import DetectorIn
from handoffs.admin.base import actor
from handoffs.models import Sampling, Workflow
from handoffs.models.sampling import SAMPLED

_TIER_TITLES = {
    "autonomous": "Audits of autonomous actions",
    "notify": "Audits of actions that people are only told of",
}
_SHARE_HELP = (
    "Of 100 such actions, so many are drawn for a person to look at afterwards. Chance draws: "
    "neither agent nor reviewer knows which. At least 0.5; 0 switches audits off."
)
_WAIT_HELP = "An audit opens when the agent has said how it went, or after this time: 1h, 2d."
_OFF_HELP = "Needed for a share of 0, and kept with your name and the time."


class SamplingForm(forms.ModelForm):  # type: ignore[type-arg]
    """One group of fields for each tier, and the detector's."""

    enabled = forms.BooleanField(
        required=False,
        label="Look for what stands out",
        help_text="Numbers far from the usual ones, values that never were, new action types, "
        "busier hours than ever, and the same again and again. Switched off it goes on learning.",
    )
    sensitivity = forms.ChoiceField(
        choices=[("low", "low"), ("normal", "normal"), ("high", "high")],
        help_text="Low: only what is far out. High: more is found, and more of it is ordinary.",
    )
    most_per_hour = forms.IntegerField(
        min_value=1,
        max_value=1000,
        label="Exceptions an hour at most",
        help_text="What is above it is written down and counted, and opens nothing.",
    )

    class Meta:
        model = Sampling
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for tier, held in sampling.shares(self.instance).items():
            self.fields.update(_tier_fields(tier))
            self.initial[f"{tier}_share"] = f"{100 * held.share:f}".rstrip("0").rstrip(".")
            self.initial[f"{tier}_wait"] = matrix_schema.duration(held.wait_seconds)
            self.initial[f"{tier}_off_because"] = held.off_because
        detector = sampling.detector(self.instance)
        for name in DetectorIn.model_fields:
            self.initial[name] = getattr(detector, name)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        for tier in SAMPLED:
            share, because = given.get(f"{tier}_share"), given.get(f"{tier}_off_because", "")
            found = None if share is None else sampling_schema.problem(share / 100, because)
            if found:
                self.add_error(f"{tier}_off_because" if share == 0 else f"{tier}_share", found)
            try:
                seconds = matrix_schema.seconds(given.get(f"{tier}_wait", "").replace(" ", ""))
            except ValueError:
                self.add_error(f"{tier}_wait", "A time such as 30m, 4h or 2d belongs here.")
            else:
                given[f"{tier}_seconds"] = seconds
        return given

    def shares(self) -> Iterator[tuple[str, ShareFacts]]:
        given = self.cleaned_data
        for tier in SAMPLED:
            yield (
                tier,
                ShareFacts(
                    share=given[f"{tier}_share"] / Decimal(100),
                    wait_seconds=given[f"{tier}_seconds"],
                    off_because=given[f"{tier}_off_because"],
                ),
            )

    def detector(self) -> DetectorIn:
        return DetectorIn(**{name: self.cleaned_data[name] for name in DetectorIn.model_fields})


def _tier_fields(tier: str) -> dict[str, forms.Field]:
    return {
        f"{tier}_share": forms.DecimalField(
            label="Share in percent",
            min_value=0,
            max_value=100,
            max_digits=6,
            decimal_places=3,
            help_text=_SHARE_HELP,
        ),
        f"{tier}_wait": forms.CharField(
            label="Wait for the outcome", max_length=10, help_text=_WAIT_HELP
        ),
        f"{tier}_off_because": forms.CharField(
            label="Why there are none",
            required=False,
            max_length=2000,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=_OFF_HELP,
        ),
    }


@admin.register(Sampling)
class SamplingAdmin(OfWorkflow, RoleAdmin):
    form = SamplingForm
    change_form_template = "admin/handoffs/sampling/change_form.html"
    list_display = ("name", "owner")
    list_select_related = ("owner",)
    search_fields = ("name", "slug")
    ordering = ("name",)
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Workflow | None = None) -> Any:
        tiers = [
            (
                _TIER_TITLES[tier],
                {"fields": [(f"{tier}_share", f"{tier}_wait"), f"{tier}_off_because"]},
            )
            for tier in SAMPLED
        ]
        looks = {"fields": ["enabled", ("sensitivity", "most_per_hour")]}
        may_change = obj is not None and self.has_change_permission(request, obj)
        return [*tiers, ("What stands out", looks)] if may_change else []

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        """The fields are the form's own: there is no column of these names to make them from."""
        return super().get_form(request, obj, change, **{**options, "fields": ()})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        by, now = actor(request), timezone.now()
        for tier, facts in form.shares():
            sampling.set_share(obj, tier, facts, by=by, now=now)
        sampling.set_detector(obj, form.detector(), by=by)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        workflow = kwargs["obj"]
        now = timezone.now()
        context |= {
            "title": f"Sampling and exceptions: {workflow.name}",
            "sampled": sampling.panel(workflow, now=now),
            "detected": sampling.detected(workflow, now=now),
            "gaps": sampling.gaps(workflow),
            "off": _switched_off(workflow),
            "settings": _settings(workflow),
            "days": sampling.PANEL_DAYS,
            "matrix_url": reverse("admin:handoffs_workflow_change", args=[workflow.pk]),
        }
        return super().render_change_form(request, context, *args, **kwargs)


def _settings(workflow: Workflow) -> list[str]:
    """Say what holds, for those who may look and not change it."""
    said = [
        f"{100 * held.share:g} % of {tier} actions are audited, once the agent has said how they "
        f"went or {matrix_schema.duration(held.wait_seconds)} later."
        for tier, held in sampling.shares(workflow).items()
        if not held.off_at
    ]
    detector = sampling.detector(workflow)
    if not detector.enabled:
        return [*said, "Nobody looks for what stands out: it is switched off."]
    most = f"at most {detector.most_per_hour} exceptions an hour"
    return [*said, f"What stands out opens {most}, at {detector.sensitivity} sensitivity."]


def _switched_off(workflow: Workflow) -> list[dict[str, Any]]:
    """Say of each tier without audits who decided so, and when."""
    return [
        {"tier": tier, "by": _who(held.off_by), "at": held.off_at, "why": held.off_because}
        for tier, held in sampling.shares(workflow).items()
        if held.off_at
    ]


def _who(audit_name: str) -> str:
    """Name a person where the log names a number."""
    number = audit_name.removeprefix("user ")
    if number == audit_name or not number.isdigit():
        return audit_name
    return User.objects.filter(id=int(number)).values_list("name", flat=True).first() or audit_name
