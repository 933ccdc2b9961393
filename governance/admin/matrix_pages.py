"""The governance matrix of a workflow in the admin: its rows, a form per row, and its history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.errors import DomainError
from accounts.http import UserRequest
from accounts.roles import Can
from governance import maps, matrix, matrix_rows, matrix_words
from governance.admin import matrix_form
from governance.matrix_schema import RowFacts
from governance.models import MatrixChange
from handoffs import queries
from handoffs.admin.base import actor, may_edit
from handoffs.models import MatrixRow, Workflow

# as many changes as one reads at once; the others are in the audit log
MOST_CHANGES = 200


@dataclass(frozen=True, kw_only=True)
class RowLine:
    """One row as a manager reads it across."""

    title: str
    ladder: str
    url: str
    since: datetime
    begins: datetime | None
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """One change: what it does in sentences, by whom, when and why."""

    id: int
    sentences: list[str]
    why: str
    state: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    effective_at: datetime | None
    note: str
    mine: bool


@never_cache
def rows(request: UserRequest, pk: int) -> HttpResponse:
    """Show the rows that hold, those to come, what waits and what is missing."""
    workflow, now = _find(request, pk), timezone.now()
    context = {
        "rows": [_line(row, now) for row in queries.rows_from(workflow, now)],
        "waiting": [_change(one, request) for one in matrix.waiting(workflow)],
        "gaps": maps.gaps(workflow),
        "may_edit": may_edit(request, workflow),
    }
    return _show(request, "rows", workflow, context)


@never_cache
def history(request: UserRequest, pk: int) -> HttpResponse:
    """Show every change with before and after, the newest first."""
    workflow = _find(request, pk)
    changes = matrix.history(workflow)[:MOST_CHANGES]
    context = {"changes": [_change(one, request) for one in changes]}
    return _show(request, "history", workflow, context)


@never_cache
def add(request: UserRequest, pk: int) -> HttpResponse:
    """Begin a row."""
    return _form(request, _find(request, pk), None)


@never_cache
def change(request: UserRequest, pk: int) -> HttpResponse:
    """Change or end the version of a row that the address names."""
    row = MatrixRow.objects.select_related("workflow").filter(pk=pk).first()
    if row is None:
        raise Http404
    return _form(request, _find(request, row.workflow_id), row)


def _form(request: UserRequest, workflow: Workflow, row: MatrixRow | None) -> HttpResponse:
    if not may_edit(request, workflow):
        raise PermissionDenied
    now = timezone.now()
    said = matrix_rows.facts(row) if row is not None else None
    more = request.POST.get("do") == "more"
    sent = request.POST if request.method == "POST" and not more else None
    first, levels = _before(request, said)
    form = matrix_form.RowForm(workflow, sent, initial=first)
    steps = matrix_form.Steps(sent, initial=levels, prefix="steps")
    if sent is not None and _save(request, workflow, row, form, steps, now):
        return redirect(_url("rows", workflow.pk))
    context = {
        "form": form,
        "groups": _groups(form),
        "steps": steps,
        "row": said,
        "title": matrix_words.title(said) if said else "",
        "holds_since": row.effective_from if row else None,
        "four_eyes": workflow.four_eyes,
    }
    return _show(request, "row", workflow, context, status=422 if sent is not None else 200)


def _before(
    request: UserRequest, said: RowFacts | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what the form begins with: what was typed, what holds, or what the address names."""
    if request.POST.get("do") == "more":
        return matrix_form.typed(request.POST)
    if said is not None:
        return matrix_form.initial(said), matrix_form.initial_steps(said)
    names = ("action_type", "kind", "tier")
    return {name: request.GET[name] for name in names if name in request.GET}, []


def _save(
    request: UserRequest,
    workflow: Workflow,
    row: MatrixRow | None,
    form: matrix_form.RowForm,
    steps: Any,
    now: datetime,
) -> bool:
    """Do what the form asks for; a refusal stands over it, with everything that was typed."""
    if not (form.is_valid() and steps.is_valid()):
        return False
    ends = request.POST.get("do") == "end"
    try:
        made = matrix.propose(
            workflow,
            row=row,
            after=None if ends else matrix_form.facts(form, steps),
            why=form.cleaned_data["why"],
            by=actor(request),
            user=request.user,
            now=now,
            effective_at=form.cleaned_data["effective_at"],
        )
    except DomainError as refusal:
        matrix_form.add_refusal(form, refusal)
        return False
    messages.success(request, _said(made))
    return True


def _said(change: MatrixChange) -> str:
    if change.state == MatrixChange.State.WAITING:
        return "Proposed. It holds when somebody else has approved it."
    assert change.effective_at is not None
    if change.decided_at is not None and change.effective_at > change.decided_at:
        return f"Kept. It holds from {change.effective_at:%Y-%m-%d %H:%M} UTC on."
    return "Kept. It holds from the next handoff on."


@require_POST
def decide(request: UserRequest, pk: int) -> HttpResponse:
    """Approve or refuse what somebody proposed."""
    found = MatrixChange.objects.select_related("workflow").filter(pk=pk).first()
    if found is None:
        raise Http404
    workflow = _find(request, found.workflow_id)
    if not may_edit(request, workflow):
        raise PermissionDenied
    by, now = actor(request), timezone.now()
    try:
        if request.POST.get("do") == "approve":
            approved = matrix.approve(found, by=by, user=request.user, now=now)
            messages.success(request, _said(approved))
        else:
            note = request.POST.get("note", "")[:1000]
            matrix.refuse(found, by=by, user=request.user, now=now, note=note)
            messages.success(request, "Refused. The matrix stays as it is.")
    except DomainError as refusal:
        for sentence in [refusal.message, *(one.message for one in refusal.fields)]:
            messages.error(request, sentence)
    return redirect(_url("rows", workflow.pk))


def _groups(form: matrix_form.RowForm) -> list[tuple[str, str, list[Any]]]:
    """Put the fields under what they are about."""
    named = [
        ("What it stands for", "An empty one means any. The most specific row wins: one that names "
         "the action type, then the kind, then the tier.", ("action_type", "kind", "tier")),
        ("Who decides, by when", "", ("role", "queue", "overflow", "at_limit", "send_to",
                                      "deadline", "business_time", "urgent")),
        ("How it is offered", "", ("email", "latency_tolerance", "batch")),
        ("Safeguards", "What has to hold before a decision counts.",
         ("minimum_seconds", "words_per_minute", "reason", "challenge", "challenge_share",
          "evidence", "withhold_recommendation", "approvers", "seats", "tie_break",
          "undo_seconds")),
    ]  # fmt: skip
    return [(title, hint, [form[name] for name in names]) for title, hint, names in named]


def _line(row: MatrixRow, now: datetime) -> RowLine:
    said = matrix_rows.facts(row)
    return RowLine(
        title=matrix_words.title(said),
        ladder=matrix_words.ladder(said),
        url=_url("change", row.pk),
        since=row.effective_from,
        begins=row.effective_from if row.effective_from > now else None,
        until=row.effective_until,
    )


def _change(one: MatrixChange, request: UserRequest) -> ChangeLine:
    return ChangeLine(
        id=one.pk,
        sentences=matrix.sentences(one),
        why=one.why,
        state=one.state,
        proposed_by=one.proposed_by.name if one.proposed_by else "the server",
        proposed_at=one.proposed_at,
        decided_by=one.decided_by.name if one.decided_by else "",
        decided_at=one.decided_at,
        effective_at=one.effective_at,
        note=one.note,
        mine=one.proposed_by_id == request.user.pk,
    )


def _find(request: UserRequest, pk: int) -> Workflow:
    """Return a workflow that this person may see, or 404."""
    found = Workflow.objects.filter(pk=pk).first()
    if found is None or not request.user.can(Can.READ_GOVERNANCE) and not may_edit(request, found):
        raise Http404
    return found


def _url(name: str, *args: object) -> str:
    return reverse(f"admin:handoffs_matrixrow_{name}", args=args)


def _show(
    request: UserRequest,
    template: str,
    workflow: Workflow,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    here = {"name": "Governance matrix", "url": _url("rows", workflow.pk), "note": ""}
    urls = {
        "rows": _url("rows", workflow.pk),
        "history": _url("history_of", workflow.pk),
        "add": _url("add_to", workflow.pk),
        "workflow": reverse("admin:handoffs_workflow_change", args=[workflow.pk]),
    }
    every = {"workflow": workflow, "urls": urls, "here": here}
    name = f"admin/handoffs/matrix/{template}.html"
    return render(request, name, context | every, status=status)
