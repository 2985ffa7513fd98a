"""`newsletter model change` with real models in real processes, killed in the middle."""

import signal
import time
from pathlib import Path

import numpy as np
import pytest
from commandline import start
from mainline import change_settings
from newsroom import make_project
from small_models import static_model

from newsletter.entries import store as entries
from newsletter.newsletter import Newsletter
from newsletter.ranking import store as vectors_store
from newsletter.ranking.model_choice import ModelChoice
from newsletter.store import open_store

pytestmark = pytest.mark.slow
ENTRIES = 1_000


def test_after_a_kill_the_old_model_serves_and_the_next_run_goes_on(tmp_path: Path) -> None:
    static_model(tmp_path / "old", seed=1)
    static_model(tmp_path / "new", seed=2, dimensions=24)
    make_project(tmp_path, '[model]\nname = "old"\n', entries=ENTRIES)
    with Newsletter(tmp_path) as newsletter:
        newsletter.pull()
        found = entries.by_ids(newsletter.database, range(ENTRIES + 1))
        old_name = newsletter.models.embedder.name
        vector = np.full(16, 0.25, np.float16)
        vectors_store.save_vectors(
            newsletter.database, old_name, {entry.content_hash: vector for entry in found.values()}
        )
    change_settings(tmp_path, '"old"', '"new"')
    new_name = ModelChoice("new").vectors(tmp_path)
    db = open_store(tmp_path / "newsletter.db")
    child = start("model", "change", "--project", tmp_path)
    while child.poll() is None and vectors_store.count_unread(db, old_name, new_name)[0] == ENTRIES:
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    unread, of = vectors_store.count_unread(db, old_name, new_name)
    serving = vectors_store.serving_model(db)
    assert of == ENTRIES
    assert serving and serving.vectors == (old_name if unread else new_name)
    again = start("model", "change", "--project", tmp_path)
    out, err = again.communicate(timeout=300)
    assert again.returncode == 0, err
    assert "Everything goes by" in out
    assert vectors_store.count_unread(db, old_name, new_name) == (0, ENTRIES)
    serving = vectors_store.serving_model(db)
    assert serving and serving.vectors == new_name
    db.conn.close()
