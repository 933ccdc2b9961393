"""What oversight keeps."""

from oversight.models.alarms import Alarm, Threshold
from oversight.models.certificates import FaultCertificate
from oversight.models.counted import (
    Arrival,
    Counted,
    FigureDay,
    FigureWeek,
    Forecast,
    ProposalDay,
    QueueFigures,
    QueueHour,
)
from oversight.models.programme import (
    FaultApproval,
    LibraryFault,
    Programme,
    SpentPair,
    Tally,
)

__all__ = [
    "Alarm",
    "Arrival",
    "Counted",
    "FaultApproval",
    "FaultCertificate",
    "FigureDay",
    "FigureWeek",
    "Forecast",
    "LibraryFault",
    "Programme",
    "ProposalDay",
    "QueueFigures",
    "QueueHour",
    "SpentPair",
    "Tally",
    "Threshold",
]
