"""Laws along simulated training: the continuous flow, and discrete optimizers at several step sizes."""
