"""Tokens: signed statements of the user who sent a request."""

import time
from uuid import UUID

import jwt

from api.errors import Unauthenticated
from api.identity import Identity

ALGORITHM = "HS256"


class Tokens:
    """Issues and reads tokens."""

    def __init__(self, secret: str, *, hours: float) -> None:
        self._secret = secret
        self._seconds = hours * 3600

    def issue(self, user: UUID) -> str:
        """A token for this user."""
        now = time.time()
        return jwt.encode({"sub": str(user), "iat": int(now), "exp": now + self._seconds}, self._secret, ALGORITHM)

    def read(self, authorization: str | None) -> Identity | None:
        """The identity in an `Authorization` value; None without a value. Raises Unauthenticated for a bad one."""
        if not authorization:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("The authorization must have the form `Bearer <token>`. Sign in to get a token.")
        try:
            # `iat` is for clients. The clock of the server that issued the token may be ahead of this one.
            options: jwt.types.Options = {"require": ["sub", "exp"], "verify_iat": False}
            claims = jwt.decode(token.strip(), self._secret, [ALGORITHM], options=options)
            return Identity(UUID(claims["sub"]), float(claims["exp"]))
        except jwt.ExpiredSignatureError:
            raise Unauthenticated(
                "The token has expired. Sign in again, or refresh the token before it expires."
            ) from None
        except (jwt.InvalidTokenError, ValueError):
            raise Unauthenticated("The token is not valid on this server. Sign in to get a new one.") from None
