"""Timely in a real browser: a code by SMS, an appointment moved, one that it is too late to cancel, a form."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from browser.conftest import Comes, Shoots
from browser.person import DESKTOP, PHONE
from browser.shop import Shop
from clientportal import presets
from clientportal.values.forms import FormRequest, Question
from world import at


def salon(shop: Shop, **more: Any) -> None:
    """Aroha Ngata has a cut on Tuesday at 14:00 and a colour in December; Thursday at 10:00 and 11:30 are free."""
    shop.open(presets.timely(region="NZ"), **more)
    world = shop.world
    aroha = world.add_client("aroha", "Aroha Ngata", mobile="021 555 0142")
    world.book("tue", aroha, "2026-11-24 14:00", staff_name="Mia")
    world.book("dec", aroha, "2026-12-03 09:30", service="colour", minutes=120, staff_name="Ben")
    world.add_slots("2026-11-26 10:00", "2026-11-26 11:30", "2026-11-27 15:00")
    questions = (
        Question(name="allergy", label="Any allergies?", kind="yes_no", required=True),
        Question(name="notes", label="What should we know?", kind="long_text"),
    )
    form = FormRequest(
        id="intake", ref=aroha, title="Before your visit", sent_at=at("2026-11-20 09:00"), questions=questions
    )
    world.seed("add_items", [form])


@pytest.mark.requirement("T1", "T7", "X1", "X2", "T3")
@pytest.mark.parametrize(("size", "scripts"), [(PHONE, False), (DESKTOP, True)], ids=["phone-no-scripts", "desktop"])
def test_a_client_of_timely(comes: Comes, shop: Shop, shoots: Shoots, size: tuple[int, int], scripts: bool) -> None:
    """Aroha signs in by a code, moves her cut to Thursday at 10:00, and fills in the form whose link she was sent. On
    Wednesday at noon it is 22 hours before: cancelling is refused in words. On the phone, with JavaScript switched off.
    """
    salon(shop)
    aroha = comes(size, scripts=scripts)
    aroha.signs_in_by_code("021 555 0142")
    aroha.follows("Bookings")
    aroha.follows("Details and changes", nth=0)
    aroha.follows("Choose another time")
    aroha.follows("10:00")
    aroha.reads("Tuesday, November 24, 2026", "Thursday, November 26, 2026")
    aroha.presses("Move the booking")
    aroha.reads("The booking has its new time.", "Thursday, November 26, 2026, 10:00")

    aroha.goes_to(f"/form/{shop.world.portal.form_link(shop.world.tenant, 'intake').reveal()}")
    assert aroha.heading == "Before your visit"
    aroha.presses("Send it in", 422)
    aroha.reads("Please answer this.")
    aroha.ticks("No")
    aroha.presses("Send it in")
    aroha.reads("Thank you, it is sent in.")

    shop.world.clock.advance(timedelta(days=4, hours=1, minutes=49))
    aroha.goes_to("/bookings/tue/cancel", 409)
    assert aroha.heading == "This booking cannot be cancelled here"
    aroha.reads("too late to change this online")
    shoots(aroha, "refused_cancel")
