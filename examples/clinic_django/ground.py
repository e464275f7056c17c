"""The clinic, empty, for the contract of its adapter: rows as its own screens write them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connections, transaction
from physio.adapter import ClinicHost
from physio.models import Booking, Clinic, Counter, Person, Provider, Treatment, add_booking, add_person
from physio.wall_clocks import on_the_wall

from clientportal import Appointment, ClientRecord, RecordRef, Service
from clientportal.ports import RawContacts
from clientportal.stores.sql.django import DjangoStore
from clientportal.stores.sql.tables import METADATA
from clientportal.testing.contracts import HostGround

__all__ = ["ClinicGround", "empty"]


@transaction.atomic
def empty() -> None:
    """Leave nothing behind in the clinic's tables, nor in what the portal has noted of them."""
    for table in (Booking, Person, Treatment, Provider, Counter, Clinic):
        table.objects.all().delete()
    with connections["default"].cursor() as cursor:
        for noted in METADATA.sorted_tables:
            if noted.name != "cp_schema":
                cursor.execute(f"DELETE FROM {noted.name}")


class ClinicGround(HostGround):
    """Two clinics. Whatever stands in ``lacks`` is what these tables have no place for."""

    precision = timedelta(minutes=1)
    lacks = frozenset(
        {
            *("client_mobile", "phone", "guest_email", "address", "notes", "custom", "birthday", "consents"),
            *("changed_at", "completed", "cancelled", "price", "second_hour", "demo", "franchises", "booking_items"),
        }
    )

    def __init__(self) -> None:
        super().__init__(DjangoStore(), ClinicHost)

    def open(self) -> None:
        """Both clinics, with nothing in them."""
        empty()
        for slug, name in zip(self.businesses, ("Kōwhai Physio", "Rātā Physio"), strict=True):
            Clinic.objects.create(slug=slug, name=name, zone=self.zone)

    def add_client(self, business: str, client: ClientRecord) -> RecordRef:
        """A file at the front desk."""
        made = add_person(
            business,
            first=client.first_name or "",
            last=client.last_name or "",
            email=client.email or "",
            registered=on_the_wall(client.created_at, self.zone),
        )
        return RecordRef.client(made.number)

    def add_appointment(self, business: str, appointment: Appointment, contacts: RawContacts | None) -> str:
        """A line in the diary of a provider, by the clock on their wall."""
        name = appointment.staff_name or "Hemi"
        provider, _ = Provider.objects.get_or_create(
            clinic_id=business,
            code=f"{name}-{appointment.zone}",
            defaults={"name": name, "zone": appointment.zone},
        )
        starts = on_the_wall(appointment.start, appointment.zone)
        made = add_booking(
            business,
            patient="" if contacts else appointment.ref.id,
            name=appointment.booked_as,
            phone=(contacts.mobile or "") if contacts else "",
            provider=provider,
            treatment=self.treatment(business, appointment.service_id),
            starts=starts,
            ends=starts + (appointment.end - appointment.start),
            booked_on=on_the_wall(appointment.made_at, self.zone),
        )
        return made.number

    def treatment(self, business: str, code: str) -> Treatment:
        """The diary takes no line without one."""
        defaults = {"title": code, "minutes": 45}
        return Treatment.objects.get_or_create(clinic_id=business, code=code, defaults=defaults)[0]

    def add_service(self, business: str, service: Service) -> str:
        """A line of the price list."""
        minutes = service.duration // timedelta(minutes=1)
        columns = {"title": service.name, "minutes": minutes, "on_website": service.bookable_online}
        Treatment.objects.update_or_create(clinic_id=business, code=service.id, defaults=columns)
        return service.id

    @contextmanager
    def caller(self, business: str) -> Iterator[Any]:
        """The platform's own code, in a transaction of its own."""
        with transaction.atomic():
            yield connections["default"]
