"""The addresses at which everyone signed in reads what binds them."""

from django.urls import path

from governance.views import governance, traceability, what_happens

app_name = "governance"
urlpatterns = [
    path("governance/", governance.index, name="index"),
    path("governance/<slug:slug>/", governance.workflow, name="workflow"),
    path("governance/<slug:slug>/what-happens/", what_happens.what_happens, name="what-happens"),
    path("traceability/", traceability.traceability, name="traceability"),
]
