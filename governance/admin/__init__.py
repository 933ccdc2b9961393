"""What managers change: workflows, their risk tier maps and the governance matrix."""

from governance.admin import backtests, maps, matrix, sampling, workflows

__all__ = ["backtests", "maps", "matrix", "sampling", "workflows"]
