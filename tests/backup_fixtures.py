"""A newsletter to keep, for tests of backups; a module of its own, because pytest loads it as a plugin."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mainline import ADA, BOB, subscribe
from newsroom import Clock, make_project

from newsletter import Newsletter
from subscribers import consent
from subscribers.evidence import Origin
from subscribers.suppression import Reason

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
EVE = "eve@example.org"


@pytest.fixture(scope="module")
def house_as_built(tmp_path_factory: pytest.TempPathFactory, quick_templates: None) -> Path:
    """A newsletter with readers, somebody who complained, a mail that waits, own templates and an intro. Made once."""
    project = make_project(tmp_path_factory.mktemp("house"))
    with Newsletter(project, clock=Clock(NOW), embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        for address in (ADA, BOB, EVE):
            subscribe(newsletter, address)
        eve, origin = newsletter.subscriber(EVE), Origin("mail")
        consent.suppress_person(newsletter.database, eve, Reason.COMPLAINED, words="", origin=origin, now=NOW)
        newsletter.send(now=True, to=ADA)
        newsletter.readers.request("new@example.org", words="", origin=Origin("page"))
    for name, text in (("templates/mail/remind.md", "Subject: Hm?\n\nHm.\n"), ("issues/weekly-2026-12-04.md", "Hi\n")):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    return project


@pytest.fixture
def house(house_as_built: Path, tmp_path: Path) -> Path:
    """The same, the test's own."""
    return Path(shutil.copytree(house_as_built, tmp_path, dirs_exist_ok=True))
