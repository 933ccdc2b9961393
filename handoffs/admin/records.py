"""What happened, to look at: runs, proposals, handoffs, transitions, the audit log."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.roles import Can
from accounts.site import LookOnly
from handoffs.admin.base import Records, pretty
from handoffs.models import (
    Answer,
    AuditEntry,
    Brief,
    Handoff,
    Proposal,
    RequesterWord,
    Resumption,
    Run,
    Transition,
)


class Part(LookOnly, admin.TabularInline):  # type: ignore[type-arg]
    seen_by = Can.READ_AUDIT
    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = True


class TransitionsOfRun(Part):
    model = Transition
    show_change_link = False
    fields = readonly_fields = (
        "at",
        "handoff_id",
        "from_state",
        "to_state",
        "cause",
        "actor_kind",
        "actor",
    )
    ordering = ("id",)


class WordsOfRequester(Part):
    model = RequesterWord
    show_change_link = False
    verbose_name_plural = "said by the requester"
    fields = readonly_fields = ("said_at", "kind", "text")
    ordering = ("number",)


class ProposalsOfRun(Part):
    model = Proposal
    fields = readonly_fields = ("action_type", "tier", "act", "outcome", "created_at")
    ordering = ("id",)


class HandoffsOfRun(Part):
    model = Handoff
    fk_name = "run"
    fields = readonly_fields = ("kind", "tier", "state", "queue", "role", "deadline_at")
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("queue", "role")


class AnswersOfHandoff(Part):
    model = Answer
    show_change_link = False
    fields = readonly_fields = ("round", "verb", "by_kind", "role", "reason", "answered_at")
    ordering = ("round",)


class BriefsOfHandoff(Part):
    model = Brief
    show_change_link = False
    fields = readonly_fields = ("version", "shown", "digest", "created_at")
    ordering = ("version",)

    @admin.display(description="brief")
    def shown(self, brief: Brief) -> SafeString:
        return pretty(brief.body)


@admin.register(Run)
class RunAdmin(Records):
    list_display = ("id", "workflow", "external_id", "state", "state_since", "cause", "client")
    list_select_related = ("workflow", "client")
    list_filter = ("state", "workflow")
    exact = ("id", "external_id")
    inlines = (TransitionsOfRun, ProposalsOfRun, HandoffsOfRun, WordsOfRequester)
    fields = (
        "id",
        "workflow",
        "client_shown",
        "external_id",
        "state",
        "state_since",
        "cause",
        "created_at",
        "input",
        "requester_shown",
        "task",
        "output",
        "error",
        "partial",
        "next_step",
    )
    readonly_fields = ("client_shown", "requester_shown")

    @admin.display(description="client")
    def client_shown(self, run: Run) -> SafeString:
        """Lead to the client that this stands for, if it does: all its runs are alike here."""
        url = reverse(
            "admin:accounts_client_change", args=[run.client.stands_for_id or run.client_id]
        )
        return format_html('<a href="{}">{}</a>', url, run.client)

    @admin.display(description="requester")
    def requester_shown(self, run: Run) -> str:
        """Say who waits, and not how they are reached: of some that is not kept."""
        said = run.requester or {}
        return ", ".join(str(said[key]) for key in ("name", "locale") if said.get(key)) or "-"


@admin.register(Proposal)
class ProposalAdmin(Records):
    list_display = ("id", "run_id", "action_type", "tier", "act", "outcome", "created_at")
    list_filter = ("tier", "outcome")
    exact = ("id", "run_id")
    fields = (
        "id",
        "run",
        "action_type",
        "tier",
        "act",
        "map_version",
        "why",
        "arguments_shown",
        "arguments_digest",
        "signals_shown",
        "preconditions",
        "outcome",
        "outcome_detail",
        "created_at",
    )
    readonly_fields = ("why", "arguments_shown", "signals_shown")

    @admin.display(description="rules that fired")
    def why(self, proposal: Proposal) -> SafeString:
        return pretty(proposal.rules)

    @admin.display(description="arguments")
    def arguments_shown(self, proposal: Proposal) -> SafeString:
        return pretty(proposal.arguments)

    @admin.display(description="signals")
    def signals_shown(self, proposal: Proposal) -> SafeString:
        return pretty(proposal.signals)


@admin.register(Handoff)
class HandoffAdmin(Records):
    list_display = ("id", "workflow", "kind", "tier", "state", "queue", "role", "deadline_at")
    list_select_related = ("workflow", "queue", "role")
    list_filter = ("state", "kind", "queue")
    exact = ("id", "run_id", "proposal_id")
    inlines = (BriefsOfHandoff, AnswersOfHandoff)
    fields = (
        "id",
        "workflow",
        "run",
        "proposal",
        "kind",
        "tier",
        "state",
        "round",
        "queue",
        "role",
        "level",
        "opened_at",
        "owner_since",
        "deadline_at",
        "fallback",
        "safeguards",
        "answered_at",
    )


@admin.register(Resumption)
class ResumptionAdmin(Records):
    list_display = ("id", "run_id", "workflow", "state", "worker", "epoch", "lease_expires_at")
    list_select_related = ("workflow",)
    list_filter = ("state", "workflow")
    exact = ("id", "run_id")
    fields = (
        "id",
        "run",
        "workflow",
        "pause",
        "state",
        "worker",
        "epoch",
        "lease_expires_at",
        "created_at",
        "ended_at",
    )


@admin.register(Transition)
class TransitionAdmin(Records):
    list_display = ("at", "run_id", "handoff_id", "from_state", "to_state", "cause", "actor")
    list_filter = ("cause",)
    exact = ("run_id",)
    fields = (
        "at",
        "run",
        "handoff_id",
        "version",
        "from_state",
        "to_state",
        "cause",
        "actor_kind",
        "actor",
    )


@admin.register(AuditEntry)
class AuditAdmin(Records):
    list_display = ("at", "action", "subject", "actor_kind", "actor")
    list_filter = ("actor_kind",)
    exact = ("subject",)
    fields = ("at", "actor_kind", "actor", "action", "subject", "body_shown", "sealed")
    readonly_fields = ("body_shown", "sealed")

    @admin.display(description="what")
    def body_shown(self, entry: AuditEntry) -> SafeString:
        return pretty(entry.body)

    @admin.display(description="number in the chain")
    def sealed(self, entry: AuditEntry) -> str:
        seal = getattr(entry, "seal", None)
        return str(seal.seq) if seal else "not yet sealed"
