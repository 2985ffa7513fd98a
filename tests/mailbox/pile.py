"""A pile of mails in a folder, and a process that works through it: for tests that kill such a process."""

from pathlib import Path

from letters import letter

from newsletter.mailbox.envelope import Envelope
from newsletter.mailbox.receiving import Receiver
from newsletter.settings import load

OURS = "papers@news.example.org"
#: How many of each kind are in a pile.
ASKING, READING, LEAVING, WRITING = 40, 30, 15, 15


def pile(folder: Path) -> None:
    """Requests of strangers, wishes of readers, readers who leave, letters; half of them without a Message-ID."""
    folder.mkdir()
    mails = [("asking", n, "subscribe\nwalking robots") for n in range(ASKING)]
    mails += [("reading", n, f"+ topic {n}\nnot: other {n}\ndata") for n in range(READING)]
    mails += [("leaving", n, "stop") for n in range(LEAVING)]
    mails += [("writing", n, "+ robots that swim\n\nWho makes this? I would love to know it.") for n in range(WRITING)]
    for kind, n, words in mails:
        named = {"Message_ID": f"<{kind}-{n}@example.org>"} if n % 2 else {}
        raw = letter(words, From=f"{kind}-{n}@example.org", Date=f"Sun, 22 Nov 2026 12:{n:02}:00 +0000", **named)
        (folder / f"{n:03}-{kind}.eml").write_bytes(raw)


def work_through(project: Path, folder: Path) -> None:
    """Take one after the other, and put each away when it is done."""
    receiver = Receiver(project, load(project), lambda: None)
    for path in sorted(folder.glob("*.eml")):
        receiver.handle(Envelope(None, (OURS,)), path.read_bytes())
        path.rename(path.with_suffix(".done"))
    receiver.close()
