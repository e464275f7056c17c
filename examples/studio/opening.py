"""Opening the studio: an SQLite file, the platform's tables in it, a portal over it – and how the platform books."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo

from attrs import define, evolve, field

from clientportal import (
    Appointment,
    AppointmentStatus,
    Business,
    Channel,
    KeyRing,
    Money,
    OutgoingMessage,
    Permission,
    Policy,
    Portal,
    RecordRef,
    Secret,
    Service,
    presets,
)
from clientportal.doors import StaffDoor, VisitorDoor
from clientportal.policy import FieldDefinition
from clientportal.ports import RawContacts, step
from clientportal.stores.sql import SqlHost, SqlStore

BUSINESS = "riverside"
ZONE = "America/New_York"
ADDRESS = "https://riverside.example/portal/"
SERVICES = {
    "flow": Service("flow", "Morning flow", timedelta(minutes=60), price=Money("24.00", "USD")),
    "yin": Service("yin", "Yin by candlelight", timedelta(minutes=75), price=Money("28.00", "USD")),
}


def acuity() -> Policy:
    """Accounts, and appointments assigned to them one by one. The documents are the studio's own, by edition."""
    policy = presets.acuity(region="US")
    consents = {"terms": "2026-01", "privacy": "2026-03"}
    return evolve(policy, registration=evolve(policy.registration, consents=consents))


def timetap() -> Policy:
    """Records, a client list, and staff who may reset passwords; here the clients are students (TT1, TT7)."""
    policy = presets.timetap(region="US")
    fields = {
        "first_name": FieldDefinition(label="First name", required=True),
        "custom.level": FieldDefinition(label="Level"),
    }
    return evolve(policy, clients=evolve(policy.clients, noun="student", nouns="students", fields=fields))


class Who(Enum):
    """Who makes a booking, where it is nobody's session."""

    LOGGED_OUT = "logged out"
    STAFF = "by staff"


class StudioClock:
    """Stands still until the story moves it: it tells of a week in a few seconds. A real platform has no such thing."""

    def __init__(self) -> None:
        today = datetime.now(ZoneInfo(ZONE)).date()
        self.begin(today)

    def begin(self, earliest: date) -> None:
        """The story begins on the first Monday from that day on, at eight in the morning."""
        self.monday = earliest + timedelta(days=-earliest.weekday() % 7)
        self.go(0, "08:00")

    def go(self, day: int, clock_time: str) -> None:
        """It is then, by the studio's clock, so many days after Monday."""
        self._now = self.at(day, clock_time)

    def at(self, day: int, clock_time: str) -> datetime:
        """That moment of the story, as an instant."""
        wall = datetime.combine(self.monday + timedelta(days=day), time.fromisoformat(clock_time))
        return wall.replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)

    def __call__(self) -> datetime:
        return self._now


class Mailboxes:
    """Everybody's mailboxes: a sender that keeps what it was given. A real one is ``senders.smtp.SmtpSender``."""

    def __init__(self) -> None:
        self.received: list[OutgoingMessage] = []

    def send(self, message: OutgoingMessage) -> None:
        """Take one mail."""
        self.received.append(message)

    def latest(self, to: str) -> OutgoingMessage:
        """The one that lies on top."""
        return [message for message in self.received if message.to == to][-1]


def link_in(message: OutgoingMessage) -> str:
    """The signed part of the address in a mail: what your page for that address hands to the portal."""
    found = re.search(rf"{re.escape(ADDRESS)}(?:[a-z_-]+/)?(\S+)", message.text)
    assert found is not None, "this mail has no link"
    return found[1]


@define
class Studio:
    """The studio, open. ``policy`` may be switched at any time; ``run`` counts the runs on this file, from 1."""

    store: SqlStore
    clock: StudioClock
    mail: Mailboxes = field(factory=Mailboxes)
    policy: Policy = field(factory=acuity)
    run: int = 1
    portal: Portal = field(init=False)

    def __attrs_post_init__(self) -> None:
        clock = self.clock

        class StudioHost(SqlHost):
            """The tables that ship with the library, by the studio's clock."""

            def now(self) -> datetime:
                return clock()

        self.portal = Portal(
            store=self.store,
            host=StudioHost,
            policy=lambda _business: self.policy,
            # Your ring comes from wherever you keep secrets; this one lives as long as the run.
            keys=KeyRing.from_secrets({"example": KeyRing.generate_secret()}),
            senders={Channel.EMAIL: self.mail},
            base_url=ADDRESS,
            clock=clock,
        )

    # --- the doors

    def visitor(self, source: str = "192.0.2.7") -> VisitorDoor:
        """The door for whoever is logged out."""
        return self.portal.visitor(BUSINESS, source=source)

    def staff(self, reason: str = "") -> StaffDoor:
        """The front desk, with every permission."""
        return self.portal.staff(BUSINESS, actor="june", permissions=frozenset(Permission), reason=reason)

    # --- the platform

    def book(
        self,
        id: str,
        who: Secret | Who,
        day: int,
        *,
        service: str = "flow",
        ref: RecordRef | None = None,
        email: str = "",
    ) -> str:
        """Make a booking and tell the portal who has made it, in one transaction: with a session, logged out, or staff.

        With ``ref`` it stands under that client; without, the name and ``email`` stand on the booking itself.
        """
        what = SERVICES[service]
        start = self.clock.at(day, "09:30" if service == "flow" else "19:00")
        record = ref or RecordRef.booking(id)
        made = Appointment(
            id=id,
            ref=record,
            service_id=service,
            start=start,
            end=start + what.duration,
            zone=ZONE,
            status=AppointmentStatus.CONFIRMED,
            made_at=self.clock(),
            service_name=what.name,
            price=what.price,
        )
        contacts = {} if ref is not None else {id: RawContacts(record, email=email)}
        with self.store.engine.begin() as connection:
            step(SqlHost(connection, BUSINESS).add_appointments([made], contacts=contacts))
            joined = self.portal.on(connection)
            if ref is None:
                joined.contact_changed(BUSINESS, record)
            if isinstance(who, Secret):
                joined.client(who).booked(id)
            elif who is Who.STAFF:
                joined.staff(
                    BUSINESS, actor="june", permissions=[Permission.CHANGE_APPOINTMENTS], reason="telephone"
                ).booked(id)
            else:
                joined.visitor(BUSINESS).booked(id)
        return id


def open_studio(file: Path) -> Studio:
    """Make the file or bring it up to date. On one that has seen a run, it is the Monday after that."""
    store = SqlStore.open(f"sqlite:///{file}")
    store.upgrade()
    studio = Studio(store, StudioClock())
    with store.engine.begin() as connection:
        host = SqlHost(connection, BUSINESS)
        step(host.add_business(Business(BUSINESS, "Riverside Yoga", ZONE)))
        step(host.add_services(SERVICES.values()))
    last = studio.staff().audit(limit=1).items
    if last:
        studio.clock.begin(last[0].at.astimezone(ZoneInfo(ZONE)).date() + timedelta(days=1))
        studio.run = 1 + len(studio.staff().clients("theo.ortiz").lines)
    studio.portal.walk_contacts(BUSINESS)
    return studio
