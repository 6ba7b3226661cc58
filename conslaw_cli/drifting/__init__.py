"""Laws along the checkpoints of a training run."""
