"""All settings: one table with default, help and whether it is secret; read once, then passed down.

They come from `newsletter.toml` in the project's folder, then from variables: `smtp.password` may be given
as NEWSLETTER_SMTP_PASSWORD. A wrong or unknown one is an error that names itself and its place.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from newsletter.errors import ProjectError, SettingsError
from newsletter.sections import (
    Address,
    CadenceSettings,
    ClusterSettings,
    Colour,
    DeliverySettings,
    DkimSettings,
    IssueSettings,
    LookSettings,
    MailboxSettings,
    ModelSettings,
    OneLine,
    PacingSettings,
    PullSettings,
    Section,
    SmtpSettings,
    SourceSettings,
    WebhookSettings,
    WebSettings,
    matching,
    web_address,
)
from subscribers.address import address_key
from subscribers.errors import InvalidCadence

FILE = "newsletter.toml"
PREFIX = "NEWSLETTER_"
#: Variables with our prefix that are not settings.
NOT_SETTINGS = frozenset({"NEWSLETTER_PROJECT"})


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
    base_url: Annotated[str, AfterValidator(web_address)] = Field(
        "https://newsletter.example.com", description="where readers reach its pages; every link in a mail begins so"
    )
    language: Annotated[str, matching(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", "write it as en or pt-BR")] = Field(
        "en", description="language of the mail"
    )
    brand: Colour = Field("#a8401c", description="the one colour; adjusted to be readable on light and dark")
    search_url: Annotated[str, matching(r"https?://\S*\{title\}\S*", "write a URL that holds {title}")] = Field(
        "https://arxiv.org/search/?searchtype=title&query={title}",
        description="where an entry without a link of its own is looked for; {title} is filled in",
    )
    look: LookSettings = LookSettings()
    cadence: CadenceSettings = CadenceSettings()
    pull: PullSettings = PullSettings()
    issue: IssueSettings = IssueSettings()
    model: ModelSettings = ModelSettings()
    cluster: ClusterSettings = ClusterSettings()
    delivery: DeliverySettings = DeliverySettings()
    smtp: SmtpSettings = SmtpSettings()
    pacing: PacingSettings = PacingSettings()
    dkim: DkimSettings = DkimSettings()
    web: WebSettings = WebSettings()
    mailbox: MailboxSettings = MailboxSettings()
    webhooks: WebhookSettings = WebhookSettings()
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
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
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
    _refuse_loop(path, settings)
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
    except UnreadableVariable as error:
        variable = PREFIX + ("PACING_DOMAINS" if '"pacing"' in str(error) else "SOURCES")
        raise SettingsError(f"The variable {variable} is not JSON. Mend it, or unset it.") from None
    return settings


def _refuse_twins(path: Path, settings: Settings) -> None:
    names = [source.name for source in settings.sources]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"{path} has two sources named {name!r}. Rename one.")


def _refuse_loop(path: Path, settings: Settings) -> None:
    """What people write is handed on to the operator: at our own address it would come in again."""
    if settings.mailbox.receives and address_key(settings.mailbox.operator) == address_key(settings.address):
        raise SettingsError(
            f"mailbox.operator in {path} is the newsletter's own address, which the program reads. "
            "Name another one, of a person."
        )


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
