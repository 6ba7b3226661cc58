"""Words that a spec and a report have in common."""

from __future__ import annotations

STATUSES = ("proved", "proved for phi", "exact", "exact for phi", "theorem", "undecided")
"""How a count is known. ``for phi``: of phi's laws, where phi stands for the network nowhere."""
POINTS = ("theta", "lookahead")
"""Where a metric is evaluated."""
UPDATES = ("dual", "multiplicative")
"""How a metric theta^a moves parameters by a step: in the dual coordinates of its mirror map, or by theta - h M grad E."""
