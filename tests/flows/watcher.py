"""What watches actions nobody was asked about, as a process, once: detect, report, audit."""

import os

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    django.setup()
    from django.utils import timezone

    from handoffs import audits, detection, findings

    detection.look(now=timezone.now())
    findings.open_due(now=timezone.now())
    audits.open_due(now=timezone.now())
