"""Start a backtest of a map, watch it, and read what came of it."""

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.errors import DomainError
from accounts.models import User
from accounts.roles import Can
from accounts.site import RoleAdmin, allowed
from governance import backtests, uploads
from governance.admin import backtest_pages
from governance.backtests import File
from governance.models import Backtest
from handoffs.admin.base import actor, may_edit
from handoffs.models import RiskTierMap, Workflow

PERIOD, FILE = Backtest.Source.values
_ADMIN = "admin/governance/backtest"


class StartForm(forms.Form):
    """Which map, and on what it is tried."""

    map = forms.ModelChoiceField(
        RiskTierMap.objects.none(), label="Map", help_text="Most often a draft."
    )
    source = forms.ChoiceField(
        choices=[(PERIOD, "what was proposed in a period"), (FILE, "a file")],
        widget=forms.RadioSelect,
        initial=PERIOD,
        label="Try it on",
    )
    since = forms.DateField(
        required=False,
        label="First day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Days begin and end at midnight UTC.",
    )
    until = forms.DateField(
        required=False,
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    proposals = forms.FileField(
        required=False,
        label="Recorded proposals",
        help_text="One JSON object a line with key, run and proposal, as manage.py replay takes "
        f"them; at most {uploads.MAX_PROPOSALS_BYTES // uploads.MIB} MiB. It is deleted when the "
        "backtest ends, after a day at the latest.",
    )
    truth = forms.FileField(
        required=False,
        label="What is known to be true",
        help_text='If you have it: lines of {"key": …, "is_correct": true, false or null}; at '
        f"most {uploads.MAX_TRUTH_BYTES // uploads.MIB} MiB. Nothing that rules reads it.",
    )

    def __init__(self, *args: Any, maps: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["map"].queryset = maps  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("source") == PERIOD:
            for name in ("since", "until"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, "A day belongs here.")
        elif given.get("source") == FILE and not given.get("proposals"):
            self.add_error("proposals", "A file with at least one line belongs here.")
        return given


@admin.register(Backtest)
class BacktestAdmin(RoleAdmin):
    changed_by, seen_by = Can.EDIT_WORKFLOW, Can.READ_GOVERNANCE
    list_display = ("__str__", "workflow", "state", "requested_by", "requested_at", "ended_at")
    list_select_related = ("workflow", "map__workflow", "requested_by")
    list_filter = ("state", "workflow")
    ordering = ("-id",)
    actions = None

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [
            ("<int:number>/progress/", self.progress_view, "progress"),
            ("<int:number>/cancel/", self.cancel_view, "cancel"),
            ("<int:number>/result.json", self.json_view, "json"),
            ("<int:number>/result.csv", self.csv_view, "csv"),
        ]
        named = [
            path(route, wrap(view), name=f"governance_backtest_{name}") for route, view, name in own
        ]
        return [*named, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Ask for a backtest, and go to where one can watch it."""
        if not self.has_add_permission(request):
            raise Http404
        form = self._form(request)
        if request.method == "POST" and form.is_valid():
            try:
                asked = _ask(request, form.cleaned_data)
                return redirect("admin:governance_backtest_change", asked.pk)
            except DomainError as refusal:
                _show(refusal, form)
        context = self._context(request, "Try a map on what was proposed", form=form)
        status = 422 if form.errors else 200
        return render(request, f"{_ADMIN}/start.html", context, status=status)

    def _form(self, request: HttpRequest) -> StartForm:
        mine = [one.pk for one in Workflow.objects.all() if may_edit(request, one)]
        maps = RiskTierMap.objects.filter(workflow__in=mine).select_related("workflow")
        today = timezone.now().date()
        initial = {
            "map": request.GET.get("map", ""),
            "since": today - timedelta(days=30),
            "until": today,
        }
        return StartForm(
            request.POST or None,
            request.FILES or None,
            initial=initial,
            maps=maps.order_by("workflow__name", "-version"),
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show how far it is, or what came of it."""
        backtest = self._door(request, object_id)
        context = self._context(request, f"Backtest of {backtest.map}", **_shown(backtest))
        context["may_cancel"] = backtest.is_open and may_edit(request, backtest.workflow)
        if backtest.state == Backtest.State.DONE:
            may_open = allowed(request, Can.READ_AUDIT)
            context["result"] = backtest_pages.result(backtest, may_open=may_open)
            return render(request, f"{_ADMIN}/result.html", context)
        return render(request, f"{_ADMIN}/progress.html", context)

    def progress_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Answer the page that asks how far it is; when it has ended, the page loads anew."""
        backtest = self._door(request, number)
        response = render(request, f"{_ADMIN}/progress.html#backtest-progress", _shown(backtest))
        if not backtest.is_open:
            response["HX-Refresh"] = "true"
        return response

    def cancel_view(self, request: HttpRequest, number: int) -> HttpResponse:
        return require_POST(self._cancel)(request, number)

    def _cancel(self, request: HttpRequest, number: int) -> HttpResponse:
        backtest = self._door(request, number)
        if not may_edit(request, backtest.workflow):
            raise Http404
        if not backtests.cancel(backtest, by=actor(request), now=timezone.now()):
            messages.info(request, "It had ended already, so nothing was cancelled.")
        return redirect("admin:governance_backtest_change", number)

    def json_view(self, request: HttpRequest, number: int) -> HttpResponse:
        found = self._result(request, number)
        text = json.dumps(found, indent=2, ensure_ascii=False)
        return _download(text, "application/json", f"backtest-{number}.json")

    def csv_view(self, request: HttpRequest, number: int) -> HttpResponse:
        found = backtest_pages.as_csv(self._result(request, number))
        return _download(found, "text/csv; charset=utf-8", f"backtest-{number}.csv")

    def _result(self, request: HttpRequest, number: int) -> dict[str, Any]:
        found = self._door(request, number).result
        if found is None:
            raise Http404
        return cast(dict[str, Any], found)

    def _door(self, request: HttpRequest, number: Any) -> Backtest:
        """Load a backtest that this person may see, or say that there is none."""
        related = ("map__workflow", "workflow", "requested_by")
        found = (
            Backtest.objects.select_related(*related).filter(pk=number).first()
            if str(number).isdigit()
            else None
        )
        if found is None or not self.has_view_permission(request, found):
            raise Http404
        return found

    def _context(self, request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            **more,
        }


def _shown(backtest: Backtest) -> dict[str, Any]:
    return {
        "backtest": backtest,
        "source": backtest_pages.source(backtest),
        "standing": backtest_pages.standing(backtest),
        "map_link": reverse("admin:handoffs_risktiermap_change", args=[backtest.map_id]),
    }


def _ask(request: HttpRequest, given: dict[str, Any]) -> Backtest:
    who: Any = {"by": actor(request), "user": cast(User, request.user), "now": timezone.now()}
    if given["source"] == PERIOD:
        since, until = (
            datetime.combine(given[name], time(), tzinfo=UTC) for name in ("since", "until")
        )
        until += timedelta(days=1)
        return backtests.over_period(given["map"], since=since, until=until, **who)
    truth = given.get("truth")
    return backtests.over_file(
        given["map"],
        proposals=_file(given["proposals"]),
        truth=_file(truth) if truth else None,
        **who,
    )


def _file(uploaded: "UploadedFile[bytes]") -> File:
    return File(uploaded.name or "file", uploaded.chunks)


def _show(refusal: DomainError, form: StartForm) -> None:
    form.add_error(None, refusal.message)
    for field in refusal.fields:
        if field.path in form.fields:
            form.add_error(field.path, field.message)


def _download(text: str, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
