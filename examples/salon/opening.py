"""Opening the salon: an SQLite file, the CSV files in it, and a portal over it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from attrs import field, frozen

from clientportal import (
    Address,
    Appointment,
    AppointmentStatus,
    Business,
    Channel,
    ClientRecord,
    KeyRing,
    Money,
    OutgoingMessage,
    Permission,
    Portal,
    RecordRef,
    Service,
    Slot,
    presets,
)
from clientportal.ports import step
from clientportal.stores.sql import SqlHost, SqlStore
from clientportal.values import Branding
from held import fill_sections

HERE = Path(__file__).parent
BUSINESS = "kowhai"
ZONE = "Pacific/Auckland"
TIMES = ("09:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00")
STAFF = ("Mia", "Sione", "Priyanka")
LOOKS = Branding(
    colour="#8a6d00",
    second_colour="#f2c200",
    phone="09 555 0100",
    email="kia-ora@kowhai.example",
    address="118 Ponsonby Road, Auckland",
)


class SalonClock:
    """From ten in the morning in Auckland, today; on a file that has seen a run before, the day after that run.

    Send budgets and codes live by the clock, so every run is a working day of its own. A real platform leaves the
    portal's ``clock`` alone.
    """

    def __init__(self) -> None:
        self.set(datetime.now(ZoneInfo(ZONE)).date())

    def set(self, day: date) -> None:
        """Go to ten o'clock of that day."""
        self._began = monotonic()
        self._start = datetime.combine(day, time(10), tzinfo=ZoneInfo(ZONE)).astimezone(UTC)

    @property
    def day(self) -> date:
        """Today, by the salon's calendar."""
        return self().astimezone(ZoneInfo(ZONE)).date()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=monotonic() - self._began)


class Phones:
    """Everybody's phones: an SMS sender that keeps what it was given. A real one calls your SMS provider."""

    def __init__(self) -> None:
        self.received: list[OutgoingMessage] = []

    def send(self, message: OutgoingMessage) -> None:
        """Take one message."""
        self.received.append(message)


@frozen
class Salon:
    """The salon, open."""

    portal: Portal
    store: SqlStore
    phones: Phones
    clock: SalonClock
    clients: int
    appointments: int
    slots: int
    seen_before: bool
    host: type[SqlHost]
    keys: KeyRing = field(repr=False)


def open_salon(file: Path) -> Salon:
    """Make the file or bring it up to date, import the CSV files, and build the portal."""
    store = SqlStore.open(f"sqlite:///{file}")
    store.upgrade()
    clock = SalonClock()

    class SalonHost(SqlHost):
        """The tables that ship with the library, by the salon's clock."""

        def now(self) -> datetime:
            return clock()

    phones = Phones()
    # Your ring comes from wherever you keep secrets; this one lives as long as the run.
    keys = KeyRing.from_secrets({"example": KeyRing.generate_secret()})
    portal = Portal(
        store=store,
        host=SalonHost,
        policy=presets.timely(region="NZ"),
        keys=keys,
        senders={Channel.SMS: phones},
        clock=clock,
    )
    last = portal.staff(BUSINESS, actor="example", permissions=[Permission.SEE_AUDIT]).audit(limit=1).items
    if last:
        clock.set(max(clock.day, last[0].at.astimezone(ZoneInfo(ZONE)).date() + timedelta(days=1)))

    services = {service.id: service for service in read_services()}
    clients = list(read_clients(clock()))
    appointments = list(read_appointments(clock.day, services))
    slots = list(free_times(clock.day, services, appointments))
    with store.engine.begin() as connection:
        host = SalonHost(connection, BUSINESS)
        step(host.add_business(Business(BUSINESS, "Kōwhai Hair", ZONE, LOOKS)))
        step(host.add_services(services.values()))
        step(host.add_clients(clients))
        step(host.add_appointments(appointments))
        step(host.add_slots(slots))
        fill_sections(host, clock.day)
    counts = (len(clients), len(appointments), len(slots))
    return Salon(portal, store, phones, clock, *counts, bool(last), SalonHost, keys)


# --- the CSV files -------------------------------------------------------------------------------------------------


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of one file, as text."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def read_services() -> Iterator[Service]:
    """What the salon does."""
    for row in rows("services.csv"):
        yield Service(
            id=row["id"],
            name=row["name"],
            duration=timedelta(minutes=int(row["minutes"])),
            bookable_online=row["online"] == "yes",
            price=Money(row["price"], "NZD"),
        )


def read_clients(now: datetime) -> Iterator[ClientRecord]:
    """The client list, its numbers exactly as somebody once typed them."""
    for row in rows("clients.csv"):
        lives = Address(street=row["street"] or None, city=row["city"] or None, postcode=row["postcode"] or None)
        yield ClientRecord(
            ref=RecordRef.client(row["id"]),
            created_at=now + timedelta(days=int(row["since"])),
            first_name=row["first_name"] or None,
            last_name=row["last_name"] or None,
            mobile=row["mobile"] or None,
            phone=row["phone"] or None,
            email=row["email"] or None,
            address=lives if str(lives) else None,
            notes=row["notes"] or None,
        )


def read_appointments(today: date, services: dict[str, Service]) -> Iterator[Appointment]:
    """The diary. Days count from today; times are what the clock on the wall says."""
    for row in rows("appointments.csv"):
        service = services[row["service"]]
        start = on_the_wall(today + timedelta(days=int(row["day"])), row["time"])
        yield Appointment(
            id=row["id"],
            ref=RecordRef.client(row["client"]),
            service_id=service.id,
            start=start,
            end=start + service.duration,
            zone=ZONE,
            status=AppointmentStatus(row["status"]),
            made_at=on_the_wall(today + timedelta(days=int(row["made"])), "12:00"),
            staff_id=row["staff"].lower(),
            service_name=service.name,
            staff_name=row["staff"],
            price=service.price,
        )


def free_times(today: date, services: dict[str, Service], diary: list[Appointment]) -> Iterator[Slot]:
    """What can be booked in the next three weeks: the salon's hours, less what is in the diary."""
    for days in range(1, 22):
        for clock_time in TIMES:
            start = on_the_wall(today + timedelta(days=days), clock_time)
            for name in STAFF:
                busy = [one for one in diary if one.staff_name == name and one.status.open]
                for service in services.values():
                    end = start + service.duration
                    if any(one.start < end and start < one.end for one in busy):
                        continue
                    yield Slot(
                        id=f"{service.id}-{name.lower()}-{start:%Y%m%d%H%M}",
                        service_id=service.id,
                        start=start,
                        end=end,
                        zone=ZONE,
                        staff_id=name.lower(),
                        staff_name=name,
                    )


def on_the_wall(day: date, clock_time: str) -> datetime:
    """That time of that day in Auckland, as an instant."""
    return datetime.combine(day, time.fromisoformat(clock_time), tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
