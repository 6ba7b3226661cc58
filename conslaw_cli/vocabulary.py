"""Words that a spec and a report have in common."""

from __future__ import annotations

STATUSES = ("proved", "proved for phi", "exact", "exact for phi", "theorem", "undecided")
"""How a count is known. ``for phi``: of phi's laws, where phi stands for the network nowhere."""
POINTS = ("theta", "lookahead")
"""Where a metric is evaluated."""
