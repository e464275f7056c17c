"""Every text of the pages is in the catalogue, in every language; nothing is hard-coded."""

from __future__ import annotations

import ast
import re
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import clientportal.web
from clientportal import InvalidInput, Money
from clientportal.messages.texts import Catalogue
from clientportal.values.business import Branding
from clientportal.web.branding import DARK, LIGHT, contrast, theme_of
from clientportal.web.languages import Words, choose_language, zone_name
from clientportal.web.words import CATALOGUES
from web.browser import browser, pages
from world import World, at

WEB = Path(clientportal.web.__file__).parent
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
TEXTS = Catalogue()


def used_in_code() -> set[str]:
    """Every key that a page asks for by name: ``words("…")``, ``notice="…"``, ``menu="…"``."""
    keys = set()
    for file in WEB.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "words" and node.args and isinstance(node.args[0], ast.Constant):
                keys.add(str(node.args[0].value))
            for keyword in node.keywords:
                if (
                    keyword.arg in ("notice", "menu")
                    and isinstance(keyword.value, ast.Constant)
                    and keyword.value.value
                ):
                    keys.add(str(keyword.value.value))
    return keys


def used_in_templates() -> set[str]:
    """Every key that a template asks for by name."""
    found = set()
    for file in TEMPLATES:
        for call in re.findall(r"\bt\(([^()]*)", file.read_text(encoding="utf-8")):
            # A key that is put together ends in a dot or a line.
            keys = re.findall(r"[\"']([a-z_]+\.[a-z_.]+)[\"']", call)
            found.update(key for key in keys if not key.endswith((".", "_")))
    return found


@pytest.mark.parametrize("language", sorted(set(CATALOGUES) - {"en"}))
def test_every_language_has_the_same_texts_with_the_same_placeholders(language: str) -> None:
    """No key is missing, none is left over; a translation fills in what the English text does, or a word of its own."""
    english, other = CATALOGUES["en"], CATALOGUES[language]
    assert set(english) == set(other)
    everywhere = {"business", "noun", "nouns"}
    for key, text in english.items():
        wanted = {name.lower() for name in _PLACEHOLDER.findall(text)} - everywhere
        there = {name.lower() for name in _PLACEHOLDER.findall(other[key])} - everywhere
        assert wanted == there, key


def test_every_text_that_is_asked_for_is_there() -> None:
    """Keys that stand in the code and in the templates."""
    asked = used_in_code() | used_in_templates()
    assert len(asked) > 150
    assert sorted(asked - set(CATALOGUES["en"])) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_a_text_of_its_own(template: Path) -> None:
    """What is left of a template without markup and placeholders has no word in it."""
    text = template.read_text(encoding="utf-8")
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    # What a macro puts into a tag stands outside of any here.
    text = re.sub(r"<[^>]*>| aria-[a-z]+=\"[^\"]*\"| (required|autocomplete)(=\"[^\"]*\")?", " ", text)
    assert re.findall(r"[A-Za-zÄÖÜäöü]{2,}", text) == []


def test_the_pages_speak_the_language_that_the_browser_asks_for_and_the_one_that_is_chosen(world: World) -> None:
    """Among those that the business offers; a choice is remembered, whatever the browser says."""
    world.change_policy("portal", languages=("de",))
    one = browser(world, language="de-AT,de;q=0.9,en;q=0.5")
    page = one.open("/sign-in")
    assert page.heading == "Anmelden"
    assert '<html lang="de">' in page.html
    page = one.send("/language", press="English")
    assert one.open("/sign-in").heading == "Sign in"
    assert browser(world, language="fr").open("/sign-in").heading == "Sign in"
    world.change_policy("portal", languages=())
    assert browser(world, language="de").open("/sign-in").heading == "Sign in"


def test_refusals_are_read_in_the_same_language(world: World) -> None:
    """A wrong code, in German."""
    world.change_policy("portal", languages=("de",))
    one = browser(world, language="de")
    one.open("/sign-in")
    one.send("/sign-in", contact="021 123 4567")
    assert "Das ist nicht der richtige Code" in one.send("/sign-in/code", code="000000").text


@pytest.mark.parametrize(
    ("language", "menu", "heading"), [("en", "Lessons", "Your lessons"), ("de", "Stunden", "Ihre Stunden")]
)
def test_what_a_business_calls_things_stands_in_menu_and_headings(
    memory_world: World, language: str, menu: str, heading: str
) -> None:
    """A music school has lessons, in each language by a word of its own; a language without one keeps its usual."""
    words = {"appointments": "lessons", "de.appointments": "Stunden", "memberships": "subscriptions"}
    memory_world.change_policy("portal", words=words, languages=("de",))
    memory_world.change_policy("visibility", sections=("bookings", "memberships"))
    memory_world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    one = browser(memory_world, language=language)
    one.sign_in("021 123 4567")
    page = one.open("/bookings")
    assert page.heading == heading
    assert menu in [text for _, text in page.links]
    assert one.open("/memberships").heading.endswith("subscriptions")


def test_the_business_s_own_words_stand_in_the_texts(world: World) -> None:
    """Both the policy's terms and the host's texts; a text that nobody asks for is refused."""
    one = browser(world, words={"en": {"sign_in.title": "Hello at {business}"}})
    assert one.open("/sign-in").heading == "Hello at Kōwhai Hair"
    with pytest.raises(InvalidInput, match="no text"):
        pages(world, words={"en": {"sign_in.titel": "x"}})
    with pytest.raises(InvalidInput, match="lacks"):
        pages(world, words={"fr": {"sign_in.title": "Connexion"}})
    words = Words("en", TEXTS, {"appointment": "lesson", "appointments": "lessons"}, {"x.y": "{Appointments} of {x}"})
    assert words("x.y", x="{appointment}") == "Lessons of {appointment}"
    with pytest.raises(InvalidInput, match="no text"):
        words("no.such")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("fr,de;q=0.3", "de"),
        ("de;q=0,en", "en"),
        ("", "en"),
        ("*;q=,;;;q=7", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_browser_s_wishes_are_weighed(accepted: str, language: str) -> None:
    """By their weights; nonsense is the business's own language."""
    assert choose_language(("en", "de"), None, accepted) == language
    assert choose_language(("en", "de"), "de", accepted) == "de"
    assert choose_language(("en",), "de", accepted) == "en"


# --- dates and money -------------------------------------------------------------------------------------------------


def test_a_moment_has_its_zone() -> None:
    """Also on either side of a change of the clocks, and where a zone has no name of its own."""
    english, german = Words("en", TEXTS), Words("de", TEXTS)
    summer = at("2026-11-25 14:00")
    assert english.moment(summer, "Pacific/Auckland").replace("\u202f", " ") == (
        "Wednesday, November 25, 2026, 2:00 PM NZDT"
    )
    assert german.moment(summer, "Pacific/Auckland") == "Mittwoch, 25. November 2026, 14:00 NZDT"
    assert zone_name(at("2026-06-25 14:00"), "Pacific/Auckland") == "NZST"
    assert zone_name(datetime.fromisoformat("2026-06-25T14:00Z"), "Asia/Dubai") == "UTC+04"
    assert german.day(date(2026, 11, 25), short=True) == "25.11.2026"


@pytest.mark.parametrize(
    ("money", "english", "german"),
    [
        (Money("1234.50", "NZD"), "NZ$1,234.50", "1.234,50 NZ$"),
        (Money("0.005", "USD"), "$0.005", "0,005 $"),
        (Money("1500", "JPY"), "¥1,500", "1.500 ¥"),
        (Money("-12.5", "EUR"), "-€12.50", "-12,50 €"),
        (Money("12345678901234567890.12", "USD"), "$12,345,678,901,234,567,890.12", "12.345.678.901.234.567.890,12 $"),
    ],
)
def test_money_is_exact_in_each_language(money: Money, english: str, german: str) -> None:
    """No digit is rounded away, and each currency has its own number of decimals."""
    assert Words("en", TEXTS).money(money) == english
    assert Words("de", TEXTS).money(money).replace("\xa0", " ") == german


# --- colours ---------------------------------------------------------------------------------------------------------


@given(st.integers(0, 0xFFFFFF))
def test_whatever_colour_a_business_has_its_pages_can_be_read(number: int) -> None:
    """A law: buttons, links on a light and on a dark page, all at 4.5 or more (WCAG 1.4.3)."""
    theme = theme_of(Branding(colour=f"#{number:06x}"))
    assert contrast(theme.accent, theme.on_accent) >= 4.5
    assert contrast(theme.text, "#ffffff") >= 4.5
    assert contrast(theme.text, "#f4f5f6") >= 4.5
    assert contrast(theme.text_dark, "#171b1f") >= 4.5
    assert contrast(theme.text_dark, "#101316") >= 4.5


def test_a_colour_that_can_be_read_is_left_as_it_is() -> None:
    """A business without one has the house's own; contrast is WCAG's."""
    assert theme_of(Branding(colour="#1F4E6B")).accent == "#1f4e6b"
    assert theme_of(Branding(colour="#aabbcc")).on_accent == DARK
    assert theme_of(Branding(colour="#000055")).on_accent == LIGHT
    assert theme_of(Branding()).accent == "#1f4e6b"
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_logo_and_icon_are_named_in_the_policy_by_their_origin() -> None:
    """Each once, with its port."""
    branding = Branding(
        logo_url="https://cdn.kowhai.example:8443/a/logo.png", favicon_url="https://cdn.kowhai.example:8443/icon.png"
    )
    assert theme_of(branding).images == ("https://cdn.kowhai.example:8443",)
    assert theme_of(Branding()).images == ()


def test_every_pair_of_colours_of_the_stylesheet_can_be_read() -> None:
    """Text, quiet text, alerts and notices, on the page, on a card and on their own ground, light and dark."""
    sheet = (WEB / "static" / "portal.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", sheet, flags=re.DOTALL)[:2]
    first = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})\b", light.replace("#fff;", "#ffffff;")))
    for colours in (first, {**first, **dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})\b", dark))}):
        for text in ("text", "quiet", "wrong", "good"):
            for behind in ("page", "card"):
                assert contrast(colours[text], colours[behind]) >= 4.5, (text, behind)
        assert contrast(colours["wrong"], colours["wrong-page"]) >= 4.5
        for ground in ("good", "wait"):
            assert contrast(colours[ground], colours[f"{ground}-page"]) >= 4.5
        assert contrast(colours["quiet"], colours["wait-page"]) >= 4.5
        assert contrast(colours["line"], colours["card"]) >= 3


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_template_says_first_what_it_is_handed(template: Path) -> None:
    """Whoever replaces one reads there what it has to show."""
    assert template.read_text(encoding="utf-8").startswith("{# ")
