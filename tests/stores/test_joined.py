"""The portal inside a host's own transaction: kept or undone with it; and what must commit by itself refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Appointment, Conflict, DurableOperation, Money, Reason, RecordRef
from clientportal.ports.driving import step
from clientportal.records import Merge
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.values import HostAnswer
from watching import BOTH_COLOURS, everything_stored, platform, reason_of
from world import World, at, client


class RolledBack(Exception):
    """The host changed its mind."""


@contextmanager
def transaction(world: World) -> Iterator[Any]:
    """A transaction of the host's own: committed at the end, rolled back by an exception."""
    if isinstance(world.store, MemoryStore):
        with world.store.transaction(world.tenant) as tx:
            yield tx
        return
    engine = world.store.async_engine if world.awaited else world.store.engine  # type: ignore[attr-defined]
    if not world.awaited:
        with engine.begin() as connection:
            yield connection
        return
    begun = engine.begin()
    connection = world.run(begun.__aenter__())
    try:
        yield connection
    except BaseException as error:
        world.run(begun.__aexit__(type(error), error, None))
        raise
    else:
        world.run(begun.__aexit__(None, None, None))


@contextmanager
def rolled_back(world: World) -> Iterator[Any]:
    """The same, rolled back whatever happened."""
    try:
        with transaction(world) as connection:
            yield connection
            raise RolledBack
    except RolledBack:
        return


def rename(world: World, connection: Any, ref: RecordRef, name: str) -> None:
    """The host's own work in that transaction."""
    host = world.host.open(connection, world.tenant)

    async def go() -> None:
        found = host.clients([ref])
        (row,) = found if isinstance(found, list) else await found
        await host.change_client(evolve(row, first_name=name))

    step(go()) if not world.awaited else world.run(go())


class Scene:
    """Ana and her twin, an appointment each, and Ana's session."""

    def __init__(self, world: World) -> None:
        self.ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
        self.twin = world.add_client("twin", "Anna", mobile="027 555 0001", email="ana@example.com")
        world.book("a1", self.ana, "2026-11-30 09:00")
        world.book("t1", self.twin, "2026-12-01 09:00")
        self.signed_in = world.sign_in("021 123 4567")
        self.slots = world.add_slots("2026-12-02 10:00", "2026-12-03 10:00")


JOINABLE: dict[str, Callable[[World, Any, Scene], Any]] = {
    "merge": lambda world, portal, scene: portal.staff(
        world.tenant, actor="mia", permissions=world_permissions()
    ).merge(scene.ana, scene.twin),
    "cancel": lambda world, portal, scene: portal.client(scene.signed_in.token).cancel("a1"),
    "move": lambda world, portal, scene: portal.client(scene.signed_in.token).move("a1", scene.slots[0]),
    "rebook": lambda world, portal, scene: portal.client(scene.signed_in.token).rebook("a1", scene.slots[0]),
    "staff's link": lambda world, portal, scene: portal.staff(
        world.tenant, actor="mia", permissions=world_permissions()
    ).appointment_link("a1", send=True),
    "contact_changed": lambda world, portal, scene: portal.contact_changed(world.tenant, client("new")),
}


def world_permissions() -> frozenset[Any]:
    """Every permission."""
    from clientportal import Permission

    return frozenset(Permission)


@pytest.mark.parametrize("name", list(JOINABLE))
def test_what_is_rolled_back_by_the_host_has_never_been(world: World, name: str) -> None:
    """The host's own change, the portal's records, the audit and the message in the outbox: all of it or nothing."""
    scene = Scene(world)
    world.seed("add_clients", [evolve(world.ask("clients", [scene.ana])[0], ref=client("new"), mobile="021 777 0000")])
    before = everything_stored(world)
    with rolled_back(world) as connection:
        rename(world, connection, scene.twin, "Annabel")
        JOINABLE[name](world, world.portal.on(connection), scene)
    assert everything_stored(world) == before
    world.deliver()
    assert len(world.box.messages) == 1, "nothing but the code of the login"


@pytest.mark.parametrize("name", list(JOINABLE))
def test_what_is_committed_by_the_host_is_all_there(world: World, name: str) -> None:
    """Both the host's change and the portal's, and not before the commit."""
    scene = Scene(world)
    world.seed("add_clients", [evolve(world.ask("clients", [scene.ana])[0], ref=client("new"), mobile="021 777 0000")])
    before = everything_stored(world)
    with transaction(world) as connection:
        rename(world, connection, scene.twin, "Annabel")
        JOINABLE[name](world, world.portal.on(connection), scene)
    changed = {table for table, rows in everything_stored(world).items() if before.get(table) != rows}
    assert {"cp_audit"} < changed
    assert world.ask("clients", [scene.twin])[0].first_name == "Annabel"


def test_a_merge_in_the_hosts_transaction_is_seen_there_at_once_and_kept(world: World) -> None:
    """Inside, Ana is one client already; outside after the commit; and its undo may be joined as well."""
    scene = Scene(world)
    everything = world_permissions()
    with transaction(world) as connection:
        staff = world.portal.on(connection).staff(world.tenant, actor="mia", permissions=everything)
        merged = staff.merge(scene.ana, scene.twin)
        assert staff.client(scene.twin).root == scene.ana
    assert world.staff().client(scene.twin).root == scene.ana
    with rolled_back(world) as connection:
        world.portal.on(connection).staff(world.tenant, actor="mia", permissions=everything).undo(merged.merges[0])
    assert world.stored(Merge, merged.merges[0]).undone_at is None
    with transaction(world) as connection:
        world.portal.on(connection).staff(world.tenant, actor="mia", permissions=everything).undo(merged.merges[0])
    assert world.staff().client(scene.twin).root == scene.twin


def test_two_operations_in_one_transaction_stand_and_fall_together(world: World) -> None:
    """Move, then cancel the other: both undone by the rollback, both kept by the commit; the slot comes back."""
    scene = Scene(world)
    for keep in (False, True):
        with transaction(world) if keep else rolled_back(world) as connection:
            portal = world.portal.on(connection)
            portal.client(scene.signed_in.token).move("a1", scene.slots[1])
            staff = portal.staff(world.tenant, actor="mia", permissions=world_permissions())
            staff.cancel("t1")
        door = world.client(scene.signed_in)
        start = at("2026-12-03 10:00") if keep else at("2026-11-30 09:00")
        assert door.appointment("a1").start == start
        assert world.ask("appointment", "t1").status.open is not keep
        free = {slot.start for slot in door.slots("a1", at("2026-11-28 00:00"), at("2026-12-10 00:00"))}
        assert (at("2026-12-03 10:00") in free) is not keep


def test_a_refusal_leaves_the_hosts_transaction_usable(world: World) -> None:
    """The portal says no; the host's own change, and the next thing it asks for, are committed all the same."""
    scene = Scene(world)
    with transaction(world) as connection:
        portal = world.portal.on(connection)
        rename(world, connection, scene.twin, "Annabel")
        assert reason_of(lambda: portal.client(scene.signed_in.token).move("t1", scene.slots[0])) is Reason.NOT_FOUND
        assert portal.client(scene.signed_in.token).move("a1", scene.slots[0]).appointment.id == "a1"
    assert world.ask("clients", [scene.twin])[0].first_name == "Annabel"
    assert world.ask("appointment", "a1").start == at("2026-12-02 10:00")


# --- what must commit by itself --------------------------------------------------------------------------------------

DURABLE: dict[str, Callable[[World, Any, Scene, Any], Any]] = {
    "request_code": lambda world, portal, scene, on: portal.visitor(world.tenant).request_code("021 123 4567"),
    "resend_code": lambda world, portal, scene, on: portal.visitor(world.tenant).resend_code(on["sent"].handle),
    "verify_code": lambda world, portal, scene, on: portal.visitor(world.tenant).verify_code(
        on["sent"].handle, on["code"]
    ),
    "cancel_by_link": lambda world, portal, scene, on: portal.visitor(world.tenant).cancel_by_link(on["link"]),
    "move_by_link": lambda world, portal, scene, on: portal.visitor(world.tenant).move_by_link(
        on["link"], scene.slots[0]
    ),
    "switch": lambda world, portal, scene, on: portal.client(scene.signed_in.token).switch("client:ana"),
    "request_second_proof": lambda world, portal, scene, on: portal.client(scene.signed_in.token).request_second_proof(
        "ana@example.com"
    ),
    "not_me": lambda world, portal, scene, on: portal.client(scene.signed_in.token).not_me(),
    "log_out": lambda world, portal, scene, on: portal.client(scene.signed_in.token).log_out(),
    "log_out_everywhere": lambda world, portal, scene, on: portal.client(scene.signed_in.token).log_out_everywhere(),
    "end_session": lambda world, portal, scene, on: portal.client(scene.signed_in.token).end_session("x"),
    "end_sessions": lambda world, portal, scene, on: portal.staff(
        world.tenant, actor="mia", permissions=world_permissions()
    ).end_sessions(scene.ana),
    "unblock": lambda world, portal, scene, on: portal.staff(
        world.tenant, actor="mia", permissions=world_permissions()
    ).unblock("021 123 4567"),
}


def test_what_judges_a_proof_spends_or_revokes_refuses_in_the_hosts_transaction(world: World) -> None:
    """A rollback would hand out free tries, or bring a session back: each refuses before it reads, with its name."""
    scene = Scene(world)
    world.clock.advance(timedelta(minutes=11))
    sent, code = world.get_code("027 555 0001")
    made = {"sent": sent, "code": code, "link": world.staff().appointment_link("a1")}
    before = everything_stored(world)
    with transaction(world) as connection:
        rename(world, connection, scene.twin, "Anna")  # the same name: the transaction is open, and that is all
        portal = world.portal.on(connection)
        for name, call in DURABLE.items():
            with pytest.raises(DurableOperation, match=name):
                call(world, portal, scene, made)
    after = everything_stored(world)
    own = [table for table in after if table.startswith("cp_") and not table.startswith("cp_host")]
    assert [table for table in own if after[table] != before[table]] == []
    assert world.visitor().verify_code(sent.handle, code).record == scene.twin, "nothing of it was spent"


@BOTH_COLOURS
def test_a_conflict_in_the_hosts_transaction_goes_to_the_host(awaited: bool) -> None:
    """A row changed under the host's write: alone the portal tries again; in the host's transaction the host must."""
    cancelled: list[str] = []

    def cancel(host: Any, appointment: Appointment, fee: Money | None, key: str) -> HostAnswer:
        cancelled.append(key)
        if len(cancelled) % 2:
            raise Conflict("somebody was faster")
        return MemoryHost.cancel(host, appointment, fee, key)

    with platform(awaited, cancel=cancel) as world:
        scene = Scene(world)
        with rolled_back(world) as connection:
            door = world.portal.on(connection).client(scene.signed_in.token)
            with pytest.raises(Conflict):
                door.cancel("a1")
            assert len(cancelled) == 1
            assert door.cancel("a1").status.value == "cancelled", "the transaction goes on"
        assert world.client(scene.signed_in).cancel("a1").status.value == "cancelled"
        assert len(cancelled) == 4, "and alone it was tried twice"


def test_a_connection_without_a_transaction_is_no_way_round(world: World) -> None:
    """On a fresh connection nothing would commit what a proof costs: refused there too, and nothing is written."""
    if isinstance(world.store, MemoryStore):
        tx = world.store.transaction(world.tenant)
        with pytest.raises(DurableOperation):
            world.portal.on(tx).visitor(world.tenant).request_code("021 123 4567")
        tx.end()
        return
    engine = world.store.async_engine if world.awaited else world.store.engine  # type: ignore[attr-defined]
    opened = engine.connect()
    connection = world.run(opened.__aenter__()) if world.awaited else opened.__enter__()
    joined = world.portal.on(connection)
    try:
        for attempt in (
            lambda: joined.visitor(world.tenant).request_code("021 123 4567"),
            lambda: joined.deliver(world.tenant),
            lambda: joined.purge(world.tenant),
            lambda: joined.walk_contacts(world.tenant),
        ):
            with pytest.raises(DurableOperation, match="on the portal itself"):
                attempt()
        assert not world.store.in_transaction(connection)
    finally:
        if world.awaited:
            world.run(opened.__aexit__(None, None, None))
        else:
            opened.__exit__(None, None, None)
