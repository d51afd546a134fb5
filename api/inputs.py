"""Checks of what clients write: each returns the checked text or raises BadUserInput."""

import re

from api.errors import BadUserInput

TITLE_CHARACTERS = 200
NAME_CHARACTERS = 100
KEY_CHARACTERS = 100
PASSWORD_CHARACTERS = (10, 200)
EMAIL_CHARACTERS = 320

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


def text(written: str, what: str, *, least: int = 1, most: int | None = None, most_bytes: int | None = None) -> str:
    """The text, if it can be stored. `least` and `most` in characters, `most_bytes` in UTF-8. Raises BadUserInput."""
    if "\0" in written:
        raise BadUserInput(f"The {what} contains a NUL character. Remove it.")
    try:
        size = len(written.encode())
    except UnicodeEncodeError:
        raise BadUserInput(f"The {what} contains half a character (a lone surrogate). Send whole characters.") from None
    if len(written) < least or (least and not written.strip()):
        raise BadUserInput(
            f"The {what} is empty. Enter at least one visible character."
            if least <= 1
            else f"The {what} is too short: {len(written):,} characters. Use at least {least}."
        )
    if most is not None and len(written) > most:
        raise BadUserInput(f"The {what} is too long: {len(written):,} characters. The limit is {most:,}.")
    if most_bytes is not None and size > most_bytes:
        raise BadUserInput(
            f"The {what} is too long: {size:,} bytes. The limit is {most_bytes:,}. Send it in several parts."
        )
    return written


def email_address(written: str) -> str:
    """The address as it is stored: without outer spaces, case folded. Raises BadUserInput."""
    address = written.strip().casefold()
    if len(address) > EMAIL_CHARACTERS or not EMAIL.fullmatch(address):
        raise BadUserInput("This is not an e-mail address. Write it like name@example.com.")
    return address
