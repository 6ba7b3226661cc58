"""Finding conservation laws: ansatz, grading, search, exact verification, families."""
