"""Mounts only."""

from django.contrib import admin
from django.urls import include, path

from config import docs, mailbox
from config.api import api
from config.health import healthz, healthz_jobs

urlpatterns = [
    path("healthz", healthz),
    path("healthz/jobs", healthz_jobs),
    path("api/v1/openapi.json", docs.openapi_json),
    path("api/v1/docs", docs.docs),
    path("api/v1/", api.urls),
    path("docs/errors", docs.errors),
    path("docs/errors/<slug:slug>", docs.error),
    path(".well-known/jwks.json", docs.jwks),
    path("dev/mail", mailbox.inbox, name="dev-mails"),
    path("dev/mail/<slug:name>", mailbox.mail, name="dev-mail"),
    path("dev/mail/<slug:name>/html", mailbox.html, name="dev-mail-html"),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("", include("oversight.urls")),
    path("", include("governance.urls")),
    path("", include("reviews.urls")),
]
