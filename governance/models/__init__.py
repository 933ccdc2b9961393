"""What is stored about changing policy: fields, constraints and `__str__`, no behaviour."""

from governance.models.backtests import Backtest, BacktestChunk

__all__ = ["Backtest", "BacktestChunk"]
