"""A reviewer as a process: approves the next handoff, takes that back, and approves it again."""

import os
import sys
import time
from typing import Any

PAUSE = 0.02


def decide_next(by: Any) -> bool:
    """Go one step on with what waits for this person; True once their mind is made up."""
    # Django has to be set up before
    from django.utils import timezone

    from handoffs.models import Answer
    from reviews import claims, decisions, undo
    from reviews.models import Decision
    from reviews.wording import Choice

    said = list(Decision.objects.filter(reviewer=by).order_by("id"))
    if len(said) == 2 or Answer.objects.exists():
        return True
    if said and said[0].undone_at is None:
        undo.take_back(said[0].handoff_id, by=by, now=timezone.now())
        return False
    claim = claims.take_next(by=by, now=timezone.now())
    if claim is not None:
        choice = Choice(verb="approve")
        decisions.decide(claim.handoff_id, by=by, choice=choice, now=timezone.now())
    return False


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
