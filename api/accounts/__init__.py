"""Accounts: users, passwords, tokens and limits on attempts. Importing the package registers its access rule."""

from api.accounts.access import visible_viewer
from api.accounts.limits import RateLimits
from api.accounts.models import User
from api.accounts.operations import ACCOUNT_GONE, Accounts, SignedIn, open_accounts
from api.accounts.reads import users_by_id

__all__ = [
    "ACCOUNT_GONE",
    "Accounts",
    "RateLimits",
    "SignedIn",
    "User",
    "open_accounts",
    "users_by_id",
    "visible_viewer",
]
