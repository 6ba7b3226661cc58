"""A model as a graph of array operations. Knows no network and no arithmetic."""
