"""Laws as graphs of array operations, and their values on arrays."""
