"""Webhooks: where clients are told, and what could not be told."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.roles import Can
from accounts.site import RoleAdmin
from handoffs import endpoints, outbound
from handoffs.admin.base import Records, actor
from handoffs.models import OutboxMessage, WebhookEndpoint


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    url = forms.CharField(max_length=500, widget=forms.URLInput(attrs={"size": 80}))
    events = forms.MultipleChoiceField(
        choices=[(event, event) for event in endpoints.EVENTS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="None chosen: every event.",
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["client", "enabled"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["url"] = self.instance.url
            self.initial["events"] = self.instance.events

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        inward: dict[str, Any] = {"allow_http": True, "ports": None}
        try:
            outbound.parse(url, **(inward if settings.WEBHOOKS_MAY_GO_INWARD else {}))
        except outbound.Refused as refused:
            raise forms.ValidationError(str(refused)) from None
        return url


@admin.register(WebhookEndpoint)
class EndpointAdmin(RoleAdmin):
    changed_by, seen_by = Can.MANAGE_KEYS, Can.READ_AUDIT
    form = EndpointForm
    list_display = ("url", "client", "enabled", "disabled_because", "rotating")
    list_select_related = ("client",)
    list_filter = ("enabled", "client")
    ordering = ("client__name", "url")
    actions = ("rotate", "end_rotation")

    def get_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> Any:
        asked = ["client", "url", "events"]
        return asked if obj is None else [*asked, "enabled", "disabled_because", "rotating"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: WebhookEndpoint | None = None
    ) -> list[str]:
        return [] if obj is None else ["client", "disabled_because", "rotating"]

    @admin.display(description="two secrets", boolean=True)
    def rotating(self, endpoint: WebhookEndpoint) -> bool:
        return bool(endpoint.old_secret)

    def save_model(self, request: Any, obj: WebhookEndpoint, form: Any, change: bool) -> None:
        given, by, now = form.cleaned_data, actor(request), timezone.now()
        where = {"url": given["url"], "events": given["events"]}
        if change:
            endpoints.describe(obj, **where, enabled=given["enabled"], by=by, now=now)
            return
        added = endpoints.add(given["client"], **where, by=by, now=now)
        obj.pk = added.pk
        request.secrets = [(added, added.secret)]

    def response_add(self, request: Any, obj: WebhookEndpoint, *args: Any) -> HttpResponse:
        return self._show(request, request.secrets)

    def _show(
        self, request: HttpRequest, secrets: list[tuple[WebhookEndpoint, str]]
    ) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": "Secret of the endpoint",
            "secrets": [(endpoint.url, secret) for endpoint, secret in secrets],
        }
        template = "admin/handoffs/webhookendpoint/secret.html"
        response = TemplateResponse(request, template, context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.action(
        description="Rotate the secret: messages carry both signatures from now on",
        permissions=["change"],
    )
    def rotate(self, request: HttpRequest, chosen: QuerySet[WebhookEndpoint]) -> HttpResponse:
        by, now = actor(request), timezone.now()
        return self._show(
            request, [(one, endpoints.rotate_secret(one, by=by, now=now)) for one in chosen]
        )

    @admin.action(description="End the rotation: only the new secret", permissions=["change"])
    def end_rotation(self, request: HttpRequest, chosen: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in chosen:
            endpoints.end_rotation(endpoint, by=actor(request), now=timezone.now())


@admin.register(OutboxMessage)
class OutboxAdmin(Records):
    list_display = ("id", "event", "where", "state", "attempts", "next_attempt_at", "last_error")
    list_select_related = ("endpoint", "channel")
    list_filter = ("state", "event")
    exact = ("id",)
    fields = (
        "id",
        "event",
        "where",
        "state",
        "attempts",
        "next_attempt_at",
        "last_error",
        "payload",
        "created_at",
        "delivered_at",
    )
    readonly_fields = ("where",)
    actions = ("send_again",)

    @admin.display(description="to")
    def where(self, message: OutboxMessage) -> str:
        if message.channel:
            return str(message.channel)
        return message.endpoint.url if message.endpoint else message.mail_to

    def has_replay_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.can(Can.MANAGE_KEYS))

    @admin.action(description="Send dead letters again", permissions=["replay"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[OutboxMessage]) -> None:
        by, now = actor(request), timezone.now()
        put_back = sum(endpoints.send_again(message, by=by, now=now) for message in chosen)
        rest = "the others are not dead letters, or their endpoint is off."
        messages.info(request, f"{put_back} of {len(chosen)} go out again; {rest}")
