"""X3: a merge is taken back exactly: everything the doors show is as it was, whatever came on top."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from attrs import evolve

from clientportal import Reason, RecordRef, When
from clientportal.policy import Survivorship
from clientportal.records import Merge, Pointer, Put
from watching import everything_stored, reason_of, refusal_of
from world import World, at, client

# A failure that came and went on the shared PostgreSQL database was never explained: here each world has its own.
pytestmark = [pytest.mark.requirement("X3"), pytest.mark.own_database]

PEOPLE = {
    # id -> name, mobile, email
    "ana": ("Ana Kingi", "021 123 4567", "ana@example.com"),
    "twin": ("Anna", "027 555 0001", "ana@example.com"),
    "third": ("Annie King", "027 555 0002", "annie@example.com"),
    "zoe": ("Zoë Reed", "027 555 0003", "annie@example.com"),
}


class Street:
    """Four records with an appointment and an open session each, and everything that the doors show of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.refs = {}
        self.doors = {}
        self.links = {}
        for day, (id, (name, mobile, email)) in enumerate(PEOPLE.items(), 1):
            ref = world.add_client(id, name, mobile=mobile, email=email, created=f"2026-0{day}-01 09:00")
            world.book(f"{id}-next", ref, f"2026-12-0{day} 09:00", made=f"2026-11-0{day} 09:00", booked_as=name)
            world.book(f"{id}-last", ref, f"2026-10-0{day} 09:00", made=f"2026-09-0{day} 09:00", booked_as=name)
            self.refs[id] = ref
        for id, (_, mobile, _) in PEOPLE.items():
            self.doors[id] = world.log_in(mobile)
            self.links[id] = world.staff().appointment_link(f"{id}-next")

    def views(self) -> dict[str, Any]:
        """What staff, each open session, each unopened link and each contact show."""
        staff = self.world.staff()
        seen: dict[str, Any] = {"duplicates": staff.duplicates()}
        for id, ref in self.refs.items():
            door = self.doors[id]
            contacts = PEOPLE[id][1:]
            seen[f"staff sees {id}"] = staff.client(ref)
            seen[f"contacts of {id}"] = [staff.explain_contact(contact) for contact in contacts]
            seen[f"profile of {id}"] = door.profile()
            seen[f"upcoming of {id}"] = door.appointments()
            seen[f"past of {id}"] = door.appointments(When.PAST)
            seen[f"terms of {id}"] = door.change_terms(f"{id}-next")
            seen[f"options of {id}"] = door.profiles()
            seen[f"sessions of {id}"] = {line.id for line in door.sessions()}
            seen[f"changes of {id}"] = door.past_changes()
            seen[f"link of {id}"] = self.world.visitor().look_at_link(self.links[id])
        return seen

    def host_rows(self) -> dict[str, list[str]]:
        """The platform's own rows, but for what it was told."""
        rows = everything_stored(self.world)
        return {
            name: value
            for name, value in rows.items()
            if name.startswith(("host_", "cp_host_")) and not name.endswith("events")
        }

    def merge(self, survivor: str, absorbed: str, **more: Any) -> str:
        """Merge two; the journal's entry."""
        (id,) = self.world.staff().merge(self.refs[survivor], self.refs[absorbed], **more).merges
        return str(id)


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The names of the views that are not the same."""
    return [name for name in before if before[name] != after[name]]


def test_undo_after_merge_is_as_if_nothing_had_been(world: World) -> None:
    """Every view of every door, and every row of the platform."""
    street = Street(world)
    before, rows = street.views(), street.host_rows()
    id = street.merge("ana", "twin", choices={"first_name": street.refs["ana"]})
    during = street.views()
    assert {"staff sees twin", "upcoming of twin", "contacts of twin", "duplicates"} <= set(differences(before, during))
    assert street.host_rows() == rows, "merging moves no row"
    undone = world.staff().undo(id)
    assert (undone.survivor, undone.absorbed) == (street.refs["ana"], street.refs["twin"])
    assert differences(before, street.views()) == []
    assert street.host_rows() == rows
    (entry,) = world.staff().merges(street.refs["ana"])
    assert (entry.undone_by, entry.undone_at) == ("staff:mia", world.clock())
    assert world.all_stored(Pointer, "root") == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_merges_on_top_of_each_other_are_undone_in_any_order(world: World, order: tuple[int, ...]) -> None:
    """twin into ana, third into zoe, ana into zoe: undone in all six orders, the end is the beginning."""
    street = Street(world)
    before = street.views()
    ids = [street.merge("ana", "twin"), street.merge("zoe", "third"), street.merge("zoe", "ana")]
    assert len(world.staff().client(street.refs["twin"]).members) == 4
    for place in order:
        world.staff().undo(ids[place])
    assert differences(before, street.views()) == []


@pytest.mark.parametrize("undone", [0, 1, 2])
def test_undoing_one_is_as_if_it_alone_had_never_been(world: World, undone: int) -> None:
    """Of three merges of one group, taking one back leaves what the other two alone would have made."""
    street = Street(world)
    steps = [("ana", "twin"), ("ana", "third"), ("ana", "zoe")]
    ids = [street.merge(*step) for step in steps]
    world.staff().undo(ids.pop(undone))
    with_undo = street.views()
    for id in ids:
        world.staff().undo(id)
    for step in steps[:undone] + steps[undone + 1 :]:
        street.merge(*step)
    assert differences(street.views(), with_undo) == []


def test_what_had_been_merged_into_the_absorbed_stays_with_it(world: World) -> None:
    """twin into ana, ana into zoe; zoe's merge is undone: ana has the twin still, and speaks for both."""
    street = Street(world)
    street.merge("ana", "twin")
    between = street.views()
    id = street.merge("zoe", "ana")
    assert world.staff().client(street.refs["twin"]).root == street.refs["zoe"]
    world.staff().undo(id)
    assert differences(between, street.views()) == []
    assert world.staff().client(street.refs["twin"]).root == street.refs["ana"]


def test_rules_of_survivorship_come_back_with_the_undo(world: World) -> None:
    """A later merge under other rules changes what a group shows; its undo brings the earlier rules back."""
    street = Street(world)
    street.merge("ana", "twin")
    between = street.views()
    world.clock.advance(timedelta(minutes=1))
    policy = world.policy
    world.change_policy("merging", survivorship={"first_name": Survivorship.OLDEST, "mobile": Survivorship.OLDEST})
    id = street.merge("ana", "third")
    world.use(policy)
    assert street.doors["twin"].profile().first_name == "Ana"
    world.staff().undo(id)
    assert differences(between, street.views()) == []


def test_later_bookings_stay_where_they_were_made(world: World) -> None:
    """Booked again from the twin's session while merged: it is Ana's, and stays hers; changes made meanwhile stay."""
    street = Street(world)
    id = street.merge("ana", "twin")
    slots = world.add_slots("2026-12-20 10:00", "2026-12-21 10:00")
    booked = street.doors["twin"].rebook("twin-next", slots[0]).appointment
    moved = street.doors["ana"].move("twin-next", slots[1]).appointment
    street.doors["twin"].cancel("ana-next")
    world.staff().undo(id)
    assert booked.ref == street.refs["ana"]
    assert [one.id for one in street.doors["ana"].appointments().items if one.status.open] == [booked.id]
    assert [(one.id, one.start) for one in street.doors["twin"].appointments().items] == [
        ("twin-next", moved.start),
    ]
    assert street.doors["ana"].appointment("ana-next").status.value == "cancelled"
    assert [one.before.id for one in street.doors["twin"].past_changes()] == ["twin-next"]
    assert [one.before.id for one in street.doors["ana"].past_changes()] == ["ana-next"]


def test_a_merge_may_be_made_again_after_its_undo(world: World) -> None:
    """Undone by mistake: merged again it is a second entry, and the views are those of the first."""
    street = Street(world)
    first = street.merge("ana", "twin")
    during = street.views()
    world.staff().undo(first)
    second = street.merge("ana", "twin")
    assert second != first
    assert differences(during, street.views()) == []
    assert {entry.id for entry in world.staff().merges(street.refs["ana"])} == {first, second}


# --- when not ------------------------------------------------------------------------------------------------------


def told(world: World, what: Any) -> str:
    """What staff read where it is refused."""
    return str(refusal_of(what).staff_text)


def test_a_refusal_names_what_stands_in_the_way(world: World) -> None:
    """Since when it is too late; by whom and when it was undone; which record was erased, or which were deleted."""
    refs = {id: world.add_client(id, id.title(), mobile=f"021 123 45{n}") for n, id in enumerate(PEOPLE, 60)}
    staff = world.staff()
    (late,) = staff.merge(refs["ana"], refs["twin"]).merges
    world.clock.advance(timedelta(days=31))
    assert told(world, lambda: staff.undo(late)) == (
        "Merged at 2026-11-20 21:00 UTC; merging.undo_for has passed, and it was too late from 2026-12-20 21:00 UTC on."
    )
    (undone,) = staff.merge(refs["third"], refs["zoe"]).merges
    staff.undo(undone)
    assert told(world, lambda: staff.undo(undone)) == "Undone already, at 2026-12-21 21:00 UTC by staff:mia."
    (deleted,) = staff.merge(refs["third"], refs["zoe"]).merges
    for id in ("third", "zoe"):
        delete_client(world, id)
    assert told(world, lambda: staff.undo(deleted)) == (
        "What was deleted or erased cannot be brought back; deleted: client:zoe and client:third."
    )


def test_an_erased_record_is_named(world: World) -> None:
    """The whole client was erased: both rows are there, and nobody in them."""
    ana, twin = (world.add_client(id, id.title(), mobile="021 123 4567") for id in ("ana", "twin"))
    staff = world.staff()
    (id,) = staff.merge(ana, twin).merges
    staff.erase(ana, reason="she asked for it")
    assert told(world, lambda: staff.undo(id)) == (
        "What was deleted or erased cannot be brought back; erased: client:twin and client:ana."
    )


@pytest.mark.parametrize("gone", ["ana", "twin"])
def test_where_one_row_was_deleted_the_other_is_told_apart(world: World, gone: str) -> None:
    """A mistake is found after the platform has deleted one of the rows: the other's appointments are its own again,
    and what was the deleted one's is nobody's to see.
    """
    street = Street(world)
    id = street.merge("ana", "twin")
    delete_client(world, gone)
    world.staff().undo(id)
    (left,) = {"ana", "twin"} - {gone}
    assert [one.id for one in street.doors[left].appointments().items] == [f"{left}-next"]
    assert world.staff().client(street.refs[left]).members == (street.refs[left],)
    assert reason_of(lambda: world.staff().client(street.refs[gone])) is Reason.NOT_FOUND


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_merges_in_a_row_either_is_undone_while_the_other_stands(world: World, first: int) -> None:
    """twin into ana, ana into zoe; one is undone, Zoë books on top, the other is undone: each has what it had, and the
    new booking stays with who made it.
    """
    street = Street(world)
    ids = [street.merge("ana", "twin"), street.merge("zoe", "ana")]
    world.staff().undo(ids[first])
    members = world.staff().client(street.refs["zoe"]).members
    assert members == (street.refs["zoe"], *([street.refs["ana"]] if first == 0 else []))
    assert world.staff().client(street.refs["twin"]).root == street.refs["twin" if first == 0 else "ana"]
    (slot,) = world.add_slots("2026-12-20 10:00")
    booked = street.doors["zoe"].rebook("zoe-next", slot).appointment
    world.staff().undo(ids[1 - first])
    for id, ref in street.refs.items():
        assert world.staff().client(ref).members == (ref,)
        expected = {f"{id}-next", *([booked.id] if id == "zoe" else [])}
        assert {one.id for one in street.doors[id].appointments().items} == expected
    assert world.all_stored(Pointer, "root") == []


def test_an_undo_has_its_time(world: World) -> None:
    """Thirty days, the last moment included; a microsecond later it is too late."""
    ana, twin = (world.add_client(id, id.title(), mobile="021 123 4567") for id in ("ana", "twin"))
    staff = world.staff()
    merged_at = world.clock()
    (id,) = staff.merge(ana, twin).merges
    world.clock.set(merged_at + timedelta(days=30, microseconds=1))
    assert reason_of(lambda: staff.undo(id)) is Reason.UNDO_TOO_LATE
    world.clock.set(merged_at + timedelta(days=30))
    assert staff.undo(id).absorbed == twin


def test_an_erased_record_is_not_brought_back(world: World) -> None:
    """Once what was absorbed has been erased there is nothing to bring back: refused, and nothing is changed."""
    ana, twin = (world.add_client(id, id.title(), mobile="021 123 4567") for id in ("ana", "twin"))
    staff = world.staff()
    (id,) = staff.merge(ana, twin).merges

    async def erase() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            entry = await unit.state.get(Merge, id)
            await unit.commit([Put(evolve(entry, erased=True))])

    world.run(erase())
    assert reason_of(lambda: staff.undo(id)) is Reason.ERASED
    assert reason_of(lambda: staff.preview.undo(id)) is Reason.ERASED
    assert staff.client(twin).root == ana


def test_what_was_undone_or_never_was_cannot_be_undone(world: World) -> None:
    """Twice: undone already. An id that is none: not found. With the same key: the same answer."""
    ana, twin = (world.add_client(id, id.title(), mobile="021 123 4567") for id in ("ana", "twin"))
    staff = world.staff()
    (id,) = staff.merge(ana, twin).merges
    first = staff.undo(id, key="press-1")
    assert staff.undo(id, key="press-1") == first
    assert reason_of(lambda: staff.undo(id)) is Reason.UNDONE_ALREADY
    for strange in ("no such merge", "", "x" * 5000):
        assert reason_of(lambda strange=strange: staff.undo(strange)) is Reason.NOT_FOUND
    assert reason_of(lambda: world.staff(permissions=()).undo(id)) is Reason.PERMISSION


def test_the_merge_of_a_new_number_is_undone_by_nothing_but_its_own_undo(world: World) -> None:
    """The fresh record of a new phone is merged onto Ana: a login, a booking, another merge bring nothing back."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.book("a1", ana, "2026-12-01 09:00")
    fresh = world.sign_in("027 555 0009")
    assert isinstance(fresh.record, RecordRef)
    door = world.client(fresh)
    (id,) = world.staff().merge(ana, fresh.record).merges
    assert door.profile().first_name == "Ana", "its open session shows the survivor"
    world.book("f1", fresh.record, "2026-12-02 09:00")
    world.portal.contact_changed(world.tenant, fresh.record)
    again = world.sign_in("027 555 0009")
    assert (again.record, again.new_record) == (ana, False)
    other = world.add_client("other", "Other", mobile="021 123 4567")
    (second,) = world.staff().merge(ana, other).merges
    world.staff().undo(second)
    assert world.sign_in("027 555 0009").record == ana
    world.staff().undo(id)
    assert door.profile().first_name is None
    assert world.sign_in("027 555 0009").record == fresh.record


def test_the_contacts_of_a_row_that_the_platform_deleted_still_lead_to_the_survivor(world: World) -> None:
    """The platform deletes what it sees as a duplicate after the merge: the twin's number opens Ana still."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    twin = world.add_client("twin", "Anna", mobile="027 555 0001", email="ana@example.com")
    world.staff().merge(ana, twin)
    delete_client(world, "twin")
    assert world.sign_in("027 555 0001").record == ana
    world.portal.contact_changed(world.tenant, twin)
    assert world.sign_in("027 555 0001").record == ana, "the journal keeps the absorbed contacts"
    world.portal.walk_contacts(world.tenant, restart=True)
    assert world.sign_in("027 555 0001").record == ana


def delete_client(world: World, id: str) -> None:
    """What a platform does behind the portal's back."""
    from clientportal.stores.memory import MemoryStore

    if isinstance(world.store, MemoryStore):
        with world.store.transaction(world.tenant) as tx:
            tx.remove("clients", id)
        return
    from sqlalchemy import delete
    from sqlalchemy.ext.asyncio import AsyncEngine

    from clientportal.stores.sql.host_tables import CLIENTS

    statement = delete(CLIENTS).where(CLIENTS.c.tenant == world.tenant, CLIENTS.c.id == id)
    engine = world.store.async_engine if world.awaited else world.store.engine  # type: ignore[attr-defined]
    if not isinstance(engine, AsyncEngine):
        with engine.begin() as connection:
            connection.execute(statement)
        return

    async def go() -> None:
        async with engine.begin() as connection:
            await connection.execute(statement)

    world.run(go())


def test_times_stand_by_the_wall_clock_of_the_business(world: World) -> None:
    """A merge on the day of the clocks' change is still undone thirty times 24 hours later, not a moment more."""
    world.clock.set(at("2027-04-03 20:00"))
    ana, twin = (world.add_client(id, id.title(), mobile="021 123 4567") for id in ("ana", "twin"))
    (id,) = world.staff().merge(ana, twin).merges
    world.clock.set(at("2027-05-03 19:00"))
    assert world.staff().preview.undo(id).absorbed == client("twin")
    world.clock.advance(timedelta(microseconds=1))
    assert reason_of(lambda: world.staff().undo(id)) is Reason.UNDO_TOO_LATE
