from importlib import import_module

from django.apps import AppConfig


class HandoffsConfig(AppConfig):
    name = "handoffs"
    verbose_name = "Boundary and runs"

    def ready(self) -> None:
        """Register the system checks; they read models, which are only now all there."""
        import_module("handoffs.checks")
