"""What an operator does with accounts and replies from the command line, also while servers run."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from api import inputs, migrations
from api.accounts.models import ApiToken, Session, User
from api.accounts.operations import EMAIL_TAKEN, Accounts, account_of, create_api_token, open_accounts
from api.accounts.passwords import Passwords
from api.chats import UnfinishedReply, cancel_reply, exported, leave_all_chats, unfinished_replies
from api.database import Database
from api.errors import Conflict, NotFound
from api.settings import Settings
from api.streaming.bus import Bus
from api.streaming.columns import now
from api.streaming.publisher import Publisher


@dataclass(frozen=True, slots=True)
class Listed:
    """A user, as an operator's list shows it."""

    email: str
    name: str
    created_at: datetime
    disabled_at: datetime | None


class Administration:
    """The accounts and replies of one database, for its operator.

    All methods raise NotFound for an unknown e-mail address.
    """

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self._database = database
        self._accounts = accounts
        self._passwords = Passwords()

    async def users(self) -> list[Listed]:
        """All users, the newest first, without deleted ones."""
        query = select(User).where(User.deleted_at.is_(None)).order_by(User.id.desc())
        async with self._database.reading() as session:
            return [
                Listed(row.email, row.name, row.created_at, row.disabled_at) for row in await session.scalars(query)
            ]

    async def add(self, email: str, name: str, password: str) -> None:
        """Create an account, also where sign-up is closed. Raises BadUserInput, and Conflict if there is one."""
        email, name = inputs.email_address(email), inputs.name(name)
        row = User(name=name, email=email, password=await self._passwords.hash(inputs.new_password(password)))
        try:
            async with self._database.transaction() as session:
                if await session.scalar(account_of(email)) is not None:
                    raise Conflict(EMAIL_TAKEN)
                session.add(row)
        except IntegrityError:
            raise Conflict(EMAIL_TAKEN) from None

    async def reset_password(self, email: str, password: str) -> None:
        """Set another password, and end all sessions. API tokens stay. Raises BadUserInput."""
        hashed = await self._passwords.hash(inputs.new_password(password))
        user = await self._user(email)
        async with self._database.transaction() as session:
            (await session.get_one(User, user.id)).password = hashed
        await self._accounts.end_sessions(user.id)

    async def disable(self, email: str) -> None:
        """End all sessions and API tokens, and let nobody sign in."""
        user = await self._user(email)
        async with self._database.transaction() as session:
            (await session.get_one(User, user.id)).disabled_at = now()
        await self._accounts.end_all(user.id)

    async def enable(self, email: str) -> None:
        """Let the user sign in again."""
        user = await self._user(email)
        async with self._database.transaction() as session:
            (await session.get_one(User, user.id)).disabled_at = None

    async def delete(self, email: str) -> None:
        """Leave all chats and empty the account, as `deleteAccount` does."""
        user = await self._user(email)
        await leave_all_chats(self._database, user.id)
        await self._accounts.erase(user.id)

    async def create_token(self, email: str, name: str, expires_at: datetime | None) -> str:
        """A new API token of the user. Raises BadUserInput and LimitExceeded."""
        user = await self._user(email)
        _, secret = await create_api_token(self._database, user.id, inputs.name(name), expires_at)
        return secret

    async def tokens(self, email: str) -> Sequence[ApiToken]:
        user = await self._user(email)
        query = select(ApiToken).where(ApiToken.user_id == user.id).order_by(ApiToken.id.desc())
        async with self._database.reading() as session:
            return (await session.scalars(query)).all()

    async def sessions(self, email: str) -> Sequence[Session]:
        user = await self._user(email)
        query = select(Session).where(Session.user_id == user.id, Session.expires_at > now())
        async with self._database.reading() as session:
            return (await session.scalars(query.order_by(Session.id.desc()))).all()

    async def revoke_token(self, email: str, name: str) -> int:
        """Revoke the user's API tokens with this name. Returns how many there were."""
        user = await self._user(email)
        return await self._accounts.revoke_tokens(user.id, name)

    async def export(self, email: str, file: Path) -> None:
        """Write all data of the user to a file, as JSON. Raises OSError."""
        user = await self._user(email)
        with file.open("w", encoding="utf-8") as written:
            async for piece in exported(self._database, user):
                written.write(piece)

    async def replies(self) -> Sequence[UnfinishedReply]:
        """The replies that wait or are being written, in the order of their creation."""
        return await unfinished_replies(self._database)

    async def cancel_reply(self, reply: UUID) -> None:
        """Stop a reply, and keep its text. Raises NotFound, and Conflict if it has ended."""
        await cancel_reply(self._database, reply)

    async def _user(self, email: str) -> User:
        async with self._database.reading() as session:
            user = await session.scalar(account_of(inputs.given_email_address(email)))
        if user is None or user.deleted_at is not None:
            raise NotFound(f"No account has the e-mail address {email}. `twotrack user list` shows all.")
        return user


@asynccontextmanager
async def administration(settings: Settings) -> AsyncIterator[Administration]:
    """Opens the database and the bus, over which running servers learn what has ended.

    Raises SettingsError if the database cannot be used.
    """
    async with Bus(settings.broadcast_url) as bus, Publisher(bus.publish_all) as publisher:
        database = Database(settings.database_url, publisher)
        try:
            await migrations.prepare(database, embedded=settings.embedded)
            async with open_accounts(settings, database, bus, publisher) as accounts:
                yield Administration(database, accounts)
        finally:
            await database.aclose()
