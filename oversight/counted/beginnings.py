"""Since when figures can be real: nothing comes to a workflow before it is launched.

Whatever stands in earlier weeks did not happen: it is demo history (`demo.history`). That needs
no mark of its own, so none can be missing, and none can be set on a week that is real.
"""

from collections.abc import Mapping
from datetime import date, datetime

from django.db.models import Min

from handoffs.models import Workflow
from oversight.counted import weeks


def real_since(workflow: Workflow | None) -> date | None:
    """Return the first Monday whose week may hold something real; None before any launch."""
    if workflow is None:
        launched = Workflow.objects.aggregate(at=Min("launched_at"))["at"]
    else:
        launched = workflow.launched_at
    return _first(launched) if launched else None


def of_workflows() -> Mapping[int, date]:
    """Return it of each workflow that was launched."""
    launched = Workflow.objects.filter(launched_at__isnull=False)
    return {pk: _first(at) for pk, at in launched.values_list("pk", "launched_at") if at}


def _first(launched: datetime) -> date:
    # a queue's day may have begun or not, wherever it is
    return weeks.monday((launched - weeks.AROUND).date())
