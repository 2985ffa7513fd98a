"""Other machines that do parts of the work: the same numbers, the same bytes, and words for what goes wrong."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from certified import Authority
from clusterhouse import ClusterHouse, cluster_of
from commandline import Run
from mainline import ADA, Open, subscribe
from newsroom import Clock, make_project
from test_workforce import assert_made_the_same

from newsletter import Newsletter, press
from newsletter.cluster import Cluster
from newsletter.errors import ClusterError, ModelError, SettingsError
from newsletter.ranking.embedding import vectors_of
from newsletter.ranking.model import ModelProcess
from newsletter.ranking.model_choice import ModelChoice
from newsletter.ranking.spread import Spread, read_part
from newsletter.sections import ClusterSettings
from newsletter.settings import load
from newsletter.store import open_store

pytestmark = pytest.mark.slow
NOBODY = "tcp://127.0.0.1:9"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterHouse]:
    """A scheduler with two workers."""
    with cluster_of(tmp_path_factory.mktemp("cluster"), 2) as house:
        with closing(reached(house.address)) as cluster:
            wait_for(cluster, 2)
        yield house


@pytest.fixture
def cluster(house: ClusterHouse) -> Iterator[Cluster]:
    with closing(reached(house.address)) as cluster:
        yield cluster


def reached(address: str, project: Path = Path(), **more: Any) -> Cluster:
    return Cluster(ClusterSettings(scheduler=address, **more), project)


def wait_for(cluster: Cluster, workers: int) -> None:
    until = time.monotonic() + 30
    while len(cluster.standing().workers) != workers:
        assert time.monotonic() < until, cluster.standing()
        time.sleep(0.1)


def slowly_squared(numbers: Sequence[int], factor: Sequence[int]) -> tuple[list[int], int]:
    time.sleep(0.3)
    return [n * n * factor[0] for n in numbers], os.getpid()


def failing(number: int) -> int:
    if number == 2:
        raise ModelError("It cannot be read.")
    return number


def killed(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_results_come_in_the_order_of_the_parts_from_all_workers(cluster: Cluster) -> None:
    assert cluster.at_once == 2
    factor = cluster.share([10])
    found = list(cluster.map(slowly_squared, [[n, n + 1] for n in range(8)], [factor] * 8))
    assert [one for one, _ in found] == [[n * n * 10, (n + 1) ** 2 * 10] for n in range(8)]
    assert len({worker for _, worker in found}) == 2


def test_what_the_work_raises_is_raised_in_its_place(cluster: Cluster) -> None:
    results = cluster.map(failing, [1, 2, 3])
    assert next(results) == 1
    with pytest.raises(ModelError, match="It cannot be read"):
        next(results)


def test_texts_read_by_two_workers_are_the_same_numbers(cluster: Cluster, tmp_path: Path) -> None:
    """As many as make eight parts; each vector is that of one machine, to the last bit."""
    texts = [
        f"Study {n} of things such as {' '.join(f'word{n * k % 97}' for k in range(n % 40))}" for n in range(2_000)
    ]
    choice = ModelChoice()
    with ModelProcess(choice) as model, closing(open_store(tmp_path / "here.db").conn):
        here = vectors_of(open_store(tmp_path / "here.db"), model, texts)
        spread = Spread(model, choice, tmp_path, 16, cluster)
        told: list[tuple[int, int]] = []
        there = vectors_of(open_store(tmp_path / "there.db"), spread, texts, lambda done, of: told.append((done, of)))
    assert np.array_equal(here, there)
    assert told[-1] == (2_000, 2_000)


def test_a_worker_with_another_model_reads_nothing(cluster: Cluster) -> None:
    with pytest.raises(ModelError, match="Bring the same one to both"):
        list(cluster.map(read_part, [["text"]], [ModelChoice()], [16], [0], ["another@1234"]))


def test_an_issue_made_by_a_cluster_is_the_same_to_the_byte(
    newsletter: Newsletter, clock: Clock, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_made_the_same(newsletter, clock, cluster, monkeypatch)


def test_a_worker_that_is_killed_leaves_its_part_to_another(tmp_path: Path) -> None:
    with cluster_of(tmp_path / "cluster", 0) as house, closing(reached(house.address)) as cluster:
        first, _ = house.worker(), house.worker()
        wait_for(cluster, 2)
        results = cluster.map(slowly_squared, [[n] for n in range(8)], [[1]] * 8)
        found = [next(results)]
        first.kill()
        found += results
        assert [one for one, _ in found] == [[n * n] for n in range(8)]
        wait_for(cluster, 1)
        house.worker()  # one that comes late takes part
        wait_for(cluster, 2)
        assert len({worker for _, worker in cluster.map(slowly_squared, [[1]] * 6, [[1]] * 6)}) == 2


def test_work_that_kills_every_worker_is_given_up(tmp_path: Path) -> None:
    with cluster_of(tmp_path / "cluster", 5) as house, closing(reached(house.address)) as cluster:
        wait_for(cluster, 5)
        with pytest.raises(ClusterError, match="does not do its work"):
            list(cluster.map(killed, [1]))


def test_what_is_wrong_with_a_cluster_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.cluster.PATIENCE", 1)
    with pytest.raises(ClusterError, match=r"The cluster at tcp://127\.0\.0\.1:9 does not do its work"):
        _ = reached(NOBODY).at_once
    assert "does not do its work" in reached(NOBODY).standing().trouble
    with pytest.raises(SettingsError, match=r"ca\.pem is no file"):
        _ = reached("tls://127.0.0.1:9", tmp_path).at_once
    with (
        cluster_of(tmp_path / "cluster", 0) as house,
        closing(reached(house.address)) as cluster,
        pytest.raises(ClusterError, match=f"has no workers. Start some, with `dask worker {house.address}`"),
    ):
        _ = cluster.at_once


def test_a_worker_with_another_program_is_refused(house: ClusterHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.cluster.OURS", "9.9")
    with pytest.raises(ClusterError, match=r"this machine has newsletter 9\.9\. Install the same"):
        _ = reached(house.address).at_once


def test_certificates_are_asked_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.context()
    ca, own = str(authority.file), str(tmp_path / "served.pem")
    options = ("--protocol", "tls", "--tls-ca-file", ca, "--tls-cert", own, "--tls-key", own)
    with cluster_of(tmp_path / "cluster", 1, *options) as house:
        assert house.address.startswith("tls://")
        files = {"ca": ca, "certificate": own, "key": own}
        with closing(reached(house.address, tmp_path, **files)) as cluster:
            wait_for(cluster, 1)
            assert list(cluster.map(failing, [1, 3])) == [1, 3]
        (tmp_path / "others").mkdir()
        other = Authority(tmp_path / "others")
        other.context()
        stranger = str(tmp_path / "others" / "served.pem")
        wrong = {"ca": str(other.file), "certificate": stranger, "key": stranger}
        assert "does not do its work" in reached(house.address, tmp_path, **wrong).standing().trouble


def test_status_names_the_workers(house: ClusterHouse, run: Run, project: Path) -> None:
    with (project / "newsletter.toml").open("a") as file:
        file.write(f'[cluster]\nscheduler = "{house.address}"\n')
    assert load(project).cluster.scheduler == house.address
    ran = run("status")
    assert "Cluster" in ran.out
    assert ran.out.count("1 thread") == 2


def test_an_issue_waits_for_a_cluster_that_is_gone(
    tmp_path: Path, open_newsletter: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.cluster.PATIENCE", 1)
    monkeypatch.setattr(press, "LEAST", 1)
    make_project(tmp_path, f'[cluster]\nscheduler = "{NOBODY}"\n')
    newsletter = open_newsletter()
    newsletter.pull()
    subscribe(newsletter, ADA)
    subscribe(newsletter, "bob@example.org")
    with pytest.raises(ClusterError, match="nothing is lost"):
        newsletter.send(now=True)
    assert newsletter.status().cluster
    assert not list((tmp_path / "outbox").glob("*.eml"))
    newsletter.close()
    (tmp_path / "newsletter.toml").write_text((tmp_path / "newsletter.toml").read_text().replace(NOBODY, ""))
    again = open_newsletter()
    again.send(now=True)
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 2
