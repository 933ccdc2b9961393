"""What lets blind tests in, as a process: until each that is due came, and went again."""

import os
import sys
import time
from datetime import timedelta

import django

PAUSE = 0.02

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    django.setup()
    from django.utils import timezone

    from oversight.blind_tests import sowing
    from oversight.models import Sprout
    from reviews.models import Plant

    wanted = int(sys.argv[1])
    while Plant.objects.count() < wanted or Sprout.objects.exists():
        sowing.sow(now=timezone.now() + timedelta(seconds=1))
        time.sleep(PAUSE)
    while Plant.objects.filter(ended=False).exists():
        sowing.take_out(now=timezone.now() + timedelta(hours=3))
        time.sleep(PAUSE)
