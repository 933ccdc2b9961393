"""Formulas with their sources, each held against published values: pure, see docs/statistics.md."""
