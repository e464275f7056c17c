"""Every sentence that a client or a member of staff reads, in one catalogue that a host can translate or replace.

Keys are stable: ``reason.<code>.client``, ``reason.<code>.staff``, ``message.<kind>.<channel>.text`` and ``.subject``.
A text may use the placeholders that its default uses, in braces, and what a business calls things: ``{noun}`` and
``{nouns}`` (TT1), ``{appointment}`` and the other ``policy.portal.TERMS``. Nothing else is filled in, and what is
filled in is never looked at as a template again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from clientportal.decisions import Refusal
from clientportal.errors import InvalidInput
from clientportal.messages.terms import WORDS
from clientportal.messages.wording import DEFAULTS
from clientportal.messages.wording_de import GERMAN

__all__ = ["DEFAULTS", "SHIPPED", "Catalogue", "clean", "placeholders"]

SHIPPED: Mapping[str, Mapping[str, str]] = {"en": DEFAULTS, "de": GERMAN}
"""Language -> its texts. Staff read English: only the English texts have keys that end in ``.staff``."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_EVERYWHERE = frozenset({"business", *WORDS["en"]})
_ENGLISH = "en"


def clean(text: str, *, longest: int = 200) -> str:
    """Text as it may stand in a message: no controls, no bidi marks, one line, not longer than ``longest``."""
    shown = "".join(c if c.isprintable() and unicodedata.category(c) not in ("Cf", "Cc") else " " for c in text)
    return " ".join(shown.split())[:longest]


def placeholders(text: str) -> frozenset[str]:
    """What is filled into a text."""
    return frozenset(_PLACEHOLDER.findall(text))


def _checked(given: Mapping[str, str]) -> Mapping[str, str]:
    for key, text in given.items():
        if key not in DEFAULTS:
            raise InvalidInput(f"there is no text {key!r}; see clientportal.messages.texts.DEFAULTS")
        unknown = placeholders(text) - placeholders(DEFAULTS[key]) - _EVERYWHERE
        if unknown:
            allowed = sorted(placeholders(DEFAULTS[key]))
            raise InvalidInput(f"{key}: there is no {{{sorted(unknown)[0]}}} here; there is {allowed}")
    return given


def _whole(language: str, given: Mapping[str, str]) -> Mapping[str, str]:
    """A language: the shipped one with changes, or all of it. One with gaps would be English here and there."""
    texts = {**SHIPPED.get(language, {}), **_checked(given)}
    missing = sorted(key for key in GERMAN if key not in texts)
    if missing:
        raise InvalidInput(
            f"languages[{language!r}] lacks {len(missing)} of the texts for clients, such as {missing[0]!r}; "
            "clientportal.messages.texts.SHIPPED['de'] has all their keys"
        )
    return MappingProxyType(texts)


class Catalogue:
    """The texts in use: the defaults, with the host's own wording over them.

    >>> texts = Catalogue({"reason.too_late.client": "Ring us on 09 123 4567, we will see what we can do."})

    English (``en``) and German (``de``) are shipped. ``languages`` changes texts of a shipped language, or brings
    another one along whole: ``languages={"fr": {…}}``. ``language`` is what it speaks, English unless said; the portal
    asks for each client's with :meth:`speaking`.

    An unknown key, a placeholder that the default does not have, and a language with gaps are refused when the
    catalogue is built.
    """

    def __init__(
        self, own: Mapping[str, str] | None = None, *, languages: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        given: dict[str, Mapping[str, str]] = {**{language: {} for language in SHIPPED}, **(languages or {})}
        if own:
            given[_ENGLISH] = {**given[_ENGLISH], **own}
        self._texts = {language: _whole(language, texts) for language, texts in given.items()}
        self._words: Mapping[str, str] = {}
        self.language = _ENGLISH

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language that it has, English first."""
        return tuple(self._texts)

    def speaking(self, language: str, words: Mapping[str, str] | None = None) -> Catalogue:
        """The same catalogue in another language, with a business's own words for things."""
        if language not in self._texts:
            raise InvalidInput(f"there are no texts in {language!r}; there are {', '.join(self._texts)}")
        other = object.__new__(Catalogue)
        other._texts, other._words, other.language = self._texts, words or {}, language
        return other

    def fill(self, key: str, facts: Mapping[str, str]) -> str:
        """The text of that key, its placeholders filled; one without a fact is left empty."""
        english = self._texts[_ENGLISH]
        text = self._texts[self.language].get(key) or english[key]
        given = {**WORDS.get(self.language, WORDS[_ENGLISH]), **self._words, **facts}
        return _PLACEHOLDER.sub(lambda found: given.get(found[1], ""), text)

    def for_client(self, refusal: Refusal, **words: str) -> str:
        """What the client may read; ``words`` are the business's own, such as ``noun`` and ``nouns``."""
        return self.fill(f"reason.{refusal.reason.value}.client", {**words, **refusal.facts})

    def for_staff(self, refusal: Refusal, **words: str) -> str:
        """What staff may read besides; ``{settings}`` are those that the refusal rests on."""
        settings = ", ".join(f"{name} = {value}" for name, value in refusal.because.settings)
        facts = {**words, "settings": settings or "no setting is named", **refusal.facts}
        return self.fill(f"reason.{refusal.reason.value}.staff", facts)
