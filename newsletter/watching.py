"""Watching the files and folders among the sources, so that what is put there is read at once."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import watchfiles

#: Seconds of waiting after a change: who is writing is given the time to finish.
QUIET = 2.1
#: Seconds after which a folder that appeared or vanished unnoticed is noticed.
LOOK_AGAIN = 5.0


def watch(paths: Sequence[Path], changed: Callable[[], None], stop: threading.Event) -> None:
    """Call `changed` soon after something in these files and folders has changed, until `stop` is set.

    What is not there yet is awaited; what vanishes is too. `changed` is called in this thread.
    """
    wanted = [path.absolute() for path in paths]
    first = True
    while not stop.is_set():
        places = _places(wanted)
        if not places:
            stop.wait(LOOK_AGAIN)
            continue
        if not first and not _settle(changed, stop):  # what happened in between has gone unseen
            return
        first = False
        try:
            _watch(wanted, places, changed, stop)
        except OSError:  # a folder vanished just now, or the system watches no more
            stop.wait(LOOK_AGAIN)


def _watch(
    wanted: list[Path], places: dict[Path, tuple[int, int]], changed: Callable[[], None], stop: threading.Event
) -> None:
    """Watch these folders, as long as they are the right ones."""
    for changes in watchfiles.watch(
        *places,
        watch_filter=None,
        stop_event=stop,
        rust_timeout=round(LOOK_AGAIN * 1_000),
        yield_on_timeout=True,
        raise_interrupt=False,
        recursive=False,
        ignore_permission_denied=True,
    ):
        touched = {Path(path) for _, path in changes}
        if any(one == path or one.parent == path for one in touched for path in wanted) and not _settle(changed, stop):
            return
        if _places(wanted) != places:
            return


def _settle(changed: Callable[[], None], stop: threading.Event) -> bool:
    """Wait a little, then tell; False where `stop` came first."""
    if stop.wait(QUIET):
        return False
    changed()
    return True


def _places(wanted: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """The folders to watch, each with what tells it from another of the same name."""
    places = {}
    for path in wanted:
        for place in (path, *path.parents):
            try:
                if place.is_dir():
                    status = place.stat()
                    places[place] = (status.st_dev, status.st_ino)
                    break
            except OSError:
                continue
    return places
