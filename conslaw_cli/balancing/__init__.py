"""Weights moved along the symmetries that laws come from."""
