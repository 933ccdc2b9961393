"""What puts work into hands every two seconds, as a process: until all that waits is given."""

import os
import time

import django

PAUSE = 0.02

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    django.setup()
    from django.utils import timezone

    from handoffs.models import Handoff
    from reviews import assigning
    from reviews.models import Claim

    while Claim.objects.count() < Handoff.objects.count():
        assigning.assign(now=timezone.now())
        time.sleep(PAUSE)
