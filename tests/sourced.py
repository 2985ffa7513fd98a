"""What tests of sources share: the sources of a newsletter in the test's folder, and a network to play with."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from newsroom import SETTINGS, Clock
from sqlite_utils import Database

from newsletter import settings as settings_table
from newsletter.entries import spacing
from newsletter.entries.fetching import http_client
from newsletter.entries.pulling import PullReport
from newsletter.ranking.embedding import Progress
from newsletter.sourcing import Sources

Open = Callable[..., Sources]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def standing() -> Clock:
    """Stands at Sunday noon, until it is set; the sources' clock."""
    return Clock(NOW)


@pytest.fixture
def sources(tmp_path: Path, store: Database, standing: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Makes the sources of a newsletter: `name=location`. Hosts that are made up need no sparing."""
    monkeypatch.setattr(spacing, "PAUSE", 0.0)
    monkeypatch.setattr("newsletter.sourcing.http_client", http_client)  # other tests have no network
    made: list[Sources] = []

    def told(what: str) -> Progress:
        return lambda done, todo: None

    def make(more: str = "", http: httpx2.Client | None = None, **locations: str) -> Sources:
        tables = "".join(
            f'[[sources]]\nname = "{name}"\nlocation = "{location}"\n' for name, location in locations.items()
        )
        (tmp_path / "newsletter.toml").write_text(SETTINGS + more + tables)
        made.append(Sources(store, tmp_path, settings_table.load(tmp_path), standing, told, http))
        return made[-1]

    yield make
    for one in made:
        one.close()


def summary(reports: list[PullReport]) -> dict[str, tuple[int, int, str | None]]:
    """Of each source: new, known, error."""
    return {report.name: (report.new, report.known, report.error) for report in reports}


def mock(changing: Mapping[str, httpx2.Response] | None = None, **answers: httpx2.Response) -> httpx2.Client:
    """A network in which the first part of a host's name decides what it answers."""

    def server(request: httpx2.Request) -> httpx2.Response:
        one = (answers if changing is None else changing)[request.url.host.partition(".")[0]]
        return httpx2.Response(one.status_code, headers=one.headers, stream=httpx2.ByteStream(one.content))

    return http_client(httpx2.MockTransport(server))
