"""A reviewer as a process: takes the next handoff and approves it, until one is decided."""

import os
import sys
import time
from typing import Any

PAUSE = 0.02


def decide_next(by: Any) -> bool:
    """Approve what waits for this person; True once they have decided something."""
    # Django has to be set up before
    from django.utils import timezone

    from reviews import claims, decisions
    from reviews.models import Decision
    from reviews.wording import Choice

    if Decision.objects.filter(reviewer=by).exists():
        return True
    claim = claims.take_next(by=by, now=timezone.now())
    if claim is None:
        return False
    decisions.decide(claim.handoff_id, by=by, choice=Choice(verb="approve"), now=timezone.now())
    return True


def main(email: str) -> None:
    import django

    django.setup()
    from accounts.models import User

    person = User.objects.get(email=email)
    while not decide_next(person):
        time.sleep(PAUSE)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    main(*sys.argv[1:])
