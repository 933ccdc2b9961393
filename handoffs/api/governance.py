"""What binds an agent, how full the people are, and proof of what they answered."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from handoffs import conditions, policy, queries, receipts
from handoffs.api import access, documented, telling
from handoffs.api.access import AgentRequest
from handoffs.errors import NotFound, WorkflowNotYours
from handoffs.models import ActionType, Answer, MatrixRow
from handoffs.schemas.governance import (
    ActionTypeOut,
    GovernanceOut,
    MapOut,
    MapRuleOut,
    PressureOut,
    QueuePressureOut,
    ReceiptOut,
    RowOut,
)

router = Router(tags=["Governance"])
_THEIRS = (NotFound, WorkflowNotYours)
