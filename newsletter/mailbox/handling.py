"""Doing what a mail asks for: ask who it is | do | answer. The one place of this room that acts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from newsletter.mailbox.answering import ANSWERS, UNASKED_HELP, Answers, thread_of
from newsletter.mailbox.bounces import verdict
from newsletter.mailbox.decision import Action, Commands, Ignore, LeaveByToken, Letter, Reply, Returned
from newsletter.mailbox.envelope import Disposition
from newsletter.mailbox.reading import Incoming
from newsletter.mailbox.store import all_or_nothing
from newsletter.newsletter import Newsletter
from newsletter.readers.asked import (
    ChangeCadence,
    ChangeTimezone,
    Command,
    Confirm,
    Decline,
    Erase,
    Follow,
    Help,
    Leave,
    Mute,
    Pause,
    SendData,
    Subscribe,
    Unfollow,
)
from newsletter.readers.desk import Pending
from newsletter.readers.doing import HARMLESS, Done, cadence_after, carry_out
from subscribers import limits
from subscribers.address import address_key
from subscribers.errors import SubscribersError
from subscribers.evidence import Origin
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, suppression_of

#: Of a mail that is empty, and of a "yes" that answers nothing.
_UNCLEAR = (
    "there is nothing in your mail.",
    "we do not know what you confirm. Reply to the very mail that asked you, or use its link.",
)
#: What may stand below the "yes" to the first question.
_BESIDE_A_YES = (ChangeCadence, ChangeTimezone, Follow, Mute, Pause, Unfollow)


class Handling:
    """One mail."""

    def __init__(self, newsletter: Newsletter, key: str, raw: bytes, now: datetime) -> None:
        """`key` tells it from other mails; `raw` is empty where the mail is not at hand as a whole."""
        self._readers = newsletter.readers
        self._correspondence = newsletter.correspondence
        self._db = newsletter.database
        #: of who asks for none
        self._cadence = newsletter.settings.cadence.cadence()
        self._answers = Answers(newsletter, key, raw, now)
        self._now = now

    def do(self, action: Action) -> tuple[Disposition, str]:
        """What becomes of the mail, and what was done in a sentence."""
        match action:
            case Ignore(why):
                return Disposition.DONE, f"Nothing was done: {why}."
            case Returned():
                return Disposition.DONE, self._returned(action)
            case Reply() if not action.yes:
                return self._declined(action)
            case Reply():
                return self._with_words(action, self._reply(action))
            case LeaveByToken():
                return self._leave_by_token(action)
            case Commands():
                return self._with_words(action, self._wishes(action))
            case Letter(incoming):
                return self._answers.forward(incoming)

    # -- what comes back

    def _returned(self, action: Returned) -> str:
        report = action.report
        if report.kind == "vacation":
            return "Nothing was done: it is an out-of-office note."
        found = self._correspondence.returned_by(action.details)
        if found is None and report.kind == "complaint" and action.leave:
            # Who has the mail has this token too, so it proves no more than that somebody wants to leave.
            person = self._correspondence.leaving_by(action.leave)
            if person:
                self._readers.leave(person, words=report.text, origin=_origin("", ""))
                return "Somebody complained, and has left by that."
        if found is None:
            return "Nothing was done: the report names none of our mails."
        person, mail = found
        if report.kind == "complaint":
            self._correspondence.complained(person, words=report.text, origin=_origin("", ""))
            return "Somebody complained, and gets nothing any more."
        what = verdict(report)
        self._correspondence.came_back(person, mail, what, report.text)
        return f"A mail came back ({what})."

    # -- what readers want

    def _reply(self, action: Reply) -> str:
        incoming = action.incoming
        origin = _origin(incoming.message_id, incoming.sender or "")
        words = _first_words(incoming)
        before = self._readers.pending(action.token)
        try:
            with all_or_nothing(self._db):
                pending = self._readers.confirm(action.token, words=words, origin=origin)
        except SubscribersError as error:
            return self._answers.answer(incoming, None, subject="That did not work", lines=[str(error)])
        if pending is None or pending.state == "expired":
            lines = ["The link of that mail has expired. Ask again, and answer within three days."]
            # Anybody can make a token up, in anybody's name.
            most = ANSWERS if pending else UNASKED_HELP
            return self._answers.answer(incoming, None, subject="That was too late", lines=lines, most=most)
        first = before is not None and before.state == "open" and before.purpose == "subscribe"
        return self._confirmed(incoming, pending, self._beside(action, pending.subscriber, words, origin, first=first))

    def _beside(self, action: Reply, person: Subscriber, words: str, origin: Origin, *, first: bool) -> Done:
        """What stands below the "yes" with which somebody becomes a reader; nothing for any other."""
        wishes = [one for one in action.understood.commands if first and isinstance(one, _BESIDE_A_YES)]
        try:
            with all_or_nothing(self._db):
                return carry_out(self._readers, person, wishes, numbered=(), words=words, origin=origin, now=self._now)
        except SubscribersError as error:
            return Done((str(error),), "", False)

    def _declined(self, action: Reply) -> tuple[Disposition, str]:
        """A "no" to a question that is open; to any other it is what its words say: "stop" still means stop."""
        incoming, pending = action.incoming, self._readers.pending(action.token)
        reads = pending and pending.subscriber.state in (State.ACTIVE, State.PAUSED) and pending.purpose != "address"
        leaves = any(isinstance(wish, Leave) for wish in action.understood.commands)
        if pending and pending.state != "done":
            self._readers.decline(action.token)
            if not (leaves and reads):
                return self._with_words(action, "A request was declined.")
        if not (pending and leaves and reads):
            return self.do(action.otherwise)
        origin, words = _origin(incoming.message_id, incoming.sender or ""), _first_words(incoming)
        said = self._carry_out(incoming, pending.subscriber, (Leave(),), (), words, origin)
        return self._with_words(action, said)

    def _with_words(self, action: Reply | Commands, said: str) -> tuple[Disposition, str]:
        """What was asked for is done; what is written beside it goes to a person."""
        if action.understood.prose:
            return self._answers.forward(action.incoming)[0], said
        return Disposition.DONE, said

    def _confirmed(self, incoming: Incoming, pending: Pending, done: Done) -> str:
        person = self._readers.again(pending.subscriber)
        match pending.purpose:
            case "subscribe":
                lines = [
                    f"You are in. Your issues come {self._readers.rhythm(person)}; the first one "
                    f"{self._readers.first_issue(person)}."
                ]
                if not person.interests:
                    lines.append("You follow nothing yet. Write “+ protein design”, say, to follow that.")
                return self._answers.answer(
                    incoming,
                    person,
                    subject=f"Welcome to {self._readers.title}",
                    lines=[*lines, *done.lines],
                    undo=done.undo,
                    interests=True,
                )
            case "address":
                lines = [f"Your issues come to {person.address} from now on."]
                return self._answers.answer(incoming, person, subject="Your address is changed", lines=lines)
            case "command":
                lines = list(pending.detail.get("done", ())) or ["It is done."]
                return self._answers.answer(incoming, person, subject="Done", lines=lines)
            case _:
                return "A private link was answered: it works by a click only."

    def _leave_by_token(self, action: LeaveByToken) -> tuple[Disposition, str]:
        person = self._correspondence.leaving_by(action.token, quiet=action.quiet)
        if person is None:
            return self.do(action.otherwise)
        origin = _origin(action.incoming.message_id, action.incoming.sender or "")
        if action.quiet:
            self._readers.change(person, announcements=False, origin=origin)
            return Disposition.DONE, "Somebody wants no announcements."
        self._readers.leave(person, words="leave, by the address of List-Unsubscribe", origin=origin)
        return Disposition.DONE, "Somebody has left."

    def _wishes(self, action: Commands) -> str:
        incoming, understood = action.incoming, action.understood
        if incoming.sender is None:
            return "Nothing was done: it has no sender."
        person = self._readers.find(incoming.sender)
        commands: list[Command] = [one for one in understood.commands if not isinstance(one, Confirm | Decline)]
        private: list[Command] = [one for one in commands if isinstance(one, SendData | Erase)]
        if suppression_of(self._db, incoming.sender) is Reason.COMPLAINED:
            # Whose mail is unwanted there is written by whomever in their name; what is kept they may see all the same.
            understood, commands = replace(understood, unclear=None), private
            if not private:
                return "Nothing was done: who complained is written to no more."
        if understood.unclear or not commands:
            unclear = understood.unclear or _UNCLEAR[bool(understood.commands)]
            return self._answers.help(incoming, person, unclear, most=UNASKED_HELP)
        if subscribe := next((c for c in commands if isinstance(c, Subscribe)), None):
            return self._subscribe(incoming, action, subscribe, commands)
        if any(isinstance(command, Help) for command in commands):
            return self._answers.help(incoming, person, "", most=self._most(action) if person else UNASKED_HELP)
        origin, words = _origin(incoming.message_id, incoming.sender), _first_words(incoming)
        if person and private:
            # Only ever to the address that is kept, so whoever asks learns nothing.
            self._readers.send_private_link(person, origin=origin, thread=thread_of(incoming))
            commands = [command for command in commands if command not in private]
            if not commands:
                return "The answer is a private link."
        if person is None or person.state in (State.PENDING, State.UNSUBSCRIBED, State.SUPPRESSED):
            return self._stranger(incoming, person, commands, genuine=action.genuine)
        numbered = self._correspondence.numbered(person, incoming.references)
        if not action.genuine and any(not isinstance(command, HARMLESS) for command in commands):
            self._correspondence.ask_whether(
                person, commands, numbered, words=words, origin=origin, thread=thread_of(incoming)
            )
            return "A sender could not be told from a forger, and was asked."
        return self._carry_out(incoming, person, commands, numbered, words, origin, most=self._most(action))

    def _most(self, action: Commands) -> int:
        """Answers a day; who may be a forger makes us write to somebody once."""
        return ANSWERS if action.genuine else UNASKED_HELP

    def _carry_out(
        self,
        incoming: Incoming,
        person: Subscriber,
        commands: Sequence[Command],
        numbered: Sequence[int],
        words: str,
        origin: Origin,
        *,
        most: int = ANSWERS,
    ) -> str:
        try:
            with all_or_nothing(self._db):
                done = carry_out(
                    self._readers, person, commands, numbered=numbered, words=words, origin=origin, now=self._now
                )
        except SubscribersError as error:
            lines = [str(error), "Nothing of what your mail asks for was done."]
            return self._answers.answer(incoming, person, subject="That did not work", lines=lines)
        gone = any(isinstance(command, Leave) for command in commands)
        return self._answers.answer(
            incoming,
            person,
            subject="You have left" if gone else "Done" if done.lines else "What you follow",
            lines=done.lines,
            undo=done.undo,
            interests=done.interests,
            # Whoever has left must hear it, whatever they wrote before.
            most=most + 1 if gone else most,
        )

    def _subscribe(self, incoming: Incoming, action: Commands, command: Subscribe, commands: Sequence[Command]) -> str:
        """The rest of the commands says how it is wanted. A forged sender is asked once a day, not more."""
        sender = address_key(incoming.sender or "")
        if not action.genuine and not limits.allow(self._db, "forged", sender, self._now, most=1):
            return "Nothing was done: that sender was asked already, and may be forged."
        origin = _origin(incoming.message_id, incoming.sender or "")
        cadence, interests = self._cadence, list(command.interests)
        for one in commands:
            match one:
                case ChangeCadence() | ChangeTimezone():
                    cadence = cadence_after(cadence, one)
                case Follow(text):
                    interests.append(text)
                case Mute(text):
                    interests.append(f"not: {text}")
        try:
            with all_or_nothing(self._db):
                self._readers.request(
                    incoming.sender or "",
                    name=incoming.sender_name,
                    interests=interests,
                    cadence=cadence,
                    words=_first_words(incoming),
                    origin=origin,
                    thread=thread_of(incoming),
                )
        except SubscribersError as error:
            return self._answers.help(incoming, None, str(error), most=UNASKED_HELP)
        return "Somebody asked to subscribe, and was asked whether it was they."

    def _stranger(
        self, incoming: Incoming, person: Subscriber | None, commands: Sequence[Command], *, genuine: bool
    ) -> str:
        """Wishes of somebody who is no reader: told so, once a day. A forger cannot undo what is asked for."""
        if any(isinstance(command, Leave) for command in commands):
            if person and genuine:
                self._readers.leave(
                    person, words=_first_words(incoming), origin=_origin(incoming.message_id, person.address)
                )
            lines = [
                f"{incoming.sender} gets nothing from us. If mail of ours still reaches you, it goes to another "
                "address: use the link at its end, or reply to it from there."
            ]
        else:
            lines = [
                f"{incoming.sender} is no reader of ours, so nothing was done. Write “subscribe” to become one, or "
                "write from the address that gets the issues."
            ]
        return self._answers.answer(incoming, None, subject="Nothing was done", lines=lines, most=UNASKED_HELP)


def _origin(message_id: str, sender: str) -> Origin:
    return Origin("mail", page=f"mail from {sender}" if sender else "mail", message_id=message_id)


def _first_words(incoming: Incoming) -> str:
    """What the person wrote, for the evidence."""
    return "\n".join([incoming.subject, *incoming.lines[:20]])[:1_000].strip()
