"""Engine results become the plain data of a report: back-substitution, matrix forms, status and certificate."""
