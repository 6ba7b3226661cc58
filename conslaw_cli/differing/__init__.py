"""What differs between two saved reports."""
