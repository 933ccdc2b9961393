"""What people type, read into what the operations take."""
