"""What the clock does, as a process, once: send the outbox and seal the log."""

import os

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    django.setup()
    from django.conf import settings

    from handoffs import audit, deliveries

    settings.WEBHOOKS_MAY_GO_INWARD = True
    deliveries.deliver()
    audit.seal()
