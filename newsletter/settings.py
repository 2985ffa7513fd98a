"""All settings: one table with default, help and whether it is secret; read once, then passed down.

They come from `newsletter.toml` in the project's folder, then from variables: `smtp.password` may be given
as NEWSLETTER_SMTP_PASSWORD. A wrong or unknown one is an error that names itself and its place.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import idna
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from newsletter.errors import ProjectError, SettingsError
from subscribers.address import parse_address
from subscribers.cadence import Cadence, parse_cadence, parse_time, parse_timezone
from subscribers.errors import InvalidCadence

FILE = "newsletter.toml"
PREFIX = "NEWSLETTER_"
#: Variables with our prefix that are not settings.
NOT_SETTINGS = frozenset({"NEWSLETTER_PROJECT"})


def _matching(pattern: str, what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(what)
        return value

    return AfterValidator(check)


_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*")


def _base_url(value: str) -> str:
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


OneLine = Annotated[str, AfterValidator(_one_line)]
Address = Annotated[str, AfterValidator(parse_address)]
Colour = Annotated[str, _matching(r"#[0-9a-fA-F]{6}", "write a colour as #a8401c")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CadenceSettings(_Section):
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


class IssueSettings(_Section):
    """What an issue holds."""

    picks: int = Field(7, ge=1, le=50, description="entries chosen for the reader, at most")
    favourites: int = Field(3, ge=0, le=20, description="entries that everybody likes, at most (0 leaves them out)")
    outside: int = Field(1, ge=0, le=1, description="one deliberate step outside the reader's interests, or 0 for none")
    floor: float = Field(
        1.0, ge=-3, le=5, description="how far above the average an entry must lie to be chosen, in standard deviations"
    )
    max_lateness_hours: int = Field(48, ge=1, le=720, description="an issue later than this is not sent any more")


class ModelSettings(_Section):
    """What turns text into vectors."""

    name: str = Field(
        "bundled", description="'bundled' (all-MiniLM-L6-v2, offline), a folder, or a sentence-transformers name"
    )
    batch: int = Field(32, ge=1, le=1024, description="texts embedded at once")


class DeliverySettings(_Section):
    """How mail leaves."""

    transport: Literal["folder", "smtp"] = Field("folder", description="'folder' writes .eml files, 'smtp' sends them")
    folder: str = Field("outbox", description="where .eml files go, from the project's folder")
    on_uncertain: Literal["hold", "resend"] = Field(
        "hold",
        description="after a crash in mid-message: 'hold' shows it, 'resend' repeats it with the same Message-ID",
    )
    durability: Literal["power", "process"] = Field(
        "power", description="what the ledger survives: a power cut, or the death of the process only (faster)"
    )


class SmtpSettings(_Section):
    """The mail server, where delivery.transport is 'smtp'."""

    host: str = Field("", description="name of the mail server")
    port: int = Field(587, ge=1, le=65535, description="587 (starttls), 465 (tls) or 25")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="certificates are always checked; 'none' is refused together with a login"
    )
    username: str = Field("", description="login, if the server wants one")
    password: SecretStr = Field(SecretStr(""), description="its password; better given as NEWSLETTER_SMTP_PASSWORD")
    timeout: float = Field(30, gt=0, le=600, description="seconds to wait for the server's answer")


class WebSettings(_Section):
    """The pages for readers, served by `newsletter serve`."""

    host: str = Field("127.0.0.1", description="the address that `newsletter serve` listens on")
    port: int = Field(8000, ge=1, le=65535, description="and its port; put a web server with TLS before it")
    trusted_proxy: str = Field(
        "127.0.0.1", description="whose X-Forwarded-For is believed: addresses of that web server, with commas between"
    )


class MailboxSettings(_Section):
    """Mail that comes in: commands, replies, bounces."""

    receive: Literal["nothing", "imap", "lmtp", "command"] = Field(
        "nothing",
        description="how mail reaches us: 'imap' reads a mailbox, 'lmtp' is for your own Postfix, 'command' is your "
        "server calling `newsletter receive`",
    )
    operator: Annotated[str, AfterValidator(_address_or_none)] = Field(
        "", description="who reads what people write, and alarms; empty leaves their mail in the mailbox"
    )
    delimiter: Annotated[str, _matching(r"[+=-]?", "write + (or = or -), or leave it empty")] = Field(
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


class SourceSettings(_Section):
    """One place where entries come from: a [[sources]] table."""

    name: Annotated[str, _matching(r"[\w][\w .+-]{0,59}", "use letters, digits, spaces, '.', '+', '-'")] = Field(
        description="your name for it; shown with each entry"
    )
    location: str = Field(min_length=1, description="a URL, a file or a folder (from the project's folder)")
    kind: Literal["auto", "papers-page", "feed", "jsonl"] = Field(
        "auto", description="what it is, where guessing fails"
    )
    year: int | None = Field(None, ge=1990, le=2100, description="papers-page: the year that its date leaves out")


class Settings(BaseSettings):
    """Everything an operator can set, frozen."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        nested_model_default_partial_update=True,
    )

    title: OneLine = Field("My newsletter", description="the newsletter's name")
    address: Address = Field("newsletter@example.com", description="the address it is sent from, and replies go to")
    postal_address: OneLine = Field("", description="who sends this: required by law in every mail, so by us to send")
    base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        "https://newsletter.example.com", description="where readers reach its pages; every link in a mail begins so"
    )
    language: Annotated[str, _matching(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", "write it as en or pt-BR")] = Field(
        "en", description="language of the mail"
    )
    brand: Colour = Field("#a8401c", description="the one colour; adjusted to be readable on light and dark")
    search_url: Annotated[str, _matching(r"https?://\S*\{title\}\S*", "write a URL that holds {title}")] = Field(
        "https://arxiv.org/search/?searchtype=title&query={title}",
        description="where an entry without a link of its own is looked for; {title} is filled in",
    )
    cadence: CadenceSettings = CadenceSettings()
    issue: IssueSettings = IssueSettings()
    model: ModelSettings = ModelSettings()
    delivery: DeliverySettings = DeliverySettings()
    smtp: SmtpSettings = SmtpSettings()
    web: WebSettings = WebSettings()
    mailbox: MailboxSettings = MailboxSettings()
    sources: tuple[SourceSettings, ...] = Field((), description="where entries come from")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables before the file; the file's content is handed over by `load` as keyword arguments."""
        return env_settings, init_settings

    def refuse_unfinished(self, path: Path) -> None:
        """Raise `SettingsError` where something that every mail must have is missing in the file at `path`."""
        if not self.postal_address:
            raise SettingsError(
                f"postal_address is not set in {path}, so nothing is sent: the law of most countries wants it in every "
                "newsletter. Write who you are and where mail reaches you."
            )
        if self.delivery.transport == "smtp":
            host = urlsplit(self.base_url).hostname or ""
            for name, domain in (("address", self.domain), ("base_url", host)):
                if f".{domain}".endswith(".example.com"):
                    raise SettingsError(f"{name} in {path} is still an example. Write your own before sending by SMTP.")

    @property
    def domain(self) -> str:
        """The domain of our address: right side of Message-IDs, base of the List-Id."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of settings."""

    #: as in the file: `smtp.password`
    name: str
    default: Any
    help: str
    secret: bool

    @property
    def variable(self) -> str:
        """The variable that overrules the file."""
        return PREFIX + self.name.replace(".", "_").upper()


def table() -> list[Row]:
    """Every setting but the [[sources]], in the order of the file."""

    def rows(model: type[BaseModel], prefix: str) -> Iterator[Row]:
        for name, field in model.model_fields.items():
            if name == "sources":
                continue
            if isinstance(field.annotation, type) and issubclass(field.annotation, _Section):
                yield from rows(field.annotation, f"{name}.")
            else:
                yield Row(prefix + name, _default(field), field.description or "", field.annotation is SecretStr)

    return list(rows(Settings, ""))


def load(project: Path) -> Settings:
    """Read the settings of the newsletter in that folder.

    Raises `ProjectError` where there is none, `SettingsError` naming each setting that is wrong.
    """
    path = project / FILE
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ProjectError(
            f"There is no {FILE} in {project.resolve()}. Go into your newsletter's folder, name it with --project, "
            "or make one with `newsletter init`."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}. Mend that line.") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}. Check what it is and who may read it.") from None
    _refuse_unknown_variables()
    if private := [key for key in content if key.startswith("_")]:
        raise SettingsError(f"{private[0]} in {path} is no setting. Remove it.")  # these are pydantic-settings' own
    settings = checked(path, content)
    _refuse_twins(path, settings)
    return settings


def checked(path: Path, content: dict[str, Any]) -> Settings:
    """The settings that the content of that file makes, together with the variables. Raises `SettingsError`."""
    try:
        settings = Settings(**content)
        settings.cadence.cadence()
    except ValidationError as error:
        raise SettingsError("\n".join(_in_words(path, e) for e in error.errors())) from None
    except InvalidCadence as error:
        raise SettingsError(f"cadence in {path}: {error}") from None
    except UnreadableVariable:
        raise SettingsError(
            f"The variable {PREFIX}SOURCES is not JSON. Write a list of objects, or unset it."
        ) from None
    return settings


def _refuse_twins(path: Path, settings: Settings) -> None:
    names = [source.name for source in settings.sources]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"{path} has two sources named {name!r}. Rename one.")


def _refuse_unknown_variables() -> None:
    known = {row.variable for row in table()} | NOT_SETTINGS | {PREFIX + "SOURCES"}
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and variable not in known:
            raise SettingsError(f"The variable {variable} is no setting.{_did_you_mean(variable, known)} Unset it.")


def _in_words(path: Path, error: Any) -> str:
    """One of pydantic's errors as a sentence; the value itself is left out (it may be a secret)."""
    parts = [str(part) for part in error["loc"] if not str(part).startswith(("function-", "constrained-"))]
    name = ".".join(parts)
    variable = PREFIX + name.replace(".", "_").upper()
    where = f"the variable {variable}" if variable in os.environ else str(path)
    if error["type"] == "extra_forbidden":
        known = {row.name for row in table()} | set(Settings.model_fields)
        known |= {f"sources.{parts[1] if len(parts) > 1 else 0}.{n}" for n in SourceSettings.model_fields}
        return f"{name} in {where} is no setting.{_did_you_mean(name, known)} Remove it or mend its name."
    if error["type"] == "missing":
        return f"{name} is missing in {where}. Add it."
    message = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{name} in {where} is wrong: {message[:1].lower()}{message[1:]}."


def _did_you_mean(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _default(field: FieldInfo) -> Any:
    if field.default is PydanticUndefined:
        return None
    return field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
