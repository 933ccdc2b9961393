"""Queues, and the teams that work them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.http import UserRequest
from accounts.roles import Can
from handoffs import calendars, grants, queues
from handoffs.admin.base import Audited, actor
from handoffs.admin.levels import WithLevels
from handoffs.calendars import WEEKDAYS, CalendarRefused
from handoffs.models import Queue


class QueueForm(forms.ModelForm):  # type: ignore[type-arg]
    teams = forms.ModelMultipleChoiceField(
        queryset=Group.objects.order_by("name"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label="Teams that work here",
        help_text="Who is in one of these sees what waits here and may take it; whether they may "
        "decide it is said by the matrix.",
    )
    lease_seconds = forms.IntegerField(
        min_value=30, max_value=86_400, help_text=Queue._meta.get_field("lease_seconds").help_text
    )
    mode = forms.ChoiceField(
        choices=Queue._meta.get_field("mode").flatchoices,
        required=False,
        initial="pull",
        help_text=Queue._meta.get_field("mode").help_text,
    )
    push_seconds = forms.IntegerField(
        min_value=30,
        max_value=3600,
        required=False,
        help_text=Queue._meta.get_field("push_seconds").help_text,
    )
    depth_limit = forms.IntegerField(
        min_value=1,
        help_text="No more may wait here. The last tenth is kept for what is urgent within the "
        "hour; agents are told to slow down before.",
    )
    work_minutes_limit = forms.IntegerField(
        min_value=1,
        max_value=1_000_000,
        required=False,
        label="Minutes of work",
        help_text="Nor more than people finish in so many minutes, at the measured handling time. "
        "Empty: no such limit.",
    )
    overflow_queue = forms.ModelChoiceField(
        queryset=Queue.objects.order_by("name"),
        required=False,
        empty_label="none",
        label="Overflows into",
        help_text="Where handoffs go while it is full, unless their row names another queue. They "
        "come back when there is room. The same role has to work there.",
    )

    time_zone = forms.CharField(
        required=False,
        empty_value="UTC",
        initial="UTC",
        help_text="Of its opening hours, such as Europe/Berlin.",
    )
    hours = forms.CharField(
        required=False,
        label="Opening hours",
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text="A day a line: monday 09:00-12:30 13:30-17:00. Empty: always open. Only rows "
        "that count business time look at them.",
    )
    country = forms.CharField(
        required=False,
        max_length=10,
        label="Public holidays of",
        help_text="It stays closed on these too: a country such as DE, or one of its regions as "
        "DE-BE. Empty: nobody's.",
    )
    holidays = forms.CharField(
        required=False,
        label="Also closed on",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="A day a line: 2027-01-06 Epiphany.",
    )

    class Meta:
        model = Queue
        fields = [
            "slug",
            "name",
            "depth_limit",
            "work_minutes_limit",
            "overflow_queue",
            "pick_allowed",
            "lease_seconds",
            "mode",
            "push_seconds",
            "time_zone",
            "country",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["teams"] = queues.teams(self.instance)
            self.initial["hours"] = "\n".join(
                f"{day} {' '.join(self.instance.hours[day])}"
                for day in WEEKDAYS
                if day in self.instance.hours
            )
            self.initial["holidays"] = "\n".join(
                f"{day} {name}".rstrip() for day, name in sorted(self.instance.holidays.items())
            )
        else:
            self.initial.setdefault("lease_seconds", 300)
            self.initial.setdefault("push_seconds", 180)
            self.initial.setdefault("depth_limit", 200)

    def clean_overflow_queue(self) -> Queue | None:
        to: Queue | None = self.cleaned_data["overflow_queue"]
        if self.instance.pk and queues.leads_back(self.instance, to):
            raise forms.ValidationError(
                f"Overflow would come back to {self.instance.name}. When all of them are full, "
                "one has to be the last. Name another queue, or none."
            )
        return to

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).strip().upper()

    def clean_mode(self) -> str:
        return self.cleaned_data["mode"] or "pull"

    def clean_push_seconds(self) -> int:
        return self.cleaned_data["push_seconds"] or 180

    def clean_hours(self) -> dict[str, list[str]]:
        lines = (line.split() for line in self.cleaned_data["hours"].splitlines() if line.strip())
        return {day.casefold(): times for day, *times in lines}

    def clean_holidays(self) -> dict[str, str]:
        lines = (one.split(maxsplit=1) for one in self.cleaned_data["holidays"].splitlines() if one)
        return {parts[0]: parts[1] if len(parts) > 1 else "" for parts in lines if parts}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        for name, zone, hours, holidays, country in (
            ("time_zone", given.get("time_zone", "UTC"), {}, {}, ""),
            ("hours", "UTC", given.get("hours", {}), {}, ""),
            ("holidays", "UTC", {}, given.get("holidays", {}), ""),
            ("country", "UTC", {}, {}, given.get("country", "")),
        ):
            try:
                calendars.read(zone, hours, holidays, country)
            except CalendarRefused as refused:
                self.add_error(name, str(refused))
        return given

    def save(self, commit: bool = True) -> Any:
        self.instance.hours = self.cleaned_data["hours"]
        self.instance.holidays = self.cleaned_data["holidays"]
        return super().save(commit)


@admin.register(Queue)
class QueueAdmin(WithLevels, Audited):
    changed_by, seen_by, noun = Can.EDIT_MATRIX, Can.READ_GOVERNANCE, "queue"
    form = QueueForm
    list_display = ("name", "slug", "depth_limit", "pick_allowed", "lease_seconds", "team_names")
    search_fields = ("name", "slug")
    ordering = ("name",)
    fields = (
        "name",
        "slug",
        "teams",
        "depth_limit",
        "work_minutes_limit",
        "overflow_queue",
        "pick_allowed",
        "lease_seconds",
        "mode",
        "push_seconds",
        "time_zone",
        "hours",
        "country",
        "holidays",
    )
    prepopulated_fields = {"slug": ["name"]}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave queues to managers and to whoever was given this one to lead.

        They are shared by workflows with different owners.
        """
        user: Any = request.user
        if obj is None:
            return super().has_change_permission(request) and bool(user.can(Can.MANAGE_PEOPLE))
        return grants.leads(user, obj).allowed

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Queue]:
        granted = "queuegrouppermission_set__group"
        return super().get_queryset(request).prefetch_related(granted)

    def get_fields(self, request: HttpRequest, obj: Queue | None = None) -> Any:
        """Leave the teams to whoever owns the queue."""
        return [name for name in self.fields if name != "teams" or _owns(request, obj)]

    def get_readonly_fields(self, request: HttpRequest, obj: Queue | None = None) -> list[str]:
        return ["slug"] if obj else []

    def get_prepopulated_fields(self, request: HttpRequest, obj: Queue | None = None) -> Any:
        return {} if obj else self.prepopulated_fields

    @admin.display(description="teams")
    def team_names(self, queue: Queue) -> str:
        granted = queue.queuegrouppermission_set.all()
        return ", ".join(sorted({one.group.name for one in granted}))

    def save_related(self, request: UserRequest, form: Any, formsets: Any, change: bool) -> None:  # type: ignore[override]
        super().save_related(request, form, formsets, change)
        if not _owns(request, form.instance):
            return
        teams = form.cleaned_data["teams"]
        queues.let_work(form.instance, teams=teams, by=actor(request), now=timezone.now())

    def facts(self, obj: Queue) -> dict[str, Any]:
        return {
            "depth_limit": obj.depth_limit,
            "work_minutes_limit": obj.work_minutes_limit,
            "overflow_queue": obj.overflow_queue.slug if obj.overflow_queue else None,
            "pick_allowed": obj.pick_allowed,
            "lease_seconds": obj.lease_seconds,
            "mode": obj.mode,
            "push_seconds": obj.push_seconds,
        }


def _owns(request: HttpRequest, queue: Queue | None) -> bool:
    user: Any = request.user
    return queue is None or grants.owns(user, queue).allowed
