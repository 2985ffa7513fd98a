"""The demo: a whole newsletter from 62 real papers and for three readers who could not be more different.

Titles, authors, ids, links, dates and upvotes are facts; the summaries were written for this program. The votes are
those of one day on a public page of papers (June 2026), read once.
"""

import shutil
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import jinja2

from newsletter.errors import ProjectError
from newsletter.newsletter import Newsletter
from newsletter.ranking.embedding import Progress
from newsletter.rendering.templates import shipped_templates
from newsletter.sections import SourceSettings
from newsletter.settings import FILE, load
from subscribers.cadence import parse_cadence
from subscribers.errors import AlreadySubscribed

TITLE = "Trending Papers"
SOURCES = {"arXiv": "papers.jsonl", "Daily papers": "daily.jsonl"}
#: (name, address, cadence, interests)
READERS = (
    (
        "Ada",
        "ada@example.org",
        ("weekly", "friday", "08:00", "Europe/Paris"),
        ["segmentation of tumours in medical scans", "MRI of the brain", "instruments and navigation in surgery"],
    ),
    (
        "Bruno",
        "bruno@example.org",
        ("weekly", "saturday", "07:30", "America/Sao_Paulo"),
        ["wildlife and farm animals", "forests, crops and land use seen from satellites", "not: medical scans"],
    ),
    (
        "Chika",
        "chika@example.org",
        ("weekly", "monday", "18:00", "Asia/Tokyo"),
        ["robots that walk on legs", "tactile sensing and robotic hands", "drones in flight", "not: language models"],
    ),
)


def build(folder: Path, *, say: Callable[[str], None], told: Callable[[str], Progress]) -> Path:
    """Build the demo's newsletter in the folder, send its issues into the outbox, and return a page that shows them.

    A second run goes on where the first one is. Raises `ProjectError` where another newsletter lives in the folder.
    """
    if not (folder / FILE).exists():
        Newsletter.create(
            folder,
            title=TITLE,
            address="papers@example.com",
            postal_address="1 Example Street, 12345 Exampleton",
        )
        say(f"1. Made a newsletter in {folder}/ (newsletter.toml, newsletter.db, templates/).")
    elif load(folder).title != TITLE:
        raise ProjectError(f"{folder} holds another newsletter. Name a folder of its own with --dir.")
    else:
        say(f"1. Found the demo's newsletter in {folder}/.")
    _copy_papers(folder)
    with Newsletter(folder, progress=told) as newsletter:
        for name, file in SOURCES.items():
            if all(source.name != name for source in newsletter.settings.sources):
                newsletter.sources.add(SourceSettings(name=name, location=f"papers/{file}", kind="jsonl"))
        new = sum(report.new for report in newsletter.pull())
        say(f"2. Pulled {newsletter.count_entries()} papers from {len(SOURCES)} sources ({new} of them new).")
        for name, address, cadence, interests in READERS:
            try:
                newsletter.subscribe(address, name=name, interests=interests, cadence=parse_cadence(*cadence))
            except AlreadySubscribed:
                continue
        for name, _, _, interests in READERS:
            say(f"   {name}: {'; '.join(interests)}")
        say("3. Reading the papers with the bundled model; the first time takes some seconds …")
        report = newsletter.send(now=True)
        say(f"4. Sent {report.counts.total()} issues into {newsletter.settings.delivery.folder}/ as .eml files.")
        return _show(newsletter, folder / "previews", say)


def _copy_papers(folder: Path) -> None:
    (folder / "papers").mkdir(exist_ok=True)
    for file in SOURCES.values():
        with as_file(files("newsletter.demo") / file) as path:
            shutil.copyfile(path, folder / "papers" / file)


def _show(newsletter: Newsletter, folder: Path, say: Callable[[str], None]) -> Path:
    copies = []
    for name, address, _, interests in READERS:
        preview = newsletter.preview(address, issue=newsletter.latest_issue(address))
        preview.write(folder / name.lower())
        copies.append({"name": name, "interests": interests, "folder": name.lower(), "subject": preview.subject})
        say(f"   {name}: {preview.subject}")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(shipped_templates() / "demo"), autoescape=True)
    page = folder / "index.html"
    page.write_text(environment.get_template("side-by-side.html").render(copies=copies, title=TITLE), "utf-8")
    return page
