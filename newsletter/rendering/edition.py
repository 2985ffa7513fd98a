"""A frozen issue: rendered once, put together for each reader.

The templates are ordinary Jinja and could be rendered once a reader (`Edition.render_plainly`). `Edition.assemble`
gives the same copy by joining what was rendered and encoded once; `check` holds the templates to that.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from quopri import decodestring
from typing import Any

from newsletter.errors import TemplateError
from newsletter.issues.issue import Pick, ReasonKind, Section, parse_issue_key
from newsletter.ranking.proposals import number_of
from newsletter.rendering import words
from newsletter.rendering.body import LINK_FIELDS, BodyTemplate
from newsletter.rendering.card import SENTENCE, Card
from newsletter.rendering.fragments import Fragment, without_holes
from newsletter.rendering.links import PATHS, PersonalSigner, Purpose, Signer
from newsletter.rendering.quoted_printable import encode_token, encode_value
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.templates import environment

#: Gmail cuts a mail at about 102 kB of HTML and hides the way to leave with the rest. This is counted encoded, where
#: one letter beyond ASCII takes up to ten bytes, and leaves room for the greeting.
MOST_HTML = 96_000
#: A vote's token and its soft break, at most.
_TOKEN = 80
#: Reasons kept: memory stays flat however many readers, and interests, there are.
_MOST_REASONS = 20_000
#: The same for cards (about 3 kB each).
_MOST_CARDS = 10_000

_READER_LINKS = (Purpose.LEAVE, Purpose.PREFERENCES, Purpose.PAUSE, Purpose.PRIVACY)
_VOTES = (Purpose.MORE, Purpose.LESS)
_SOFT_BREAK = b"=\r\n"


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a copy is for: what is not in the recipe because it may still change or is secret."""

    subscriber_id: int
    address: str


@dataclass(frozen=True, slots=True)
class Body:
    """Both parts of a copy, encoded as quoted-printable and still in pieces (joined once, in the message)."""

    subject: str
    html: list[bytes]
    text: list[bytes]


class Edition:
    """What all copies of an issue share."""

    def __init__(self, sources: dict[str, str], shared: dict[str, Any]) -> None:
        """`sources`: templates by name, `shared`: the variables `newsletter` and `issue` (see README)."""
        self.sources = sources
        self.shared = shared
        #: a draft has no id yet, and must not differ from what is sent
        self._number = parse_issue_key(shared["issue"]["name"]).number
        self._environment = environment(sources)
        self.html = BodyTemplate(self._environment, shared, html=True)
        self.text = BodyTemplate(self._environment, shared, html=False)
        self._subjects: dict[tuple[int, int], str] = {}
        self._card_pairs: dict[tuple[Section, int, bool, int | None], tuple[Fragment, Fragment]] = {}
        self._reason_pairs: dict[tuple[ReasonKind, str], tuple[bytes, bytes]] = {}
        base = shared["newsletter"]["base_url"]
        self._paths = {purpose: encode_token(f"{base}/{path}/") for purpose, path in PATHS.items()}
        self._link_paths = [
            (f"links.{name}", self._paths[purpose])
            for name, purpose in zip(LINK_FIELDS, (*_READER_LINKS, Purpose.SUGGEST, Purpose.ISSUE), strict=True)
        ]

    def dump(self) -> str:
        """As JSON, to be kept with the issue."""
        return json.dumps({"sources": self.sources, "shared": self.shared}, ensure_ascii=False)

    def has_words_for(self, reason: ReasonKind) -> bool:
        """Do both templates of reasons name that kind? Those that were frozen before there was such a reason do not."""
        return all(f'"{reason}"' in self.sources.get(f"issue/reason.{kind}", "") for kind in ("html", "txt"))

    def fitted(self, recipe: Recipe, cards: Mapping[int, Card]) -> Recipe:
        """The recipe with as many of its picks, from the top, as fit into a mail that nobody clips."""
        room = MOST_HTML - self.html.shell().size
        section: Section | None = None
        for n, pick in enumerate(recipe.picks):
            first = pick.section is not section
            html_card, _ = self._cards(pick, cards[pick.entry_id], first)
            room -= self._size(pick, html_card, first, recipe.follows)
            section = pick.section
            if room < 0:
                return replace(recipe, left_out=len(recipe.picks) - n)
        return replace(recipe, left_out=0)

    def assemble(self, recipe: Recipe, cards: Mapping[int, Card], reader: Reader, signer: Signer) -> Body:
        """A reader's copy by joining pieces. The same arguments give the same bytes."""
        signed = signer.with_key(recipe.key_id).of(reader.subscriber_id)
        more_path, less_path = self._paths[Purpose.MORE], self._paths[Purpose.LESS]
        html = self._encoded_links(signed)
        text = dict(html)
        for name, value in _reader_values(recipe, reader).items():
            html[name], text[name] = self.html.value(value), self.text.value(value)
        if recipe.proposal:
            (token,) = signed.tokens((Purpose.PROPOSAL,), number_of(recipe.proposal))
            html["proposal.link"] = text["proposal.link"] = self._paths[Purpose.PROPOSAL] + token + _SOFT_BREAK
            html["proposal.words"] = self.html.value(recipe.proposal)
            text["proposal.words"] = self.text.value(recipe.proposal)
        html_body: list[bytes] = []
        text_body: list[bytes] = []
        section: Section | None = None
        for number, pick in enumerate(recipe.shown, 1):
            first = pick.section is not section
            section = pick.section
            html_card, text_card = self._cards(pick, cards[pick.entry_id], first)
            if first:
                html_body += self.html.section(section, recipe.follows).pieces(html)
                text_body += self.text.section(section, recipe.follows).pieces(text)
            if html_card.holes or text_card.holes:
                more, less = signed.tokens(_VOTES, pick.entry_id)
                html["pick.more"] = text["pick.more"] = more_path + more + _SOFT_BREAK
                html["pick.less"] = text["pick.less"] = less_path + less + _SOFT_BREAK
                html["pick.reason"], text["pick.reason"] = self._reasons(pick)
                html["pick.number"] = text["pick.number"] = encode_value(str(number))
            html_body += html_card.pieces(html)
            text_body += text_card.pieces(text)
        also = [cards[pick.entry_id].title for pick in recipe.picks[1:3]]
        html.update({f"also.{n}": self.html.value(title) for n, title in enumerate(also)})
        html["preheader"] = self.html.preheader(len(also)).filled(html)
        return Body(
            self.subject(recipe, cards),
            self.html.around(html_body, recipe, html),
            self.text.around(text_body, recipe, text),
        )

    def _cards(self, pick: Pick, card: Card, first: bool) -> tuple[Fragment, Fragment]:
        key = (pick.section, pick.entry_id, first, pick.sentence)
        if (pair := self._card_pairs.get(key)) is None:
            pair = (
                self.html.card(pick.section, card, first, pick.sentence),
                self.text.card(pick.section, card, first, pick.sentence),
            )
            if len(self._card_pairs) > _MOST_CARDS:
                self._card_pairs.clear()
            self._card_pairs[key] = pair
        return pair

    def _size(self, pick: Pick, html_card: Fragment, first: bool, follows: bool) -> int:
        """Bytes of HTML that an entry takes, with its reason, its votes and the head of its section."""
        size = html_card.size + self.html.section(pick.section, follows).size if first else html_card.size
        if html_card.holes:
            size += len(self._reasons(pick)[0]) + 2 * (len(self._paths[Purpose.MORE]) + _TOKEN)
        return size

    def _reasons(self, pick: Pick) -> tuple[bytes, bytes]:
        key = (pick.reason, pick.words)
        if (pair := self._reason_pairs.get(key)) is None:
            if len(self._reason_pairs) > _MOST_REASONS:
                self._reason_pairs.clear()
            pair = self._reason_pairs[key] = (self.html.reason(*key), self.text.reason(*key))
        return pair

    def render_plainly(
        self, recipe: Recipe, cards: Mapping[int, Card], reader: Reader, signer: Signer
    ) -> tuple[str, str, str]:
        """(subject, HTML, text) of the same copy, the whole templates rendered for this one reader."""
        links, texts = self._links(recipe, reader, signer), _reader_values(recipe, reader)
        html, text = (way.render(recipe, cards, texts, links) for way in (self.html, self.text))
        return self.subject(recipe, cards), html, text

    def subject(self, recipe: Recipe, cards: Mapping[int, Card]) -> str:
        """The subject of a copy."""
        key = (recipe.picks[0].entry_id, len(recipe.picks))
        if (subject := self._subjects.get(key)) is None:
            pick = {"title": cards[key[0]].title}
            template = self._environment.get_template("issue/subject.txt")
            rendered = template.render(**self.shared, pick=pick, others=words.number(key[1] - 1))
            subject = self._subjects[key] = " ".join(rendered.split())
        return subject

    def _encoded_links(self, signed: PersonalSigner) -> dict[str, bytes]:
        tokens = signed.tokens(_READER_LINKS)
        tokens += signed.tokens((Purpose.SUGGEST,))
        tokens += signed.tokens((Purpose.ISSUE,), self._number)
        return {name: path + token + _SOFT_BREAK for (name, path), token in zip(self._link_paths, tokens, strict=True)}

    def _links(self, recipe: Recipe, reader: Reader, signer: Signer) -> dict[str, str]:
        signer, person = signer.with_key(recipe.key_id), reader.subscriber_id
        links = {
            f"links.{name}": signer.url(purpose, person)
            for name, purpose in zip(LINK_FIELDS, (*_READER_LINKS, Purpose.SUGGEST), strict=False)
        }
        links["links.issue"] = signer.url(Purpose.ISSUE, person, self._number)
        if recipe.proposal:
            links["proposal.link"] = signer.url(Purpose.PROPOSAL, person, number_of(recipe.proposal))
        for pick in recipe.picks:
            links[f"more.{pick.entry_id}"] = signer.url(Purpose.MORE, person, pick.entry_id)
            links[f"less.{pick.entry_id}"] = signer.url(Purpose.LESS, person, pick.entry_id)
        return links


def load_edition(text: str) -> Edition:
    """Read what `Edition.dump` wrote."""
    values = json.loads(text)
    return Edition(values["sources"], values["shared"])


def shared_variables(
    *,
    newsletter: dict[str, str],
    issue: dict[str, Any],
    intro_html: str,
    intro_text: str,
    longest_sentence: int = SENTENCE,
) -> dict[str, Any]:
    """The variables that all copies share, safe from what could be taken for a hole."""
    clean = {key: without_holes(value) for key, value in newsletter.items()}
    return {
        "newsletter": clean,
        "issue": {**issue, "intro_html": without_holes(intro_html), "intro": without_holes(intro_text)},
        "longest_sentence": longest_sentence,
    }


def check(edition: Edition, recipe: Recipe, cards: Mapping[int, Card], reader: Reader, signer: Signer) -> None:
    """Hold the templates to giving the same text both ways. Raises `TemplateError`, and Jinja's own errors."""
    recipe = edition.fitted(recipe, cards)
    _, html, text = edition.render_plainly(recipe, cards, reader, signer)
    body = edition.assemble(recipe, cards, reader, signer)
    plain = html.encode("ascii", "xmlcharrefreplace").decode()
    for kind, expected, actual in (("HTML", plain, body.html), ("text", text, body.text)):
        joined = decodestring(b"".join(actual)).decode("utf-8").replace("\r\n", "\n")
        if joined != expected:
            n = next((n for n, (a, b) in enumerate(zip(expected, joined, strict=False)) if a != b), len(joined))
            raise TemplateError(
                f"The templates' {kind} uses a value of the reader's (reader.…, links.…, pick.sentence, pick.rest, "
                "pick.more, pick.less, reason.words, proposal.…) in a condition or filter; such values are filled in "
                f"later, so they may only be printed. It happens before {expected[n : n + 60]!r}."
            )


def _reader_values(recipe: Recipe, reader: Reader) -> dict[str, str]:
    return {
        "reader.name": recipe.name,
        "reader.address": reader.address,
        "reader.number": f"{recipe.number:,}",
        "reader.rhythm": recipe.rhythm,
        "reader.since": recipe.since,
        "reader.next_date": recipe.next_date,
    }
