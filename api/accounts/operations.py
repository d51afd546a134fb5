"""What users do with their accounts: sign up, sign in and out, change the password, the name and the credentials."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unicodedata import normalize
from uuid import UUID

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.credentials import ENDED, Credentials, Kind
from api.accounts.kinds import ApiTokens, Sessions, digest_of, new_secret
from api.accounts.limits import SHARED_FACTOR, RateLimits
from api.accounts.models import ApiToken, Session, User
from api.accounts.passwords import Passwords
from api.accounts.secret import secret_key
from api.accounts.sessions import Tokens
from api.database import Database
from api.errors import BadUserInput, Conflict, Forbidden, LimitExceeded, NotFound, Unauthenticated
from api.identity import SESSION, Identity
from api.networks import network
from api.settings import Settings
from api.streaming.bus import Bus
from api.streaming.columns import now
from api.streaming.publisher import Publisher

ACCOUNT_GONE = "The account of this token no longer exists. Sign up again."
"""A token outlives its account if the operator starts over with an empty database."""

EMAIL_TAKEN = "An account with this e-mail address already exists. Sign in instead."

DELETED_NAME = "Deleted user"

CLIENT_CHARACTERS = 200
API_TOKENS_PER_USER = 50


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The result of signing in: a token and its user."""

    token: str
    user: User


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from."""

    address: str
    """The network address. Attempts are counted for each address apart, so that an attacker elsewhere cannot lock a
    user out."""
    client: str = ""
    """The `User-Agent`."""


class Accounts:
    """The accounts of one database, with the credentials, passwords and rate limits that protect them."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        tokens: Tokens,
        passwords: Passwords,
        rates: RateLimits,
        credentials: Credentials,
    ) -> None:
        self.tokens = tokens
        self.rates = rates
        self.credentials = credentials
        self._settings = settings
        self._database = database
        self._passwords = passwords

    async def sign_up(self, origin: Origin, name: str, email: str, password: str, *, invited: bool = False) -> SignedIn:
        """Create an account. Raises Conflict if the e-mail address is taken, Forbidden if sign-up is closed, or open to
        the invited alone, and RateLimited."""
        match self._settings.sign_up:
            case "invited" if not invited:
                raise Forbidden(
                    "Creating an account on this server takes an invitation. Ask a participant of a chat for a link."
                )
            case "closed":
                raise Forbidden("Creating accounts is closed on this server. Ask its operator for an account.")
        await self._count("sign up", origin)
        user = User(name=name, email=email, password=await self._passwords.hash(password))
        try:
            async with self._database.transaction() as session:
                if await session.scalar(account_of(email)) is not None:
                    raise Conflict(EMAIL_TAKEN)
                session.add(user)
                await session.flush()
                opened = self._open_session(session, user, origin)
        except IntegrityError:
            raise Conflict(EMAIL_TAKEN) from None
        return self._signed_in(user, opened)

    async def sign_in(self, origin: Origin, email: str, password: str) -> SignedIn:
        """Raises Unauthenticated if e-mail address and password do not match, and RateLimited."""
        await self._count("sign in", origin, email)
        async with self._database.reading() as session:
            user = await session.scalar(account_of(email))
        if not await self._passwords.verify(password, None if user is None else user.password) or user is None:
            raise Unauthenticated("The e-mail address or the password is wrong. Check both, or sign up.")
        if user.disabled_at is not None:
            raise Unauthenticated("The operator of this server has disabled this account.")
        async with self._database.transaction() as session:
            opened = self._open_session(session, user, origin)
        return self._signed_in(user, opened)

    def _open_session(self, session: AsyncSession, user: User, origin: Origin) -> Session:
        expires_at = now() + timedelta(days=self._settings.session_days)
        client = "".join(character for character in origin.client if character.isprintable())[:CLIENT_CHARACTERS]
        opened = Session(user_id=user.id, expires_at=expires_at, client=client)
        session.add(opened)
        return opened

    def _signed_in(self, user: User, opened: Session) -> SignedIn:
        token = self.tokens.issue(user.id, opened.id, until=opened.expires_at.timestamp())
        return SignedIn(token, user)

    async def refresh(self, identity: Identity) -> SignedIn:
        """Issue a new token for the session. It never outlives the session. Raises Unauthenticated, and Forbidden."""
        require_session(identity)
        async with self._database.reading() as session:
            user = await session.get(User, identity.id)
            opened = await session.get(Session, identity.credential)
        if user is None:
            raise Unauthenticated(ACCOUNT_GONE)
        if opened is None:
            raise Unauthenticated(ENDED)
        return self._signed_in(user, opened)

    async def sign_out(self, identity: Identity, *, everywhere: bool) -> None:
        """End the session of the request, or all sessions of its user. API tokens stay. Raises Forbidden."""
        require_session(identity)
        ending = (Session.user_id == identity.id,) if everywhere else (Session.id == identity.credential,)
        await self._end(Session, *ending)

    async def change_password(self, identity: Identity, current: str, new: str) -> SignedIn:
        """Change the password, and end all other sessions. Raises BadUserInput if `current` is wrong, and Forbidden."""
        user = await self.confirm(identity, current)
        hashed = await self._passwords.hash(new)
        async with self._database.transaction() as session:
            (await session.get_one(User, user.id)).password = hashed
        await self._end(Session, Session.user_id == user.id, Session.id != identity.credential)
        return await self.refresh(identity)

    async def confirm(self, identity: Identity, password: str) -> User:
        """The user, if this is the password. Raises BadUserInput if not, Forbidden for API tokens, and RateLimited."""
        require_session(identity)
        await self.rates.spend("confirm the password", str(identity.id), self._settings.sign_ins_per_minute)
        async with self._database.reading() as session:
            user = await session.get(User, identity.id)
        if user is None:
            raise Unauthenticated(ACCOUNT_GONE)
        if not await self._passwords.verify(password, user.password):
            raise BadUserInput("The current password is wrong. Check it, and try again.")
        return user

    async def update_profile(self, identity: Identity, name: str) -> User:
        """Change the name that other users see. Raises Forbidden for API tokens."""
        require_session(identity)
        async with self._database.transaction() as session:
            user = await session.get(User, identity.id, with_for_update={"key_share": True})
            if user is None:
                raise Unauthenticated(ACCOUNT_GONE)
            user.name = name
        return user

    async def erase(self, user: UUID) -> None:
        """Delete an account whose user has left all chats: end its credentials and empty its row, which stays."""
        async with self._database.transaction() as session:
            row = await session.get(User, user, with_for_update={"key_share": True})
            if row is None:
                return
            row.name, row.email, row.folded_email = DELETED_NAME, f"{user.hex}@deleted.invalid", None
            row.password, row.deleted_at, row.disabled_at = "deleted", now(), now()
        await self.end_all(user)

    async def end_sessions(self, user: UUID) -> None:
        """End all sessions of a user. API tokens stay."""
        await self._end(Session, Session.user_id == user)

    async def revoke_tokens(self, user: UUID, name: str) -> int:
        """Revoke the API tokens of a user that have this name. Returns how many there were."""
        return len(await self._end(ApiToken, ApiToken.user_id == user, ApiToken.name == name))

    async def end_all(self, user: UUID) -> None:
        """End all sessions and API tokens of a user."""
        await self._end(Session, Session.user_id == user)
        await self._end(ApiToken, ApiToken.user_id == user)

    async def sessions(self, identity: Identity) -> Sequence[Session]:
        """The user's sessions that have not ended, the last used first. Raises Forbidden for API tokens."""
        require_session(identity)
        query = select(Session).where(Session.user_id == identity.id, Session.expires_at > now())
        async with self._database.reading() as session:
            return (await session.scalars(query.order_by(Session.last_used_at.desc(), Session.id.desc()))).all()

    async def revoke_session(self, identity: Identity, key: UUID) -> None:
        """End a session of the user. Raises NotFound, and Forbidden for API tokens."""
        require_session(identity)
        if not await self._end(Session, Session.user_id == identity.id, Session.id == key):
            raise NotFound("No session of yours has this id. It may have ended; refetch the sessions.")

    async def api_tokens(self, identity: Identity) -> Sequence[ApiToken]:
        """The user's API tokens, the newest first. Raises Forbidden for API tokens."""
        require_session(identity)
        query = select(ApiToken).where(ApiToken.user_id == identity.id).order_by(ApiToken.id.desc())
        async with self._database.reading() as session:
            return (await session.scalars(query)).all()

    async def create_api_token(
        self, identity: Identity, name: str, expires_at: datetime | None
    ) -> tuple[ApiToken, str]:
        """A new API token, and its secret. Raises LimitExceeded, BadUserInput, and Forbidden for API tokens."""
        require_session(identity)
        return await create_api_token(self._database, identity.id, name, expires_at)

    async def revoke_api_token(self, identity: Identity, key: UUID) -> None:
        """Revoke an API token of the user. Raises NotFound, and Forbidden for API tokens."""
        require_session(identity)
        if not await self._end(ApiToken, ApiToken.user_id == identity.id, ApiToken.id == key):
            raise NotFound("No API token of yours has this id. It may have been revoked; refetch the tokens.")

    async def _end(self, model: type[Session] | type[ApiToken], *these: Any) -> Sequence[UUID]:
        """Delete these rows, and then end them in all processes. Returns their ids."""
        async with self._database.transaction() as session:
            ended = (await session.scalars(delete(model).where(*these).returning(model.id))).all()
        self.credentials.end(ended)
        return ended

    async def _count(self, what: str, origin: Origin, email: str = "") -> None:
        """One attempt counts for the account from the network, for the network, and for the account."""
        most, client, account = self._settings.sign_ins_per_minute, network(origin.address), _folded(email)
        await self.rates.spend(what, f"{client} {account}", most)
        if account:
            await self.rates.spend(what, f"from {client}", most * SHARED_FACTOR)
            await self.rates.spend(what, f"as {account}", most * SHARED_FACTOR)


def require_session(identity: Identity) -> None:
    """Raises Forbidden for API tokens: a program must not take over the account of its user."""
    if identity.kind != SESSION:
        raise Forbidden("API tokens cannot manage accounts, sessions or tokens. Sign in with the password for this.")


async def create_api_token(
    database: Database, user: UUID, name: str, expires_at: datetime | None
) -> tuple[ApiToken, str]:
    """A new API token of a user, and its secret, which is not stored. Raises LimitExceeded and BadUserInput."""
    if expires_at is not None and expires_at <= now():
        raise BadUserInput("The token would have expired already. Choose a time in the future.")
    secret = new_secret()
    async with database.transaction() as session:
        count = select(func.count()).select_from(ApiToken).where(ApiToken.user_id == user)
        if (await session.scalar(count) or 0) >= API_TOKENS_PER_USER:
            raise LimitExceeded(f"A user has at most {API_TOKENS_PER_USER} API tokens. Revoke one first.")
        token = ApiToken(user_id=user, name=name, digest=digest_of(secret), expires_at=expires_at)
        session.add(token)
    return token, secret


def account_of(email: str) -> Select[User]:
    """The account with this address. An account from before step 0004 is also found by another spelling of its address
    that has the same case folding, because its owner may have signed up with that one."""
    folded = _folded(email)
    if folded == email:
        return select(User).where(User.email == email)
    return select(User).where(or_(User.email == email, User.folded_email == folded)).order_by(User.email != email)


def _folded(email: str) -> str:
    return normalize("NFC", email.casefold())


@asynccontextmanager
async def open_accounts(
    settings: Settings, database: Database, bus: Bus, publisher: Publisher, *others: Kind
) -> AsyncIterator[Accounts]:
    """The accounts for one process, and `others`: kinds of credentials that do not belong to an account.

    Raises SettingsError if there is no key to sign tokens with.
    """
    tokens = Tokens(secret_key(settings), hours=settings.token_hours, former=settings.former_secret_keys)
    kinds: list[Kind] = [Sessions(database, tokens), ApiTokens(database), *others]
    async with (
        RateLimits(settings.broadcast_url) as rates,
        Credentials(database, bus, publisher, kinds, patience=settings.patience_seconds) as credentials,
    ):
        yield Accounts(settings, database, tokens, Passwords(), rates, credentials)
