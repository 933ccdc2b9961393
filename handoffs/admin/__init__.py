"""The boundary in the admin: managers configure, auditors look, nobody edits a state."""

from handoffs.admin import endpoints, maps, queues, records, workflows

__all__ = ["endpoints", "maps", "queues", "records", "workflows"]
