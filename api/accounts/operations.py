"""What users do with their accounts."""

ACCOUNT_GONE = "This account no longer exists. Sign up for a new one."
"""A token outlives its account if an operator starts over with an empty database."""
