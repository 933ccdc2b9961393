"""One process that works on backtests until none is open, as Celery's clock would."""

import django

django.setup()

from django.utils import timezone  # noqa: E402

from governance import turns  # noqa: E402
from governance.models import Backtest  # noqa: E402

# a small history is worked off before the first save would be due
turns.SAVE_SECONDS = 0
while Backtest.objects.filter(state__in=["queued", "running"]).exists():
    turns.work(now=timezone.now())
