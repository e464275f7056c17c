"""The clinic's tables, as the client portal sees them.

Everything that makes the tables hard is dealt with here and in ``wall_clocks``; the tables stay as they are. What the
adapter declares is what the clinic can honestly do:

* ``cancel``: the row is deleted, as at the front desk. The portal's snapshot is the only archive there is.
* ``client_list`` and ``erase_client``: names and emails stand in columns of their own.

What it does not declare, and why:

* ``create_client``, ``update_client``: a person has no place for a phone, so a client who is made of a phone number
  would be found by nothing.
* ``by_contact``: phones are in every spelling, and no index could find them. The portal's own index does.
* ``slots``, ``move``, ``book``: free times stand on paper at the front desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from clientportal import (
    Appointment,
    AppointmentStatus,
    BaseHost,
    Business,
    Capabilities,
    ClientRecord,
    Conflict,
    InvalidCursor,
    Money,
    RecordRef,
    Service,
    When,
)
from clientportal.ports import AnswerKind, ContactPage, HostAnswer, RawContacts
from clientportal.values import AppointmentPage, ClientPage, RecordKind
from physio.models import Booking, Clinic, Person, Role, Treatment
from physio.paging import Place, first_of, order, place_of
from physio.rows import BOOKING, CODE, among, columns, fingerprint, list_place, numbers
from physio.wall_clocks import WIDEST, instant, plain_utc, stretch

__all__ = ["ClinicHost"]

_THEIRS = (Role.CLIENT, Role.CLOSED)
"""Who is handed out. Staff are absent: no number of theirs leads anywhere, whatever is booked for them."""


class ClinicHost(BaseHost):
    """One clinic's tables, over the connection that the portal's unit of work is on."""

    capabilities = Capabilities(cancel=True, client_list=True, erase_client=True)

    def rows(self, model: Any) -> QuerySet[Any]:
        """This clinic's rows of a table, on this connection; there is no other way to them in this class."""
        return model.objects.using(self.connection.alias).filter(clinic=self.tenant)

    def among(self, ids: Sequence[str]) -> RawSQL:
        """These ids, for ``__in``."""
        return among(self.connection.vendor, ids)

    def business(self) -> Business:
        """The clinic."""
        clinic = self.clinic()
        return Business(clinic.slug, clinic.name, clinic.zone)

    def clinic(self) -> Clinic:
        """Its row, read once for each unit of work: many moments are by its clock."""
        if not hasattr(self, "_clinic"):
            self._clinic = Clinic.objects.using(self.connection.alias).get(slug=self.tenant)
        return self._clinic

    # --- who

    def people(self) -> QuerySet[Person]:
        """Clients, each with the phone that was last given at a booking, and when a booking was last made."""
        theirs = self.rows(Booking).filter(patient=OuterRef("number")).order_by("-booked_on", "-number")
        return (
            self.rows(Person)
            .filter(role__in=_THEIRS)
            .annotate(
                phone=Subquery(theirs.exclude(phone="").values("phone")[:1]),
                last_booked=Subquery(theirs.values("booked_on")[:1]),
            )
        )

    def guests(self) -> QuerySet[Booking]:
        """Bookings without a person: each is a record of its own."""
        return self.rows(Booking).filter(patient="")

    def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]:
        """Two statements, however many refs."""
        people, bookings = numbers(refs, RecordKind.CLIENT), numbers(refs, RecordKind.BOOKING)
        found = [self.client(one) for one in self.people().filter(number__in=people)] if people else []
        if bookings:
            found += [self.guest(one) for one in self.guests().filter(number__in=bookings)]
        return found

    def client(self, row: Any) -> ClientRecord:
        """A person's record: the phone is whatever was said at the newest booking that has one."""
        zone = self.clinic().zone
        return ClientRecord(
            ref=RecordRef.client(row.number),
            created_at=instant(row.registered, zone),
            first_name=row.first or None,
            last_name=row.last or None,
            email=row.email or None,
            mobile=row.phone,
            last_booked_at=instant(row.last_booked, zone) if row.last_booked else None,
            usable=row.role == Role.CLIENT,
            version=fingerprint(row, row.phone, row.last_booked),
        )

    def guest(self, row: Booking) -> ClientRecord:
        """A booking's record: the name and the phone that were given there."""
        booked = instant(row.booked_on, self.clinic().zone)
        return ClientRecord(
            ref=RecordRef.booking(row.number),
            created_at=booked,
            first_name=row.name[:100] or None,
            mobile=row.phone or None,
            last_booked_at=booked,
            version=fingerprint(row),
        )

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        """Everybody's contacts, people first, then guests, each by number."""
        listing, last = ("people", "") if after is None else self.place("contacts", after)
        found: list[RawContacts] = []
        if listing == "people":
            people = self.people().filter(number__gt=last).order_by("number")[: limit + 1]
            found = [RawContacts(RecordRef.client(one.number), one.phone, email=one.email or None) for one in people]
            last = ""
        if len(found) <= limit:
            guests = self.guests().filter(number__gt=last).order_by("number")[: limit + 1 - len(found)]
            found += [RawContacts(RecordRef.booking(one.number), one.phone or None) for one in guests]
        if len(found) <= limit:
            return ContactPage(tuple(found))
        shown = found[limit - 1].ref
        listing = "people" if shown.kind is RecordKind.CLIENT else "guests"
        return ContactPage(tuple(found[:limit]), self.cursor("contacts", listing, shown.id))

    def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        """People by last name, first name and number; whoever lacks a name comes after those who have one."""
        rows = self.people().annotate(by_last=list_place("last"), by_first=list_place("first"))
        for word in (search or "").split():
            rows = rows.filter(
                Q(first__icontains=word) | Q(last__icontains=word) | Q(email__icontains=word) | Q(phone__icontains=word)
            )
        if after is not None:
            last, first, number = self.place("client_list", after)
            rows = rows.filter(
                Q(by_last__gt=last)
                | Q(by_last=last, by_first__gt=first)
                | Q(by_last=last, by_first=first, number__gt=number)
            )
        found = list(rows.order_by("by_last", "by_first", "number")[: limit + 1])
        shown = tuple(map(self.client, found[:limit]))
        if len(found) <= limit:
            return ClientPage(shown)
        end = found[limit - 1]
        return ClientPage(shown, self.cursor("client_list", end.by_last, end.by_first, end.number))

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        """Names and contacts go from the file and from the bookings; the file is closed, and the books stay."""
        people, bookings = numbers(refs, RecordKind.CLIENT), numbers(refs, RecordKind.BOOKING)
        clients = self.rows(Person).filter(role__in=_THEIRS, number__in=self.among(people))
        clients.update(first="", last="", email="", role=Role.CLOSED)
        named = Q(patient__in=self.among(people)) | Q(number__in=self.among(bookings))
        self.rows(Booking).filter(named).update(name="", phone="")
        return HostAnswer()

    # --- when

    def appointments(
        self, refs: Sequence[RecordRef], when: When, now: datetime, after: str | None, limit: int
    ) -> AppointmentPage:
        """By instant, though the database knows wall clocks alone: see :func:`first_of`."""
        upcoming = when is When.UPCOMING
        people, single = numbers(refs, RecordKind.CLIENT), numbers(refs, RecordKind.BOOKING)
        rows = self.bookings().filter(Q(patient__in=self.among(people)) | Q(number__in=self.among(single)))
        # Rows that cannot be on this side of now, in whatever zone, stay in the database.
        near = plain_utc(now)
        rows = rows.filter(ends__gte=near - WIDEST) if upcoming else rows.filter(ends__lte=near + WIDEST)
        begin: Place | None = None
        if after is not None:
            seconds, number = self.place(f"appointments.{when.value}", after)
            seen = plain_utc(datetime.fromtimestamp(seconds, UTC))
            rows = rows.filter(starts__gte=seen - WIDEST) if upcoming else rows.filter(starts__lte=seen + WIDEST)
            begin = order(seconds, number, upcoming)

        def wanted(one: Appointment) -> bool:
            return (one.end > now) is upcoming and (begin is None or place_of(one, upcoming) > begin)

        found = first_of(limit + 1, rows, upcoming, self.one, wanted)
        if len(found) <= limit:
            return AppointmentPage(tuple(found))
        end = found[limit - 1]
        return AppointmentPage(
            tuple(found[:limit]), self.cursor(f"appointments.{when.value}", int(end.start.timestamp()), end.id)
        )

    def bookings(self) -> QuerySet[Booking]:
        """Every booking, with whoever treats and what is done."""
        return self.rows(Booking).select_related("provider", "treatment")

    def appointment(self, id: str) -> Appointment | None:
        """One booking; what is cancelled is not there."""
        row = self.row(id)
        return None if row is None else self.one(row)

    def row(self, id: str) -> Booking | None:
        """The row with that number."""
        return self.bookings().filter(number=id).first() if BOOKING.fullmatch(id) else None

    def one(self, row: Booking) -> Appointment:
        """A booking, at its instants. There is no status: what stands in the table will happen, or has happened."""
        start, end = stretch(row.starts, row.ends, row.provider.zone)
        return Appointment(
            id=row.number,
            ref=RecordRef.client(row.patient) if row.patient else RecordRef.booking(row.number),
            service_id=row.treatment.code,
            start=start,
            end=end,
            zone=row.provider.zone,
            status=AppointmentStatus.CONFIRMED,
            made_at=instant(row.booked_on, self.clinic().zone),
            version=fingerprint(row),
            staff_id=row.provider.code,
            staff_name=row.provider.name,
            service_name=row.treatment.title,
            booked_as=row.name,
        )

    def service(self, id: str) -> Service | None:
        """A treatment as it is today."""
        row = self.rows(Treatment).filter(code=id).first() if CODE.fullmatch(id) else None
        if row is None:
            return None
        return Service(row.code, row.title, timedelta(minutes=row.minutes), bookable_online=row.on_website)

    def cancel(self, appointment: Appointment, fee: Money | None, key: str) -> HostAnswer:
        """Delete the row, if every column still says what was decided on; there is no place to note a fee."""
        if fee is not None:
            return HostAnswer(AnswerKind.DECLINED)
        row = self.row(appointment.id)
        if row is None or fingerprint(row) != appointment.version:
            raise Conflict("the booking has changed since it was read")
        gone, _ = self.rows(Booking).filter(**columns(row)).delete()
        if not gone:
            raise Conflict("the booking was changed a moment ago")
        return HostAnswer()

    # --- cursors: sealed with the project's key, so that only what a list handed out comes back to it

    def cursor(self, listing: str, *place: str | int) -> str:
        """A place in one list of this clinic."""
        return signing.dumps(place, salt=f"{self.tenant}.{listing}")

    def place(self, listing: str, cursor: str) -> list[Any]:
        """The place that such a cursor names."""
        try:
            found: list[Any] = signing.loads(cursor, salt=f"{self.tenant}.{listing}")
        except (signing.BadSignature, ValueError):
            raise InvalidCursor("this is not a cursor that this list handed out") from None
        return found
