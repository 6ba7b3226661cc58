"""What stands in the way of balancing, in one line each."""


class BalanceError(ValueError):
    """Laws that cannot be balanced, or weights that cannot be moved: what is wrong, and a remedy."""
