"""What the web server loads."""

import gc

from config.wsgi import application as django

# isort: split
from config.gateways import InOneThread
from config.proposal_door import ProposalDoor

application = ProposalDoor(InOneThread(django))

# What was loaded stays for the life of the process: the collector need not look at it again.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
