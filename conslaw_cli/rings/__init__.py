"""Exact arithmetic: prime fields, jets, rank, sparse polynomials, sign gradings. Knows nothing of networks."""
