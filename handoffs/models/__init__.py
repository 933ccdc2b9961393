"""What is stored about runs and their handoffs: fields, constraints and `__str__`, no behaviour."""

from handoffs.models.audit import AuditEntry, AuditSeal
from handoffs.models.handoffs import (
    Answer,
    Brief,
    Handoff,
    HeldAnswer,
    InformationRequest,
    Rung,
)
from handoffs.models.jobs import JobPulse
from handoffs.models.maps import RiskTierMap
from handoffs.models.matrix import (
    LadderStep,
    MatrixRow,
    Queue,
    QueueDepth,
    QueueGroupPermission,
    QueueRate,
    QueueUserPermission,
    Recount,
)
from handoffs.models.outbox import MailStop, NoticeChannel, OutboxMessage, WebhookEndpoint
from handoffs.models.pressure import WorkflowPressure
from handoffs.models.requesters import RequesterWord
from handoffs.models.runs import (
    Checkpoint,
    IdempotencyRecord,
    Proposal,
    RefusedDay,
    RefusedTransition,
    Resumption,
    Run,
    Transition,
)
from handoffs.models.sampling import (
    ActionHistory,
    AuditShare,
    Detector,
    DetectorCursor,
    Finding,
    Sampling,
)
from handoffs.models.stops import Stop, StopMet
from handoffs.models.workflows import (
    ActionType,
    Workflow,
    WorkflowGroupPermission,
    WorkflowUserPermission,
)

__all__ = [
    "ActionHistory",
    "ActionType",
    "Answer",
    "AuditEntry",
    "AuditSeal",
    "AuditShare",
    "Brief",
    "Checkpoint",
    "Detector",
    "DetectorCursor",
    "Finding",
    "Handoff",
    "HeldAnswer",
    "IdempotencyRecord",
    "InformationRequest",
    "JobPulse",
    "LadderStep",
    "MailStop",
    "MatrixRow",
    "NoticeChannel",
    "OutboxMessage",
    "Proposal",
    "Queue",
    "QueueDepth",
    "QueueGroupPermission",
    "QueueRate",
    "QueueUserPermission",
    "Recount",
    "RefusedDay",
    "RefusedTransition",
    "RequesterWord",
    "Resumption",
    "RiskTierMap",
    "Run",
    "Rung",
    "Sampling",
    "Stop",
    "StopMet",
    "Transition",
    "WebhookEndpoint",
    "Workflow",
    "WorkflowGroupPermission",
    "WorkflowPressure",
    "WorkflowUserPermission",
]
