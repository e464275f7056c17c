"""T8 and the card axis: what Timely keeps a card for, and what the others do."""

from __future__ import annotations

from typing import Any

import pytest

from clientportal import AppointmentStatus, Reason, RecordRef, Refused, presets
from clientportal.policy import CardRemoval
from held import card, shows
from watching import reason_of
from world import World, at

pytestmark = pytest.mark.requirement("T8")

ANA = "021 123 4567"


def anas(world: World) -> tuple[RecordRef, Any]:
    """Ana with a session at a business of Timely's kind that shows cards."""
    assert world.policy.clients.card_removal is CardRemoval.UNLESS_REQUIRED_AND_UPCOMING
    shows(world)
    ref = world.add_client("ana", "Ana Kingi", mobile=ANA)
    return ref, world.log_in(ANA)


def test_a_required_card_stays_while_an_appointment_lies_ahead(world: World) -> None:
    """Refused, and the appointment's date is named where it is; after it, the card may go."""
    ana, door = anas(world)
    world.book("a1", ana, "2026-12-01 09:00")
    world.seed("add_items", [card("c1", ana, required=True)])
    with pytest.raises(Refused) as refused:
        door.remove_card("c1")
    assert refused.value.reason is Reason.CARD_NEEDED
    assert "2026-12-01 09:00 NZDT" in refused.value.client_text
    world.clock.set(at("2026-12-01 09:45"))
    door = world.log_in(ANA)
    assert door.remove_card("c1").item == "c1"


def test_a_card_that_nobody_asks_for_is_free(world: World) -> None:
    """Appointments lie ahead, and the business asks for no card: it may go."""
    ana, door = anas(world)
    world.book("a1", ana, "2026-12-01 09:00")
    world.seed("add_items", [card("c1", ana)])
    assert door.remove_card("c1").item == "c1"


def test_what_was_cancelled_does_not_lie_ahead(world: World) -> None:
    """A hundred and twenty cancelled ones first: free. And one that is to happen behind them: refused."""
    ana, door = anas(world)
    for number in range(120):
        world.book(f"x{number}", ana, "2026-12-01 09:00", status=AppointmentStatus.CANCELLED)
    world.seed("add_items", [card("c1", ana, required=True), card("c2", ana, required=True)])
    door.remove_card("c2")
    world.book("a1", ana, "2026-12-20 09:00", status=AppointmentStatus.REQUESTED)
    with pytest.raises(Refused) as refused:
        door.remove_card("c1")
    assert refused.value.refusal.facts["appointment"] == "a1"


def test_an_appointment_of_a_merged_record_lies_ahead_as_well(world: World) -> None:
    """Ana's twin has the appointment, Ana the card: they are one client now."""
    ana, door = anas(world)
    twin = world.add_client("twin", "Ana Kingi")
    world.book("a1", twin, "2026-12-01 09:00")
    world.seed("add_items", [card("c1", ana, required=True)])
    merged = world.staff().merge(ana, twin)
    assert reason_of(lambda: door.remove_card("c1")) is Reason.CARD_NEEDED
    world.staff().undo(merged.merges[0])
    assert door.preview.remove_card("c1").item == "c1"


@pytest.mark.parametrize("product", ["acuity", "timetap", "vcita"])
def test_three_products_let_it_go_at_any_time(world: World, product: str) -> None:
    """Required, and appointments ahead: removed all the same."""
    ana, door = anas(world)
    world.book("a1", ana, "2026-12-01 09:00")
    world.seed("add_items", [card("c1", ana, required=True)])
    rule = getattr(presets, product)(region="NZ").clients.card_removal
    assert rule is CardRemoval.FREE
    world.change_policy("clients", card_removal=rule)
    assert door.remove_card("c1").item == "c1"
    assert [one.id for one in door.cards().items] == []
