"""Sections as plug-ins: a platform's own with one class, and what happens where one is missing, hidden or lying."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from clientportal import HostError, InvalidInput, PolicyError, Reason, RecordRef
from clientportal.outcomes import SectionEntry
from clientportal.ports.section import Section
from clientportal.values import HostAnswer, ItemPage, SectionItem
from clientportal.values.appointments import AnswerKind
from own_sections import StampCard, add_card, has_stamp_cards, open_sections, with_stamp_cards
from watching import reason_of
from world import World, client

ANA, BEN = "021 123 4567", "021 765 4321"


@pytest.fixture
def bar(world: World) -> World:
    """Ana with two stamp cards and Ben with one; the bar's platform shows them with one class of its own."""
    with_stamp_cards(world)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    ben = world.add_client("ben", "Ben Ngata", mobile=BEN)
    add_card(world, "ana-1", ana, 12)
    add_card(world, "ana-2", ana, 3)
    add_card(world, "ben-1", ben, 9)
    return world


def ids(page: ItemPage[Any]) -> list[str]:
    """Which items are on a page."""
    return [one.id for one in page.items]


# --- one class -------------------------------------------------------------------------------------------------------


def test_a_section_of_the_platforms_own_is_there_with_one_class(bar: World) -> None:
    """It is in the list of sections, has pages of its own items, and does what its class can do."""
    door = bar.log_in(ANA)
    assert door.sections()[-1] == SectionEntry("stamp_cards", None, ("redeem",))
    page = door.section("stamp_cards", limit=1)
    assert page.items == (StampCard(id="ana-1", ref=client("ana"), bar="Kōwhai Espresso", stamps=12, version="1"),)
    assert ids(door.section("stamp_cards", after=page.next)) == ["ana-2"]
    done = door.act("stamp_cards", "redeem", item="ana-1", key="coffee")
    assert (done.section, done.action, done.item) == ("stamp_cards", "redeem", "ana-1")
    assert door.section_item("stamp_cards", "ana-1").stamps == 2
    # The same key is the same coffee.
    door.act("stamp_cards", "redeem", item="ana-1", key="coffee")
    assert door.section_item("stamp_cards", "ana-1").stamps == 2


def test_somebody_elses_items_are_not_there(bar: World) -> None:
    """Neither listed, nor by their id, nor to be redeemed."""
    door = bar.log_in(ANA)
    assert ids(door.section("stamp_cards")) == ["ana-1", "ana-2"]
    for id in ("ben-1", "no-card", "", "x" * 500):
        assert reason_of(lambda id=id: door.section_item("stamp_cards", id)) is Reason.NOT_FOUND
        assert reason_of(lambda id=id: door.act("stamp_cards", "redeem", item=id)) is Reason.NOT_FOUND
    assert bar.log_in(BEN).section_item("stamp_cards", "ben-1").stamps == 9


def test_it_follows_a_merge_and_its_undo_like_the_shipped_ones(bar: World) -> None:
    """Ben is Ana after all: her open session has three cards; undone, two."""
    door = bar.log_in(ANA)
    merge = bar.staff().merge(client("ana"), client("ben")).merges[0]
    assert ids(door.section("stamp_cards")) == ["ana-1", "ben-1", "ana-2"]
    bar.staff().undo(merge)
    assert ids(door.section("stamp_cards")) == ["ana-1", "ana-2"]


def test_an_action_that_the_section_does_not_have_is_told(bar: World) -> None:
    """With those that it has; a shipped section has methods of its own."""
    door = bar.log_in(ANA)
    with pytest.raises(InvalidInput, match=r"stamp_cards has no action 'burn'; there is redeem"):
        door.act("stamp_cards", "burn", item="ana-1")
    with pytest.raises(InvalidInput, match=r"memberships\.pause has a method of its own"):
        door.act("memberships", "pause")
    with pytest.raises(InvalidInput, match="'bookings' has methods of its own"):
        door.section("bookings")


# --- missing, hidden, not activated ----------------------------------------------------------------------------------


def test_a_section_that_the_platform_lacks_is_absent_and_no_error(world: World) -> None:
    """The policy names memberships, the host has no class for them: they are in no list, and refused to anybody."""
    world.host = type("BareHost", (world.host,), {"sections": ()})
    open_sections(world, "memberships")
    world.portal = world.make_portal()
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    door = world.log_in(ANA)
    assert [one.name for one in door.sections()] == ["account", "bookings"]
    assert [one.name for one in door.dashboard().menu] == ["dashboard", "account", "bookings"]
    assert reason_of(lambda: door.section("memberships")) is Reason.DISABLED
    assert reason_of(lambda: door.section_item("memberships", "m1")) is Reason.DISABLED


def test_a_hidden_section_is_refused_from_an_open_sessions_next_call_on(bar: World) -> None:
    """The bar closes its cards while Ana looks at them: list, item and action are refused on the server; open again,
    they are as they were.
    """
    door = bar.log_in(ANA)
    assert ids(door.section("stamp_cards")) == ["ana-1", "ana-2"]
    before = bar.policy
    bar.change_policy("visibility", sections=("account", "bookings"))
    assert "stamp_cards" not in [one.name for one in door.sections()]
    for call in (
        lambda: door.section("stamp_cards"),
        lambda: door.section_item("stamp_cards", "ana-1"),
        lambda: door.act("stamp_cards", "redeem", item="ana-1"),
        lambda: door.preview.act("stamp_cards", "redeem", item="ana-1"),
    ):
        assert reason_of(call) is Reason.DISABLED
    bar.use(before)
    assert door.section_item("stamp_cards", "ana-1").stamps == 12


@pytest.mark.requirement("M4")
def test_a_section_that_the_business_has_not_activated_is_closed_like_a_hidden_one(bar: World) -> None:
    """All three must be so: the platform has it, the business has activated it, the policy shows it."""
    honest = bar.host.sections[-1]
    has_stamp_cards(bar, instead=type("Resting", (honest,), {"active": lambda _self: False}))
    door = bar.log_in(ANA)
    assert "stamp_cards" not in [one.name for one in door.sections()]
    assert reason_of(lambda: door.section("stamp_cards")) is Reason.DISABLED


def test_without_a_session_nobody_learns_which_sections_there_are(bar: World) -> None:
    """Open, hidden and unheard of are one answer."""
    door = bar.portal.client("made-up")
    for name in ("stamp_cards", "memberships", "no_such_section"):
        assert reason_of(lambda name=name: door.section(name)) is Reason.SESSION_ENDED
    assert reason_of(door.sections) is Reason.SESSION_ENDED
    assert reason_of(door.dashboard) is Reason.SESSION_ENDED


# --- what is refused when the portal is built ------------------------------------------------------------------------


class _Plain(Section[StampCard]):
    name: ClassVar[str] = "plain"
    item: ClassVar[type[StampCard]] = StampCard


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": None}, "is a word of a-z and _"),
    "a name with a space": ({"name": "stamp cards"}, "is a word of a-z and _"),
    "a name that every host has": ({"name": "bookings"}, "there is a section 'bookings' already"),
    "the name of the dashboard": ({"name": "dashboard"}, "there is a section 'dashboard' already"),
    "no items": ({"item": dict}, "item is a subclass of SectionItem"),
    "an action that is no word": ({"actions": ("Pay now",)}, "actions are words of a-z and _"),
}


@pytest.mark.parametrize("wrong", BAD)
def test_a_class_that_cannot_be_a_section_is_refused_when_the_portal_is_built(memory_world: World, wrong: str) -> None:
    """With what would be right, and not at three in the morning."""
    settings, told = BAD[wrong]
    kind = type("Stamps", (_Plain,), settings)
    memory_world.host = type("Host", (memory_world.host,), {"sections": (kind,)})
    with pytest.raises(InvalidInput, match=told):
        memory_world.make_portal()


def test_two_sections_of_one_name_are_refused_when_the_portal_is_built(memory_world: World) -> None:
    """One of them would never be seen."""
    memory_world.host = type("Host", (memory_world.host,), {"sections": (_Plain, _Plain)})
    with pytest.raises(InvalidInput, match="there is a section 'plain' already"):
        memory_world.make_portal()


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("menu", ("bookings", "stampcards"), r"portal\.menu: there is no section 'stampcards'"),
        ("actions", {"bookings.cancle"}, r"portal\.actions: there is no action 'bookings\.cancle'"),
        ("actions", {"stampcards.redeem"}, r"portal\.actions: there is no action 'stampcards\.redeem'"),
        ("language", "fr", r"portal\.language: there are no texts in 'fr'; there are de, en"),
        ("languages", ("de", "mi"), r"portal\.languages: there are no texts in 'mi'"),
    ],
)
def test_a_policy_that_names_what_nobody_knows_is_refused(
    memory_world: World, setting: str, value: Any, told: str
) -> None:
    """A menu, an action or a language that is misspelt would silently be missing."""
    world = memory_world
    world.change_policy("portal", **{setting: value})
    with pytest.raises(PolicyError, match=told) as refused:
        world.make_portal(policy=world.policy)
    assert refused.value.settings[0] == f"portal.{setting}"


def test_what_the_platforms_own_section_can_do_may_be_named(memory_world: World) -> None:
    """``stamp_cards.redeem`` is an action where the host has stamp cards."""
    has_stamp_cards(memory_world)
    memory_world.change_policy("portal", actions={"stamp_cards.redeem"}, menu=("stamp_cards", "dashboard"))
    assert memory_world.make_portal(policy=memory_world.policy) is not None


# --- a section that lies ---------------------------------------------------------------------------------------------

_BENS = StampCard(id="ben-1", ref=client("ben"))
_ANAS = StampCard(id="ana-1", ref=client("ana"))


@pytest.mark.parametrize(
    ("method", "answer", "told"),
    [
        ("page", ItemPage((_BENS,)), "answered with what was not asked for: of client:ben"),
        ("page", [_ANAS], r"page\(\) answers with an ItemPage; this answered with list"),
        ("page", ItemPage(("card",)), r"page\(\) answers with StampCard; in this str was"),
        ("page", ItemPage((_ANAS, _ANAS)), "answered twice with the same item"),
        ("page", ItemPage((_ANAS,), 7), "a cursor of text or None; this is int"),
        ("page", ItemPage(tuple(StampCard(id=f"a{n}", ref=client("ana")) for n in range(21))), "at most 20"),
        ("one", _BENS, r"one\(\) was asked for 'ana-1' and answered with 'ben-1'"),
        ("one", "card", r"one\(\) answers with StampCard; this answered with str"),
        ("active", "yes", r"active\(\) answers with True or False; this answered with str"),
        ("write", "done", "write"),
    ],
)
def test_a_section_that_breaks_its_contract_is_a_host_error(bar: World, method: str, answer: Any, told: str) -> None:
    """Whatever an adapter forgets, another client's card is never shown for it: the message says what was wrong."""
    honest = bar.host.sections[-1]
    has_stamp_cards(bar, instead=type("Lying", (honest,), {method: lambda _self, *_args: answer}))
    door = bar.log_in(ANA)
    calls = {
        "one": lambda: door.section_item("stamp_cards", "ana-1"),
        "write": lambda: door.act("stamp_cards", "redeem", item="ana-1"),
    }
    with pytest.raises(HostError, match=told):
        calls.get(method, lambda: door.section("stamp_cards"))()


def test_a_platform_that_says_no_after_all_is_a_refusal(bar: World) -> None:
    """The card was frozen at the till: refused as not changeable, with the platform's word for staff."""
    honest = bar.host.sections[-1]
    no = HostAnswer(AnswerKind.DECLINED, note="frozen at the till")
    has_stamp_cards(bar, instead=type("Frozen", (honest,), {"write": lambda _self, _change, _key: no}))
    assert reason_of(lambda: bar.log_in(ANA).act("stamp_cards", "redeem", item="ana-1")) is Reason.NOT_CHANGEABLE


def test_an_item_says_whose_it_is() -> None:
    """An item without an id, or of nobody, cannot be made."""
    with pytest.raises(InvalidInput):
        SectionItem(id="", ref=RecordRef.client("ana"))
    with pytest.raises(InvalidInput):
        SectionItem(id="x", ref="client:ana")  # type: ignore[arg-type]
