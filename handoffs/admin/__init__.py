"""The boundary in the admin: managers configure, auditors look, nobody edits a state."""

from handoffs.admin import maps, queues, records, workflows

__all__ = ["maps", "queues", "records", "workflows"]
