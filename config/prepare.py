"""Bring a database up to date, connected as the role that owns it; run at every start.

One process for the three commands, since loading the product costs more than any of them.
"""

import os

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("secure_database")


if __name__ == "__main__":
    main()
