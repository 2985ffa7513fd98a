"""What tests of the evaluation share: small judged data in folders, in the layouts that `newsletter evaluate` reads."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from newsroom import write_entries

SUBJECTS = ("robots walking on springy legs", "tumours segmented in brain scans", "music recommended by graph networks")
#: Words that fill a text, so that no two are alike.
FILLING = "oak elm ash fir yew bay box fig lime pear plum rowan".split()


def paper(n: int, **more: Any) -> dict[str, Any]:
    """A paper about one of the subjects, in turn."""
    subject = SUBJECTS[n % len(SUBJECTS)]
    words = " ".join(FILLING[(n * k) % len(FILLING)] for k in (1, 5, 7))
    return {"id": str(n), "title": f"Study {n} of {subject}", "abstract": f"On {subject}: {words}.", **more}


def write_stream(folder: Path, papers: int = 180, *, dated: bool = True) -> Path:
    """Two people over a stream of three papers a day: one reads of robots, one of tumours and of music.

    With dates it ends on 2024-03-31; otherwise arXiv ids tell of as many months as it takes, a month sixty papers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    first = date(2024, 3, 31) - timedelta(days=(papers - 1) // 3)
    rows = []
    for n in range(papers):
        if dated:
            rows.append(paper(n, date=str(first + timedelta(days=n // 3)), popularity=n % 7, authors=["Ada", "Bob"]))
        else:
            rows.append(paper(n, id=f"24{1 + n // 60:02d}.{n % 60 + 1:05d}"))
    write_entries(folder, rows, "pool.jsonl")
    liked: list[list[str]] = [[], []]
    for n, row in enumerate(rows):
        if n % 2 == 0:
            liked[n % 3 > 0].append(row["id"])
    people = [
        {"user": "robin", "statement": SUBJECTS[0], "likes": liked[0]},
        {"user": "tom", "interests": [SUBJECTS[1], SUBJECTS[2]], "likes": liked[1]},
        {"user": "nobody", "statement": "gardens", "likes": []},
    ]
    (folder / "users.json").write_text(json.dumps(people), "utf-8")
    return folder


def write_statements(folder: Path) -> Path:
    """Two statements, each with ten graded documents, and one that nothing answers."""
    folder.mkdir(parents=True, exist_ok=True)
    write_entries(folder, [paper(n) for n in range(30)], "docs.jsonl")
    queries = [{"id": str(n), "text": text} for n, text in enumerate([*SUBJECTS[:2], "gardens"])]
    write_entries(folder, queries, "queries.jsonl")
    grades = [f"{n % 3}\t{n}\t{1 + n % 4}" for n in range(30) if n % 3 < 2]
    (folder / "qrels.tsv").write_text("\n".join(["query_id\tdoc_id\tgrade", *grades]), "utf-8")
    return folder


def write_profiles(folder: Path) -> Path:
    """Two people with five papers of their own each, who graded what is theirs higher than what is not."""
    folder.mkdir(parents=True, exist_ok=True)
    write_entries(folder, [paper(n) for n in range(60)], "docs.jsonl")
    profiles = {name: [str(n) for n in range(k, 15, 3)] for k, name in enumerate(("ada", "bob"))}
    (folder / "profiles.json").write_text(json.dumps(profiles), "utf-8")
    rows = [f"{name}\t{n}\t{5 if n % 3 == k else 1}" for k, name in enumerate(("ada", "bob")) for n in range(30, 36)]
    (folder / "grades.tsv").write_text("\n".join(rows), "utf-8")
    return folder
