"""The cursor of a page tells nothing and cannot be made up: it stands in addresses, and so in access logs (V14.2.1)."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from clientportal import InvalidCursor, KeyRing
from clientportal.doors import ClientDoor, StaffDoor
from clientportal.keyring import Key
from security.attacking import ANA, Neighbour
from security.test_objects import own_things
from telling import is_told
from watching import everything_stored
from world import World

LISTS: dict[str, Callable[[Any, Any, str | None], Any]] = {
    "client.appointments": lambda client, _staff, after: client.appointments(after=after, limit=1),
    "client.notices": lambda client, _staff, after: client.notices(after=after, limit=1),
    "staff.clients": lambda _client, staff, after: staff.clients(after=after, limit=1),
    "staff.audit": lambda _client, staff, after: staff.audit(after=after, limit=1),
    "staff.duplicates": lambda _client, staff, after: staff.duplicates(after=after, limit=1),
}
"""Lists of the portal's own records, of the host's, and of both."""


def salon(world: World) -> tuple[Any, Any]:
    """Four clients, two of whom are there twice by one number each; Ana's door and staff's."""
    for id, name, number in (
        ("ana", "Ana Kingi", ANA),
        ("ana-2", "Ana Kingi", ANA),
        ("ben", "Ben Ngata", "021 765 4321"),
        ("ben-2", "Ben Ngata", "021 765 4321"),
    ):
        ref = world.add_client(id, name, mobile=number, email=f"{id}@example.com")
        for day in (1, 2):
            world.book(f"{id}-{day}-visit", ref, f"2026-12-0{day} 09:00")
        is_told(world, ref)
        is_told(world, ref)
    world.change_policy("login", several="choose")
    door = world.log_in(ANA)
    return world.client(door.switch("client:ana")), world.staff()


def test_every_list_that_a_caller_pages_through_seals_its_cursor(memory_world: World) -> None:
    """Each method with an argument ``after``, found by introspection, takes no place in the list as stores write it."""
    world = memory_world
    ana = own_things(world, "ana", ANA)
    doors = {ClientDoor: world.log_in(ANA), StaffDoor: world.staff()}
    given = {"name": "stamp_cards", "ref": ana.ref}
    tried = 0
    for kind, door in doors.items():
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            asked = inspect.signature(method).parameters
            if "after" not in asked:
                continue
            tried += 1
            needed = {one: given[one] for one in asked if one in given and asked[one].default is asked[one].empty}
            with pytest.raises(InvalidCursor, match="hand in the last page's next"):
                getattr(door, name)(**needed, after="W10")
    assert tried >= 19


@pytest.mark.parametrize("name", LISTS)
def test_a_cursor_says_nothing_and_leads_on(world: World, name: str) -> None:
    """No name, number, address or id can be read from it, however it is decoded; handed back it is the next page."""
    client, staff = salon(world)
    first = LISTS[name](client, staff, None)
    assert first.next is not None
    key, _, sealed = first.next.partition(".")
    assert key == world.keys.signing_id
    raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    for told in (b"Ana", b"Kingi", b"Ben", b"example", b"+64", b"visit", b"2026", b"client:"):
        assert told not in raw
    second = LISTS[name](client, staff, first.next)
    assert second != first


@pytest.mark.parametrize("name", LISTS)
def test_a_cursor_is_of_one_list_of_one_business_and_nobody_makes_one(world: World, name: str) -> None:
    """Cut, flipped, of another list, of the business next door, as the store wrote it: one error, and no page."""
    client, staff = salon(world)
    good = LISTS[name](client, staff, None).next
    other = Neighbour(world)
    there, their_staff = salon(other)
    elsewhere = LISTS[name](there, their_staff, None).next
    another = LISTS["staff.audit" if name != "staff.audit" else "staff.clients"](client, staff, None).next
    flipped = [f"{good[:at]}{'A' if good[at] != 'A' else 'B'}{good[at + 1 :]}" for at in range(0, len(good), 23)]
    before = {table: rows for table, rows in everything_stored(world).items() if table != "cp_audit"}
    for made_up in (good[:-1], f"{good}A", elsewhere, another, "", "2", "x" * 30_000, "k1.", *flipped):
        with pytest.raises(InvalidCursor):
            LISTS[name](client, staff, made_up)
    assert before == {table: rows for table, rows in everything_stored(world).items() if table != "cp_audit"}
    assert LISTS[name](client, staff, good) is not None


def test_a_cursor_lives_through_a_rotation_and_ends_with_its_key(memory_world: World) -> None:
    """A new key in front: the open page leads on. The old one removed: begin at the first page."""
    world = memory_world
    client, staff = salon(world)
    cursor = staff.clients(limit=1).next
    assert client is not None
    (old,) = world.keys._keys
    new = Key("k2", b"n" * 32)
    for ring, works in ((KeyRing([new, old]), True), (KeyRing([new]), False)):
        door = world.make_portal(keys=ring).staff(world.tenant, actor="mia", permissions=staff._caller.permissions)
        if works:
            assert door.clients(after=cursor, limit=1).lines != ()
        else:
            with pytest.raises(InvalidCursor):
                door.clients(after=cursor, limit=1)
