"""What the web server has ready before anybody asks."""

import subprocess
import sys

from tests.flows.processes import environment

_LOADED = """
import sys
import config.asgi
pages = {"oversight.views.oversight", "reviews.views.handoff", "governance.views.ladder"}
print(*sorted(pages - set(sys.modules)))
"""


def test_the_first_to_ask_does_not_wait_for_what_every_page_loads() -> None:
    run = [sys.executable, "-c", _LOADED]
    missing = subprocess.run(
        run, capture_output=True, text=True, timeout=120, env=environment(), check=False
    )
    assert (missing.returncode, missing.stdout.strip()) == (0, ""), missing.stderr
