"""Many specs: finding them, running their cases in worker processes or on a cluster, keeping and joining results."""
