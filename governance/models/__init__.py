"""What is stored about changing policy: fields, constraints and `__str__`, no behaviour."""

from governance.models.backtests import Backtest, BacktestChunk
from governance.models.matrix import MatrixChange
from governance.models.reminders import ReviewReminder
from governance.models.signoffs import MapSignOff

__all__ = ["Backtest", "BacktestChunk", "MapSignOff", "MatrixChange", "ReviewReminder"]
