"""Checks of the texts in a client's input. Each returns the text to store, or raises BadUserInput."""

import re
from datetime import UTC, datetime
from unicodedata import normalize

from api.characters import code_point, control_in, direction_in, invisible_in, is_blank
from api.common_passwords import is_common
from api.errors import BadUserInput

TITLE_CHARACTERS = 200
NAME_CHARACTERS = 100
KEY_CHARACTERS = 100
PASSWORD_CHARACTERS = (10, 200)
EMAIL_CHARACTERS = 320

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


def text(written: str, what: str, *, least: int = 1, most: int | None = None, most_bytes: int | None = None) -> str:
    """The text, if it can be stored. `least` and `most` are in characters, `most_bytes` is in UTF-8."""
    if "\0" in written:
        raise BadUserInput(f"The {what} contains a NUL character. Remove it.")
    try:
        size = len(written.encode())
    except UnicodeEncodeError:
        raise BadUserInput(
            f"The {what} contains a lone surrogate, half of a character. Remove it, or send the whole character."
        ) from None
    if len(written) < least or (least and is_blank(written)):
        raise BadUserInput(
            f"The {what} is empty. It needs at least one visible character."
            if least <= 1
            else f"The {what} is too short: {len(written):,} characters. Use at least {least}."
        )
    if most is not None and len(written) > most:
        raise BadUserInput(f"The {what} is too long: {len(written):,} characters. The limit is {most:,}. Shorten it.")
    if most_bytes is not None and size > most_bytes:
        raise BadUserInput(
            f"The {what} is too long: {size:,} bytes. The limit is {most_bytes:,}. Shorten it, or split it."
        )
    return written


def title(written: str) -> str:
    """A chat's title, without outer spaces."""
    return one_line(text(written, "title", most=TITLE_CHARACTERS), "title")


def name(written: str) -> str:
    """A user's name, without outer spaces."""
    return one_line(text(written, "name", most=NAME_CHARACTERS), "name")


def one_line(written: str, what: str) -> str:
    """The text without outer spaces, if it leaves the text beside it alone."""
    line = written.strip()
    if (found := control_in(line)) is not None:
        raise BadUserInput(f"The {what} contains a control character or a line break ({code_point(found)}). Remove it.")
    if (found := direction_in(line)) is not None:
        raise BadUserInput(
            f"The {what} contains a character that changes the direction of the text around it ({code_point(found)}). "
            "Remove it."
        )
    return line


def email_address(written: str) -> str:
    """An e-mail address to store, or to find another user by: all of it can be seen."""
    one_line(written, "e-mail address")
    address = given_email_address(written)
    if (found := invisible_in(address)) is not None:
        raise BadUserInput(f"The e-mail address contains an invisible character ({code_point(found)}). Remove it.")
    return address


def given_email_address(written: str) -> str:
    """The e-mail address of an account that exists, as it is compared: without outer spaces, in lower case and NFC.

    Not case folded: that would make `straße@example.com`, another mailbox, the same as `strasse@example.com`.
    """
    address = normalize("NFC", normalize("NFC", text(written, "e-mail address").strip()).lower())
    if len(address) > EMAIL_CHARACTERS or not EMAIL.fullmatch(address):
        raise BadUserInput(f"{written[:60]!r} is not an e-mail address. Write it like name@example.com.")
    return address


def new_password(written: str) -> str:
    """A password that is chosen now."""
    password = text(written, "password", least=PASSWORD_CHARACTERS[0], most=PASSWORD_CHARACTERS[1])
    if is_common(password):
        raise BadUserInput(
            "This password is one of the most used, or repeats itself. Choose another, such as four words."
        )
    return password


def given_password(written: str) -> str:
    """A password to compare with the stored one. A longer one than can be stored is not worth its hash."""
    return text(written, "password", least=0, most=PASSWORD_CHARACTERS[1])


def idempotency_key(written: str) -> str:
    """An idempotency key, made by the client."""
    return text(written, "idempotency key", most=KEY_CHARACTERS)


def content(written: str, most_bytes: int) -> str:
    """The text of a message."""
    return text(written, "message", most_bytes=most_bytes)


def label(written: str | None, what: str, most: int) -> str | None:
    """An optional text on one line, which may be empty, without outer spaces."""
    return None if written is None else one_line(text(written, what, least=0, most=most), what)


def instant(written: datetime | None) -> datetime | None:
    """A date and time. One without an offset is in UTC."""
    return written.replace(tzinfo=UTC) if written is not None and written.tzinfo is None else written
