"""Documents and their limits, execution, and operations that many subscribers share."""
