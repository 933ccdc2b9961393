"""Since when figures can be real: nothing comes to a workflow before it is launched.

Whatever stands in earlier weeks did not happen: it is demo history (`demo.history`). That needs
no mark of its own, so none can be missing, and none can be set on a week that is real.
"""

from datetime import date

from django.db.models import Min

from handoffs.models import Workflow
from oversight import weeks


def real_since(workflow: Workflow | None) -> date | None:
    """Return the first Monday whose week may hold something real; None before any launch."""
    if workflow is None:
        launched = Workflow.objects.aggregate(at=Min("launched_at"))["at"]
    else:
        launched = workflow.launched_at
    # a queue's day may have begun or not, wherever it is
    return weeks.monday((launched - weeks.AROUND).date()) if launched else None
