"""What the dashboard costs: the same few statements for a client of ten appointments and of ten thousand (V4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clientportal import Appointment, AppointmentStatus, Money, RecordRef, presets
from clientportal.testing.fake_provider import FakeProvider
from clientportal.values import SectionItem
from clientportal.values.documents import Document
from clientportal.values.invoices import Invoice
from steps.test_costs import statements
from world import AUCKLAND, World, at, make_world

ANA = "ana@example.com"


def busy(world: World, count: int) -> Any:
    """Ana with that many appointments, half of them ahead, as many documents and open invoices; her door."""
    world.use(presets.vcita(region="NZ"))
    world.change_policy("bookings", payments=True)
    world.portal = world.make_portal(payments=FakeProvider())
    ana, items = world.add_client("ana", "Ana Kingi", email=ANA), list[SectionItem]()
    world.seed("add_appointments", [_cut(ana, n) for n in range(count)])
    amount, shared = Money("10.00", "NZD"), world.clock() - timedelta(days=1)
    for n in range(count // 10):
        invoice = Invoice(id=f"i{n}", ref=ana, name="Cut", issued_at=shared, total=amount, due=amount)
        document = Document(
            id=f"d{n}", ref=ana, name="Plan.pdf", media_type="application/pdf", size=0, shared_at=shared
        )
        items += [invoice, document]
    world.seed("add_items", items)
    return world.log_in(ANA)


def _cut(ref: RecordRef, number: int) -> Appointment:
    start = at("2026-11-21 10:00") + timedelta(hours=number) * (1 if number % 2 else -1)
    return Appointment(
        id=f"a{number}",
        ref=ref,
        service_id="cut",
        start=start,
        end=start + timedelta(minutes=45),
        zone=AUCKLAND,
        status=AppointmentStatus.CONFIRMED,
        made_at=at("2026-01-01 09:00"),
    )


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["sqlite-plain", "postgres-plain"])
def test_a_dashboard_is_as_many_statements_however_long_the_history(variant: str, counted: Any) -> None:
    """Ten appointments and ten thousand: what is due is a sum, what is new is counted, what comes next is a page."""
    costs = []
    for count in (10, 10_000):
        world = make_world(variant)
        try:
            door = busy(world, count)
            with statements(world.store) as seen:
                first = door.dashboard()
            assert len(first.upcoming) == 3
            assert first.due == (Money(10 * (count // 10), "NZD"),)
            assert first.documents.count == count // 10
            costs.append(len(seen))
        finally:
            world.close()
    counted("cost of the dashboard", variant, f"{costs[0]} statements at 10 appointments, {costs[1]} at 10,000")
    assert costs[0] == costs[1] <= 40
