"""The demo: what it is made of, and that it works offline on a fresh machine."""

import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from newsroom import mails, make_project, parsed, recipients

from newsletter import Newsletter
from newsletter.demo import READERS, SOURCES, build
from newsletter.entries.sources import parse
from newsletter.errors import ProjectError
from newsletter.ranking.embedding import Progress


def silent(_: str) -> Progress:
    return lambda done, todo: None


@pytest.fixture
def papers() -> list[dict[str, object]]:
    """All papers of the demo, as they are written down."""
    lines = [line for name in SOURCES.values() for line in (files("newsletter.demo") / name).read_text().splitlines()]
    return [json.loads(line) for line in lines]


def test_there_are_62_papers_each_once(papers: list[dict[str, object]]) -> None:
    assert len(papers) == 62
    for key in ("id", "title", "url", "summary"):
        assert len({paper[key] for paper in papers}) == 62


def test_every_paper_is_whole_and_its_link_is_its_id(papers: list[dict[str, object]]) -> None:
    for paper in papers:
        assert re.fullmatch(r"arxiv:\d{4}\.\d{5}", str(paper["id"]))
        assert paper["url"] == f"https://arxiv.org/abs/{str(paper['id']).removeprefix('arxiv:')}"
        assert paper["authors"]
        assert isinstance(paper["authors"], list)
        assert all(isinstance(name, str) and name.strip() == name for name in paper["authors"])
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", str(paper["published"]))
        assert 200 < len(str(paper["summary"])) < 1_500


def test_every_paper_is_read_and_none_is_skipped(papers: list[dict[str, object]]) -> None:
    from datetime import date

    found = [
        parse((files("newsletter.demo") / name).read_bytes(), name=name, today=date(2026, 11, 22), kind="jsonl")
        for name in SOURCES.values()
    ]
    assert [entry.title for one in found for entry in one.entries] == [paper["title"] for paper in papers]
    assert not any(one.skipped for one in found)
    assert all(entry.popularity for entry in found[1].entries)


def test_three_readers_share_no_interest() -> None:
    words = [{word for line in interests for word in line.split() if len(word) > 4} for *_, interests in READERS]
    assert len(READERS) == 3
    assert not words[0] & words[2]


def test_a_folder_with_another_newsletter_is_refused(tmp_path: Path) -> None:
    make_project(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ProjectError, match=r"holds another newsletter.*--dir"):
        build(tmp_path, say=print, told=silent)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.slow
def test_the_demo_builds_a_newsletter_and_again_sends_nothing_again(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "newsletter", "demo", "--dir", str(folder), "--no-open"]
    # No way out of the machine: the demo is offline.
    offline = {**os.environ, "https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    first = subprocess.run(command, capture_output=True, text=True, check=True, env=offline)
    assert first.stderr == ""
    sent = mails(folder)
    assert recipients(sent) == sorted(address for _, address, _, _ in READERS)
    with Newsletter(folder) as newsletter:
        shown = {address: newsletter.preview(address) for _, address, _, _ in READERS}
        assert newsletter.count_entries() == 62
    assert sorted(one.message for one in shown.values()) == sorted(sent)
    assert len({one.picks[0].title for one in shown.values()}) == 3
    for _, address, _, interests in READERS:
        mine = [pick for pick in shown[address].picks if pick.pick.section == "for-you"]
        assert len(mine) >= 3
        for pick in mine:
            assert any(interest in pick.reason for interest in interests)
            assert pick.sentence
        assert all(parsed(message)["from"] == "Trending Papers <papers@example.com>" for message in sent)
    page = (folder / "previews" / "index.html").read_text()
    for name, *_ in READERS:
        assert name in page
        assert (folder / "previews" / name.lower() / "issue.eml").read_bytes() in sent

    second = subprocess.run(command, capture_output=True, text=True, check=True, env=offline)
    assert "Sent 0 issues" in second.stdout
    assert mails(folder) == sent
