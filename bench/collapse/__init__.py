"""A team that stops reading is found as soon as predicted, and one that reads is left alone."""
