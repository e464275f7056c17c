"""Every text of the pages, by language and key. Another topic's texts are one more file for each language here."""

from __future__ import annotations

from collections.abc import Mapping

from clientportal.web.words import (
    bookings_de,
    bookings_en,
    held_de,
    held_en,
    own_de,
    own_en,
    papers_de,
    papers_en,
    staff_de,
    staff_en,
)
from clientportal.web.words.de import TEXTS as GERMAN
from clientportal.web.words.en import TEXTS as ENGLISH

__all__ = ["CATALOGUES"]

CATALOGUES: Mapping[str, Mapping[str, str]] = {
    "en": {**ENGLISH, **bookings_en.TEXTS, **held_en.TEXTS, **own_en.TEXTS, **papers_en.TEXTS, **staff_en.TEXTS},
    "de": {**GERMAN, **bookings_de.TEXTS, **held_de.TEXTS, **own_de.TEXTS, **papers_de.TEXTS, **staff_de.TEXTS},
}
"""Language -> key -> text. Every language has the same keys, and each text the same placeholders."""
