"""What somebody has to be told: thresholds, alarms, and whether the machine itself is at work."""
