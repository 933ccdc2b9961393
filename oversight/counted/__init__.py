"""What happened, counted by day and week from the log, and which of it may be told."""
