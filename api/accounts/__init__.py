"""Accounts: users, passwords, credentials and limits on attempts. Importing the package registers its access rule."""

from api.accounts.access import visible_viewer
from api.accounts.credentials import Credentials
from api.accounts.expiry import delete_expired_credentials
from api.accounts.kinds import RandomTokens, digest_of, new_secret, timestamp
from api.accounts.limits import RateLimits
from api.accounts.models import ApiToken, Session, User
from api.accounts.operations import ACCOUNT_GONE, Accounts, Origin, SignedIn, open_accounts, require_session
from api.accounts.reads import users_by_id

__all__ = [
    "ACCOUNT_GONE",
    "Accounts",
    "ApiToken",
    "Credentials",
    "Origin",
    "RandomTokens",
    "RateLimits",
    "Session",
    "SignedIn",
    "User",
    "delete_expired_credentials",
    "digest_of",
    "new_secret",
    "open_accounts",
    "require_session",
    "timestamp",
    "users_by_id",
    "visible_viewer",
]
