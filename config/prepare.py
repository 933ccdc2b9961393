"""Bring a database up to date and give the running role its rights; run at every start.

One process for both commands, since loading the product costs more than either.
"""

import os

import dj_database_url
import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    runtime = dict(connection.settings_dict)
    connection.settings_dict.update(dj_database_url.parse(settings.OWNER_DATABASE_URL))
    try:
        call_command("migrate", interactive=False, verbosity=0)
    finally:
        connection.close()
        connection.settings_dict.update(runtime)
    call_command("secure_database")


if __name__ == "__main__":
    main()
