"""Names for groups of entries: phrases that their titles and summaries share and others have not, as they write them.

A phrase is compared by its key (letter case, hyphens and plurals aside: "State-space models" is "state space model"),
and written as the entries write it most often. It never crosses a sign of punctuation, and neither begins nor ends
with a word that names nothing.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice

#: Words of titles that say nothing of what they are about.
COMMON = frozenset(
    """a about across after all an and any are as at based be been before better beyond both but by can do does for from
    has have how if in into is it its less more most new no not novel of off on one only or our over per rather some
    study such than that the their them then there these this through to too toward towards two under up us use used
    using via via was we what when where which while who why will with within without you your approach analysis case
    efficient enhanced first framework improved improving improve method methods simple survey task tasks problem
    application applications learning model models deep data system systems""".split()
)
#: Words that name something beside others, and little by themselves.
SAYS_LITTLE_ALONE = frozenset(
    """learning model models deep data system systems network networks neural large fast robust adaptive general
    language human multi self high low open real time single joint point points dynamic modeling modelling recognition
    classification generation unified sequential building design generative estimation prediction detection analysis
    optimization visual adversarial fusion environments error hidden latent""".split()
)
#: Words of summaries, beside those, with which no name begins or ends.
_TELLING = frozenset(
    """able according achieve achieved achieves achieving additional additionally address addresses addressing
    against aim aims allow allowing allows also although among another applied apply applying approaches art
    available aware because become being benefit benefits best between bring called capable challenge challenges
    challenging code com common comparable compared comparing comprehensive conduct conducted consider considered
    consistent consistently contrast contribution contributions could critical crucial current currently deal
    demonstrate demonstrated demonstrates demonstrating despite develop developed developing develops different
    difficult directly diverse due during each easily effective effectively effectiveness efficiency efficiently
    either emerging enable enables enabling enhance enhances enhancing ensure ensuring especially etc evaluate
    evaluated evaluating evaluation even every existing experiment experimental experiments explore explored
    explores exploring extensive facilitate few finally find finding findings finds focus focuses focusing
    followed following formulate found four full fully further furthermore gain gains generally generate generated
    generates github give given gives good great greatly half have having hence here high higher highlight highly
    however http https impact implement important impressive include includes including increase increased
    increasing increasingly indicate inspired instead interesting introduce introduced introduces introducing
    investigate investigated investigates investigating issue issues just key know known lack large largely last
    lead leading leads let leverage leverages leveraging like limit limitation limitations limited little long
    main mainly major make makes making many may mean means meanwhile might moreover much multiple must named
    natural nature near need needed needs never nevertheless next notably novel now number obtain obtained
    obtaining offer offering offers often on once open order original other others otherwise out outperform
    outperforming outperforms overall overcome overview own paper papers part particular particularly perform
    performance performed performing performs possible potential potentially powerful practical present presented
    presents previous previously primary prior process processes produce produced produces producing promising
    proper properties propose proposed proposes proposing provide provided provides providing quality quite range
    recent recently reduce reduced reduces reducing related rely relying remain remains remarkable report require
    required requires requiring research respectively result resulting results reveal review same scale scenario
    scenarios second see seek self serve set several should show showcase showing shown shows significant
    significantly similar simply since small so solution solutions solve solving sota specific specifically state
    state-of-art state-of-the-art still strategies strategy strong studied studies studying substantial
    substantially successful successfully suffer suggest superior systematic take taken takes taking technique
    techniques term terms test tested testing that their themselves therefore they third thoroughly those though
    three thus together top toward traditional train trained try trying type types typically understand
    understanding unlike until utilize utilized utilizes utilizing valuable various vast very view want way ways
    well were whether whole whose wide widely widespread work works would www yet yield yielding yields""".split()
)
_NEVER_AT_AN_END = (COMMON | _TELLING) - SAYS_LITTLE_ALONE
_DULL = SAYS_LITTLE_ALONE | {word.removesuffix("s") for word in SAYS_LITTLE_ALONE}
#: What ends so is more often said of a thing than a thing: "quantized", "federated", "personal".
_LIKE_AN_ADJECTIVE = re.compile(r"...(?:ed|ous|ive|[ai]ble|al|ary|based|aware|free)$")
#: Nor with adverbs, and what belongs to something.
_NO_NOUN = ("ly", "'s", "’s")
#: Inside a name this may stand: "mixture of experts". With others most names are torn out of a sentence.
_INSIDE = frozenset(("of",))
_WORD = re.compile(r"[^\W_]+(?:['’+\-‐‑][^\W_]+)*\+*")
_PARTS = re.compile(r"[-‐‑]")
#: Words of a phrase at most, and letters of it: what is longer is no name.
_WORDS, _LETTERS = 3, 60
#: How many names are worth a closer look.
CANDIDATES = 10
#: A phrase is held to be so common at least, as a share of all texts: no count of a few texts is exact.
_RARE = 0.004
#: A phrase that lies in a longer one is no name of its own, if so much of its entries have the longer one.
_MOSTLY = 0.6
#: What a phrase of one, two or three words is worth, all else being the same: two words say what one leaves open.
_BY_LENGTH = (1.0, 1.6, 1.7)


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a group may be called."""

    text: str
    #: how telling it is; only good to compare phrases of the same group
    worth: float


def key(word: str) -> str:
    """How a word is compared: singular and plural count as one."""
    plain = word.casefold()
    return plain[:-1] if len(plain) > 3 and plain.endswith("s") and not plain.endswith(("ss", "us", "is")) else plain


class Background:
    """Other entries, to compare with: made once, asked for many phrases."""

    def __init__(self, texts: Iterable[str]) -> None:
        """`texts`: titles and summaries of entries of all kinds."""
        texts = list(texts)
        #: the keys of each text's words, a space around each and a bar for what no phrase crosses
        self._texts = [_keyed(text) for text in texts]
        self._plain = frozenset(word for text in texts for word in _WORD.findall(text) if word.islower())
        self._holding: dict[str, set[int]] = {}
        for n, text in enumerate(self._texts):
            for word in set(text.split()):
                self._holding.setdefault(word, set()).add(n)

    def share(self, phrase: str) -> float:
        """The share of the texts that hold the phrase (a key); 0 of none."""
        words, inside = phrase.split(), f" {phrase} "
        holding = set[int].intersection(*(self._holding.get(word, set()) for word in words))
        found = sum(inside in self._texts[n] for n in holding) if len(words) > 1 else len(holding)
        return found / max(len(self._texts), 1)

    def writes_small(self, word: str) -> bool:
        """Does any text write this word (small letters) in small letters?"""
        return word in self._plain


def phrases_of(titles: Sequence[str], summaries: Sequence[str], background: Background) -> list[Phrase]:
    """What entries of one topic may be called, the most telling first; empty where they share no words.

    `titles` and `summaries` are those of the topic, entry by entry. The worth of a phrase is its share of the topic's
    entries and of their titles, times the logarithm of how much more common it is among them than in the background
    (class-based tf-idf, Grootendorst 2022, arXiv:2203.05794, over entries rather than words). A phrase that only one
    of several entries has names none of the others.
    """
    within, titled, forms = Counter[str](), Counter[str](), dict[str, Counter[str]]()
    small = set[str]()
    for title, summary in zip(titles, summaries, strict=True):
        said = [dict(_phrases(text)) for text in (title, summary)]
        within.update(said[0].keys() | said[1].keys())
        titled.update(said[0].keys())
        for phrases in said:
            for phrase, form in phrases.items():
                forms.setdefault(phrase, Counter())[form] += 1
        small.update(word for word in _WORD.findall(summary) if word.islower())
    size, least = len(titles), min(2, len(titles))
    worth = {
        phrase: _worth(
            phrase,
            count / size,
            titled[phrase] / size,
            background.share(phrase),
            named=titled[phrase] >= least,
            # One word with hyphens is about something: "text-to-image"; but "fine-tuning" is a thing.
            lone=not any(" " in form or form.endswith("ing") for form in forms[phrase]),
        )
        for phrase, count in within.items()
        if count >= least
    }
    ranked = sorted((p for p in worth if worth[p] > 0), key=lambda p: (-worth[p], p))
    whole = (p for p in ranked if not _is_part(p, within, worth))
    return [Phrase(_written(forms[p], small, background), worth[p]) for p in islice(whole, CANDIDATES)]


def _worth(phrase: str, share: float, titled: float, elsewhere: float, named: bool, lone: bool) -> float:
    words = phrase.split()
    telling = math.log((share + _RARE) / (elsewhere + _RARE))
    weight = _BY_LENGTH[min(len(words), 3) - 1]
    if all(word in _DULL for word in words):
        weight *= 0.4
    elif _LIKE_AN_ADJECTIVE.search(words[-1]) or (len(words) > 1 and lone):
        weight *= 0.5
    return (share + titled) * telling * weight * (1.0 if named else 0.6)


def _is_part(phrase: str, within: Counter[str], worth: Mapping[str, float]) -> bool:
    """Do most entries that have this phrase have it as a part of one longer one?"""
    inside = f" {phrase} "
    return any(
        len(longer) > len(phrase) and inside in f" {longer} " and within[longer] >= _MOSTLY * within[phrase]
        for longer in worth
    )


def _keyed(text: str) -> str:
    found, end = [""], 0
    for match in _WORD.finditer(text):
        if text[end : match.start()].strip():
            found.append("|")
        end = match.end()
        found += map(key, _PARTS.split(match[0]))
    return " ".join([*found, ""])


def _phrases(text: str) -> Iterator[tuple[str, str]]:
    """Every phrase of a text that may be a name: (key, as it is written)."""
    run: list[tuple[str, str, int]] = []
    end = 0
    for match in _WORD.finditer(text):
        if text[end : match.start()].strip():
            run = []
        end = match.end()
        word = match[0].casefold()
        run = [*run[1 - _WORDS :], (word, " ".join(map(key, _PARTS.split(word))), match.start())]
        if not _may_end(word):
            continue
        for first, (begins, _, start) in enumerate(run):
            between = run[first + 1 : -1]
            form = " ".join(text[start:end].split())
            if _may_end(begins) and len(form) <= _LETTERS and all(w in _INSIDE or _may_end(w) for w, _, _ in between):
                yield " ".join(one for _, one, _ in run[first:]), form


def _may_end(word: str) -> bool:
    """May a name begin or end with this word (in small letters)?"""
    if len(word) < 2 or word in _NEVER_AT_AN_END or word.endswith(_NO_NOUN):
        return False
    return any(c.isalpha() for c in word)


def _written(forms: Counter[str], small: Set[str], background: Background) -> str:
    """The most frequent form; of several rather than of one, where that is seen now and then."""
    written = Counter[str]()
    for form, count in forms.items():
        written[" ".join(_small(word, small, background) for word in form.split(" "))] += count
    most = max(written.values())
    return max(written, key=lambda form: (form.endswith("s") and 3 * written[form] >= most, written[form], form))


def _small(word: str, small: Set[str], background: Background) -> str:
    """Without the capital that a title gives to a word which others write without."""
    plain = word.lower()
    return plain if word.istitle() and (plain in small or background.writes_small(plain)) else word
