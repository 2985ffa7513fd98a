"""Other machines that do parts of the work: workers of Dask distributed, reached by its scheduler.

Reading new entries and judging readers are spread over them; the database stays here, and no worker opens it. Any Dask
deployment will do. Its worker processes need this program, in the same version.
"""

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from newsletter.errors import ClusterError, NewsletterError, SettingsError
from newsletter.sections import ClusterSettings

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")

#: Seconds for an answer of the scheduler.
PATIENCE = 10
#: What every worker must have.
OURS = version("newsletter")
#: What was shared last stays there, for who goes on with it.
KEPT = 3


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of a cluster."""

    address: str
    threads: int
    #: parts that it is at, or that wait for it
    parts: int


@dataclass(frozen=True, slots=True)
class ClusterStanding:
    """A cluster as it is."""

    scheduler: str
    #: a page that shows what they are at; empty where there is none
    dashboard: str = ""
    workers: tuple[Worker, ...] = ()
    #: why nothing can be done there, as a sentence; empty where all is well
    trouble: str = ""


class Cluster:
    """A workforce (see `workforce`); reached when it is first needed."""

    def __init__(self, settings: ClusterSettings, project: Path) -> None:
        self._settings = settings
        self._project = project
        self._shared: list[tuple[object, Future]] = []

    @property
    def at_once(self) -> int:
        """Threads of all workers at this moment. Raises `ClusterError`."""
        with self._told():
            threads = self._client.nthreads()
        self._refuse_nobody(threads)
        return sum(threads.values())

    def share(self, value: T) -> T:
        """It travels to every worker at once; one that comes later gets it from them. Raises `ClusterError`."""
        for known, future in self._shared:
            if known is value:
                return cast(T, future)
        with self._told():
            # To all of them, so that it is not lost with one; and a list itself would go in pieces.
            [future] = self._client.scatter([value], broadcast=True, hash=False)
        self._shared = [*self._shared[1 - KEPT :], (value, future)]
        return cast(T, future)

    def map(self, work: Callable[..., R], *parts: Iterable[object]) -> Iterator[R]:
        """As `Executor.map`. Raises `ClusterError`, and what the work raises."""
        with self._told(), warnings.catch_warnings():
            # A part is large, and goes with its task on purpose: what goes before it is lost with a worker.
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            futures = self._client.map(work, *map(list, parts), pure=False)
        for future in futures:
            with self._told():
                yield future.result()

    def standing(self) -> ClusterStanding:
        """Who is there, or why nobody is."""
        try:
            with self._told():
                threads, processing = self._client.nthreads(), self._client.processing()
                dashboard = self._client.dashboard_link or ""
            self._refuse_nobody(threads)
        except NewsletterError as error:
            return ClusterStanding(self._address, trouble=str(error))
        workers = [Worker(one, threads[one], len(processing.get(one, ()))) for one in sorted(threads)]
        return ClusterStanding(self._address, dashboard, tuple(workers))

    def close(self) -> None:
        """Let go of it; the workers stay."""
        if "_client" in self.__dict__:
            self._shared.clear()
            self._client.close()

    @property
    def _address(self) -> str:
        return self._settings.scheduler

    @cached_property
    def _client(self) -> "Client":
        try:
            from distributed import Client
            from distributed.security import Security
        except ImportError:
            raise SettingsError(
                "cluster.scheduler is set, which needs one more package: pip install 'newsletter[cluster]'. "
                "Or empty it to do all work on this machine."
            ) from None
        logging.getLogger("distributed").setLevel(logging.ERROR)  # what matters is raised
        security = Security()
        if self._address.startswith("tls://"):
            files = {
                name: str(self._project / Path(file).expanduser())
                for name, file in (
                    ("tls_ca_file", self._settings.ca),
                    ("tls_client_cert", self._settings.certificate),
                    ("tls_client_key", self._settings.key),
                )
            }
            for file in files.values():
                if not Path(file).is_file():
                    raise SettingsError(
                        f"{file} is no file. A scheduler at tls:// wants three: cluster.ca, cluster.certificate and "
                        "cluster.key."
                    )
            security = Security(require_encryption=True, **files)
        client = Client(self._address, security=security, timeout=PATIENCE, set_as_default=False, name="newsletter")
        self._refuse_others(client)
        return client

    def _refuse_others(self, client: "Client") -> None:
        """Every worker must have this very program."""
        for worker, theirs in client.run(version, "newsletter", on_error="return").items():
            if theirs != OURS:
                has = f"newsletter {theirs}" if isinstance(theirs, str) else "no newsletter"
                client.close()
                raise ClusterError(
                    f"The worker {worker} has {has}, this machine has newsletter {OURS}. Install the same on all of "
                    "them: pip install 'newsletter[cluster]'."
                )

    def _refuse_nobody(self, threads: Mapping[str, int]) -> None:
        if not any(threads.values()):
            raise ClusterError(
                f"The cluster at {self._address} has no workers. Start some, with `dask worker {self._address}`, or "
                "empty cluster.scheduler to do all work on this machine."
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong with the cluster, in words."""
        try:
            yield
        except NewsletterError:
            raise
        except Exception as error:
            if not _is_of_cluster(error):
                raise
            why = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ClusterError(
                f"The cluster at {self._address} does not do its work: {why[:300]}. Look at its scheduler and its "
                "workers, or empty cluster.scheduler to do all work on this machine; nothing is lost."
            ) from error


def _is_of_cluster(error: Exception) -> bool:
    from concurrent.futures import CancelledError

    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    kinds: tuple[Any, ...] = (OSError, TimeoutError, CancelledError, FutureCancelledError, KilledWorker)
    return isinstance(error, kinds)
