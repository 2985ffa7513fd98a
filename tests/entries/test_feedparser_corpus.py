"""feedparser's own test corpus: thousands of feeds, well and ill formed, in every encoding there is."""

import os
import re
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from newsletter.entries.sources.feed import parse_feed
from newsletter.errors import SourceError

#: The folder `tests` of feedparser's source distribution.
CORPUS = "FEEDPARSER_CORPUS"
#: Seconds for one file, the largest of which has 60 kB.
MOST_SECONDS = 10.0
#: Many files name the header that they are served with.
_CONTENT_TYPE = re.compile(rb"Header:\s+Content-type:\s*(\S.*)", re.IGNORECASE)


@pytest.mark.slow
def test_feedparsers_own_corpus_goes_through_without_a_crash(capsys: pytest.CaptureFixture[str]) -> None:
    folder = os.environ.get(CORPUS)
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"{CORPUS} names no folder")
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file() and path.suffix != ".py")
    read, empty, refused, crashed = 0, 0, 0, []
    times: list[tuple[float, str]] = []
    for path in files:
        content = path.read_bytes()
        header = _CONTENT_TYPE.search(content)
        content_type = header[1].decode("latin-1").strip() if header else ""
        begin = time.perf_counter()
        try:
            parsed = parse_feed(
                content,
                content_type=content_type,
                location="https://example.org/feed.xml",
                today=date(2026, 11, 25),
            )
        except SourceError:
            refused += 1
        except Exception as error:  # what this test is for
            crashed.append(f"{path.relative_to(folder)}: {error!r}")
        else:
            read += bool(parsed.entries)
            empty += not parsed.entries
        times.append((time.perf_counter() - begin, str(path.relative_to(folder))))
    slowest, name = max(times)
    with capsys.disabled():
        sys.stdout.write(
            f"\nfeedparser's corpus: {len(files):,} files, {read:,} with entries, {empty:,} without, {refused:,} "
            f"refused in words, {len(crashed)} crashed; the slowest took {slowest * 1000:.0f} ms ({name})\n"
        )
    assert crashed == []
    assert slowest < MOST_SECONDS
    assert len(files) > 1_000 and read > 100, "this is not the corpus"
