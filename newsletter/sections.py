"""The tables of the settings' file, each a class; what each setting may be, and what it means."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

import idna
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from subscribers.address import parse_address
from subscribers.cadence import Cadence, parse_cadence, parse_time, parse_timezone


def matching(pattern: str, what: str) -> AfterValidator:
    """A text that is all of the pattern; else `what` says what to write."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(what)
        return value

    return AfterValidator(check)


_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*")


def web_address(value: str) -> str:
    """The address of a host and perhaps a path, without a slash at its end. Raises `ValueError`."""
    wrong = ValueError("write an https:// address of a host and perhaps a path, such as https://news.example.org")
    try:
        parts = urlsplit(value.strip().rstrip("/"))
        host, port = parts.hostname or "", parts.port
        host = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except (ValueError, idna.IDNAError):
        raise wrong from None
    allowed = parts.scheme == "https" or (parts.scheme == "http" and host in ("localhost", "127.0.0.1"))
    clean = not (parts.query or parts.fragment or "@" in parts.netloc or port == 0)
    if not (allowed and clean and _HOST.fullmatch(host) and re.fullmatch(r"[\w./~-]*", parts.path, re.ASCII)):
        raise wrong
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


def _one_line(value: str) -> str:
    if not value.isprintable() or len(value) > 200:
        raise ValueError("write it in one line of at most 200 characters")
    return value.strip()


def _number_as_text(value: object) -> object:
    """TOML's 5 beside "5"; but True is no number."""
    return str(value) if type(value) is int else value


def _time(value: str) -> str:
    return f"{parse_time(value):%H:%M}"


def _address_or_none(value: str) -> str:
    return parse_address(value) if value.strip() else ""


def _hard_to_guess(value: SecretStr) -> SecretStr:
    if 0 < len(value.get_secret_value()) < 12:
        raise ValueError("write at least 12 characters, such as four words")
    return value


OneLine = Annotated[str, AfterValidator(_one_line)]
StudioPassword = Annotated[SecretStr, AfterValidator(_hard_to_guess)]
Address = Annotated[str, AfterValidator(parse_address)]
Colour = Annotated[str, matching(r"#[0-9a-fA-F]{6}", "write a colour as #a8401c")]


_FONT = r"(?:'[A-Za-z0-9][A-Za-z0-9 -]*'|-?[A-Za-z][A-Za-z0-9 -]*)"
#: As CSS writes a stack of fonts, with nothing in it that could end an attribute or a declaration.
FontStack = Annotated[
    str,
    matching(
        f"{_FONT}(?:, *{_FONT})*",
        "write the fonts' names with commas between, those that begin with a digit in single quotes, as Charter, serif",
    ),
]
#: Without any sign that could end an attribute.
PictureAddress = Annotated[
    str,
    matching(
        r"(?:https://[A-Za-z0-9.-]+(?::\d+)?/[\w./~%?&=+,:@-]*)?",
        "write the https:// address of a picture, such as https://news.example.org/logo.png, or leave it empty",
    ),
]


class Section(BaseModel):
    """A table of the settings' file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CadenceSettings(Section):
    """What a new reader gets who asks for nothing else."""

    frequency: Literal["daily", "weekly", "monthly"] = Field("weekly", description="daily, weekly or monthly")
    day: Annotated[str, BeforeValidator(_number_as_text)] = Field(
        "friday", description="weekday (weekly) or day of the month (monthly)"
    )
    at: Annotated[str, AfterValidator(_time)] = Field("08:00", description="local time of day")
    timezone: Annotated[str, AfterValidator(parse_timezone)] = Field("UTC", description="IANA name, as Europe/Paris")

    def cadence(self) -> Cadence:
        """The default cadence as the subscribers' package knows it."""
        return parse_cadence(self.frequency, self.day, self.at, self.timezone)


class IssueSettings(Section):
    """What an issue holds."""

    picks: int = Field(7, ge=1, le=50, description="entries chosen for the reader, at most")
    favourites: int = Field(3, ge=0, le=20, description="entries that everybody likes, at most (0 leaves them out)")
    outside: int = Field(1, ge=0, le=1, description="one deliberate step outside the reader's interests, or 0 for none")
    floor: float = Field(
        1.0, ge=-3, le=5, description="how far above the average an entry must lie to be chosen, in standard deviations"
    )
    max_lateness_hours: int = Field(48, ge=1, le=720, description="an issue later than this is not sent any more")
    review_hours: int = Field(
        0,
        ge=0,
        le=168,
        description="each issue waits for your word, but at most so long after its cut-off; 0: not at all",
    )


class LookSettings(Section):
    """How mails and pages look; `brand` is their colour."""

    theme: Literal["paper", "minimal", "dense"] = Field(
        "paper", description="'paper', a newspaper; 'minimal', white and wide; 'dense', many entries on a screen"
    )
    logo: PictureAddress = Field(
        "",
        description="the https:// address of a picture at the head of mails and pages, best on a ground of its own, "
        "for light and dark; empty shows the title",
    )
    serif: FontStack = Field(
        "Georgia, 'Times New Roman', serif", description="fonts for reading; readers see the first that they have"
    )
    sans: FontStack = Field(
        "-apple-system, BlinkMacSystemFont, 'Segoe UI', Inter, Roboto, Helvetica, Arial, sans-serif",
        description="fonts for everything else",
    )
    thumbnails: bool = Field(
        False,
        description="entries' own pictures in mails; each is a request to another server, which sees when a mail is "
        "opened and from where",
    )


class PullSettings(Section):
    """How entries are brought in."""

    every_minutes: int = Field(60, ge=5, le=1440, description="each source is asked so often by `newsletter serve`")
    private_networks: bool = Field(
        False,
        description="may a source on the internet redirect into a private network? One that you name yourself may",
    )


class ModelSettings(Section):
    """What turns text into vectors."""

    name: str = Field(
        "bundled",
        min_length=1,
        description="'bundled' (all-MiniLM-L6-v2, offline), a folder, or a sentence-transformers name",
    )
    backend: Literal["auto", "float32", "bfloat16", "onnx", "int8", "static"] = Field(
        "auto",
        description="how it is computed: 'auto' is bfloat16 where the processor has it, else float32; 'onnx', 'int8', "
        "'static' are made of the model once. `newsletter model compare` measures them",
    )
    batch: int = Field(16, ge=1, le=1024, description="texts embedded at once")


class ClusterSettings(Section):
    """Other machines that read new entries and judge readers."""

    scheduler: Annotated[str, matching(r"((tls|tcp)://\S+:\d+)?", "write it as tls://10.0.0.1:8786")] = Field(
        "", description="the address of a Dask scheduler whose workers do parts of the work; empty: all is done here"
    )
    ca: str = Field("cluster/ca.pem", description="for tls://: the authority's certificate, from the project's folder")
    certificate: str = Field("cluster/cert.pem", description="and this machine's certificate")
    key: str = Field("cluster/key.pem", description="and its key")


class DeliverySettings(Section):
    """How mail leaves."""

    transport: Literal["folder", "smtp"] = Field("folder", description="'folder' writes .eml files, 'smtp' sends them")
    folder: str = Field("outbox", description="where .eml files go, from the project's folder")
    on_uncertain: Literal["hold", "resend"] = Field(
        "hold",
        description="after a crash in mid-message: 'hold' shows it, 'resend' repeats it with the same Message-ID",
    )
    redirect_all_to: Annotated[str, AfterValidator(_address_or_none)] = Field(
        "", description="for a rehearsal: every mail goes to this address instead of its reader, and counts as sent"
    )
    give_up_hours: int = Field(
        24, ge=1, le=240, description="a message that the server puts off again and again is given up after so long"
    )
    durability: Literal["power", "process"] = Field(
        "power", description="what the ledger survives: a power cut, or the death of the process only (faster)"
    )


class SmtpSettings(Section):
    """The mail server, where delivery.transport is 'smtp'."""

    host: str = Field("", description="name of the mail server")
    port: int = Field(587, ge=1, le=65535, description="587 (starttls), 465 (tls) or 25")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="certificates are always checked; 'none' is refused together with a login"
    )
    username: str = Field("", description="login, if the server wants one")
    password: SecretStr = Field(SecretStr(""), description="its password; better given as NEWSLETTER_SMTP_PASSWORD")
    timeout: float = Field(
        30,
        gt=0,
        le=600,
        description="seconds to wait for the server's answer; ten times as long once it has a whole message",
    )
    connections: int = Field(4, ge=1, le=100, description="connections at once; your server says how many it likes")
    messages_per_connection: int = Field(
        200, ge=1, le=100_000, description="messages handed over on a connection before a new one is opened"
    )


class PacingSettings(Section):
    """How fast mail leaves at most, where delivery.transport is 'smtp'; kept over a restart."""

    per_second: float = Field(0, ge=0, le=100_000, description="messages a second; 0: as fast as the server takes them")
    per_hour: int = Field(0, ge=0, le=100_000_000, description="messages an hour; 0: no limit")
    first_day: int = Field(
        0,
        ge=0,
        le=10_000_000,
        description="slow start of a new address: messages on its first day, twice as many on each day after; 0: none",
    )
    domains: dict[str, Annotated[float, Field(gt=0, le=100_000)]] = Field(
        {"gmail.com": 20, "outlook.com": 20, "yahoo.com": 20, "icloud.com": 20},
        description="messages a second to readers at one provider; its other domains (hotmail.com, …) are meant too",
    )


class DkimSettings(Section):
    """The signature that says that a mail is yours."""

    selector: Annotated[
        str, matching(r"([a-z0-9-]{1,63}( *, *[a-z0-9-]{1,63})?)?", "write a name as s2026, or two with a comma")
    ] = Field("", description="which key in keys/ signs (`newsletter dkim new` makes one); two with a comma; or none")

    @property
    def selectors(self) -> tuple[str, ...]:
        """The keys that sign, each by its name."""
        return tuple(filter(None, (one.strip() for one in self.selector.split(","))))


class WebhookSettings(Section):
    """Bounces that a mail service tells by calling a page of ours; each works once its secret is set."""

    ses_topic: str = Field("", description="Amazon SES: the ARN of the SNS topic; its signature is checked")
    postmark_password: SecretStr = Field(
        SecretStr(""), description="Postmark: the password in the webhook's address; better given as a variable"
    )
    mailgun_key: SecretStr = Field(
        SecretStr(""), description="Mailgun: the HTTP webhook signing key; better given as a variable"
    )


class WebSettings(Section):
    """The pages for readers, served by `newsletter serve`."""

    host: str = Field("127.0.0.1", description="the address that `newsletter serve` listens on")
    port: int = Field(8000, ge=1, le=65535, description="and its port; put a web server with TLS before it")
    trusted_proxy: str = Field(
        "127.0.0.1", description="whose X-Forwarded-For is believed: addresses of that web server, with commas between"
    )
    studio_password: StudioPassword = Field(
        SecretStr(""),
        description="opens the editor’s desk at base_url/studio; empty: no desk there. Better given as a variable",
    )
    metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus metrics on this port of 127.0.0.1; 0 for none")


class MailboxSettings(Section):
    """Mail that comes in: commands, replies, bounces."""

    receive: Literal["nothing", "imap", "lmtp", "command"] = Field(
        "nothing",
        description="how mail reaches us: 'imap' reads a mailbox, 'lmtp' is for your own Postfix, 'command' is your "
        "server calling `newsletter receive`",
    )
    operator: Annotated[str, AfterValidator(_address_or_none)] = Field(
        "", description="who reads what people write, and alarms; empty leaves their mail in the mailbox"
    )
    delimiter: Annotated[str, matching(r"[+=-]?", "write + (or = or -), or leave it empty")] = Field(
        "+", description="name+detail@ reaches name@: so bounces find their reader; empty if your server cannot"
    )
    trusted_results: str = Field(
        "", description="the name in your server's Authentication-Results; empty believes the topmost"
    )
    imap_host: str = Field("", description="name of the IMAP server")
    imap_port: int = Field(993, ge=1, le=65535, description="993 (tls) or 143 (starttls)")
    imap_security: Literal["tls", "starttls", "none"] = Field(
        "tls", description="certificates are always checked; 'none' only on this machine"
    )
    imap_username: str = Field("", description="login")
    imap_password: SecretStr = Field(
        SecretStr(""), description="its password; better given as NEWSLETTER_MAILBOX_IMAP_PASSWORD"
    )
    imap_folder: str = Field("INBOX", description="where new mail is found")
    lmtp_host: str = Field("127.0.0.1", description="the address that LMTP listens on; it must be this machine's own")
    lmtp_port: int = Field(2425, ge=1, le=65535, description="and its port")

    @property
    def detail(self) -> str:
        """The delimiter, where mail to name+detail@ reaches us; else empty."""
        return self.delimiter if self.receives else ""

    @property
    def receives(self) -> bool:
        """Does anything read what people answer?"""
        return self.receive != "nothing"


class SourceSettings(Section):
    """One place where entries come from: a [[sources]] table."""

    name: Annotated[str, matching(r"[\w][\w .+-]{0,59}", "use letters, digits, spaces, '.', '+', '-'")] = Field(
        description="your name for it; shown with each entry"
    )
    location: str = Field(min_length=1, description="a URL, a file or a folder (from the project's folder)")
    kind: Literal["auto", "papers-page", "feed", "jsonl", "huggingface", "arxiv"] = Field(
        "auto", description="what it is, where guessing fails"
    )
    year: int | None = Field(None, ge=1990, le=2100, description="papers-page: the year that its date leaves out")
    cross_lists: bool = Field(True, description="arxiv: also papers that were announced in another category first")
