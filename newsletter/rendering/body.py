"""One of a mail's two bodies: its templates, and the fragments made of them so far.

Every block of the document and every part is rendered once with holes (`hole`) for the values that differ by reader,
encoded, and kept. The same templates can be rendered the plain way, for one reader as a whole.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import jinja2
from markupsafe import Markup

from newsletter.issues.issue import ReasonKind, Section
from newsletter.rendering import words
from newsletter.rendering.card import SENTENCE, Card
from newsletter.rendering.fragments import Fragment, Holes, cut, hole
from newsletter.rendering.quoted_printable import encode_html, encode_text, encode_value
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.wrapping import fill

READER_FIELDS = ("name", "address", "number", "rhythm", "since", "next_date")
LINK_FIELDS = ("leave", "preferences", "pause", "privacy", "suggest", "issue")
_PROPOSAL = Holes("proposal", ("words", "link"))
_BLOCKS = {Section.FAVOURITES: "favourite", Section.OUTSIDE: "outside"}


class BodyTemplate:
    """The HTML or the text of an issue."""

    def __init__(self, environment: jinja2.Environment, shared: Mapping[str, Any], *, html: bool) -> None:
        """`shared`: the variables `newsletter` and `issue`, the same for all readers."""
        self.is_html = html
        self._suffix = "html" if html else "txt"
        self._environment = environment
        self._document = environment.get_template(f"issue/issue.{self._suffix}")
        self._literal = encode_html if html else encode_text
        #: encodes a reader's value
        self.value = encode_value if html else encode_text
        #: issues that were frozen long ago do not say
        self._longest: int = shared.get("longest_sentence", SENTENCE)
        issue = dict(shared["issue"])
        if html:
            issue["intro"] = Markup(issue["intro_html"])  # noqa: S704 — sanitised when it was read
        self._shared: dict[str, Any] = {**shared, "issue": issue}
        self._with_holes: dict[str, Any] = {
            **self._shared,
            "reader": Holes("reader", READER_FIELDS),
            "links": Holes("links", LINK_FIELDS),
            "greeting": hole("greeting"),
            "preheader": hole("preheader"),
            "proposed": hole("proposed"),
            "sections": [],
            "left_out": "",
        }
        self._fragments: dict[tuple[object, ...], Fragment] = {}

    # -- fragments: each made once

    def shell(self) -> Fragment:
        """The document around its body."""
        key = ("shell",)
        if (fragment := self._fragments.get(key)) is None:
            context = self._document.new_context(self._with_holes)
            context.blocks["body"] = [lambda _: iter([str(hole("body"))])]
            rendered = "".join(self._document.root_render_func(context))
            fragment = self._fragments[key] = cut(rendered, self._literal)
        return fragment

    def section(self, section: Section, follows: bool) -> Fragment:
        """The head of a section."""
        key = ("section", section, follows)
        if (fragment := self._fragments.get(key)) is None:
            fragment = self._block(key, section={"name": section, "follows": follows})
        return fragment

    def card(self, section: Section, card: Card, first: bool, sentence: int | None) -> Fragment:
        """An entry as it stands in that section, with that sentence set off; holes for number, reason and votes remain.

        The first entry of a section has no line above it.
        """
        pick = _card_variables(card, section, first)
        pick["sentence"] = hole("pick.sentence") if card.sentences else ""
        pick["rest"] = hole("pick.rest") if len(card.sentences) > 1 else ""
        pick |= {field: hole(f"pick.{field}") for field in ("number", "reason", "more", "less")}
        name = _BLOCKS.get(section, "card")
        key = (name if name in self._document.blocks else "card", section, card.entry_id, first)
        blank = self._fragments.get(key) or self._block(key, pick=pick)
        set_off = self._wrapped(card.sentence(sentence, self._longest))
        rest = self._wrapped(card.rest(sentence))
        telling = {"pick.sentence": self.value(set_off), "pick.rest": self.value(rest)}
        return blank.partly_filled(telling)

    def reason(self, kind: ReasonKind, about: str) -> bytes:
        """Why an entry is there, encoded."""
        key = ("reason", kind)
        reason = {"kind": kind, "words": hole("reason.words")}
        fragment = self._fragments.get(key) or self._part(key, reason=reason)
        return fragment.filled({"reason.words": self.value(about)})

    def around(self, body: list[bytes], recipe: Recipe, values: dict[str, bytes]) -> list[bytes]:
        """The whole document in pieces, with that body in it."""
        if recipe.left_out:
            body = [*body, self._left_out(recipe.left_out).filled(values)]
        values["greeting"] = self._greeting(recipe).filled(values)
        values["proposed"] = self._proposed().filled(values) if recipe.proposal and self.asks else b""
        return self.shell().around("body", body, values)

    def _left_out(self, count: int) -> Fragment:
        """That some entries did not fit."""
        key = ("left_out", count)
        return self._fragments.get(key) or self._block(key, left_out=words.number(count))

    def _greeting(self, recipe: Recipe) -> Fragment:
        """The first lines."""
        sections = tuple([pick.section for pick in recipe.picks])
        key = ("greeting", bool(recipe.name), recipe.part_of_day, recipe.follows, sections)
        if (fragment := self._fragments.get(key)) is None:
            reader = Holes("reader", READER_FIELDS)
            if not recipe.name:
                reader["name"] = ""
            fragment = self._part(key, reader=reader, **_greeting_variables(recipe))
        return fragment

    @property
    def asks(self) -> bool:
        """Has the document a place for an interest to propose? Issues that were frozen long ago have none."""
        return "proposed" in self.shell().holes

    def _proposed(self) -> Fragment:
        """The question about an interest that the reader's votes show."""
        key = ("proposed",)
        if (fragment := self._fragments.get(key)) is None:
            rendered = self._plain_part("proposed", self._with_holes | {"proposal": _PROPOSAL})
            fragment = self._fragments[key] = cut(self._apart(rendered), self._literal)
        return fragment

    def preheader(self, count: int) -> Fragment:
        """What mail programs show behind the subject, with holes for some titles."""
        key = ("preheader", count)
        return self._fragments.get(key) or self._part(key, also=[hole(f"also.{n}") for n in range(count)])

    def _block(self, key: tuple[object, ...], **variables: object) -> Fragment:
        block = self._document.blocks[str(key[0])]
        context = self._document.new_context({**self._with_holes, **variables})
        fragment = self._fragments[key] = cut("".join(block(context)), self._literal)
        return fragment

    def _part(self, key: tuple[object, ...], **variables: object) -> Fragment:
        template = self._environment.get_template(f"issue/{key[0]}.{self._suffix}")
        rendered = template.render({**self._with_holes, **variables}).strip()
        fragment = self._fragments[key] = cut(rendered, self._literal)
        return fragment

    # -- the plain way

    def render(
        self,
        recipe: Recipe,
        cards: Mapping[int, Card],
        reader: Mapping[str, str],
        links: Mapping[str, str],
    ) -> str:
        """The whole template for one reader, nothing prepared."""
        common: dict[str, Any] = {
            **self._shared,
            "reader": {field: reader[f"reader.{field}"] for field in READER_FIELDS},
            "links": {field: links[f"links.{field}"] for field in LINK_FIELDS},
        }
        sections: list[dict[str, Any]] = []
        for number, pick in enumerate(recipe.shown, 1):
            if not sections or sections[-1]["name"] is not pick.section:
                sections.append({"name": pick.section, "follows": recipe.follows, "picks": []})
            card = cards[pick.entry_id]
            variables = _card_variables(card, pick.section, first=not sections[-1]["picks"])
            reason = {"kind": pick.reason, "words": pick.words}
            variables |= {
                "sentence": self._wrapped(card.sentence(pick.sentence, self._longest)),
                "rest": self._wrapped(card.rest(pick.sentence)),
                "number": str(number),
                "reason": self._plain_part("reason", common | {"reason": reason}),
                "more": links[f"more.{pick.entry_id}"],
                "less": links[f"less.{pick.entry_id}"],
            }
            sections[-1]["picks"].append(variables)
        also = [cards[pick.entry_id].title for pick in recipe.picks[1:3]]
        return self._document.render(
            common
            | {
                "sections": sections,
                "left_out": words.number(recipe.left_out) if recipe.left_out else "",
                "greeting": self._plain_part("greeting", common | _greeting_variables(recipe)),
                "preheader": self._plain_part("preheader", common | {"also": also}) if self.is_html else "",
                "proposed": self._asking(recipe, links, common) if recipe.proposal and self.asks else "",
            }
        )

    def _asking(self, recipe: Recipe, links: Mapping[str, str], common: dict[str, Any]) -> str:
        proposal = {"words": recipe.proposal, "link": links["proposal.link"]}
        return self._apart(self._plain_part("proposed", common | {"proposal": proposal}))

    def _apart(self, rendered: str) -> str:
        """In a text what stands there is a paragraph; where nothing does, there is no gap."""
        return rendered if self.is_html else f"{rendered}\n\n"

    def said(self, kind: ReasonKind, about: str) -> str:
        """Why an entry is there, as it reads."""
        return self._plain_part("reason", {**self._shared, "reason": {"kind": kind, "words": about}})

    def _plain_part(self, name: str, variables: dict[str, Any]) -> str:
        rendered = self._environment.get_template(f"issue/{name}.{self._suffix}").render(variables).strip()
        return Markup(rendered) if self.is_html else rendered  # noqa: S704 — a template's own, escaped output

    def _wrapped(self, text: str) -> str:
        return text if self.is_html else fill(text)


def _card_variables(card: Card, section: Section, first: bool) -> dict[str, Any]:
    return {
        "title": card.title,
        "link": card.link,
        "linked": card.linked,
        "people": card.people,
        "source": card.origin,
        "date": card.date,
        "likes": card.likes,
        "image": card.image,
        "section": section,
        "first": first,
    }


def _greeting_variables(recipe: Recipe) -> dict[str, Any]:
    counts = Counter(pick.section for pick in recipe.picks)
    return {
        "contents": words.contents(*(counts[section] for section in Section)),
        "part_of_day": recipe.part_of_day,
        "follows": recipe.follows,
    }
