"""The addresses at which owners see whether enough people are there, and whether they are heard."""

from django.urls import path

from oversight.views import alarms, capacity, faults, machine, oversight, power, programme

app_name = "oversight"
_TESTS = "oversight/workflows/<slug:slug>/tests"
# one queue, tier or action type of a workflow
_PART = "oversight/workflows/<slug:slug>/<slug:scope>/<path:part>"
urlpatterns = [
    path("oversight/", oversight.everything, name="all"),
    path("oversight/all.csv", oversight.everything_csv, name="all-csv"),
    path("oversight/all.json", oversight.everything_json, name="all-json"),
    path("oversight/workflows/<slug:slug>/", oversight.of_workflow, name="workflow"),
    path("oversight/workflows/<slug:slug>.csv", oversight.of_workflow_csv, name="workflow-csv"),
    path("oversight/workflows/<slug:slug>.json", oversight.of_workflow_json, name="workflow-json"),
    # before what is a part of a workflow, which "tests" is not
    path(f"{_TESTS}/", programme.page, name="tests"),
    path(f"{_TESTS}/rate", programme.rate, name="tests-rate"),
    path(f"{_TESTS}/texts", programme.texts, name="tests-texts"),
    path(f"{_TESTS}/told", programme.told, name="tests-told"),
    path(f"{_TESTS}/switch", programme.switch, name="tests-switch"),
    path(f"{_TESTS}/notice/", programme.printed, {"which": "notice"}, name="tests-notice"),
    path(
        f"{_TESTS}/consultation/",
        programme.printed,
        {"which": "consultation"},
        name="tests-consultation",
    ),
    path(f"{_TESTS}/library/", faults.index, name="faults"),
    path(f"{_TESTS}/library/new/", faults.new, name="fault-new"),
    path(f"{_TESTS}/library/by-hand/", faults.by_hand, name="fault-by-hand"),
    path(f"{_TESTS}/library/<int:number>/", faults.fault, name="fault"),
    path(
        f"{_TESTS}/library/<int:number>/preview/<int:example>/",
        faults.preview,
        name="fault-preview",
    ),
    path(f"{_TESTS}/library/<int:number>/approve", faults.approve, name="fault-approve"),
    path(f"{_TESTS}/library/<int:number>/retire", faults.retire, name="fault-retire"),
    path(f"{_PART}.csv", oversight.of_part_csv, name="part-csv"),
    path(f"{_PART}.json", oversight.of_part_json, name="part-json"),
    path(f"{_PART}/", oversight.of_part, name="part"),
    path("oversight/power/", power.page, name="power"),
    path("oversight/power.csv", power.as_csv, name="power-csv"),
    path("oversight/power.json", power.as_json, name="power-json"),
    path("oversight/alarms/", alarms.index, name="alarms"),
    path("oversight/alarms.csv", alarms.as_csv, name="alarms-csv"),
    path("oversight/alarms/<int:pk>/seen", alarms.acknowledge, name="alarm-acknowledge"),
    path("oversight/alarms/<int:pk>/done", alarms.note, name="alarm-note"),
    path("oversight/thresholds/<int:pk>/", alarms.threshold, name="threshold"),
    path("oversight/machine/", machine.page, name="machine"),
    path("metrics", machine.metrics, name="metrics"),
    path("capacity/", capacity.index, name="index"),
    path("capacity/plan/", capacity.plan, name="plan"),
    path("capacity/plan.csv", capacity.plan_csv, name="plan-csv"),
    path("capacity/plan.json", capacity.plan_json, name="plan-json"),
    path("capacity/queues/<slug:slug>/", capacity.queue, name="capacity"),
    path("capacity/queues/<slug:slug>.csv", capacity.queue_csv, name="capacity-csv"),
    path("capacity/queues/<slug:slug>.json", capacity.queue_json, name="capacity-json"),
]
