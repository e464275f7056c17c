"""What a business calls things stands in its pages, in each language: menu, headings and buttons."""

from __future__ import annotations

from typing import Any

import pytest

from clientportal import Money, RecordRef
from clientportal.messages.terms import WORDS
from clientportal.policy.portal import TERMS
from clientportal.testing.fake_provider import FakeProvider
from clientportal.values.pets import Pet
from held import gift_card, membership, package, points
from papers import open_papers, share
from web.browser import Browser, browser
from world import World

REF = RecordRef.client("ana")
SECTIONS = (
    "account",
    "bookings",
    "memberships",
    "packages",
    "gift_cards",
    "rewards",
    "codes",
    "payments",
    "documents",
    "forms",
    "pets",
    "preferences",
)
PAGES = (
    "/home",
    "/account",
    "/bookings",
    "/bookings/tue",
    "/bookings/tue/cancel",
    "/memberships",
    "/memberships/m1",
    "/packages",
    "/gift-cards",
    "/rewards",
    "/codes",
    "/payments",
    "/documents",
    "/forms",
    "/pets",
    "/pets/new",
    "/preferences",
)
OWN = {term: f"zz{term.replace('_', '')}" for term in TERMS}
"""A word for everything that stands in no other text."""
OTHERS = {"en": ("booking", "bookings"), "de": ()}
"""What an appointment is called besides, where the business has no word for it."""
MEANT_OTHERWISE = {"en": {"staff", "form", "service"}, "de": {"Team"}}
"""Words that mean something else as well: a form of a page, the staff of a salon as such."""


def ana(world: World, language: str, words: dict[str, str]) -> Browser:
    """Ana with one of everything."""
    open_papers(world)
    world.change_policy("bookings", payments=True)
    world.change_policy("visibility", sections=SECTIONS)
    world.change_policy("portal", actions=None, languages=("de",), words=words)
    world.portal = world.make_portal(payments=FakeProvider())
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.book("tue", REF, "2026-11-24 14:00")
    things: list[Any] = [
        membership("m1", REF, price=Money("89.00", "NZD")),
        package("p1", REF),
        gift_card("g1", REF),
        points("r1", REF, 120),
        Pet(id="rex", ref=REF, name="Rex"),
    ]
    world.seed("add_items", things)
    share(world, "d1", REF, "Plan.pdf")
    one = browser(world, language=language)
    one.sign_in("021 123 4567")
    return one


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_term_of_the_business_takes_the_place_of_the_usual_word(memory_world: World, language: str) -> None:
    """On every page of every section: the usual word stands nowhere any more, the business's own in the menu."""
    one = ana(memory_world, language, OWN)
    usual = [WORDS[language][term] for term in TERMS if WORDS[language][term] not in MEANT_OTHERWISE[language]]
    seen = ""
    for path in PAGES:
        page = one.open(path)
        assert page.status in (200, 409), path
        said = set(page.text.lower().replace(":", " ").replace(".", " ").replace("?", " ").split())
        for word in (*usual, *OTHERS[language]):
            parts = word.lower().split()
            there = parts[0] in said if len(parts) == 1 else word.lower() in page.text.lower()
            assert not there, (path, word, page.text)
        seen += page.text
    for term in ("appointments", "memberships", "packages", "gift_cards", "rewards", "documents", "forms", "pets"):
        assert OWN[term].capitalize() in seen or OWN[term] in seen, term


def test_without_words_of_its_own_a_business_has_the_usual_ones(memory_world: World) -> None:
    """A booking is cancelled; in German a Termin is. A word for one language alone is for that one."""
    one = ana(memory_world, "en", {"de.appointment": "Stunde"})
    assert "Back to your bookings" in one.open("/bookings/tue").text
    assert one.open("/bookings/tue/cancel").heading == "Cancel this booking?"
    one.language = "de"
    assert one.open("/bookings/tue/cancel").heading == "Stunde absagen?"
    memory_world.change_policy("portal", words={})
    assert one.open("/bookings/tue/cancel").heading == "Termin absagen?"
