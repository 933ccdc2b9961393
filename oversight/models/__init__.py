"""What oversight keeps."""

from oversight.models.alarms import Alarm, Threshold
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

__all__ = [
    "Alarm",
    "Arrival",
    "Counted",
    "FigureDay",
    "FigureWeek",
    "Forecast",
    "ProposalDay",
    "QueueFigures",
    "QueueHour",
    "Threshold",
]
