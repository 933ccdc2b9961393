"""Wrong recommendations that people are shown on purpose: made, let in, met, told of many."""
