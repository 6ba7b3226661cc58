"""Laws along simulated training, at several step sizes."""
