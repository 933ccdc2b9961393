"""What the clock does every second, as a process: release what was held for long enough."""

import os
import time

import django

PAUSE = 0.02

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    django.setup()
    from django.utils import timezone

    from handoffs import release
    from handoffs.models import Answer

    while not Answer.objects.exists():
        release.release_due(now=timezone.now())
        time.sleep(PAUSE)
