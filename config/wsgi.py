"""What the web server loads."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_wsgi_application()

from config.proposal_door import ProposalDoor  # noqa: E402

application = ProposalDoor(_django)

# What was loaded stays for the life of the process: the collector need not look at it again.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
