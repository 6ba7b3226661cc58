"""Which symmetry each law comes from, in words."""
