"""The agent-facing API, by noun: parse, one call down, answer."""
