"""What things are called in each language, where a business has no word of its own for them."""

from __future__ import annotations

from collections.abc import Mapping

from clientportal.policy import Policy
from clientportal.policy.portal import TERMS

__all__ = ["WORDS", "words_of"]

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "noun": "client",
        "nouns": "clients",
        "appointment": "appointment",
        "appointments": "appointments",
        "service": "service",
        "services": "services",
        "staff": "staff",
        "membership": "membership",
        "memberships": "memberships",
        "package": "package",
        "packages": "packages",
        "gift_card": "gift card",
        "gift_cards": "gift cards",
        "reward": "reward",
        "rewards": "rewards",
        "pet": "pet",
        "pets": "pets",
        "document": "document",
        "documents": "documents",
        "form": "form",
        "forms": "forms",
        "invoice": "invoice",
        "invoices": "invoices",
    },
    "de": {
        "noun": "Kunde",
        "nouns": "Kunden",
        "appointment": "Termin",
        "appointments": "Termine",
        "service": "Leistung",
        "services": "Leistungen",
        "staff": "Team",
        "membership": "Mitgliedschaft",
        "memberships": "Mitgliedschaften",
        "package": "Paket",
        "packages": "Pakete",
        "gift_card": "Gutschein",
        "gift_cards": "Gutscheine",
        "reward": "Prämie",
        "rewards": "Prämien",
        "pet": "Haustier",
        "pets": "Haustiere",
        "document": "Dokument",
        "documents": "Dokumente",
        "form": "Formular",
        "forms": "Formulare",
        "invoice": "Rechnung",
        "invoices": "Rechnungen",
    },
}
"""Language -> what stands in a text's braces. A language without words here borrows the English ones."""


def words_of(policy: Policy, language: str) -> dict[str, str]:
    """A business's terminology in one language: its own words over the language's (TT1, ``portal.words``).

    What clients are called is one setting for all languages: where the business has not changed it, each language has
    its own word.
    """
    found = dict(WORDS.get(language, WORDS["en"]))
    for term in TERMS:
        own = policy.portal.word(term, language)
        if own is not None:
            found[term] = own
    for name, said in (("noun", policy.clients.noun), ("nouns", policy.clients.nouns)):
        if said != WORDS["en"][name]:
            found[name] = said
    return found
