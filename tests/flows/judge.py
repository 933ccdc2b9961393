"""A reviewer as a process: commits an answer to the next handoff, then decides it."""

import os
import sys
from contextlib import suppress


def judge_next(email: str) -> None:
    # Django has to be set up before
    from django.utils import timezone

    from accounts.models import User
    from reviews import claims, decisions, judgements
    from reviews.errors import AlreadyJudged
    from reviews.wording import Choice

    by, now = User.objects.get(email=email), timezone.now()
    claim = claims.take_next(by=by, now=now)
    if claim is None:
        return
    choice = Choice(verb="reject", reason="The carrier has a signature from Monday.")
    # as after a reload: the first one stays
    with suppress(AlreadyJudged):
        judgements.commit(claim.handoff_id, by=by, choice=choice, confidence=4, now=now)
    decisions.decide(claim.handoff_id, by=by, choice=Choice(verb="approve"), now=now)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    import django

    django.setup()
    judge_next(*sys.argv[1:])
