"""What the portal reads of the barbers' tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Table, and_, exists, func, or_, select, tuple_

from barber.tables import BOOKINGS, CHAIRS, CUSTOMERS, CUTS, OPENINGS, SHOPS
from barber.values import (
    appointment_of,
    cursor,
    customer_of,
    guest_of,
    instant,
    money_of,
    number,
    place,
    seconds,
    slot_of,
)
from clientportal import (
    Appointment,
    BaseHost,
    Business,
    ClientRecord,
    RecordRef,
    Service,
    Slot,
    When,
)
from clientportal.ports import ContactPage, RawContacts
from clientportal.values import AppointmentPage, ClientPage, RecordKind
from clientportal.values.searching import search_words

__all__ = ["Reading", "ids_of"]


def ids_of(refs: Sequence[RecordRef], kind: RecordKind) -> Any:
    """Any number of ids as one parameter: a statement has room for some ten thousands."""
    found = [number(ref.id) for ref in refs if ref.kind is kind]
    each = func.json_each(json.dumps([id for id in found if id is not None])).table_valued("value")
    return select(each.c.value)


class Reading(BaseHost):
    """What the portal asks."""

    def of(self, table: Table, *columns: Any) -> Select[Any]:
        """This shop's rows of a table; there is no other way to them."""
        return select(*(columns or (table,))).where(table.c.shop == self.tenant)

    def rows(self, statement: Any) -> Sequence[Any]:
        """What the database answers."""
        found: Sequence[Any] = self.connection.execute(statement).all()
        return found

    def business(self) -> Business:
        """The shop."""
        (shop,) = self.rows(self.of(SHOPS))
        return Business(shop.shop, shop.name, shop.zone)

    @property
    def zone(self) -> str:
        """Its calendar, read once for each unit of work."""
        if not hasattr(self, "_zone"):
            self._zone = self.business().zone
        return self._zone

    # --- who

    def customers(self) -> Select[Any]:
        """Customers, each with the time at which their newest booking was made."""
        theirs = (BOOKINGS.c.shop == CUSTOMERS.c.shop) & (BOOKINGS.c.customer == CUSTOMERS.c.id)
        newest = select(func.max(BOOKINGS.c.made_at)).where(theirs).scalar_subquery()
        return self.of(CUSTOMERS, CUSTOMERS, newest.label("last_booked"))

    def guests(self) -> Select[Any]:
        """Walk-ins: bookings without a customer."""
        return self.of(BOOKINGS).where(BOOKINGS.c.customer.is_(None))

    def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]:
        """Two statements, however many refs."""
        customers = self.customers().where(CUSTOMERS.c.id.in_(ids_of(refs, RecordKind.CLIENT)))
        guests = self.guests().where(BOOKINGS.c.id.in_(ids_of(refs, RecordKind.BOOKING)))
        return [*map(customer_of, self.rows(customers)), *map(guest_of, self.rows(guests))]

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        """Everybody's contacts by id: customers, then walk-ins."""
        is_guest, last = (0, 0) if after is None else place(after, "contacts", int, int)
        found: list[RawContacts] = []
        if not is_guest:
            some = self.of(CUSTOMERS).where(CUSTOMERS.c.id > last).order_by(CUSTOMERS.c.id).limit(limit + 1)
            found = [RawContacts(RecordRef.client(str(one.id)), one.mobile, email=one.email) for one in self.rows(some)]
            last = 0
        if len(found) <= limit:
            more = self.guests().where(BOOKINGS.c.id > last).order_by(BOOKINGS.c.id).limit(limit + 1 - len(found))
            found += [
                RawContacts(RecordRef.booking(str(one.id)), one.mobile, email=one.email) for one in self.rows(more)
            ]
        if len(found) <= limit:
            return ContactPage(tuple(found))
        end = found[limit - 1].ref
        is_guest = int(end.kind is RecordKind.BOOKING)
        return ContactPage(tuple(found[:limit]), cursor("contacts", is_guest, int(end.id)))

    def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        """Customers by name, searched as the portal's own hosts search."""
        c = CUSTOMERS.c
        rows = self.customers()
        for word in search_words(search or ""):
            rows = rows.where(c.searched.contains(word, autoescape=True))
        if after is not None:
            rows = rows.where(tuple_(c.by_last, c.by_first, c.id) > tuple(place(after, "customers", str, str, int)))
        shown = self.rows(rows.order_by(c.by_last, c.by_first, c.id).limit(limit + 1))
        items = tuple(map(customer_of, shown[:limit]))
        end = shown[limit - 1] if len(shown) > limit else None
        return ClientPage(items, None if end is None else cursor("customers", end.by_last, end.by_first, end.id))

    # --- when

    def bookings(self) -> Select[Any]:
        """Bookings, with the barber's name and what is done."""
        cut = and_(CUTS.c.shop == BOOKINGS.c.shop, CUTS.c.code == BOOKINGS.c.cut)
        return (
            self.of(BOOKINGS, BOOKINGS, CHAIRS.c.barber, CUTS.c.title)
            .outerjoin(CHAIRS, CHAIRS.c.id == BOOKINGS.c.chair)
            .outerjoin(CUTS, cut)
        )

    def appointments(
        self, refs: Sequence[RecordRef], when: When, now: datetime, after: str | None, limit: int
    ) -> AppointmentPage:
        """By start and id: instants are in order by themselves, and the database pages them."""
        b, upcoming = BOOKINGS.c, when is When.UPCOMING
        listing = f"bookings.{when.value}"
        rows = self.bookings().where(
            or_(b.customer.in_(ids_of(refs, RecordKind.CLIENT)), b.id.in_(ids_of(refs, RecordKind.BOOKING))),
            b.end_at > seconds(now) if upcoming else b.end_at <= seconds(now),
        )
        if after is not None:
            start, id = place(after, listing, int, int)
            beyond = b.start_at > start if upcoming else b.start_at < start
            rows = rows.where(or_(beyond, and_(b.start_at == start, b.id > id)))
        found = self.rows(rows.order_by(b.start_at if upcoming else b.start_at.desc(), b.id).limit(limit + 1))
        items = tuple(appointment_of(row, self.zone) for row in found[:limit])
        end = found[limit - 1] if len(found) > limit else None
        return AppointmentPage(items, None if end is None else cursor(listing, end.start_at, end.id))

    def appointment(self, id: str) -> Appointment | None:
        """One booking."""
        found = self.rows(self.bookings().where(BOOKINGS.c.id == number(id)))
        return appointment_of(found[0], self.zone) if found else None

    def service(self, id: str) -> Service | None:
        """A cut as it is today."""
        if len(id) > 40 or not id.isprintable() or not id.isascii():
            return None
        found = self.rows(self.of(CUTS).where(CUTS.c.code == id))
        if not found:
            return None
        cut = found[0]
        length = timedelta(minutes=cut.minutes)
        return Service(cut.code, cut.title, length, bookable_online=cut.online, price=money_of(cut.cents))

    # --- free times

    def free(self) -> Select[Any]:
        """Openings in which no head is in the chair."""
        b, o = BOOKINGS.alias().c, OPENINGS.c
        meanwhile = (b.start_at < o.end_at) & (b.end_at > o.start_at)
        taken = exists().where(b.chair == o.chair, b.state == "booked", meanwhile)
        joined = self.of(OPENINGS, OPENINGS, CHAIRS.c.barber).join(CHAIRS, CHAIRS.c.id == o.chair)
        return joined.where(~taken)

    def slots(
        self, service_id: str, staff_id: str | None, since: datetime, until: datetime, limit: int
    ) -> Sequence[Slot]:
        """The free times of a cut, earliest first."""
        if self.service(service_id) is None:
            return []
        o = OPENINGS.c
        rows = self.free().where(o.cut == service_id, o.start_at >= _up(since), o.start_at < _up(until))
        if staff_id is not None:
            rows = rows.where(o.chair == number(staff_id))
        return [slot_of(row, self.zone) for row in self.rows(rows.order_by(o.start_at, o.id).limit(limit))]

    def slot(self, id: str) -> Slot | None:
        """One free time."""
        found = self.rows(self.free().where(OPENINGS.c.id == number(id)))
        return slot_of(found[0], self.zone) if found else None


def _up(moment: datetime) -> int:
    """The first whole second that is not before it."""
    at = seconds(moment)
    return at if instant(at) == moment else at + 1
