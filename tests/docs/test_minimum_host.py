"""The minimum that the how-to on host adapters promises is enough."""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve

from clientportal import (
    Appointment,
    AppointmentStatus,
    BaseHost,
    Business,
    Channel,
    ClientRecord,
    KeyRing,
    Permission,
    Portal,
    Reason,
    RecordRef,
    When,
    presets,
)
from clientportal.ports import ContactPage
from clientportal.senders.console import ConsoleSender
from clientportal.stores.memory import MemoryStore
from clientportal.values import AppointmentPage

ANA = RecordRef.client("ana")
CUT = Appointment(
    id="a1",
    ref=ANA,
    service_id="cut",
    start=datetime(2026, 12, 1, 21, tzinfo=UTC),
    end=datetime(2026, 12, 1, 22, tzinfo=UTC),
    zone="Pacific/Auckland",
    status=AppointmentStatus.CONFIRMED,
    made_at=datetime(2026, 11, 1, tzinfo=UTC),
)


class Minimum(BaseHost):
    """Five reads and nothing else."""

    def business(self) -> Business:
        return Business(self.tenant, "Kōwhai Hair", "Pacific/Auckland")

    def clients(self, refs: object) -> list[ClientRecord]:
        return [ClientRecord(ANA, datetime(2025, 1, 1, tzinfo=UTC), "Ana", mobile="021 555 0142")]

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        return ContactPage(())

    def appointments(self, refs: object, when: When, now: datetime, after: str | None, limit: int) -> AppointmentPage:
        return AppointmentPage((CUT,) if when is When.UPCOMING else ())

    def appointment(self, id: str) -> Appointment | None:
        return CUT if id == "a1" else None


def test_the_five_reads_of_the_minimum_are_enough_to_look_at_an_appointment() -> None:
    """A host that knows no services and no rules of its own still shows appointments and says what may be done."""
    policy = presets.timely(region="NZ")
    policy = evolve(
        policy,
        login=evolve(policy.login, unknown="refuse_silently"),
        changes=evolve(policy.changes, enabled=False, rebooking=False),
    )
    portal = Portal(
        store=MemoryStore(),
        host=Minimum,
        policy=policy,
        keys=KeyRing.from_secrets({"k": KeyRing.generate_secret()}),
        senders={Channel.SMS: ConsoleSender()},
        clock=lambda: datetime(2026, 11, 20, tzinfo=UTC),
    )
    staff = portal.staff("salon", actor="mia", permissions=[Permission.EXPLAIN])
    explained = staff.explain_change("a1").terms
    assert explained.appointment == CUT
    assert (explained.cancel.reason, explained.rebook.reason) == (Reason.DISABLED, Reason.DISABLED)


def test_a_host_that_knows_no_services_rebooks_nothing() -> None:
    """Unknown is not bookable: the default answer opens nothing."""
    assert Minimum(None, "salon").service("cut") is None
