"""Mails that people and machines might have written."""

#: What a mail that is made of anything may be made of.
PIECES = [
    b"Content-Type: multipart/mixed; boundary=b\n",
    b"Content-Type: text/html; charset=",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Type: message/rfc822\n",
    b"Content-Type: message/delivery-status\n",
    b"\n--b\n",
    b"--b--\n",
    b"\n\n",
    b"Subject: =?utf-8?b?",
    b"From: <",
    b"\x00",
    b"\xff\xfe",
    b"filename*0*=",
]


def letter(body: str = "", **headers: str) -> bytes:
    """A mail in plain text from Ada to us; headers by their names with _ for -, an empty one is left out."""
    named = {
        "From": "Ada Lovelace <ada@example.org>",
        "To": "news@example.net",
        "Subject": "",
        "Content-Type": "text/plain; charset=utf-8",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\n" for name, value in named.items() if value)
    return f"{head}\n{body}".encode("utf-8", "surrogateescape")


def html_letter(body: str, **headers: str) -> bytes:
    """The same as HTML only."""
    return letter(body, Content_Type="text/html; charset=utf-8", **headers)


def parts_of_mail(*parts: str, kind: str = "mixed") -> tuple[str, str]:
    """Content-Type and body of a multipart mail; each part begins with its own headers."""
    body = "".join(f"--frontier\n{part}\n" for part in parts)
    return f"multipart/{kind}; boundary=frontier", f"{body}--frontier--\n"
