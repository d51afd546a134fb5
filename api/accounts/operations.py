"""What users do with their accounts: sign up, sign in, refresh a token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from unicodedata import normalize
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError

from api.accounts.limits import RateLimits
from api.accounts.models import User
from api.accounts.passwords import Passwords
from api.accounts.reads import users_by_id
from api.accounts.secret import secret_key
from api.accounts.sessions import Tokens
from api.database import Database
from api.errors import Conflict, Unauthenticated
from api.settings import Settings

ACCOUNT_GONE = "The account of this token no longer exists. Sign up again."
"""A token outlives its account if the operator starts over with an empty database."""

EMAIL_TAKEN = "An account with this e-mail address already exists. Sign in instead."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The result of signing in: a token and its user."""

    token: str
    user: User


class Accounts:
    """The accounts of one database, with the tokens, passwords and rate limits that protect them.

    `address` is always the network address that the request came from. Attempts are counted for each address apart, so
    that an attacker elsewhere cannot lock a user out.
    """

    def __init__(
        self, database: Database, tokens: Tokens, passwords: Passwords, rates: RateLimits, *, attempts_per_minute: int
    ) -> None:
        self.tokens = tokens
        self.rates = rates
        self._database = database
        self._passwords = passwords
        self._attempts_per_minute = attempts_per_minute

    async def sign_up(self, address: str, name: str, email: str, password: str) -> SignedIn:
        """Create an account. Raises Conflict if the e-mail address is taken, and RateLimited."""
        await self._count("sign up", address)
        user = User(name=name, email=email, password=await self._passwords.hash(password))
        try:
            async with self._database.transaction() as session:
                if await session.scalar(_of(email)) is not None:
                    raise Conflict(EMAIL_TAKEN)
                session.add(user)
        except IntegrityError:
            raise Conflict(EMAIL_TAKEN) from None
        return self._signed_in(user)

    async def sign_in(self, address: str, email: str, password: str) -> SignedIn:
        """Raises Unauthenticated if e-mail address and password do not match, and RateLimited."""
        await self._count("sign in", address, email)
        async with self._database.reading() as session:
            user = await session.scalar(_of(email))
        if not await self._passwords.verify(password, None if user is None else user.password) or user is None:
            raise Unauthenticated("The e-mail address or the password is wrong. Check both, or sign up.")
        return self._signed_in(user)

    async def refresh(self, viewer: UUID) -> SignedIn:
        """Issue a new token. Raises Unauthenticated if the account no longer exists."""
        (user,) = await self._database.finish(users_by_id(self._database, [viewer]))
        if user is None:
            raise Unauthenticated(ACCOUNT_GONE)
        return self._signed_in(user)

    def _signed_in(self, user: User) -> SignedIn:
        return SignedIn(self.tokens.issue(user.id), user)

    async def _count(self, what: str, address: str, email: str = "") -> None:
        await self.rates.spend(what, f"{address} {_folded(email)}", self._attempts_per_minute)


def _of(email: str) -> Select[User]:
    """The account with this address. An account from before step 0004 is also found by another spelling of its address
    that has the same case folding, because its owner may have signed up with that one."""
    folded = _folded(email)
    if folded == email:
        return select(User).where(User.email == email)
    return select(User).where(or_(User.email == email, User.folded_email == folded)).order_by(User.email != email)


def _folded(email: str) -> str:
    return normalize("NFC", email.casefold())


@asynccontextmanager
async def open_accounts(settings: Settings, database: Database) -> AsyncIterator[Accounts]:
    """The accounts for one process. Raises SettingsError if there is no key to sign tokens with."""
    tokens = Tokens(secret_key(settings), hours=settings.token_hours)
    async with RateLimits(settings.broadcast_url) as rates:
        yield Accounts(database, tokens, Passwords(), rates, attempts_per_minute=settings.sign_ins_per_minute)
