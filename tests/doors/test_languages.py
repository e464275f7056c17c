"""What clients read is in their language and in the business's words: refusals, terms, codes, mails."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Catalogue, InvalidInput, PolicyError, Reason, presets
from clientportal.decisions import Because, Refusal
from clientportal.messages.terms import WORDS, words_of
from clientportal.messages.texts import DEFAULTS, SHIPPED, placeholders
from clientportal.policy import CallToAction, Policy, PortalPolicy
from clientportal.policy.portal import TERMS
from clientportal.records import OutboxMessage
from watching import refusal_of
from world import World

ANA = "021 123 4567"
FOR_CLIENTS = sorted(key for key in DEFAULTS if not key.endswith(".staff"))
TERMINOLOGY = {"noun", "nouns", *TERMS}


@pytest.fixture
def salon(world: World) -> World:
    """Kōwhai Hair offers English and German; Ana has a cut in the morning, too late to be changed."""
    world.change_policy("portal", languages=("de",))
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    world.book("cut", ana, "2026-11-22 09:00")
    return world


def door_in(world: World, language: str | None) -> Any:
    """Ana's door in a language."""
    return world.portal.client(world.sign_in(ANA).token, language=language)


# --- the catalogue ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", [one for one in SHIPPED if one != "en"])
def test_every_text_for_clients_is_there_in_every_language(language: str) -> None:
    """The same keys; each text with the same facts. What a business calls things may stand in one language alone."""
    texts = SHIPPED[language]
    assert sorted(texts) == FOR_CLIENTS
    assert sorted(WORDS[language]) == sorted(WORDS["en"])
    for key, text in texts.items():
        facts = placeholders(DEFAULTS[key])
        own = TERMINOLOGY - {"service"} if key.startswith("notice.") else TERMINOLOGY
        assert placeholders(text) - own == facts - own, key
        assert text.strip(), key
        has_words = any(c.isalpha() for c in re.sub(r"\{\w+\}", "", text))
        assert not has_words or text != DEFAULTS[key], key


def test_a_language_of_ones_own_comes_whole_or_not_at_all() -> None:
    """One with gaps would be English here and there; what a shipped one lacks is nothing."""
    with pytest.raises(InvalidInput, match=r"languages\['fr'\] lacks \d+ of the texts for clients, such as"):
        Catalogue(languages={"fr": {"reason.too_late.client": "Trop tard."}})
    french = Catalogue(languages={"fr": {key: f"fr {text}" for key, text in SHIPPED["de"].items()}})
    assert french.languages == ("en", "de", "fr")
    too_late = Refusal(Reason.TOO_LATE, Because("a.rule"))
    assert french.speaking("fr").for_client(too_late).startswith("fr ")
    assert french.for_client(too_late).startswith("It is too late")
    own = Catalogue({"reason.too_late.client": "Ring us."}, languages={"de": {"reason.too_late.client": "Anrufen!"}})
    assert (own.for_client(too_late), own.speaking("de").for_client(too_late)) == ("Ring us.", "Anrufen!")
    with pytest.raises(InvalidInput, match=r"there are no texts in 'fr'; there are en, de"):
        Catalogue().speaking("fr")
    with pytest.raises(InvalidInput, match=r"there is no \{code\} here"):
        Catalogue(languages={"de": {"reason.too_late.client": "{code}"}})


def test_staff_read_english_whatever_their_clients_read() -> None:
    """There are no German texts for staff; they are not guessed."""
    too_late = Refusal(Reason.TOO_LATE, Because("a.rule"), facts={"until": "Friday"})
    assert Catalogue().speaking("de").for_staff(too_late) == "Past the window; the last moment was Friday."


# --- at the doors ----------------------------------------------------------------------------------------------------


def test_a_refusal_is_in_the_language_of_the_door(salon: World) -> None:
    """The same session, asked for in German, in English, in a language that nobody offers, and without a wish."""
    token = salon.sign_in(ANA).token
    english = "It is too late to change this online. Please contact the business."
    for language, text in (
        ("de", "Dafür ist es online zu spät. Bitte wenden Sie sich an uns."),
        ("en", english),
        ("mi", english),
        (None, english),
    ):
        door = salon.portal.client(token, language=language)
        refused = refusal_of(lambda door=door: door.cancel("cut"))
        assert (refused.reason, refused.client_text) == (Reason.TOO_LATE, text)
        assert refused.staff_text.startswith("Past the window")
    salon.change_policy("portal", language="de", languages=())
    assert refusal_of(lambda: salon.portal.client(token).cancel("cut")).client_text.startswith("Dafür ist es")
    assert refusal_of(lambda: salon.portal.client(token, language="en").cancel("cut")).client_text.startswith("Dafür")


def test_a_code_keeps_the_language_in_which_it_was_asked_for(salon: World) -> None:
    """Through the pump, whenever that runs: the visitor reads German, the business English; also when it is resent."""
    visitor = salon.visitor(language="de")
    sent = visitor.request_code(ANA)
    salon.deliver()
    assert salon.box.messages[-1].text.endswith("ist Ihr Code für Kōwhai Hair. Geben Sie ihn nicht weiter.")
    salon.clock.advance(timedelta(minutes=5))
    salon.visitor().resend_code(sent.handle)
    salon.deliver()
    assert salon.box.messages[-1].text.endswith("is your code for Kōwhai Hair. Do not pass it on.")
    kept = salon.all_stored(OutboxMessage, "time")
    assert [one.language for one in kept] == ["de", ""]


def test_what_the_business_sends_by_itself_is_in_its_own_language(salon: World) -> None:
    """A link that staff send: the business's language, as it is when the message leaves."""
    salon.staff().appointment_link("cut", send=True)
    salon.change_policy("portal", language="de", languages=("en",))
    salon.deliver()
    assert salon.box.messages[-1].text.startswith("Kōwhai Hair: Termin ändern oder absagen: https://")


def test_a_language_that_is_not_offered_any_more_is_not_spoken(salon: World) -> None:
    """Asked for in German, sent after the business has given German up."""
    salon.visitor(language="de").request_code(ANA)
    salon.change_policy("portal", languages=())
    salon.deliver()
    assert "is your code" in salon.box.messages[-1].text


@pytest.mark.parametrize("wrong", [7, b"de", ["de"]])
def test_a_language_is_text(memory_world: World, wrong: Any) -> None:
    """Whatever a framework hands through."""
    with pytest.raises(InvalidInput, match="language is text such as 'de'"):
        memory_world.portal.visitor(memory_world.tenant, language=wrong)


# --- the business's words --------------------------------------------------------------------------------------------


def test_things_are_called_what_the_business_calls_them(salon: World) -> None:
    """A yoga studio has classes, in German Stunden: in refusals, in messages, in both languages."""
    salon.change_policy("portal", words={"appointment": "class", "de.appointment": "Stunde"})
    salon.clock.advance(timedelta(days=2))
    for language, text in (
        ("en", "This class is over or cancelled already."),
        ("de", "Stunde: schon vorbei oder abgesagt."),
    ):
        door = door_in(salon, language)
        assert refusal_of(lambda door=door: door.cancel("cut")).client_text == text
    salon.staff().appointment_link("cut", send=True)
    salon.deliver()
    assert "change or cancel your class: " in salon.box.messages[-1].text


def test_clients_are_called_by_each_languages_own_word_unless_the_business_has_one() -> None:
    """ "client" is English; where it was not chosen, a German text says "Kunde"; "patient" is the business's word."""
    plain = presets.timely()
    assert (words_of(plain, "en")["noun"], words_of(plain, "de")["nouns"]) == ("client", "Kunden")
    clinic = evolve(plain, clients=evolve(plain.clients, noun="Patient", nouns="Patienten"))
    assert (words_of(clinic, "en")["noun"], words_of(clinic, "de")["nouns"]) == ("Patient", "Patienten")
    assert words_of(plain, "mi")["appointment"] == "appointment"


# --- what a policy may say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"words": {"lesson": "Stunde"}}, r"portal\.words: there is no 'lesson'; there are appointment, "),
        ({"words": {"d.appointment": "Stunde"}}, r"portal\.words: there is no 'd\.appointment'"),
        ({"words": {"appointment": "<b>" + "x" * 40}}, r"'appointment' is one line of 1 to 40 characters"),
        ({"words": {"appointment": " "}}, "is one line of 1 to 40 characters"),
        ({"words": "appointment"}, "words and texts are a mapping"),
        ({"home": {"subtitle": "Hi"}}, r"portal\.home: there is no 'subtitle'; there are title, welcome"),
        ({"home": {"welcome": "Hi\nthere"}}, "is one line of 1 to 500 characters"),
        ({"language": "German"}, r"portal\.language: a language is named like 'en' or 'pt-BR', not 'German'"),
        ({"languages": ("de", 7)}, r"portal\.languages: a language is named like"),
        ({"menu": ("bookings", "bookings")}, r"portal\.menu: 'bookings' stands in it twice"),
        ({"menu": ("My bookings",)}, r"portal\.menu: 'My bookings' is no section"),
        ({"opens_with": "My bookings"}, r"portal\.opens_with: a section or 'dashboard' is needed"),
        ({"actions": {"pay"}}, r"portal\.actions: 'pay' is no action; one is named <section>\.<action>"),
        ({"calls_to_action": ("payments.pay",)}, r"portal\.calls_to_action: each is a CallToAction"),
    ],
)
def test_a_portal_that_cannot_be_is_refused_with_what_would_be_right(settings: dict[str, Any], told: str) -> None:
    """Each in one typed error that names its setting."""
    with pytest.raises(PolicyError, match=told) as refused:
        PortalPolicy(**settings)
    assert refused.value.settings[0].startswith("portal.")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "each has an action or a url, and not both"),
        ({"action": "payments.pay", "url": "https://pay.example"}, "and not both"),
        ({"action": "Pay now"}, "is no action"),
        ({"url": "http://kowhai.example/book", "label": "Book"}, "no address that begins with https://"),
        ({"url": "https://mia@kowhai.example", "label": "Book"}, "no address that begins with https://"),
        ({"url": "https://[::1", "label": "Book"}, "no address that begins with https://"),
        ({"url": 'https://kowhai.example/"onclick', "label": "Book"}, "no address that begins with https://"),
        ({"url": "https://kowhai.example/book"}, "needs a label"),
        ({"action": "payments.pay", "label": "x" * 61}, "one line of 1 to 60 characters"),
    ],
)
def test_a_call_to_action_goes_somewhere(given: dict[str, Any], told: str) -> None:
    """One place, an address that is safe to link to, and a word to press."""
    with pytest.raises(PolicyError, match=told) as refused:
        CallToAction(**given)
    assert refused.value.settings == ("portal.calls_to_action",)


def test_what_opens_first_must_be_open() -> None:
    """Both settings are named."""
    with pytest.raises(PolicyError, match="a closed section opens for nobody") as refused:
        Policy(portal=PortalPolicy(opens_with="payments"))
    assert refused.value.settings == ("portal.opens_with", "visibility.sections")
    assert Policy(portal=PortalPolicy(opens_with="dashboard")).portal.opens_with == "dashboard"
