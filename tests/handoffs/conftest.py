"""How hard hypothesis tries: `HYPOTHESIS_PROFILE=thorough` looks for hours' worth of trouble."""

import os

from hypothesis import HealthCheck, settings

# no deadlines: the machines that run this are shared
settings.register_profile(
    "quick", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
