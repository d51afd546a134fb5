"""Accounts: users, passwords, tokens and the limits on attempts."""
