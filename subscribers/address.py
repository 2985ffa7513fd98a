"""Addresses as people type them, and as mail wants them."""

from contextlib import suppress

from email_validator import EmailNotValidError, validate_email

from subscribers.errors import InvalidAddress


def parse_address(typed: str) -> str:
    """The address in the form that goes into a header: domain in lower case and as A-label (`xn--…`).

    The local part stays as typed: `ada+papers@…` is another address than `ada@…`.
    Raises `InvalidAddress`, also for a local part outside ASCII: few servers take those (RFC 6531), so we
    say so when somebody subscribes instead of failing at every issue.
    """
    text = typed.strip()
    shown = text if len(text) <= 80 else text[:77] + "…"
    shown = "".join(c if c.isprintable() else "�" for c in shown)
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=True, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidAddress(f"{shown!r} is not an email address: {str(error).rstrip('.')}.") from None
    if checked.ascii_email is None:
        raise InvalidAddress(
            f"{shown!r} has letters outside ASCII before the @, which most mail servers refuse. "
            "Ask for another address of the same person."
        )
    return checked.ascii_email


def address_key(address: str) -> str:
    """What two addresses must share to be the same reader: letter case does not matter, nor how a domain is written.

    An ASCII address is only folded, because this is asked for every message.
    """
    key = address.strip()
    if not key.isascii():
        with suppress(InvalidAddress):
            key = parse_address(key)
    return key.casefold()
