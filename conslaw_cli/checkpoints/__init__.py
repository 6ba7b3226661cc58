"""Checkpoints of training runs: files read, arrays matched to parameters."""
