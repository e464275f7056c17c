"""A section that a platform has of its own has pages, without anybody writing one."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from clientportal import Money, RecordRef, Secret
from clientportal.policy import CallToAction
from clientportal.sections import Section
from clientportal.values import HostAnswer, SectionItem, SectionWrite
from clientportal.values.forms import Question, QuestionKind
from clientportal.web.languages import Words
from clientportal.web.shown_items import as_words, shown_item
from own_sections import MemoryStampCards, add_card, has_stamp_cards, open_sections, with_stamp_cards
from web.browser import Browser, browser
from web.test_words import TEXTS
from world import World, at

ANA = "021 123 4567"
REF = RecordRef.client("ana")


def ana(world: World, **more: Any) -> Browser:
    """Ana Kingi with two stamp cards, logged in to the coffee bar's pages."""
    with_stamp_cards(world)
    ref = world.add_client("ana", "Ana Kingi", mobile=ANA)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    add_card(world, "ana-1", ref, 12)
    add_card(world, "ana/2", ref, 3)
    add_card(world, "ben-1", ben, 9)
    one = browser(world, **more)
    one.sign_in(ANA)
    return one


def test_a_section_of_the_platforms_own_is_in_the_menu_listed_and_done_with(world: World) -> None:
    """The list, a card whose id is no word for an address, twelve stamps; redeemed after a page that asks: two are
    left. The same form once more is the same coffee.
    """
    one = ana(world)
    page = one.open("/bookings")
    menu = {text: href for href, text in page.links}
    listed = one.open(menu["Stamp cards"])
    assert listed.heading == "Stamp cards"
    assert "Bar Kōwhai Espresso" in listed.text or "Kōwhai Espresso Stamps 12" in listed.text
    assert 'aria-current="page">Stamp cards' in listed.html
    assert "ben-1" not in listed.html
    assert "client:ana" not in listed.html
    second = one.open("/sections/stamp_cards/~YW5hLzI")
    assert "Stamps 3" in second.text
    one.open("/sections/stamp_cards/ana-1")
    asked = one.open({text: href for href, text in one.page.links}["Redeem"])  # type: ignore[union-attr]
    assert asked.heading == "Redeem: Kōwhai Espresso"
    assert "Stamps 12" in asked.text
    form = asked.form("/sections/stamp_cards/ana-1/redeem")
    done = one.send("/sections/stamp_cards/ana-1/redeem")
    assert "Done." in done.text
    assert "Stamps 2" in done.text
    one.request("POST", form.action, form.fields, sec_fetch_site="same-origin")
    assert "Stamps 2" in one.open("/sections/stamp_cards/ana-1").text


def test_somebody_elses_items_and_what_is_closed_are_refused_on_the_server(world: World) -> None:
    """Ben's card, an action that there is not, a section that is hidden, one of the shipped by this address."""
    one = ana(world)
    assert one.open("/sections/stamp_cards/ben-1").status == 404
    assert one.open("/sections/stamp_cards/ben-1/redeem").status == 404
    assert one.open("/sections/stamp_cards/ana-1/burn").status == 404
    assert one.open("/sections/bookings").status == 404
    assert one.open("/sections/gift_cards").status == 404
    one.open("/sections/stamp_cards/ana-1/redeem")
    world.change_policy("portal", actions={"bookings.cancel"})
    assert one.send("/sections/stamp_cards/ana-1/redeem").status == 404
    assert "Redeem" not in one.open("/sections/stamp_cards/ana-1").text
    world.change_policy("visibility", sections=("account", "bookings"))
    closed = one.open("/sections/stamp_cards")
    unheard = one.open("/sections/no_such_thing")
    assert (closed.status, closed.text) == (unheard.status, unheard.text)
    assert closed.status == 403
    assert "Stamp cards" not in one.open("/bookings").text


def test_what_the_platform_asks_first_is_a_form_and_nothing_typed_is_lost(world: World) -> None:
    """A drink and cups: without cups it says so in German, with the drink still chosen; then the platform has both."""
    heard: list[SectionWrite] = []

    def write(_self: Any, change: SectionWrite, _key: str) -> HostAnswer:
        heard.append(change)
        return HostAnswer()

    asks = {
        "buy": (
            Question(name="drink", label="Kaffee", kind=QuestionKind.CHOICE, options=("Flat white", "Long black")),
            Question(name="cups", label="Tassen", kind=QuestionKind.NUMBER, required=True),
            Question(name="with", label="Dazu", kind=QuestionKind.SEVERAL, options=("Milk", "Sugar")),
        )
    }
    has_stamp_cards(world)
    honest = world.host.sections[-1]
    settings = {"actions": ("redeem", "buy"), "begins": ("buy",), "asks": asks, "write": write}
    has_stamp_cards(world, instead=type("Selling", (honest,), settings))
    open_sections(world, "stamp_cards")
    world.change_policy("portal", languages=("de",))
    own = {"section.stamp_cards": "Stempelkarten", "section.stamp_cards.do.buy": "Karte kaufen"}
    one = ana(world, language="de", words={"de": own})
    page = one.open("/sections/stamp_cards")
    assert page.heading == "Stempelkarten"
    asked = one.open({text: href for href, text in page.links}["Karte kaufen"])
    assert asked.heading == "Karte kaufen"
    wrong = one.send("/sections/stamp_cards/~/buy", q_drink="Long black", q_with="Milk")
    assert wrong.status == 422
    assert "Bitte beantworten Sie das" in wrong.text
    assert 'value="Long black" checked' in wrong.html
    assert 'value="Milk" checked' in wrong.html
    assert "Erledigt." in one.send("/sections/stamp_cards/~/buy", q_drink="Long black", q_cups="2", q_with="Milk").text
    assert dict(heard[0].fields) == {"drink": "Long black", "cups": "2", "with": '["Milk"]'}
    assert heard[0].item is None


def test_a_template_of_the_hosts_takes_the_place_for_one_section_alone(memory_world: World, tmp_path: Path) -> None:
    """``section_stamp_cards.html`` before ``section.html``; the page of an item stays the shipped one."""
    (tmp_path / "section_stamp_cards.html").write_text(
        "{# ours #}{% extends 'layout.html' %}{% block title %}x{% endblock %}"
        "{% block content %}<h1>Our cards</h1>{% for item, shown in items %}<p>{{ item.stamps }}</p>{% endfor %}"
        "{% endblock %}",
        encoding="utf-8",
    )
    one = ana(memory_world, templates=tmp_path)
    assert one.open("/sections/stamp_cards").heading == "Our cards"
    assert one.open("/sections/stamp_cards/ana-1").heading == "Kōwhai Espresso"


def test_a_call_to_action_leads_to_a_section_of_the_platforms_own(memory_world: World) -> None:
    """With its name on it, where the business has no words of its own for it."""
    one = ana(memory_world)
    memory_world.change_policy("portal", calls_to_action=(CallToAction(action="stamp_cards.redeem"),))
    page = one.open("/home")
    assert ("/change/sections/stamp_cards", "Redeem") in page.links


def test_a_platform_that_says_no_after_all_says_so_on_the_page(memory_world: World) -> None:
    """The card was frozen at the till."""
    from clientportal.values.appointments import AnswerKind

    one = ana(memory_world)
    no = HostAnswer(AnswerKind.DECLINED, note="frozen at the till")
    frozen_cards = type("Frozen", (memory_world.host.sections[-1],), {"write": lambda _self, _change, _key: no})
    has_stamp_cards(memory_world, instead=frozen_cards)
    two = browser(memory_world)
    two.cookies = one.cookies
    two.open("/sections/stamp_cards/ana-1/redeem")
    page = two.send("/sections/stamp_cards/ana-1/redeem")
    assert page.status == 409
    assert "frozen" not in page.text
    assert page.heading == "Redeem: Kōwhai Espresso"


# --- how fields are shown --------------------------------------------------------------------------------------------


class Grade(StrEnum):
    """How somebody swims."""

    SEA_HORSE = "sea_horse"


@frozen
class Lane:
    """A lane of a pool."""

    number: int
    key: Secret


@frozen(kw_only=True)
class Lesson(SectionItem):
    """A lesson with everything that a field may be."""

    title: str
    price: Money
    starts: datetime
    zone: str
    last_day: date
    metres: Decimal
    indoors: bool
    grade: Grade
    code: Secret
    partner: RecordRef
    lane: Lane
    days: tuple[str, ...]
    names: frozenset[str]
    sizes: dict[str, Any]
    coach: str | None = None


def test_fields_are_read_as_people_write_them_and_secrets_never() -> None:
    """Money, an instant in the item's own zone, a date, a number, yes; no secret at any depth, no record."""
    item = Lesson(
        id="l1",
        ref=REF,
        version="7",
        business="ponsonby",
        title="Butterfly",
        price=Money("45.50", "NZD"),
        starts=at("2026-12-01 09:00"),
        zone="Australia/Sydney",
        last_day=date(2027, 1, 31),
        metres=Decimal("1500.5"),
        indoors=True,
        grade=Grade.SEA_HORSE,
        code=Secret("S3CRET"),
        partner=RecordRef.client("ben"),
        lane=Lane(3, Secret("L0CK")),
        days=("Mon", "Thu"),
        names=frozenset({"Ben", "Ana"}),
        sizes={"fins": 42, "raw": b"\x00"},
    )
    shown = shown_item(item, "lessons", Words("en", TEXTS, own={"section.lessons.grade": "Level"}), "Pacific/Auckland")
    assert shown.title == "Butterfly"
    facts = {label: text.replace("\u202f", " ") for label, text in shown.facts}
    assert facts == {
        "Price": "NZ$45.50",
        "Starts": "Tuesday, December 1, 2026, 7:00 AM AEDT",
        "Last day": "Sunday, January 31, 2027",
        "Metres": "1,500.5",
        "Indoors": "Yes",
        "Level": "Sea horse",
        "Lane": "3",
        "Days": "Mon, Thu",
        "Names": "Ana, Ben",
        "Sizes": "fins: 42",
    }
    german = shown_item(item, "lessons", Words("de", TEXTS), "Pacific/Auckland")
    assert dict(german.facts)["Metres"] == "1.500,5"
    assert as_words("bought_at") == "Bought at"


@pytest.mark.parametrize("item", [SectionItem(id="x", ref=REF)])
def test_an_item_without_any_field_is_called_like_its_section(item: SectionItem) -> None:
    """There is nothing else to call it."""
    assert shown_item(item, "swim_lessons", Words("en", TEXTS), "UTC").title == "Swim lessons"


def test_items_that_cannot_be_asked_for_one_by_one_are_no_links(memory_world: World) -> None:
    """A platform that only lists: the cards stand there, and nothing leads to a page that there is not."""

    class Listed(MemoryStampCards):
        one = Section.one

    has_stamp_cards(memory_world, instead=Listed)
    open_sections(memory_world, "stamp_cards")
    one = ana(memory_world)
    page = one.open("/sections/stamp_cards")
    assert "Kōwhai Espresso" in page.text
    assert not [href for href, _ in page.links if "stamp_cards/" in href]
