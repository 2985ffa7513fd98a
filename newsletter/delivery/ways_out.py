"""Where messages go, by the settings: into a folder, or to a mail server."""

from pathlib import Path

from newsletter.delivery.lines import Lines, OneByOne
from newsletter.delivery.pacing import Limits
from newsletter.delivery.session import Server
from newsletter.delivery.smtp import SmtpLines
from newsletter.delivery.transport import FolderTransport
from newsletter.settings import Settings


def lines_for(settings: Settings, project: Path) -> Lines:
    """The way out that the settings name. Raises `SettingsError` where they do not fit together."""
    if settings.delivery.transport == "folder":
        return OneByOne(FolderTransport(project / settings.delivery.folder))
    smtp = settings.smtp
    return SmtpLines(server_of(settings), smtp.connections, smtp.messages_per_connection)


def server_of(settings: Settings) -> Server:
    """The mail server that the settings name."""
    smtp = settings.smtp
    password = smtp.password.get_secret_value()
    return Server(smtp.host, smtp.port, smtp.security, smtp.username, password, smtp.timeout)


def limits_of(settings: Settings) -> Limits:
    """How fast mail may leave; into a folder as fast as it can."""
    if settings.delivery.transport == "folder":
        return Limits(per_second=0, per_hour=0, first_day=0, domains={})
    pacing = settings.pacing
    return Limits(pacing.per_second, pacing.per_hour, pacing.first_day, pacing.domains)
