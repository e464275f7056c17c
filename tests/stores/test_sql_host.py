"""The shipped host, on both databases, in both colours."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import evolve

from clientportal.errors import Conflict, HostError, InvalidCursor, InvalidInput
from clientportal.ports import AnswerKind, HostAdapter, RawContacts
from clientportal.stores.sql import SqlHost
from clientportal.values import (
    Address,
    Appointment,
    AppointmentStatus,
    Branding,
    Business,
    ChangeKind,
    ClientDraft,
    ClientRecord,
    Money,
    Offer,
    RecordRef,
    Service,
    Slot,
    When,
)
from stores.sql_ground import SITES, Site

NOW = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANA, BEN = RecordRef.client("ana"), RecordRef.client("ben")
GUEST = RecordRef.booking("guest")
CUT = Service("cut", "Haircut", timedelta(minutes=45), price=Money("25.00", "NZD"))


class Host(SqlHost):
    """With a clock that stands still."""

    def now(self) -> datetime:
        return NOW


HOST = cast("HostAdapter", Host)


def record(ref: RecordRef = ANA, **fields: Any) -> ClientRecord:
    return ClientRecord(ref, NOW - 100 * HOUR, **fields)


def booked(id: str, ref: RecordRef = ANA, *, starts: timedelta = HOUR, **fields: Any) -> Appointment:
    given: dict[str, Any] = {
        "zone": "Pacific/Auckland",
        "status": AppointmentStatus.CONFIRMED,
        "made_at": NOW - 10 * HOUR,
        "version": "1",
        "service_name": "Haircut",
        "booked_as": "Ana A",
    } | fields
    return Appointment(id, ref, "cut", NOW + starts, NOW + starts + HOUR, **given)


def slot(id: str, *, starts: timedelta = 5 * HOUR, staff: str | None = "s1") -> Slot:
    return Slot(id, "cut", NOW + starts, NOW + starts + HOUR, "Pacific/Auckland", staff, "Sam")


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Site, None, None]:
    """A salon with two clients and one booking that is its own record."""
    site = Site(request.param, tmp_path)

    async def fill(host: SqlHost) -> None:
        await host.add_business(Business("b1", "Salon", "Pacific/Auckland", Branding(colour="#123456")))
        await host.add_services([CUT, Service("old", "Perm", HOUR, active=False)])
        await host.add_clients([record(first_name="Ana", mobile="021 123 4567"), record(BEN, email="Ben@X.com")])
        await host.add_slots([slot("five"), slot("six", starts=6 * HOUR, staff="s2"), slot("four", starts=4 * HOUR)])
        await host.add_appointments(
            [booked("a1"), booked("a2", starts=-5 * HOUR, made_at=NOW - 3 * HOUR), booked("guest", GUEST)],
            contacts={"guest": RawContacts(GUEST, mobile="021 999", email="g@x.com")},
            deposits={"a1": Money("5.00", "NZD")},
            locked={"a2": "it is over"},
        )

    seed(site, fill)
    yield site
    site.close()


def seed(site: Site, fill: Any, tenant: str = "salon") -> None:
    """Fill tables as the platform's own code would, in a transaction of its own."""

    async def work() -> None:
        async with site.connected() as connection:
            await fill(SqlHost(connection, tenant))
            await site.said(connection.commit())

    site.run(work())


def ask(site: Site, question: Any, *, tenant: str = "salon", commit: bool = False) -> Any:
    """Ask the host in a unit of its own."""

    async def work() -> Any:
        async with site.store.begin(tenant, HOST, writes=commit) as unit:
            answer = await question(unit.host)
            if commit:
                await unit.commit([])
            return answer

    return site.run(work())


def test_business(site: Site) -> None:
    """The business is the one of the tenant; a tenant without one is told how to add it."""
    assert ask(site, lambda host: host.business()) == Business(
        "b1", "Salon", "Pacific/Auckland", Branding(colour="#123456")
    )
    with pytest.raises(HostError, match="add_business"):
        ask(site, lambda host: host.business(), tenant="elsewhere")


def test_clients(site: Site) -> None:
    """Records of both kinds come in one answer, with the time of the newest booking made, whatever its start."""
    found = {one.ref: one for one in ask(site, lambda host: host.clients([ANA, BEN, GUEST, RecordRef.client("no")]))}
    assert set(found) == {ANA, BEN, GUEST}
    assert found[ANA].last_booked_at == NOW - 3 * HOUR
    assert found[ANA].mobile == "021 123 4567"
    assert found[BEN].last_booked_at is None
    assert found[GUEST].first_name == "Ana A"
    assert found[GUEST].email == "g@x.com"
    assert found[GUEST].last_booked_at == NOW - 10 * HOUR
    assert ask(site, lambda host: host.clients([])) == []


def test_every_field_of_a_client(site: Site) -> None:
    """A client comes back with every field as it was put in."""
    ref = RecordRef.client("full")
    full = record(
        ref,
        first_name="Zoë",
        last_name="O'Hara",
        email="Z@x.com",
        phone="09 1",
        mobile="021 1",
        address=Address("1 High St", "Auckland", None, "1010", "NZ"),
        usable=False,
        version="1",
        changed_at={"email": NOW},
        cleared=frozenset({"phone", "mobile"}),
        notes="likes tea",
        custom={"shoe": "42"},
    )
    seed(site, lambda host: host.add_clients([full]))
    (found,) = ask(site, lambda host: host.clients([ref]))
    assert found == full
    assert found.changed_at == full.changed_at


def test_changing_a_client(site: Site) -> None:
    """A change is written on the version that was read, and gives it a new one."""
    (ana,) = ask(site, lambda host: host.clients([ANA]))
    seed(site, lambda host: host.change_client(evolve(ana, email="new@x.com")))
    (after,) = ask(site, lambda host: host.clients([ANA]))
    assert after == evolve(ana, email="new@x.com", version="2")
    with pytest.raises(Conflict):
        seed(site, lambda host: host.change_client(evolve(ana, email="late@x.com")))


def test_contacts_are_walked_once_each(site: Site) -> None:
    """The walk gives every client and every booking that is its own record once, whatever the size of a page."""
    for limit in (1, 2, 3, 10):
        seen: list[RawContacts] = []
        after: str | None = None
        while True:
            page = ask(site, lambda host, after=after, limit=limit: host.contacts(after, limit))
            assert len(page.items) <= limit
            seen += page.items
            after = page.next
            if after is None:
                break
        assert seen == [
            RawContacts(ANA, mobile="021 123 4567", name="Ana"),
            RawContacts(BEN, email="Ben@X.com"),
            RawContacts(GUEST, mobile="021 999", email="g@x.com", name="Ana A"),
        ]


def test_appointments_are_paged_over_the_union(site: Site) -> None:
    """Upcoming are earliest first, past are latest first, over all refs, whatever the size of a page."""
    more = [booked(f"m{i}", BEN if i % 2 else ANA, starts=(i % 4 - 1) * HOUR - HOUR / 2) for i in range(12)]
    seed(site, lambda host: host.add_appointments(more))
    everything = [booked("a1"), booked("a2", starts=-5 * HOUR), booked("guest", GUEST), *more]
    upcoming = sorted((a for a in everything if a.end > NOW), key=lambda a: (a.start, a.id))
    past = sorted((a for a in everything if a.end <= NOW), key=lambda a: (NOW - a.start, a.id))
    for when, expected in ((When.UPCOMING, upcoming), (When.PAST, past)):
        for limit in (1, 2, 5, 50):
            seen: list[str] = []
            after: str | None = None
            while True:
                refs = [ANA, BEN, GUEST]
                page = ask(
                    site, lambda host, w=when, a=after, n=limit, refs=refs: host.appointments(refs, w, NOW, a, n)
                )
                seen += [one.id for one in page.items]
                after = page.next
                if after is None:
                    break
            assert seen == [one.id for one in expected]
    assert ask(site, lambda host: host.appointments([], When.PAST, NOW, None, 5)).items == ()
    only = ask(site, lambda host: host.appointments([GUEST], When.UPCOMING, NOW, None, 5))
    assert [one.ref for one in only.items] == [GUEST]


def test_cursors_made_up(site: Site) -> None:
    """A cursor that was made up, cut, or made for another list is refused."""
    page = ask(site, lambda host: host.contacts(None, 1))
    for bad in ("", "x", "é", "AAAA", page.next[:-2], page.next + "A"):
        with pytest.raises(InvalidCursor):
            ask(site, lambda host, bad=bad: host.contacts(bad, 1))
    with pytest.raises(InvalidCursor):
        ask(site, lambda host: host.appointments([ANA], When.PAST, NOW, page.next, 1))


def test_tenants(site: Site) -> None:
    """Nothing of one business is found, taken or changed by another."""
    one = ask(site, lambda host: host.appointment("a1"))
    asked = {"tenant": "other"}
    assert ask(site, lambda host: host.clients([ANA, GUEST]), **asked) == []
    assert ask(site, lambda host: host.contacts(None, 10), **asked).items == ()
    assert ask(site, lambda host: host.appointment("a1"), **asked) is None
    assert ask(site, lambda host: host.appointments([ANA], When.UPCOMING, NOW, None, 5), **asked).items == ()
    assert ask(site, lambda host: host.service("cut"), **asked) is None
    assert ask(site, lambda host: host.slot("five"), **asked) is None
    assert ask(site, lambda host: host.slots("cut", None, NOW, NOW + 99 * HOUR, 9), **asked) == []
    for change in (lambda host: host.cancel(one, None, "k"), lambda host: host.move(one, slot("five"), None, "k")):
        with pytest.raises(Conflict):
            ask(site, change, commit=True, **asked)
    assert ask(site, lambda host: host.appointment("a1")) == one


def test_ids_that_cannot_be(site: Site) -> None:
    """Text that can be no id is absent."""
    for bad in ("", "\ud800", "a\x00b", "x" * 5000):
        assert ask(site, lambda host, bad=bad: host.appointment(bad)) is None
        assert ask(site, lambda host, bad=bad: host.service(bad)) is None
        assert ask(site, lambda host, bad=bad: host.slot(bad)) is None
        assert ask(site, lambda host, bad=bad: host.slots(bad, None, NOW, NOW, 5)) == []


def test_services_and_slots(site: Site) -> None:
    """Services come as they are; free times within the bounds, earliest first, of one member of staff or all."""
    assert ask(site, lambda host: host.service("cut")) == CUT
    assert ask(site, lambda host: host.service("old")).active is False
    every = ask(site, lambda host: host.slots("cut", None, NOW, NOW + 6 * HOUR, 9))
    assert [one.id for one in every] == ["four", "five"]
    assert every[1] == slot("five")
    assert [one.id for one in ask(site, lambda host: host.slots("cut", "s2", NOW, NOW + 9 * HOUR, 9))] == ["six"]
    assert [one.id for one in ask(site, lambda host: host.slots("cut", None, NOW, NOW + 9 * HOUR, 1))] == ["four"]


def test_offers(site: Site) -> None:
    """A deposit is lost by cancelling; a lock stands with its reason; booking again has neither."""
    a1, a2 = (ask(site, lambda host, id=id: host.appointment(id)) for id in ("a1", "a2"))
    assert ask(site, lambda host: host.offer(a1, ChangeKind.CANCEL)) == Offer(forfeits=Money("5.00", "NZD"))
    assert ask(site, lambda host: host.offer(a1, ChangeKind.MOVE)) == Offer()
    assert ask(site, lambda host: host.offer(a2, ChangeKind.MOVE)) == Offer(allowed=False, why_not="it is over")
    assert ask(site, lambda host: host.offer(a2, ChangeKind.REBOOK)) == Offer()


def test_create_client(site: Site) -> None:
    """A new client has the fields of the draft and nothing else."""
    draft = ClientDraft("Cleo", "C", "c@x.com", address=Address(city="Nelson"))
    ref = ask(site, lambda host: host.create_client(draft, "k"), commit=True).ref
    (found,) = ask(site, lambda host: host.clients([ref]))
    expected = ClientRecord(ref, NOW, "Cleo", "C", "c@x.com", address=Address(city="Nelson"), version="1")
    assert found == expected


def test_move(site: Site) -> None:
    """Moving keeps the id, takes the slot, and offers the old time again, back and forth."""
    before = ask(site, lambda host: host.appointment("a1"))
    answer = ask(site, lambda host: host.move(before, slot("five"), None, "k"), commit=True)
    moved = evolve(
        before, start=slot("five").start, end=slot("five").end, staff_id="s1", staff_name="Sam", version="2", moves=1
    )
    assert answer.appointment == moved
    assert ask(site, lambda host: host.appointment("a1")) == moved
    assert ask(site, lambda host: host.slot("five")) is None
    old = ask(site, lambda host: host.slots("cut", None, before.start, before.start + HOUR, 9))
    assert [(one.start, one.staff_id) for one in old] == [(before.start, None)]
    back = ask(site, lambda host: host.move(moved, old[0], None, "k"), commit=True).appointment
    assert (back.start, back.moves, back.version) == (before.start, 2, "3")
    assert ask(site, lambda host: host.slot("five")) == slot("five")


def test_move_too_late(site: Site) -> None:
    """A slot that is taken, or not what it was, is TAKEN and nothing is written; a changed appointment conflicts."""
    a1 = ask(site, lambda host: host.appointment("a1"))
    ask(site, lambda host: host.book(BEN, slot("five"), "Ben", "k"), commit=True)
    for gone in (slot("five"), slot("none"), evolve(slot("six"), start=NOW)):
        answer = ask(site, lambda host, gone=gone: host.move(a1, gone, None, "k"), commit=True)
        assert answer.kind is AnswerKind.TAKEN
    assert ask(site, lambda host: host.appointment("a1")) == a1
    for stale in (evolve(a1, version="7"), evolve(a1, version=""), evolve(a1, version="9" * 30)):
        with pytest.raises(Conflict):
            ask(
                site,
                lambda host, stale=stale: host.move(stale, slot("six", starts=6 * HOUR, staff="s2"), None, "k"),
                commit=True,
            )
    assert ask(site, lambda host: host.slot("six")) is not None


def test_cancel(site: Site) -> None:
    """Cancelling keeps the row, frees the time, and is done once."""
    a1 = ask(site, lambda host: host.appointment("a1"))
    answer = ask(site, lambda host: host.cancel(a1, Money("10.00", "NZD"), "k"), commit=True)
    assert answer.appointment == evolve(a1, status=AppointmentStatus.CANCELLED, version="2")
    assert len(ask(site, lambda host: host.slots("cut", None, a1.start, a1.end, 9))) == 1
    with pytest.raises(Conflict):
        ask(site, lambda host: host.cancel(a1, None, "k"), commit=True)
    for again in (
        lambda host: host.cancel(answer.appointment, None, "k"),
        lambda host: host.move(answer.appointment, slot("five"), None, "k"),
    ):
        assert ask(site, again, commit=True).kind is AnswerKind.DECLINED
    assert len(ask(site, lambda host: host.slots("cut", None, a1.start, a1.end, 9))) == 1


def test_cancel_gives_its_own_slot_back(site: Site) -> None:
    """A booking that stood in a slot gives that very slot back."""
    new = ask(site, lambda host: host.book(BEN, slot("five"), "Ben", "k"), commit=True).appointment
    ask(site, lambda host: host.cancel(new, None, "k"), commit=True)
    assert ask(site, lambda host: host.slot("five")) == slot("five")


def test_book(site: Site) -> None:
    """A booking takes the slot, with the service's name and price of today."""
    answer = ask(site, lambda host: host.book(BEN, slot("five"), "Benny", "k"), commit=True)
    new = answer.appointment
    assert (new.ref, new.booked_as, new.price, new.made_at) == (BEN, "Benny", Money("25.00", "NZD"), NOW)
    assert (new.start, new.service_name, new.staff_name) == (slot("five").start, "Haircut", "Sam")
    assert ask(site, lambda host: host.book(ANA, slot("five"), "Ana", "other"), commit=True).kind is AnswerKind.TAKEN
    (ben,) = ask(site, lambda host: host.clients([BEN]))
    assert ben.last_booked_at == NOW


def test_book_declined(site: Site) -> None:
    """A service that is not offered any more, or a client who is not there, cannot be booked."""
    perm = evolve(slot("perm"), service_id="old")
    seed(site, lambda host: host.add_slots([perm]))
    for ref, time in ((BEN, perm), (RecordRef.client("nobody"), slot("five"))):
        answer = ask(site, lambda host, ref=ref, time=time: host.book(ref, time, "x", "k"), commit=True)
        assert answer.kind is AnswerKind.DECLINED
        assert ask(site, lambda host, time=time: host.slot(time.id)) == time


def test_book_for_a_booking(site: Site) -> None:
    """Who has no client row books again as another booking with the same contacts."""
    answer = ask(site, lambda host: host.book(GUEST, slot("five"), "Guest", "k"), commit=True)
    assert answer.appointment.ref == answer.ref == RecordRef.booking(answer.appointment.id)
    (found,) = ask(site, lambda host: host.clients([answer.ref]))
    assert (found.mobile, found.email) == ("021 999", "g@x.com")


def test_left_without_commit(site: Site) -> None:
    """What the host wrote in a unit that was not committed is gone."""
    a1 = ask(site, lambda host: host.appointment("a1"))

    async def leave() -> None:
        async with site.store.begin("salon", HOST, writes=True) as unit:
            await unit.host.cancel(a1, None, "k")

    site.run(leave())
    assert ask(site, lambda host: host.appointment("a1")) == a1


def test_not_declared(site: Site) -> None:
    """What the host does not declare it does not do; what it hears it lets pass."""
    for question in (lambda host: host.by_contact(_key()), lambda host: host.outcome("k")):
        with pytest.raises(HostError):
            ask(site, question)
    assert ask(site, lambda host: host.heard(None)) is None
    assert SqlHost.shares_transaction
    assert not SqlHost.capabilities.by_contact


def _key() -> Any:
    from clientportal.values import ContactKey, ContactKind

    return ContactKey(ContactKind.EMAIL, "x@x.com")


def test_adding_again_replaces(site: Site) -> None:
    """What is added under an id that is there replaces it, and clients and appointments get a new version."""

    async def again(host: SqlHost) -> None:
        await host.add_business(Business("b1", "Salon Two", "Pacific/Auckland"))
        await host.add_services([evolve(CUT, active=False)])
        await host.add_clients([record(first_name="Anna")])
        await host.add_slots([slot("five", staff="s9")])
        await host.add_appointments([booked("a1", status=AppointmentStatus.NO_SHOW)])

    seed(site, again)
    assert ask(site, lambda host: host.business()).name == "Salon Two"
    assert ask(site, lambda host: host.service("cut")) == evolve(CUT, active=False)
    (ana,) = ask(site, lambda host: host.clients([ANA]))
    assert (ana.first_name, ana.version, ana.mobile) == ("Anna", "2", None)
    assert ask(site, lambda host: host.slot("five")) == slot("five", staff="s9")
    assert ask(site, lambda host: host.appointment("a1")) == booked("a1", status=AppointmentStatus.NO_SHOW, version="2")


def test_seeding_is_checked(site: Site) -> None:
    """A booking that is its own record is not added as a client, and refers to itself."""
    with pytest.raises(InvalidInput):
        seed(site, lambda host: host.add_clients([record(GUEST)]))
    with pytest.raises(InvalidInput):
        seed(site, lambda host: host.add_appointments([booked("z", GUEST)]))
