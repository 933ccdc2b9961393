"""The boundary in the admin: managers configure, auditors look, nobody edits a state."""

from handoffs.admin import endpoints, queues, records

__all__ = ["endpoints", "queues", "records"]
