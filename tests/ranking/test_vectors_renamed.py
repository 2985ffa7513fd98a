"""Vectors of a model that lies in a folder: those from before their name told of its weights go on serving."""

from pathlib import Path

from newsletter.ranking import store as vectors_store
from newsletter.ranking.model_choice import ModelChoice
from newsletter.store import open_store


def test_vectors_of_a_folder_from_before_its_name_told_of_its_weights_are_kept(tmp_path: Path) -> None:
    db = open_store(tmp_path / "newsletter.db")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    db.conn.execute("INSERT INTO vectors VALUES (x'01', ?, x'0000')", [str(folder)])
    db.conn.execute("INSERT INTO models VALUES (?, ?, 'auto', 1, '2026-01-01T00:00:00+00:00')", [str(folder)] * 2)
    name = ModelChoice(str(folder)).vectors(tmp_path)
    vectors_store.rename_vectors(db, str(folder), name)
    serving = vectors_store.serving_model(db)
    assert serving and serving.vectors == name and serving.choice.model == str(folder)
    assert vectors_store.load_vectors(db, name, {b"\x01"})
