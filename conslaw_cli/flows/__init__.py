"""One part of a model under a metric and a dynamics: its generators in drift coordinates."""
