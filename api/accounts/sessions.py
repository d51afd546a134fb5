"""Session tokens: signed statements of the session to which a request belongs."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt

from api.errors import Unauthenticated

ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a session token states."""

    user: UUID
    session: UUID
    expires_at: float
    """Seconds since 1970."""


class Tokens:
    """Issues and reads session tokens. Whether the session still lives is for `Credentials` to find out.

    Tokens that were signed with one of the `former` keys are read, too.
    """

    def __init__(self, secret: str, *, hours: float, former: Sequence[str] = ()) -> None:
        self._secret = secret
        self._known = (secret, *former)
        self._seconds = hours * 3600

    def issue(self, user: UUID, session: UUID, *, until: float | None = None) -> str:
        """A token for this session of the user. It expires at `until`, in seconds since 1970, at the latest."""
        now = time.time()
        expires_at = now + self._seconds if until is None else min(now + self._seconds, until)
        claims = {"sub": str(user), "sid": str(session), "iat": int(now), "exp": expires_at}
        return jwt.encode(claims, self._secret, ALGORITHM)

    def read(self, token: str) -> Claims:
        """What the token states. Raises Unauthenticated if it is not valid or has expired."""
        try:
            # `iat` is for clients. The clock of the server that issued the token may be ahead of this one.
            options: jwt.types.Options = {"require": ["sub", "sid", "exp"], "verify_iat": False}
            claims = self._verified(token.strip(), options)
            return Claims(UUID(claims["sub"]), UUID(claims["sid"]), float(claims["exp"]))
        except jwt.ExpiredSignatureError:
            raise Unauthenticated(
                "The token has expired. Sign in again, or refresh the token before it expires."
            ) from None
        except (jwt.InvalidTokenError, ValueError):
            raise Unauthenticated("The token is not valid on this server. Sign in to get a new one.") from None

    def _verified(self, token: str, options: jwt.types.Options) -> dict[str, Any]:
        for key in self._known[:-1]:
            with suppress(jwt.InvalidSignatureError):
                return jwt.decode(token, key, [ALGORITHM], options=options)
        return jwt.decode(token, self._known[-1], [ALGORITHM], options=options)


def bearer(authorization: str | None) -> str | None:
    """The token in an `Authorization` value; None without a value. Raises Unauthenticated for another scheme."""
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("The authorization must have the form `Bearer <token>`. Sign in to get a token.")
    return token.strip()
