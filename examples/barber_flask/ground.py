"""Two shops, empty, for the contract of their adapter: rows as the shop's own screens write them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from barber.adapter import BarberHost
from barber.tables import BOOKINGS, CHAIRS, CUSTOMERS, CUTS, OPENINGS, SHOPS
from barber.values import STATES, cents_of, columns_of, money_of, number, seconds
from sqlalchemy import Engine, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from clientportal import Appointment, ClientRecord, Money, RecordRef, Service, Slot
from clientportal.ports import RawContacts
from clientportal.stores.sql import SqlStore
from clientportal.testing.contracts import HostGround

__all__ = ["BarberGround"]

_STATE_OF = {status: state for state, status in STATES.items()}


class BarberGround(HostGround):
    """Whatever stands in ``lacks`` is what these tables have no place for."""

    precision = timedelta(seconds=1)
    currency = "GBP"
    lacks = frozenset(
        {
            *("phone", "address", "custom", "birthday", "consents", "changed_at", "zones", "demo"),
            *("franchises", "booking_items", "sealed_cursors"),
        }
    )

    def __init__(self, engine: Engine) -> None:
        super().__init__(SqlStore(engine), BarberHost)
        self._engine = engine

    def open(self) -> None:
        """Both shops, with nothing in them."""
        for shop, name in zip(self.businesses, ("Kōwhai Barbers", "Rātā Barbers"), strict=True):
            self._add(SHOPS, shop=shop, name=name, zone=self.zone)

    def _add(self, table: Any, **columns: Any) -> str:
        with self._engine.begin() as connection:
            return str(connection.execute(insert(table).values(columns)).inserted_primary_key[0])

    def _chair(self, shop: str, barber: str) -> int:
        with self._engine.begin() as connection:
            chair = select(CHAIRS.c.id).where(CHAIRS.c.shop == shop, CHAIRS.c.barber == barber)
            found = connection.execute(chair).scalar()
        return int(self._add(CHAIRS, shop=shop, barber=barber)) if found is None else int(found)

    def add_client(self, business: str, client: ClientRecord) -> RecordRef:
        """A line of the customers' list."""
        columns = columns_of(client)
        return RecordRef.client(self._add(CUSTOMERS, shop=business, since=seconds(client.created_at), **columns))

    def add_appointment(self, business: str, appointment: Appointment, contacts: RawContacts | None) -> str:
        """A line of the book; who it is for and whose chair it is may be open."""
        return self._add(
            BOOKINGS,
            shop=business,
            customer=None if contacts else number(appointment.ref.id),
            mobile=contacts.mobile if contacts else None,
            email=contacts.email if contacts else None,
            name=appointment.booked_as,
            chair=self._chair(business, appointment.staff_name) if appointment.staff_name else None,
            cut=appointment.service_id,
            start_at=seconds(appointment.start),
            end_at=seconds(appointment.end),
            state=_STATE_OF[appointment.status],
            made_at=seconds(appointment.made_at),
            cents=cents_of(appointment.price),
        )

    def add_service(self, business: str, service: Service) -> str:
        """A line of the price list."""
        columns = {
            "title": service.name,
            "minutes": service.duration // timedelta(minutes=1),
            "cents": cents_of(service.price),
            "online": service.bookable_online,
        }
        line = upsert(CUTS).values(shop=business, code=service.id, **columns)
        with self._engine.begin() as connection:
            connection.execute(line.on_conflict_do_update(index_elements=("shop", "code"), set_=columns))
        return service.id

    def add_slot(self, business: str, slot: Slot) -> str:
        """A time in which somebody stands behind a chair."""
        chair = self._chair(business, slot.staff_name or "whoever is in")
        times = {"start_at": seconds(slot.start), "end_at": seconds(slot.end)}
        return self._add(OPENINGS, shop=business, chair=chair, cut=slot.service_id, **times)

    def owed(self, business: str, id: str) -> Money | None:
        """What is noted at the booking."""
        with self._engine.begin() as connection:
            return money_of(connection.execute(select(BOOKINGS.c.owed_cents).where(BOOKINGS.c.id == int(id))).scalar())
