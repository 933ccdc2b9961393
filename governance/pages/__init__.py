"""What the pages of governance show: plain values, ready for a template."""
