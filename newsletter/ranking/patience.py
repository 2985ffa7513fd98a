"""A model that is asked by somebody who cannot wait for it: what it answers later is there the next time."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from math import inf
from threading import Event
from time import monotonic

import numpy as np

from newsletter.errors import ModelError
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.embedding import Embedder

#: Texts whose vectors are kept.
KEPT = 256
#: Seconds to wait while another waits already.
BUSY = 0.1
#: Seconds for which a model that could not be loaded is left alone.
PAUSE = 60.0


def until(seconds: float | None) -> Callable[[], bool]:
    """True for so many seconds from now; None: for ever."""
    end = monotonic() + seconds if seconds is not None else inf
    return lambda: monotonic() < end


class _Closed(Exception):
    """Nobody waits for the answer any more."""


class Patient:
    """Asks an embedder from a thread of its own, one text after the other. Nobody else may use that embedder."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._worker: ThreadPoolExecutor | None = None
        self._asked: OrderedDict[str, Future[Vectors]] = OrderedDict()
        self._closed = Event()
        self._slow: Future[Vectors] | None = None
        self._failed: tuple[float, ModelError] | None = None

    def vector(self, text: str, patience: float | None = None) -> Vectors | None:
        """The text's vector, (dimensions,); None where it is not there within so many seconds.

        Raises `ModelError`, for a minute the same one without asking again.
        """
        if self._failed and monotonic() - self._failed[0] < PAUSE:
            raise self._failed[1]
        future = self._asked.get(text)
        if future is None:
            if len(self._asked) >= KEPT and not self._drop_oldest():
                return None
            self._worker = self._worker or ThreadPoolExecutor(1, "meaning")
            future = self._asked[text] = self._worker.submit(self._embed, text)
        self._asked.move_to_end(text)
        # Who came before has waited for it already: it is being loaded, and everybody need not wait for that.
        waking = self._slow is not None and not self._slow.done()
        try:
            return future.result(min(patience, BUSY) if patience is not None and waking else patience)
        except TooSlow:
            self._slow = self._slow if waking else future
            return None
        except ModelError as error:
            self._failed = monotonic(), error
            self._asked.clear()  # whatever else was asked fails for the same reason
            raise

    def close(self) -> None:
        """Give up what is still being asked; the embedder is left to who brought it."""
        self._closed.set()
        if self._worker:
            self._worker.shutdown(cancel_futures=True)

    def _embed(self, text: str) -> Vectors:
        try:
            return np.asarray(self._embedder.embed([text], self._still_wanted)[0])
        except OSError as error:
            raise ModelError(
                f"The model's process could not be started: {error.strerror}. Free some memory."
            ) from error

    def _still_wanted(self, _: int) -> None:
        if self._closed.is_set():
            raise _Closed

    def _drop_oldest(self) -> bool:
        """Forget the text that was asked for longest ago, if it is answered."""
        oldest = next(iter(self._asked))
        if done := self._asked[oldest].done():
            del self._asked[oldest]
        return done
