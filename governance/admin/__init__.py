"""What managers change: workflows, their risk tier maps and the governance matrix."""

from governance.admin import maps, workflows

__all__ = ["maps", "workflows"]
