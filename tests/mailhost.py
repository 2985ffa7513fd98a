"""A mail host of its own for slow tests: a real Postfix and a real Dovecot on loopback, in a folder that goes away.

    client → Postfix (submission, no login) ┬ readers.test → Dovecot (LMTP) → Maildir → IMAP
                                            ├ news.test    → Dovecot, or an LMTP server of the test
                                            ├ gone.test    → refuses every recipient, as a host does that knows nobody
                                            └ all others   → refused: nothing leaves the machine

Nothing of the system's own configuration is read or changed; everything that was started ends with the block.
"""

import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "open sesame"
#: Who has a mailbox; papers+anything@news.test lands in that of papers@news.test.
ADA, BOB, PAPERS = USERS = ("ada@readers.test", "bob@readers.test", "papers@news.test")
#: A domain whose host answers every recipient with 550 5.1.1.
GONE = "gone.test"
#: Seconds until a server must be there, or gone.
PATIENCE = 20.0
_NEEDED = {"postfix": "postfix", "dovecot": "dovecot-imapd", "/usr/lib/dovecot/lmtp": "dovecot-lmtpd"}

_DOVECOT = """\
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot-state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = dovecot
default_login_user = dovenull
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_home = {folder}/mail/%Lu
recipient_delimiter = +
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Lu {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {folder}/users
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
"""

_POSTFIX = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/postfix-data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mail.test
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtp_dns_support_level = disabled
smtp_host_lookup = native
lmtp_host_lookup = native
recipient_delimiter = +
virtual_mailbox_domains = {mailboxed}
virtual_mailbox_maps = texthash:{folder}/mailboxes
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
relay_domains = {relayed}
transport_maps = inline:{{ {{ news.test = {news} }}, {{ gone.test = smtp:[127.0.0.1]:{gone} }} }}
default_transport = error:5.1.2 there is no such domain here
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{ news.test = {check} }} }}, permit_mynetworks, reject
unverified_recipient_reject_code = 550
address_verify_map =
address_verify_poll_delay = 1s
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
transport_retry_time = 1s
"""

_SERVICES = """\
127.0.0.1:{smtp} inet n - n - - smtpd
127.0.0.1:{gone} inet n - n - - smtpd
  -o myhostname=mx.gone.test
  -o {{ smtpd_recipient_restrictions = check_recipient_access static:{{550 5.1.1 User unknown}} }}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""

_QUEUES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop"),
    *("private", "public", "saved", "trace"),
)


@dataclass(frozen=True, slots=True)
class MailHost:
    """Where the host listens, and what is in its mailboxes."""

    folder: Path
    #: Postfix: takes mail for the domains above from anybody on this machine
    smtp_port: int
    #: Dovecot: login with an address of `USERS` and `PASSWORD`, without TLS
    imap_port: int

    def deliver(self, message: bytes, sender: str, recipients: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        """Hand a message to Postfix; an empty sender is the null sender. Returns whom it refused, and its words.

        Raises `smtplib.SMTPRecipientsRefused` where it refused all of them.
        """
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=PATIENCE) as connection:
            return connection.sendmail(sender, list(recipients), message)

    def messages(self, user: str) -> list[bytes]:
        """What lies in the inbox of a user, seen or not, in the order in which it came."""
        inbox = self.folder / "mail" / user / "Maildir"
        files = [path for part in ("new", "cur") for path in (inbox / part).glob("[!.]*")]
        return [path.read_bytes() for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]

    def queued(self) -> int:
        """How many messages Postfix still has: taken, and neither delivered nor sent back."""
        listing = ["postqueue", "-c", str(self.folder / "postfix"), "-j"]
        return len(subprocess.run(listing, check=True, capture_output=True).stdout.splitlines())

    def log(self) -> str:
        """What both servers wrote down."""
        logs = (self.folder / "postfix.log", self.folder / "dovecot.log")
        return "\n".join(log.read_text("utf-8", "replace") for log in logs if log.exists())


def wait_for(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Ask again and again until the answer is true or the time has passed; returns the last answer."""
    end = time.monotonic() + seconds
    while not (answer := bool(condition())) and time.monotonic() < end:
        time.sleep(0.02)
    return answer


@contextmanager
def mail_host(*, lmtp_port: int | None = None, more: Sequence[str] = ()) -> Iterator[MailHost]:
    """Runs until the block ends. Skips the test where that is impossible.

    `more` are addresses of readers.test that have a mailbox too.

    `lmtp_port` is where an LMTP server of the test takes mail for news.test; Postfix asks it about every recipient
    before it takes mail for them. Without it, papers@news.test has a mailbox like the readers.
    """
    _skip_where_impossible()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailhost-")))
        folder.chmod(0o755)  # the servers give up root's rights and still must get in
        smtp, imap, lmtp, gone = _free_ports(4)
        nobody = pwd.getpwnam("nobody")
        users = (*USERS, *more)
        _prepare_dovecot(folder, users, nobody.pw_uid, nobody.pw_gid, imap=imap, lmtp=lmtp)
        _prepare_postfix(folder, users, smtp=smtp, lmtp=lmtp, gone=gone, news=lmtp_port)
        host = MailHost(folder, smtp, imap)
        stack.enter_context(_running(["dovecot", "-F", "-c", folder / "dovecot.conf"], [imap, lmtp], host))
        stack.enter_context(_running([_daemons() / "master", "-s", "-c", folder / "postfix"], [smtp, gone], host))
        yield host


def _skip_where_impossible() -> None:
    if os.geteuid() != 0:
        pytest.skip("Postfix and Dovecot are started by root only")
    for program, package in _NEEDED.items():
        if not shutil.which(program):
            pytest.skip(f"the Debian package {package} is not installed")


def _prepare_dovecot(folder: Path, users: Sequence[str], uid: int, gid: int, *, imap: int, lmtp: int) -> None:
    (folder / "dovecot.conf").write_text(_DOVECOT.format(folder=folder, imap=imap, lmtp=lmtp))
    (folder / "users").write_text("".join(f"{user}:{PASSWORD}:{uid}:{gid}::::\n" for user in users))
    mail = folder / "mail"
    mail.mkdir()
    os.chown(mail, uid, gid)


def _prepare_postfix(folder: Path, users: Sequence[str], *, smtp: int, lmtp: int, gone: int, news: int | None) -> None:
    own, queue = folder / "postfix", folder / "queue"
    for made in (own, queue, queue / "pid", folder / "postfix-data"):
        made.mkdir()
    shutil.chown(folder / "postfix-data", "postfix")
    # What `postfix check` would make too, which takes seconds to look at much else.
    for name in _QUEUES:
        (queue / name).mkdir()
        shutil.chown(queue / name, "postfix", "postdrop")
    (folder / "mailboxes").write_text("".join(f"{user} ok\n" for user in users))
    own.joinpath("main.cf").write_text(
        _POSTFIX.format(
            folder=folder,
            lmtp=lmtp,
            gone=gone,
            news=f"lmtp:inet:127.0.0.1:{news or lmtp}",
            # Whom the test's own server knows is for it to say.
            check="reject_unverified_recipient" if news else "dunno",
            mailboxed="readers.test" if news else "readers.test, news.test",
            relayed=f"{GONE}, news.test" if news else GONE,
        )
    )
    own.joinpath("master.cf").write_text(_SERVICES.format(smtp=smtp, gone=gone))
    for settled in (own / "main.cf", folder / "mailboxes"):
        os.utime(settled, (0, 0))  # Postfix waits until a file is seconds old, lest somebody is still writing


def _daemons() -> Path:
    """Where Postfix keeps its programs: as it was built, whatever the system's own settings say."""
    found = subprocess.run(["postconf", "-d", "-h", "daemon_directory"], check=True, capture_output=True, text=True)
    return Path(found.stdout.strip())


@contextmanager
def _running(command: Sequence[str | Path], ports: Sequence[int], host: MailHost) -> Iterator[None]:
    """A server in the foreground, from its first answer on; it is asked to end, then made to."""
    with (host.folder / "output.log").open("ab") as output:
        # Both lead a process group of their own, so nothing of theirs is left behind, and nothing else is hit.
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        ready = wait_for(lambda: server.poll() is not None or all(map(_answers, ports)))
        if not ready or server.poll() is not None:
            said = (host.folder / "output.log").read_text("utf-8", "replace")
            raise RuntimeError(f"{command[0]} does not start:\n{said}\n{host.log()}")
        yield
    finally:
        server.terminate()
        try:
            server.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, 9)
            server.wait(PATIENCE)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens at, each another one."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
