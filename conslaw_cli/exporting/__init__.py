"""Laws as code: one file for each target."""
