"""vcita: clients do only what the business has enabled; what is hidden is refused on the server (V5)."""

from __future__ import annotations

from typing import Any

import pytest

from clientportal import Reason, RecordRef
from clientportal.outcomes import SectionEntry
from own_sections import add_card, open_sections, with_stamp_cards
from password_ground import RIGHT, add_account, log_in, with_passwords
from watching import reason_of
from world import World

pytestmark = pytest.mark.requirement("V5")

ANA = "021 123 4567"


def ana_with_a_cut(world: World) -> RecordRef:
    """Ana, with a cut on Tuesday, 1 December at 09:00 and one behind her."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    world.book("cut-1", ana, "2026-12-01 09:00")
    world.book("cut-0", ana, "2026-10-01 09:00", made="2026-09-01 09:00")
    return ana


def entry(door: Any, name: str) -> SectionEntry:
    """A section as the door lists it."""
    found: SectionEntry = next(one for one in door.sections() if one.name == name)
    return found


def test_only_what_is_named_can_be_done_with_bookings(world: World) -> None:
    """The business leaves cancelling to clients, and nothing else: moving and booking again are refused from the open
    session's next call on, and the terms say so before anybody tries.
    """
    ana_with_a_cut(world)
    slots = world.add_slots("2026-12-05 09:00", "2026-12-06 09:00")
    door = world.log_in(ANA)
    assert entry(door, "bookings").actions == ("move", "cancel", "rebook")
    world.change_policy("portal", actions={"bookings.cancel"})

    terms = door.change_terms("cut-1")
    assert (terms.move.refusal.reason, terms.rebook.refusal.reason) == (Reason.DISABLED, Reason.DISABLED)
    assert terms.cancel.refusal is None
    assert entry(door, "bookings").actions == ("cancel",)
    assert reason_of(lambda: door.move("cut-1", slots[0])) is Reason.DISABLED
    assert reason_of(lambda: door.rebook("cut-0", slots[1])) is Reason.DISABLED
    assert reason_of(lambda: door.preview.move("cut-1", slots[0])) is Reason.DISABLED
    assert door.cancel("cut-1").appointment.id == "cut-1"


def test_a_link_that_was_sent_earlier_is_bound_as_well(world: World) -> None:
    """The message of last week still offers to move: since then the business has closed it. Staff move it all the
    same, whatever clients may do.
    """
    ana_with_a_cut(world)
    first, second = world.add_slots("2026-12-05 09:00", "2026-12-06 09:00")
    link = world.staff().appointment_link("cut-1")
    world.change_policy("portal", actions={"bookings.cancel"})

    seen = world.visitor().look_at_link(link)
    assert seen.move.refusal.reason is Reason.DISABLED
    assert seen.cancel.refusal is None
    assert reason_of(lambda: world.visitor().move_by_link(link, first)) is Reason.DISABLED
    assert world.staff().move("cut-1", second).appointment.id == "cut-1"

    world.change_policy("portal", actions=frozenset())
    assert reason_of(lambda: world.visitor().cancel_by_link(link)) is Reason.DISABLED
    assert world.staff().cancel("cut-1").appointment.id == "cut-1"


@pytest.mark.parametrize("closed", ["account.change_email", "account.change_password"])
def test_what_is_done_to_the_account_is_named_as_well(world: World, closed: str) -> None:
    """Where the business changes emails or passwords itself, the client's door does not."""
    with_passwords(world)
    add_account(world, "ana@example.com")
    door = world.client(log_in(world, "ana@example.com"))
    calls = {
        "account.change_email": lambda: door.change_email("ana@new.example"),
        "account.change_password": lambda: door.change_password("a walk along the waterfront", old=RIGHT),
    }
    world.change_policy("portal", actions=calls.keys() - {closed})
    assert reason_of(calls.pop(closed)) is Reason.DISABLED
    ((_, still_open),) = calls.items()
    assert still_open() is not None
    world.change_policy("visibility", sections=("bookings",))
    assert reason_of(lambda: door.change_email("ana@new.example")) in (Reason.DISABLED, Reason.SESSION_ENDED)


def test_an_action_of_a_platforms_own_section_is_named_like_the_others(world: World) -> None:
    """Cards are shown, redeeming them is not among what clients may do; named again, it works in the same session."""
    ana = ana_with_a_cut(world)
    with_stamp_cards(world)
    open_sections(world, "stamp_cards")
    add_card(world, "card-1", ana)
    door = world.log_in(ANA)
    world.change_policy("portal", actions={"bookings.cancel"})
    assert entry(door, "stamp_cards").actions == ()
    assert reason_of(lambda: door.act("stamp_cards", "redeem", item="card-1")) is Reason.DISABLED
    assert door.section_item("stamp_cards", "card-1").stamps == 12
    world.change_policy("portal", actions={"stamp_cards.redeem"})
    door.act("stamp_cards", "redeem", item="card-1")
    assert door.section_item("stamp_cards", "card-1").stamps == 2
