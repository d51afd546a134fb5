"""The two kinds of credentials of an account: sessions, and API tokens for programs."""

import asyncio
import hashlib
import math
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Select, bindparam, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from api.accounts.credentials import ENDED
from api.accounts.models import ApiToken, Session, User
from api.accounts.sessions import Tokens
from api.database import Database
from api.errors import Unauthenticated
from api.identity import API_TOKEN, Identity
from api.streaming.columns import now

log = structlog.get_logger(__name__)

USE_COUNTED = timedelta(hours=1)
"""How exact `last_used_at` is."""

API_TOKEN_PREFIX = "twotrack_"  # noqa: S105  scanners of leaked secrets know tokens by such prefixes
SECRET_BYTES = 32


class Sessions:
    """Signed tokens that name a session."""

    prefix = ""

    def __init__(self, database: Database, tokens: Tokens) -> None:
        self._database = database
        self._tokens = tokens

    async def identify(self, token: str, known: Callable[[UUID], bool]) -> Identity:
        claims = self._tokens.read(token)
        identity = Identity(claims.user, claims.expires_at, claims.session)
        if known(claims.session):
            return identity
        parameters = {"session": claims.session, "user": claims.user, "now": now()}
        found = await self._database.read(LIVING_SESSION, parameters)
        if not found:
            raise Unauthenticated(ENDED)
        if now() - found[0].last_used_at > USE_COUNTED:
            await _count_use(self._database, Session, claims.session)
        return identity

    def living(self, keys: Sequence[UUID]) -> Select[UUID]:
        return living_sessions(keys)


LIVING_SESSION = (
    select(Session.id, Session.last_used_at)
    .join(User, User.id == Session.user_id)
    .where(
        Session.id == bindparam("session"),
        Session.user_id == bindparam("user"),
        Session.expires_at > bindparam("now"),
        User.disabled_at.is_(None),
    )
)
"""Built once: after a restart, each client's session is read."""


def living_sessions(keys: Sequence[UUID]) -> Select[UUID]:
    """The ids, out of these, of sessions that have not ended."""
    return (
        select(Session.id)
        .join(User, User.id == Session.user_id)
        .where(Session.id.in_(keys), Session.expires_at > now(), User.disabled_at.is_(None))
    )


class RandomTokens:
    """Random tokens that the database has hashed. Requests that come together with one token read it once."""

    prefix: str

    def __init__(self, database: Database) -> None:
        self._database = database
        self._identities: dict[bytes, Identity] = {}
        """Identities by digest, of tokens that this process has read."""
        self._reading: dict[bytes, asyncio.Task[Identity]] = {}

    async def read(self, digest: bytes) -> Identity:
        """The identity that the token with this digest proves. Raises Unauthenticated."""
        raise NotImplementedError

    async def identify(self, token: str, known: Callable[[UUID], bool]) -> Identity:
        digest = digest_of(token)
        identity = self._identities.get(digest)
        if identity is not None and identity.credential is not None and known(identity.credential):
            if identity.expires_at <= time.time():
                raise Unauthenticated(ENDED)
            return identity
        self._identities.pop(digest, None)
        reading = self._reading.get(digest)
        if reading is None:
            reading = self._reading[digest] = asyncio.create_task(self._remember(digest), name="credentials: read")
        return await asyncio.shield(reading)  # a request that is cancelled must not cancel the others'

    async def _remember(self, digest: bytes) -> Identity:
        try:
            identity = await self.read(digest)
        finally:
            del self._reading[digest]
        if len(self._identities) >= 10_000:  # a process follows far fewer
            self._identities.clear()
        self._identities[digest] = identity
        return identity


class ApiTokens(RandomTokens):
    """API tokens, each of one user."""

    prefix = API_TOKEN_PREFIX

    async def read(self, digest: bytes) -> Identity:
        columns = (ApiToken.id, ApiToken.user_id, ApiToken.expires_at, ApiToken.last_used_at)
        query = select(*columns).join(User, User.id == ApiToken.user_id).where(ApiToken.digest == digest, *_lives())
        found = await self._database.read(query)
        if not found:
            raise Unauthenticated("The API token is not valid: it is unknown, expired or revoked. Create another one.")
        (row,) = found
        if row.last_used_at is None or now() - row.last_used_at > USE_COUNTED:
            await _count_use(self._database, ApiToken, row.id)
        return Identity(row.user_id, timestamp(row.expires_at), row.id, API_TOKEN)

    def living(self, keys: Sequence[UUID]) -> Select[UUID]:
        return select(ApiToken.id).join(User, User.id == ApiToken.user_id).where(ApiToken.id.in_(keys), *_lives())


def timestamp(expires_at: datetime | None) -> float:
    """Seconds since 1970, infinite for what does not expire."""
    return math.inf if expires_at is None else expires_at.timestamp()


def _lives() -> tuple[ColumnElement[bool], ...]:
    return or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now()), User.disabled_at.is_(None)


async def _count_use(database: Database, model: type[Session] | type[ApiToken], key: UUID) -> None:
    """Write down that the credential was used. Its request goes on if that fails, for example on a full disk."""
    try:
        async with database.transaction() as session:
            await session.execute(update(model).where(model.id == key).values(last_used_at=now()))
    except (OSError, SQLAlchemyError) as error:
        log.warning("use of a credential not counted", error=repr(error))


def new_secret(prefix: str = API_TOKEN_PREFIX) -> str:
    """A new random token, which is shown once."""
    return prefix + secrets.token_urlsafe(SECRET_BYTES)


def digest_of(token: str) -> bytes:
    """The hash under which a random token is stored. It is random, so a fast hash without salt is enough."""
    return hashlib.sha256(token.encode()).digest()
