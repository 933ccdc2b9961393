"""A reviewer who may be killed anywhere and come back: `crash_reviewer.py EMAIL RUN`."""

import sys
import time

import django

django.setup()

from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from handoffs.models import Handoff  # noqa: E402
from handoffs.states import Verb  # noqa: E402
from reviews import claims, decisions  # noqa: E402
from reviews.wording import Choice  # noqa: E402


def main(email: str) -> None:
    """Decide what waits until one handoff is answered."""
    ann = User.objects.get(email=email)
    while not Handoff.objects.filter(state="answered").exists():
        claim = claims.take_next(by=ann, now=timezone.now())
        if claim is None:
            time.sleep(0.05)
            continue
        decisions.decide(
            claim.handoff_id, by=ann, choice=Choice(verb=Verb.APPROVE.value), now=timezone.now()
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
