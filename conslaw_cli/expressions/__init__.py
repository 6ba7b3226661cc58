"""Functions of time as a spec writes them: parsed, differentiated, bounded, with the interval on which they are real and finite."""
