"""What clients owe and have paid, for the tests that try every operation of every door."""

from __future__ import annotations

from clientportal import Money, RecordRef
from clientportal.records import Payment, PaymentStage, PaymentState, Put
from clientportal.testing.fake_provider import FakeProvider
from clientportal.values.invoices import Invoice, Transaction
from world import World

__all__ = ["DUE", "has_paid", "owes_and_has_paid"]

DUE = Money("65.00", "NZD")


def owes_and_has_paid(world: World, ref: RecordRef, id: str) -> None:
    """Somebody owes 65.00 NZD by an invoice of that id, and has a payment and a transaction under the same id; the
    business takes payments, besides what it does already."""
    world.change_policy("bookings", payments=True)
    shown = world.policy.visibility.sections
    world.change_policy("visibility", sections=tuple(dict.fromkeys((*shown, "payments"))))
    world.portal = world.make_portal(payments=FakeProvider())
    now = world.clock()
    owed = Invoice(id=id, ref=ref, name=f"Invoice {id}", issued_at=now, total=DUE, due=DUE)
    world.seed("add_items", [owed, Transaction(id=id, ref=ref, what="Cut", at=now, amount=DUE)])
    has_paid(world, ref, id)


def has_paid(world: World, ref: RecordRef, id: str) -> None:
    """The portal remembers a payment of somebody's that went well."""
    now = world.clock()
    paid = Payment(
        id=id,
        invoice=f"{id}-of-last-year",
        ref=str(ref),
        amount=DUE,
        purpose="invoice",
        what="Cut",
        actor=str(ref),
        state=PaymentState.PAID,
        stage=PaymentStage.DONE,
        begun_at=now,
        asked_at=now,
        check_at=now,
        charged=DUE,
        ended_at=now,
    )

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            await unit.commit((Put(paid),))

    world.run(go())
