"""The addresses at which everyone signed in reads what binds them."""

from django.urls import path

from governance.views import (
    briefs,
    governance,
    ladder,
    requesters,
    stops,
    traceability,
    what_happens,
)

app_name = "governance"
urlpatterns = [
    path("governance/", governance.index, name="index"),
    path("governance/<slug:slug>/", governance.workflow, name="workflow"),
    path("governance/<slug:slug>/briefs/", briefs.briefs, name="briefs"),
    path("governance/<slug:slug>/briefs/edits.jsonl", briefs.edits, name="brief-edits"),
    path("governance/<slug:slug>/requesters/", requesters.requesters, name="requesters"),
    path("governance/<slug:slug>/ladder/", ladder.ladder, name="ladder"),
    path("governance/<slug:slug>/what-happens/", what_happens.what_happens, name="what-happens"),
    path("stops/", stops.index, name="stops"),
    path("stops/press", stops.press, name="stops-press"),
    path("stops/<str:stop_id>", stops.stop, name="stop"),
    path("stops/<str:stop_id>/go-on", stops.let_go, name="stop-go-on"),
    path("traceability/", traceability.traceability, name="traceability"),
]
