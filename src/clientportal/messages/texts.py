"""Every sentence that a client or a member of staff reads, in one catalogue that a host can translate or replace.

Keys are stable: ``reason.<code>.client``, ``reason.<code>.staff``, ``message.<kind>.<channel>.text`` and ``.subject``.
A text may use the placeholders that its default uses, in braces, and what a business calls its clients: ``{noun}`` and
``{nouns}`` (TT1). Nothing else is filled in, and what is filled in is never looked at as a template again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from clientportal.decisions import Refusal
from clientportal.errors import InvalidInput
from clientportal.messages.wording import DEFAULTS

__all__ = ["DEFAULTS", "Catalogue", "clean"]

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_EVERYWHERE = frozenset({"business", "noun", "nouns"})


def clean(text: str, *, longest: int = 200) -> str:
    """Text as it may stand in a message: no controls, no bidi marks, one line, not longer than ``longest``."""
    shown = "".join(c if c.isprintable() and unicodedata.category(c) not in ("Cf", "Cc") else " " for c in text)
    return " ".join(shown.split())[:longest]


class Catalogue:
    """The texts in use: the defaults, with the host's own wording over them.

    >>> texts = Catalogue({"reason.too_late.client": "Ring us on 09 123 4567, we will see what we can do."})

    An unknown key, and a placeholder that the default does not have, are refused when the catalogue is built.
    """

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        for key, text in (own or {}).items():
            if key not in DEFAULTS:
                raise InvalidInput(f"there is no text {key!r}; see clientportal.messages.texts.DEFAULTS")
            unknown = set(_PLACEHOLDER.findall(text)) - set(_PLACEHOLDER.findall(DEFAULTS[key])) - _EVERYWHERE
            if unknown:
                allowed = sorted(set(_PLACEHOLDER.findall(DEFAULTS[key])))
                raise InvalidInput(f"{key}: there is no {{{sorted(unknown)[0]}}} here; there is {allowed}")
        self._texts = {**DEFAULTS, **(own or {})}

    def fill(self, key: str, facts: Mapping[str, str]) -> str:
        """The text of that key, its placeholders filled; one without a fact is left empty."""
        return _PLACEHOLDER.sub(lambda found: facts.get(found[1], ""), self._texts[key])

    def for_client(self, refusal: Refusal, *, noun: str = "client", nouns: str = "clients") -> str:
        """What the client may read; ``noun`` and ``nouns`` are ``policy.clients``'s."""
        return self.fill(f"reason.{refusal.reason.value}.client", {**refusal.facts, "noun": noun, "nouns": nouns})

    def for_staff(self, refusal: Refusal, *, noun: str = "client", nouns: str = "clients") -> str:
        """What staff may read besides; ``{settings}`` are those that the refusal rests on."""
        settings = ", ".join(f"{name} = {value}" for name, value in refusal.because.settings)
        facts = {"settings": settings or "no setting is named", **refusal.facts, "noun": noun, "nouns": nouns}
        return self.fill(f"reason.{refusal.reason.value}.staff", facts)
