"""Where a mail that cannot be delivered comes back to: an address of ours that names the delivery (VERP)."""

from newsletter.rendering.links import Purpose, Signer

#: What stands between the + and the token; the same letter says what a token in an address is for.
MARK = "b-"


class ReturnPath:
    """Makes envelope senders; without a delimiter every mail comes back to the newsletter's own address."""

    def __init__(self, address: str, delimiter: str, signer: Signer) -> None:
        self._address = address
        self._local, _, self._domain = address.rpartition("@")
        self._delimiter = delimiter
        self._signer = signer

    def of(self, subscriber_id: int | None, delivery_id: int) -> str:
        """The envelope sender of a delivery; unguessable, so that nobody can report what did not happen."""
        if not self._delimiter or subscriber_id is None:
            return self._address
        detail = MARK + self._signer.detail(Purpose.BOUNCE, subscriber_id, delivery_id)
        local = f"{self._local}{self._delimiter}{detail}"
        # RFC 5321, section 4.5.3.1.1: more than 64 octets before the @ need not be taken.
        return f"{local}@{self._domain}" if len(local) <= 64 else self._address
