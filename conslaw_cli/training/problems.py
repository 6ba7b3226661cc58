"""What cannot be simulated, in one line with its remedy."""

from __future__ import annotations


class Untrainable(ValueError):
    """A spec, data or choices that no training can be made of: what is wrong, and what would be right."""
