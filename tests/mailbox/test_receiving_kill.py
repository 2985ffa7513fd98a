"""`kill -9` while mail comes in: every wish is done once, and every answer is written once."""

import random
import smtplib
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mailroom import OP
from mailserver import free_port
from newsroom import SETTINGS, mails, make_project, parsed, recipients
from pile import ASKING, LEAVING, OURS, READING, WRITING, pile, work_through
from processes import Process

from newsletter import Newsletter
from subscribers.evidence import evidence_of
from subscribers.states import State

pytestmark = pytest.mark.slow

WORK = (
    "sys.path.insert(0, sys.argv[2] + '/mailbox'); from pathlib import Path; from pile import work_through; "
    "work_through(Path(sys.argv[1]), Path(sys.argv[1], 'mails'))"
)


def readers(project: Path) -> None:
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        for kind, count in (("reading", READING), ("leaving", LEAVING), ("writing", WRITING)):
            for n in range(count):
                newsletter.subscribe(f"{kind}-{n}@example.org", interests=["walking robots"])


def undone(folder: Path) -> int:
    return len(list(folder.glob("*.eml")))


def all_is_done_once(project: Path) -> None:
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        newsletter.send_notices()
        for person in newsletter.subscribers():
            kind, _, rest = person.address.partition("-")
            n = rest.partition("@")[0]
            events = [one.event for one in evidence_of(newsletter.database, person.id)]
            interests = [str(interest) for interest in person.interests]
            match kind:
                case "asking":
                    assert (person.state, events) == (State.PENDING, ["asked to subscribe"])
                case "reading":
                    assert interests == ["walking robots", f"topic {n}", f"not: other {n}"]
                    assert events == ["subscribed and confirmed", "asked for what is kept"]
                case "leaving":
                    assert (person.state, events[1:]) == (State.UNSUBSCRIBED, ["active → unsubscribed"])
                case "writing":
                    assert interests == ["walking robots", "robots that swim"]
        kinds = Counter(
            str(kind) for (kind,) in newsletter.database.conn.execute("SELECT notice FROM deliveries").fetchall()
        )
        states = dict(newsletter.database.conn.execute("SELECT state, count(*) FROM deliveries GROUP BY 1").fetchall())
    assert kinds == {
        "confirmation": ASKING,
        "private": READING,
        "answer": READING + LEAVING + WRITING,
        "forwarded": WRITING,
    }
    assert states == {"sent": kinds.total()}
    got = Counter(recipients(mails(project)))
    assert got.pop(OP) == WRITING
    assert got == Counter(
        [f"asking-{n}@example.org" for n in range(ASKING)]
        + [f"reading-{n}@example.org" for n in range(READING) for _ in range(2)]
        + [f"leaving-{n}@example.org" for n in range(LEAVING)]
        + [f"writing-{n}@example.org" for n in range(WRITING)]
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_again_and_again_it_does_each_mail_once(tmp_path: Path, seed: int) -> None:
    project = make_project(tmp_path / "news", f'[mailbox]\nreceive = "command"\noperator = "{OP}"\n')
    folder = project / "mails"
    pile(folder)
    readers(project)
    chance, hit = random.Random(seed), 0
    for _ in range(12):
        process = Process(project, WORK).go()
        goal = undone(folder) - chance.randint(0, 9)
        while undone(folder) > goal and process.runs:
            time.sleep(0.0005)
        time.sleep(chance.random() * 0.01)
        hit += process.runs
        process.kill()
    assert hit > 6
    assert undone(folder) > 0
    # What was done before the last kill, and not put away, comes again; and so does everything.
    work_through(project, folder)
    assert undone(folder) == 0
    for path in folder.glob("*.done"):
        path.rename(path.with_suffix(".eml"))
    work_through(project, folder)
    all_is_done_once(project)


class Serving:
    """`newsletter serve` with LMTP, killed and started again."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "newsletter", "serve", "--project", str(self.project)]
        self.child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.child.stderr
        for line in self.child.stderr:
            if "Pages on" in line:
                return
        raise AssertionError("serve has ended")

    def end(self, *, kill: bool) -> None:
        self.child.kill() if kill else self.child.terminate()
        _, err = self.child.communicate(timeout=30)
        assert "Traceback" not in err, err


def hand_over(port: int, raw: bytes) -> bool:
    """As a mail server does: whether it was taken; if not it comes again."""
    try:
        with smtplib.LMTP("127.0.0.1", port, timeout=10) as client:
            client.sendmail(str(parsed(raw)["From"]), [OURS], raw)
    except (OSError, smtplib.SMTPException):
        return False
    return True


def test_serve_killed_again_and_again_loses_no_mail_and_does_none_twice(tmp_path: Path) -> None:
    lmtp, web = free_port(), free_port()
    more = f'[web]\nport = {web}\n[mailbox]\nreceive = "lmtp"\nlmtp_port = {lmtp}\noperator = "{OP}"\n'
    project = make_project(tmp_path / "news", more, settings=SETTINGS)
    pile(project / "mails")
    readers(project)
    queue = [path.read_bytes() for path in sorted((project / "mails").glob("*.eml"))]
    over = threading.Event()
    serving, chance, kills = Serving(project), random.Random(3), 0

    def deliver() -> None:
        while queue:
            if hand_over(lmtp, queue[0]):
                queue.pop(0)
            else:
                time.sleep(0.05)
        over.set()

    delivering = threading.Thread(target=deliver)
    delivering.start()
    try:
        while not over.wait(0.05 + chance.random() * 0.3) and kills < 8:
            serving.end(kill=True)
            kills += 1
            serving.start()
        assert over.wait(60)
    finally:
        queue.clear()
        delivering.join()
        serving.end(kill=False)
    assert kills > 3
    all_is_done_once(project)
