"""What closes the lots, as a process: until they were looked at today."""

import os
import sys
from datetime import datetime

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    django.setup()
    from oversight.blind_tests import releases

    releases.close(now=datetime.fromisoformat(sys.argv[1]))
