"""What fires deadlines, as a process, once."""

import os

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    django.setup()

    from handoffs import ladder

    ladder.fire_overdue()
