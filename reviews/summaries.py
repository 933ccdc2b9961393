"""The better summaries that people wrote: which one a person may see."""

from accounts.models import User
from handoffs.models import Handoff
from handoffs.states import HandoffState
from reviews import spec
from reviews.models import SummaryEdit
from reviews.visibility import Phase


def latest(found: Handoff, version: int, user: User, phase: Phase) -> SummaryEdit | None:
    """Return the better summary that this person may see.

    Approvers who decide side by side do not hear from one another through it, and before somebody
    has judged it shows nothing of what others have been shown.
    """
    edits = SummaryEdit.objects.filter(handoff=found, brief_version=version)
    over = found.state == HandoffState.ANSWERED.value
    alone = spec.read(found.safeguards).approvers == 1 and phase is not Phase.BEFORE_JUDGEMENT
    if not (over or alone):
        edits = edits.filter(editor=user)
    return edits.select_related("editor").order_by("-id").first()
