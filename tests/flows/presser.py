"""Whoever presses a button, as a process, once: `stop`, `resume` or `step_in`."""

import os
import sys
from contextlib import suppress


def press(button: str, what: str, email: str) -> None:
    # Django has to be set up before
    from django.utils import timezone

    from accounts.models import User
    from handoffs import actors, errors, stops
    from handoffs.models import Workflow
    from reviews import interventions

    by, now = User.objects.get(email=email), timezone.now()
    presser = stops.Presser(by=actors.person_actor(by.pk, "manager"), user=by)
    # as whoever saw nothing come back and presses again
    with suppress(errors.AlreadyStopped, errors.NotStopped, errors.AlreadySteppedIn):
        if button == "stop":
            workflow = Workflow.objects.get(slug=what)
            stops.stop(workflow, reason="It refunds twice", presser=presser, now=now)
        elif button == "resume":
            stops.resume(what, reason="Mended", presser=presser, now=now)
        else:
            interventions.step_in(what, reason="It goes in circles", by=by, now=now)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    import django

    django.setup()
    press(*sys.argv[1:])
