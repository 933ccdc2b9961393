"""What the web server loads."""

import gc

from django.urls import reverse

from config.wsgi import application as django

# isort: split
from config.gateways import InOneThread
from config.proposal_door import ProposalDoor

application = ProposalDoor(InOneThread(django))

# Naming one address loads every page: else whoever asks first waits most of a second for that.
reverse("reviews:desk")

# What was loaded stays for the life of the process: the collector need not look at it again.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
