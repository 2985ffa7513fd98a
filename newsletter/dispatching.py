"""Handing over what waits: made sure that it may, recovered from who died, sent, and what follows told."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from newsletter import settings as settings_table
from newsletter.delivery import ledger
from newsletter.delivery.copies import FrozenIssues
from newsletter.delivery.dkim import signer_of
from newsletter.delivery.lines import Lines
from newsletter.delivery.pacing import Pacer
from newsletter.delivery.return_path import ReturnPath
from newsletter.delivery.sending import How, Run, deliver
from newsletter.delivery.waiting import count_due
from newsletter.delivery.ways_out import limits_of, lines_for, server_of
from newsletter.delivery.workers import is_dead
from newsletter.errors import DeliveryError
from newsletter.ranking.embedding import Progress
from newsletter.readers.desk import Readers
from newsletter.rendering.links import Signer
from newsletter.settings import Settings
from newsletter.store import SENDING, why_off
from newsletter.telling import tell_stopped


class Dispatcher:
    """Sends what is due, by the settings."""

    def __init__(
        self,
        db: Database,
        project: Path,
        settings: Settings,
        frozen: FrozenIssues,
        readers: Readers,
        signer: Signer,
        clock: Callable[[], datetime],
        progress: Callable[[str], Progress],
    ) -> None:
        self._db = db
        self._project = project
        self._settings = settings
        self._frozen = frozen
        self._readers = readers
        self._signer = signer
        self._clock = clock
        self._progress = progress

    def refuse(self) -> None:
        """Raise `SettingsError` or `DeliveryError` where no mail may leave."""
        self._settings.refuse_unfinished(self._project / settings_table.FILE)
        if why := why_off(self._db, SENDING):
            raise DeliveryError(f"Sending is switched off: {why}. `newsletter mail on` lets it go on.")
        if self._settings.delivery.transport == "smtp":
            server_of(self._settings).refuse_unfit()
        signer_of(self._settings, self._project)

    def deliver(self, only: int | None = None, *, notices_only: bool = False) -> Run:
        """Hand over what is due; the operator is told, at once, of an issue that had to be stopped.

        Raises as `refuse`, and `TransportDown`.
        """
        run = self._deliver(only, notices_only=notices_only)
        if run.stopped:
            for issue_id, why in run.stopped.items():
                tell_stopped(self._db, self._readers, self._settings, issue_id, why, self._clock())
            run.counts += self._deliver(None, notices_only=True).counts
        return run

    def _recover(self, lines: Lines) -> None:
        """Take over from senders that died."""
        repeat = lines.repeatable or self._settings.delivery.on_uncertain == "resend"
        ledger.recover(self._db, lambda name: is_dead(self._project, name), self._clock(), repeat=repeat)

    def _deliver(self, only: int | None, *, notices_only: bool) -> Run:
        self.refuse()
        settings, now = self._settings, self._clock()
        how = How(
            project=self._project,
            return_path=ReturnPath(settings.address, settings.mailbox.detail, self._signer),
            links=self._signer,
            clock=self._clock,
            max_lateness=timedelta(hours=settings.issue.max_lateness_hours),
            give_up_after=timedelta(hours=settings.delivery.give_up_hours),
            dkim=signer_of(settings, self._project),
            redirect_to=settings.delivery.redirect_all_to,
        )
        with closing(lines_for(settings, self._project)) as lines:
            self._recover(lines)
            return deliver(
                self._db,
                lines,
                self._frozen,
                Pacer(self._db, limits_of(settings), settings.address, now),
                how,
                only=only,
                notices_only=notices_only,
                progress=self._telling(only, notices_only=notices_only),
            )

    def _telling(self, only: int | None, *, notices_only: bool) -> Callable[[int], None]:
        """Tells of so many that they are done, of all that are due by then."""
        tell = self._progress("Sending")
        todo = 0

        def told(done: int) -> None:
            nonlocal todo
            if done >= todo:
                # At first, and when all of that is done: more may have become due meanwhile.
                todo = done + count_due(self._db, self._clock(), only=only, notices_only=notices_only)
            tell(done, todo)

        return told
