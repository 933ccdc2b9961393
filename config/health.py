"""Whether this process can serve, and whether the clock and its hands are at work."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from config import timetable
from handoffs import jobs


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return JsonResponse({"ok": True})


@login_not_required
@never_cache
def healthz_jobs(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the beat and each of its jobs were at work lately, else 503 and say why."""
    silent = jobs.silent_for()
    late = jobs.late(silent, settings.JOBS_MAY_BE_SILENT)
    body = {
        "ok": not late,
        "sentence": _sentence(late, silent),
        "seconds_since": {name: round(seconds, 1) for name, seconds in sorted(silent.items())},
    }
    return JsonResponse(body, status=503 if late else 200)


def _sentence(late: list[str], silent: dict[str, float]) -> str:
    """Say what stands still, what that means, and where to look."""
    if not late:
        return "The beat and all its jobs were at work lately."
    if timetable.BEAT in late:
        return (
            f"The beat {_since(silent.get(timetable.BEAT))}. Nothing is due for anybody meanwhile: "
            "deadlines, deliveries and the log's seals wait. Start the beat process."
        )
    if set(late) >= timetable.OFTEN:
        return (
            "No job is done any more. The beat is at work, so workers do not run or the broker is "
            "down. Start a worker process, look at REDIS_URL."
        )
    names = ", ".join(f"{name} {_since(silent.get(name))}" for name in late)
    return f"{names}. Other jobs are done, so look for this one's errors in the worker's log."


def _since(seconds: float | None) -> str:
    return "was never at work" if seconds is None else f"was last at work {seconds:.0f} s ago"
