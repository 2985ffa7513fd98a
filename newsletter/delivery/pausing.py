"""A pause after a server has said "later" again and again, longer each time until something goes through. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Habit:
    """When to pause, and for how long."""

    #: so many answers in a row are enough
    answers: int
    #: as long as nothing went through since the last pause, so many
    answers_again: int
    #: minutes of the first pause, the second, …; of the last one for all further ones
    minutes: Sequence[int]

    @property
    def longest(self) -> float:
        """Seconds."""
        return self.minutes[-1] * 60.0


#: One provider that says that we are too fast.
PROVIDER = Habit(5, 2, (5, 10, 20, 40, 60))
#: Everybody says "later", whatever the words.
EVERYBODY = Habit(20, 5, (2, 4, 8, 15))


class Pause:
    """Of one provider, or of all mail. Moments are seconds since 1970."""

    __slots__ = ("_changed", "_habit", "_length", "_row", "_written", "storms", "until", "why")

    def __init__(self, habit: Habit) -> None:
        self._habit = habit
        #: when mail may go on; 0.0 for never paused
        self.until = 0.0
        #: in the server's words
        self.why = ""
        #: pauses since the last message that went through
        self.storms = 0
        self._row = 0
        self._length = 0.0
        # Since the last merge; and `until` as it was written then.
        self._changed = False
        self._written = 0.0

    def left(self, now: float) -> float:
        """Seconds until the pause is over; 0.0 for none."""
        left = self.until - now
        if left > self._length + 1:  # the clock was put back
            self.until = float(ceil(now + self._length))
            self._changed = True
            left = self.until - now
        if left > 0:
            return left
        self._length = 0.0  # it is over, whatever the clock does
        return 0.0

    def later(self, now: float, asked: float | None, why: str) -> None:
        """The server put a message off, perhaps for as many seconds as `asked`.

        What was under way when the pause began does not make it longer.
        """
        if self.left(now):
            return
        self._row += 1
        habit = self._habit
        if self._row < (habit.answers_again if self.storms else habit.answers):
            return
        length = asked or habit.minutes[min(self.storms, len(habit.minutes) - 1)] * 60.0
        self.until = float(ceil(now + min(length, habit.longest)))
        self._length = self.until - now
        self.why = why
        self.storms += 1
        self._row = 0
        self._changed = True

    def sent(self, now: float) -> None:
        """A message went through. One that was under way when the pause began does not end it."""
        self._row = 0
        if self.storms and not self.left(now):
            self.storms, self.until, self.why = 0, 0.0, ""
            self._changed = True

    @property
    def idle(self) -> bool:
        """Is there nothing to remember?"""
        return not (self._row or self.storms or self._changed)

    def merge(self, until: float, why: str, storms: int, now: float) -> bool:
        """Take in what all processes have written, unless this one knows better; True where it must be written."""
        changed, self._changed = self._changed, False
        # Another process was told to wait, and for longer than this one knows.
        told = until != self._written and until > max(now, self.until)
        if changed and not told:
            self._written = self.until
            return True
        if until != self._written or storms != self.storms:
            self.until, self.why, self.storms, self._written = until, why, storms, until
            self._length = min(max(until - now, 0.0), self._habit.longest)
        return False
