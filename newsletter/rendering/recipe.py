"""What a delivery keeps: not its body, but what to put together and for whom (about 1 kB instead of 50)."""

import json
from dataclasses import dataclass, fields

from newsletter.issues.issue import Pick, ReasonKind, Section

# Looking a word up takes a tenth of the time of `Section(word)`.
_SECTIONS = {section.value: section for section in Section}
_REASONS = {reason.value: reason for reason in ReasonKind}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that one reader's copy has and the next one's has not, except address and links."""

    picks: tuple[Pick, ...]
    #: empty where the reader gave none
    name: str
    #: this is the reader's n-th issue
    number: int
    #: "on Fridays at 08:00, Paris time"
    rhythm: str
    #: "morning"
    part_of_day: str
    #: "3 March 2026"
    since: str
    #: "Friday, 4 December"
    next_date: str
    #: False for a reader who follows nothing yet
    follows: bool
    #: which key signs the links
    key_id: int
    #: so many picks, from the end, did not fit into a mail and are only linked
    left_out: int = 0
    #: an interest that the reader's votes show, which the mail asks about; empty for none, and in old recipes
    proposal: str = ""

    @property
    def shown(self) -> tuple[Pick, ...]:
        """The picks that the mail holds."""
        return self.picks[: len(self.picks) - self.left_out]

    def dump(self) -> str:
        """As compact JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["picks"] = [
            (pick.entry_id, pick.section, pick.score, pick.reason, pick.words, pick.sentence) for pick in self.picks
        ]
        if not self.proposal:
            del values["proposal"]  # most have none
        return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def load_recipe(text: str) -> Recipe:
    """Read what `Recipe.dump` wrote."""
    values = json.loads(text)
    values["picks"] = tuple(
        [
            Pick(entry_id, _SECTIONS[section], score, _REASONS[reason], words, sentence)
            for entry_id, section, score, reason, words, sentence in values["picks"]
        ]
    )
    return Recipe(**values)
