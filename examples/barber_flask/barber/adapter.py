"""The barbers' tables, as the client portal sees them: what is read stands in ``reading``, what is written here.

Every statement knows one shop alone. Rows are written over the connection that the portal's unit of work is on, so that
a booking and what the portal notes of it are there together or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, delete, insert, or_, update
from sqlalchemy.exc import IntegrityError

from barber.reading import Reading, ids_of
from barber.tables import BOOKINGS, CUSTOMERS
from barber.values import CURRENCY, cents_of, columns_of, number, seconds
from clientportal import Appointment, Capabilities, Conflict, Money, RecordRef, Slot
from clientportal.ports import AnswerKind, HostAnswer
from clientportal.values import ClientChange, ClientDraft, RecordKind

__all__ = ["BarberHost"]

_NOBODY = columns_of(ClientDraft())
_WRITTEN = frozenset({"first_name", "last_name", "mobile", "email", "notes"})
"""What a customer has a column for."""


class BarberHost(Reading):
    """What the portal changes."""

    capabilities = Capabilities(
        create_client=True,
        update_client=True,
        delete_client=True,
        erase_client=True,
        client_list=True,
        slots=True,
        move=True,
        cancel=True,
        book=True,
        delete_appointment=True,
    )

    def write(self, statement: Any) -> int:
        """How many rows it has changed."""
        return int(self.connection.execute(statement).rowcount)

    def mine(self, writing: Any, table: Table, *which: Any) -> Any:
        """An UPDATE or a DELETE of this shop's rows."""
        return writing(table).where(table.c.shop == self.tenant, *which)

    # --- customers

    def create_client(self, draft: ClientDraft, key: str) -> HostAnswer:
        """A new customer."""
        columns = columns_of(draft) | {"shop": self.tenant, "since": seconds(datetime.now(UTC))}
        made = self.connection.execute(insert(CUSTOMERS).values(columns))
        return HostAnswer(ref=RecordRef.client(str(made.inserted_primary_key[0])))

    def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        """Those fields and no other, if the row is still as it was read; what has no column is declined."""
        found = list(self.clients([ref])) if ref.kind is RecordKind.CLIENT else []
        if not found or change.custom or not change.fields.keys() <= _WRITTEN:
            return HostAnswer(AnswerKind.DECLINED)
        columns = columns_of(change.applied_to(found[0], datetime.now(UTC)))
        c = CUSTOMERS.c
        row = self.mine(update, CUSTOMERS, c.id == number(ref.id), c.revision == number(change.version))
        if not self.write(row.values(**columns, revision=c.revision + 1)):
            raise Conflict("the customer has changed since it was read")
        return HostAnswer(ref=ref)

    def delete_client(self, ref: RecordRef, key: str) -> HostAnswer:
        """The row goes; its bookings stay, under the number that nobody is given again."""
        if ref.kind is not RecordKind.CLIENT:
            return HostAnswer(AnswerKind.DECLINED)
        gone = self.write(self.mine(delete, CUSTOMERS, CUSTOMERS.c.id == number(ref.id)))
        return HostAnswer(AnswerKind.DONE if gone else AnswerKind.DECLINED)

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        """Nothing personal is left, neither of the customer nor at a booking."""
        people, single = ids_of(refs, RecordKind.CLIENT), ids_of(refs, RecordKind.BOOKING)
        c, b = CUSTOMERS.c, BOOKINGS.c
        self.write(
            self.mine(update, CUSTOMERS, c.id.in_(people)).values(**_NOBODY, barred=True, revision=c.revision + 1)
        )
        named = self.mine(update, BOOKINGS, or_(b.customer.in_(people), b.id.in_(single)))
        self.write(named.values(name="", mobile=None, email=None, revision=b.revision + 1))
        return HostAnswer()

    # --- bookings

    def cancel(self, appointment: Appointment, fee: Money | None, key: str) -> HostAnswer:
        """The chair is free again; a fee is noted with the change."""
        if not _counted(fee):
            return HostAnswer(AnswerKind.DECLINED)
        self.change(appointment, fee, state="cancelled")
        return HostAnswer(appointment=self.appointment(appointment.id))

    def move(self, appointment: Appointment, slot: Slot, fee: Money | None, key: str) -> HostAnswer:
        """Into that chair, then; whoever is there already was faster."""
        if not _counted(fee):
            return HostAnswer(AnswerKind.DECLINED)
        times = {"chair": number(slot.staff_id or ""), "start_at": seconds(slot.start), "end_at": seconds(slot.end)}
        if self.slot(slot.id) != slot:
            return HostAnswer(AnswerKind.TAKEN)
        try:
            with self.connection.begin_nested():
                self.change(appointment, fee, **times, moves=BOOKINGS.c.moves + 1)
        except IntegrityError:
            return HostAnswer(AnswerKind.TAKEN)
        return HostAnswer(appointment=self.appointment(appointment.id))

    def book(self, ref: RecordRef, slot: Slot, name: str, key: str) -> HostAnswer:
        """A new booking of a customer; a walk-in has no record that another booking could belong to."""
        if ref.kind is not RecordKind.CLIENT or not self.clients([ref]):
            return HostAnswer(AnswerKind.DECLINED)
        cut = self.service(slot.service_id)
        if cut is None or self.slot(slot.id) != slot:
            return HostAnswer(AnswerKind.TAKEN)
        columns = {
            "shop": self.tenant,
            "customer": number(ref.id),
            "name": name,
            "chair": number(slot.staff_id or ""),
            "cut": cut.id,
            "start_at": seconds(slot.start),
            "end_at": seconds(slot.end),
            "made_at": seconds(datetime.now(UTC)),
            "cents": cents_of(cut.price),
        }
        try:
            with self.connection.begin_nested():
                made = self.connection.execute(insert(BOOKINGS).values(columns))
        except IntegrityError:
            return HostAnswer(AnswerKind.TAKEN)
        return HostAnswer(appointment=self.appointment(str(made.inserted_primary_key[0])))

    def delete_appointment(self, appointment: Appointment, key: str) -> HostAnswer:
        """The row goes, for good."""
        if self.appointment(appointment.id) is None:
            return HostAnswer(AnswerKind.DECLINED)
        if not self.write(self.mine(delete, BOOKINGS, *self.seen(appointment))):
            raise Conflict("the booking has changed since it was read")
        return HostAnswer()

    def change(self, appointment: Appointment, fee: Money | None, **columns: Any) -> None:
        """The change, the fee and the check of the version are one statement."""
        if fee is not None:
            columns["owed_cents"] = cents_of(fee)
        row = self.mine(update, BOOKINGS, *self.seen(appointment))
        if not self.write(row.values(**columns, revision=BOOKINGS.c.revision + 1)):
            raise Conflict("the booking has changed since it was read")

    def seen(self, appointment: Appointment) -> tuple[Any, Any]:
        """That booking, as it was read."""
        return BOOKINGS.c.id == number(appointment.id), BOOKINGS.c.revision == number(appointment.version)


def _counted(fee: Money | None) -> bool:
    """Whether there is a place for that fee: the shop's books are in one currency."""
    return fee is None or fee.currency == CURRENCY
