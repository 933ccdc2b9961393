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
from oversight.models.sowing import Chart, Cohort, Sprout

__all__ = [
    "Alarm",
    "Arrival",
    "Chart",
    "Cohort",
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
    "Sprout",
    "Tally",
    "Threshold",
]
