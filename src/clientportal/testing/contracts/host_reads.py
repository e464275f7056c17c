"""The part of the host contract about the five reads of the minimum, and what goes with them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from attrs import evolve

from clientportal.operations.trusting import CheckedHost
from clientportal.ports.host import RawContacts
from clientportal.testing.contracts.host_frame import DAY, HOUR, NOW, HostFrame, booked, free
from clientportal.testing.contracts.host_ground import HostGround
from clientportal.values import (
    Address,
    AppointmentStatus,
    Business,
    ChangeKind,
    ClientRecord,
    ContactKey,
    ContactKind,
    Money,
    Offer,
    RecordRef,
    Service,
    When,
)

__all__ = ["ReadingHost"]

ODD = (
    "", " ", "\ud800", "a\x00b", "x" * 5000, "9" * 5000, "'; DROP TABLE clients; --", "%", "_", "-1", "+1", "1.0",
    "1e3", "0x1", "٣", "null", "None", "\u202e1", "{}", "[1]", "🦊", "\r\n", "../x", "99999999999999999999",
)  # fmt: skip
"""Text that a request may name instead of an id."""

SPELLINGS = (
    "021 555-0142", "+64 (21) 555 0142", "0064.21.555.0142", "０２１ ５５５ ０１４２", "  021 555 0142 ",
    "tel:021-555-0142", "021 555 0142 ext. 5", "ring after 6", "",
)  # fmt: skip
KIM = {"staff_id": "kim", "staff_name": "Kim"}
EMAILS = ("  ANA@Example.COM ", "ana+salon@example.com", "Ana <ana@example.com>", "zoë@müller.example", "none", "")


class ReadingHost(HostFrame):
    """What is there comes back as it is; what is not there is absent, and no error."""

    def test_business(self, ground: HostGround) -> None:
        """A business is known by its tenant, with its own name and the zone of its calendar."""
        mine, theirs = (self.ask(ground, lambda host: host.business(), one) for one in ground.businesses)
        for one in (mine, theirs):
            assert isinstance(one, Business)
            assert one.zone == ground.zone
        assert mine.name
        assert mine.name != theirs.name

    def test_clients_in_one_answer(self, ground: HostGround) -> None:
        """Many refs are answered at once, each record once, absent and foreign ones left out, whatever their order."""
        salon = self.salon(ground)
        other = self.add_client(ground, "only there", ground.businesses[1], first_name="Eve")
        nobody = [RecordRef.client(f"nobody{at}") for at in range(90)]
        refs = [*nobody[:45], salon.ben, other, *nobody[45:], salon.ana, salon.ben]
        found = self.ask(ground, lambda host: host.clients(refs))
        assert sorted(one.ref for one in found) == sorted({salon.ana, salon.ben})
        assert list(self.ask(ground, lambda host: host.clients([]))) == []
        assert list(self.ask(ground, lambda host: host.clients(nobody))) == []

    def test_fields_of_a_client(self, ground: HostGround) -> None:
        """Every field of a client comes back as it stands in the table; what was never set is None."""
        fields: dict[str, Any] = {
            "first_name": "Zoë",
            "last_name": "O'Hara van Dyk",
            "email": "Z@Example.com",
            "phone": "09 555 0100",
            "mobile": "021 555 0100",
            "address": Address("1 High St", "Auckland", None, "1010", "NZ"),
            "notes": "likes tea\n100 % of the time",
            "custom": {"shoe": "42"},
            "birthday": date(1988, 2, 29),
            "consents": {"marketing_email": False},
        }
        full, bare = self.add_client(ground, "full", **fields), self.add_client(ground, "bare", first_name="Bo")
        found = {one.ref: one for one in self.ask(ground, lambda host: host.clients([full, bare]))}
        plain = ClientRecord(full, found[full].created_at)
        for name in (*sorted(fields), "client_mobile"):
            self.has(ground, name)
        for ref, expected in ((full, self.kept(ground, evolve(plain, **fields))), (bare, None)):
            one = found[ref]
            wanted = expected or ClientRecord(bare, one.created_at, "Bo")
            for name in fields:
                assert getattr(one, name) == getattr(wanted, name), name
            assert one.usable
            assert one.created_at.tzinfo is not None
            assert one.version, "a record without a version cannot be changed safely"

    @pytest.mark.parametrize("field", ["mobile", "phone", "email"])
    def test_contacts_are_raw(self, ground: HostGround, field: str) -> None:
        """Contacts come over as somebody typed them, in whatever spelling, from both reads."""
        self.keeps(ground, field, *(["client_mobile"] if field == "mobile" else []))
        for at, typed in enumerate(EMAILS if field == "email" else SPELLINGS):
            ref = self.add_client(ground, f"raw{at}", first_name="Raw", **{field: typed})
            (record,) = self.read(ground, "clients", [ref])
            walked = [one for one in self.run(self.walked(ground)) if one.ref == ref]
            # Empty text and none at all are alike: nobody.
            assert (getattr(record, field) or "") == typed
            assert [getattr(one, field) or "" for one in walked] in ([typed], [] if not typed else [typed])

    def test_walk(self, ground: HostGround) -> None:
        """The walk over contacts names every record once, bookings that are their own record among them."""
        refs = {self.add_client(ground, f"w{at}", first_name="W", mobile=f"021 555 01{at:02}") for at in range(7)}
        if self.has(ground, "guests"):
            service = self.add_service(ground)
            refs |= {self.guest(ground, f"g{at}", service_id=service) for at in range(3)}
        for limit in (1, 2, 3, 10, 11):
            seen = [one.ref for one in self.run(self.walked(ground, limit=limit))]
            assert len(seen) == len(set(seen))
            assert set(seen) == refs

    def test_walk_says_what_the_record_says(self, ground: HostGround) -> None:
        """What the walk tells besides contacts (a name, a birthday, custom fields) is what the record says."""
        fields: dict[str, Any] = {"birthday": date(1990, 1, 31), "custom": {"member": "77"}}
        ref = self.add_client(ground, "said", first_name="Ana", last_name="Kingi", mobile="021 555 0142", **fields)
        (record,) = self.ask(ground, lambda host: host.clients([ref]))
        (told,) = [one for one in self.run(self.walked(ground)) if one.ref == ref]
        assert told.name in (None, record.name)
        assert told.birthday in (None, record.birthday)
        assert dict(told.custom) in ({}, dict(record.custom))

    def guest(self, ground: HostGround, id: str, start: datetime = NOW + DAY, **fields: Any) -> RecordRef:
        """A booking with contacts of its own."""
        wanted = booked(id, RecordRef.booking(id), start, booked_as="Gus Guest", **fields)
        contacts = RawContacts(wanted.ref, mobile="021 555 0199", email="gus@example.com")
        return RecordRef.booking(self.add_booked(ground, wanted, contacts=contacts))

    def test_guests(self, ground: HostGround) -> None:
        """A booking without a client row is a record of its own, with the name and the contacts typed there."""
        self.keeps(ground, "guests")
        service = self.add_service(ground)
        ref = self.guest(ground, "gus", made_at=NOW - 99 * DAY, service_id=service)
        (record,) = self.ask(ground, lambda host: host.clients([ref]))
        assert record.last_booked_at == NOW - 99 * DAY
        kept = {"mobile": self.has(ground, "mobile"), "email": self.has(ground, "email")}
        kept["email"] = kept["email"] and self.has(ground, "guest_email")
        for name, typed in (("mobile", "021 555 0199"), ("email", "gus@example.com")):
            assert getattr(record, name) == (typed if kept[name] else None)
        if self.has(ground, "booked_as"):
            assert record.name == "Gus Guest"
        assert [one.ref for one in self.all_of(ground, [ref], When.UPCOMING)] == [ref]
        owned = RecordRef.booking(self.salon(ground).next)
        assert list(self.ask(ground, lambda host: host.clients([owned]))) == [], "that booking has a client row"

    def test_last_booked(self, ground: HostGround) -> None:
        """``last_booked_at`` is when the newest booking was made, whenever it starts and whatever became of it."""
        service = self.add_service(ground)
        ref = self.add_client(ground, "often", first_name="Often")
        never = self.add_client(ground, "never", first_name="Never")
        made = (NOW - 300 * DAY, NOW - 200 * DAY, NOW - 250 * DAY)
        # The one that was made last starts first, and was cancelled.
        for at, (start, status) in enumerate(
            ((9 * DAY, "confirmed"), (-90 * DAY, "cancelled"), (-3 * DAY, "completed"))
        ):
            if status != "confirmed":
                self.has(ground, status)
            wanted = booked(f"l{at}", ref, NOW + start, made_at=made[at], status=status, service_id=service)
            self.add_booked(ground, wanted)
        found = {one.ref: one for one in self.ask(ground, lambda host: host.clients([ref, never]))}
        assert found[ref].last_booked_at == made[1]
        assert found[never].last_booked_at is None

    def test_appointment(self, ground: HostGround) -> None:
        """An appointment comes back as it stands: whose it is, its times, its zone, its state, and a version."""
        service = self.add_service(ground)
        ana = self.add_client(ground, "ana", first_name="Ana")
        for at, status in enumerate(("confirmed", "completed", "cancelled")):
            wanted = booked(
                f"f{at}", ana, NOW + (at - 1) * DAY, status=status, service_id=service, booked_as="Mum",
                staff_id="kim", staff_name="Kim", price=Money("80.00", ground.currency),
            )  # fmt: skip
            id = self.add_booked(ground, wanted)
            one = self.read(ground, "appointment", id)
            assert one is not None
            assert (one.id, one.ref, one.service_id) == (id, ana, service)
            assert (one.start, one.end, one.made_at) == (wanted.start, wanted.end, wanted.made_at)
            assert one.status is self.status(ground, AppointmentStatus(status))
            assert one.zone == (ground.zone if "zones" in ground.lacks else wanted.zone)
            assert one.version, "an appointment without a version cannot be changed safely"
            if status != "confirmed":
                self.has(ground, status)
            if self.has(ground, "booked_as"):
                assert one.booked_as == "Mum"
            if self.has(ground, "staff"):
                assert (bool(one.staff_id), one.staff_name) == (True, "Kim"), "the id may be the platform's own"
            if self.has(ground, "price"):
                assert one.price == Money("80.00", ground.currency)
        listed = [len(self.all_of(ground, [ana], when)) for when in (When.PAST, When.UPCOMING)]
        assert listed == [1, 2], "every status is listed"

    def test_odd_ids(self, ground: HostGround) -> None:
        """Text that is no id at all is simply absent: NUL, half a surrogate pair, digits without end, SQL."""
        salon = self.salon(ground)
        near = (f" {salon.next}", f"{salon.next} ", f"0{salon.next}", f"{salon.next}\x00", f"{salon.next}.0")
        for id in (*ODD, *near):
            assert self.read(ground, "appointment", id) is None, f"appointment({id!r:.40})"
            if self.has(ground, "services"):
                assert self.read(ground, "service", id) is None, f"service({id!r:.40})"
            if self.can(ground).slots:
                assert self.read(ground, "slot", id) is None, f"slot({id!r:.40})"
                none = self.read(ground, "slots", id, id, NOW, NOW + DAY, 5)
                assert list(none) == [], f"slots({id!r:.40})"

    def test_odd_refs(self, ground: HostGround) -> None:
        """A ref with an id of no such shape is absent among the others, in every list."""
        salon, can = self.salon(ground), self.can(ground)
        made = [id for id in ODD if id and len(id) <= 200 and not set(id) & {"\x00", "\ud800"}]
        odd = [ref for id in made for ref in (RecordRef.client(id), RecordRef.booking(id))]

        async def look(host: CheckedHost) -> None:
            assert [one.ref for one in await host.clients([*odd, salon.ana])] == [salon.ana]
            page = await host.appointments([*odd, salon.ana], When.UPCOMING, NOW, None, 9)
            assert [one.id for one in page.items] == [salon.next]
            if can.prefill:
                assert (await host.prefill(odd)).answers == ()
            if can.active_codes:
                assert list(await host.active_codes(odd)) == []
            if can.holdings:
                assert list(await host.holdings(odd)) == []

        self.ask(ground, look)

    def test_single_bookings(self, ground: HostGround) -> None:
        """``booking:a1`` lists that one appointment, whoever's row it is; named twice it is listed once."""
        salon = self.salon(ground)
        one, theirs = RecordRef.booking(salon.next), RecordRef.booking(salon.bens)
        for refs, expected in (
            ([one], [salon.next]),
            ([one, theirs], [salon.next, salon.bens]),
            ([one, salon.ana, one], [salon.next]),
            ([RecordRef.client(salon.next)] if salon.next not in (salon.ana.id, salon.ben.id) else [], []),
        ):
            found = self.all_of(ground, refs, When.UPCOMING)
            assert [(got.id, got.ref) for got in found] == [
                (id, salon.ben if id == salon.bens else salon.ana) for id in expected
            ]

    def test_thousands_of_refs(self, ground: HostGround) -> None:
        """Tens of thousands of refs are asked for at once, more than a statement has room for as single parameters."""
        salon = self.salon(ground)
        refs = [RecordRef.booking(f"absent{at}") for at in range(70_000)]
        refs[35_000] = salon.ben
        refs.append(RecordRef.booking(salon.next))
        page = self.ask(ground, lambda host: host.appointments(refs, When.UPCOMING, NOW, None, 5))
        assert [one.id for one in page.items] == [salon.next, salon.bens]
        self.proven(f"with {len(refs):,} refs")

    def test_service(self, ground: HostGround) -> None:
        """A service is as it is today; one that is not there is None."""
        self.keeps(ground, "services")
        id = self.add_service(ground)
        off = self.add_service(ground, service=Service("off", "Perm", 2 * HOUR, bookable_online=False))
        today = self.ask(ground, lambda host: host.service(id))
        if today is None:
            self.not_declared("services (the default knows none, and nothing can be rebooked)")
        closed = self.ask(ground, lambda host: host.service(off))
        assert closed is not None
        assert (today.id, today.name, today.bookable_online and today.active) == (id, "Cut", True)
        assert (closed.name, closed.bookable_online and closed.active) == ("Perm", False)

    def test_offer(self, ground: HostGround) -> None:
        """The platform's own rules on every kind of change are an ``Offer``, also on what is over."""
        salon = self.salon(ground)
        for id in (salon.next, salon.last):
            one = self.read(ground, "appointment", id)
            assert one is not None
            for change in ChangeKind:
                offer = self.read(ground, "offer", one, change)
                assert isinstance(offer, Offer)
                assert offer.allowed or offer.why_not, "a platform that forbids something says why"

    def test_by_contact(self, ground: HostGround) -> None:
        """A normalised contact finds the record that has it in another spelling, and nobody else."""
        self.needs(ground, "by_contact")
        salon = self.salon(ground)

        def finds(key: ContactKey) -> list[RecordRef]:
            return list(self.ask(ground, lambda host: host.by_contact(key)))

        if self.has(ground, "mobile") and self.has(ground, "client_mobile"):
            assert set(finds(ContactKey(ContactKind.MOBILE, "+64215550142"))) == {salon.ana}
        assert set(finds(ContactKey(ContactKind.MOBILE, "+64215550100"))) == set()
        if self.has(ground, "email"):
            assert set(finds(ContactKey(ContactKind.EMAIL, "ana@example.com"))) == {salon.ana}

    def test_slots(self, ground: HostGround) -> None:
        """Free times of a service that start in [since, until), earliest first; one is found by its id."""
        self.needs(ground, "slots")
        service, other = self.add_service(ground), self.add_service(ground, service=Service("dye", "Dye", 2 * HOUR))
        times = [3 * HOUR, HOUR, 2 * HOUR, 4 * HOUR]
        slots = [free(f"t{at}", NOW + when, service_id=service, **KIM) for at, when in enumerate(times)]
        ids = [self.add_slot(ground, slot) for slot in slots]
        dye = self.add_slot(ground, free("dye1", NOW + HOUR, service_id=other, staff_id="sam", staff_name="Sam"))
        step = ground.precision

        def starts(since: datetime, until: datetime, limit: int = 9, staff: str | None = None) -> list[datetime]:
            found = self.ask(ground, lambda host: host.slots(service, staff, since, until, limit))
            return [one.start for one in found]

        assert starts(NOW, NOW + DAY) == [NOW + at * HOUR for at in (1, 2, 3, 4)]
        assert starts(NOW, NOW + DAY, limit=2) == [NOW + HOUR, NOW + 2 * HOUR]
        assert starts(NOW + HOUR, NOW + 3 * HOUR) == [NOW + HOUR, NOW + 2 * HOUR]
        assert starts(NOW + HOUR + step, NOW + 3 * HOUR + step) == [NOW + 2 * HOUR, NOW + 3 * HOUR]
        one = self.ask(ground, lambda host: host.slot(ids[0]))
        assert one is not None
        assert (one.id, one.service_id, one.start, one.end) == (ids[0], service, slots[0].start, slots[0].end)
        found = self.ask(ground, lambda host: host.slot(dye))
        assert found is not None
        assert found.service_id == other
        if self.has(ground, "staff"):
            kim, sam = one.staff_id, found.staff_id
            assert kim is not None
            assert sam not in (None, kim), "two members of staff, by ids of the platform's own"
            assert starts(NOW, NOW + DAY, staff=kim) == [NOW + at * HOUR for at in (1, 2, 3, 4)]
            assert starts(NOW, NOW + DAY, staff=sam) == []
