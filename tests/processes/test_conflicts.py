"""What PostgreSQL itself puts in the way, each really provoked: locks, deadlocks, snapshots that are too old."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from clientportal import Channel, Conflict, Portal, Reason, RecordRef, StoreError
from clientportal.ports import HostAnswer
from clientportal.records import Session
from clientportal.stores.sql import SqlHost, SqlStore
from processes.crew import Crew, Ground, make_ground
from security.attacking import ANA, patient
from watching import reason_of
from world import World


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """One business on PostgreSQL; Ana has an appointment, and there are two free times."""
    ground = make_ground("postgres", tmp_path)
    world = ground.world
    patient(world)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, created="2026-01-05 09:00")
    world.book("a1", ana, "2026-12-01 14:00")
    yield ground
    world.close()


class CountingStore(SqlStore):
    """Counts the units that are begun to write: each is a try."""

    tries = 0

    def begin(self, tenant: str, host: Any, *, writes: bool, connection: Any = None) -> Any:
        """Begin one, and count it."""
        self.tries += writes
        return super().begin(tenant, host, writes=writes, connection=connection)


def impatient(ground: Ground, **settings: str) -> CountingStore:
    """A store of its own that gives up a lock after a tenth of a second, or whatever is said."""
    asked = {"lock_timeout": "100", **settings}
    options = " ".join(f"-c {name}={value}" for name, value in asked.items())
    return CountingStore.open(make_url(ground.url).update_query_dict({"options": options}))  # type: ignore[return-value]


def portal_over(world: World, store: SqlStore, host: Any = SqlHost) -> Portal:
    """The same business over that store."""
    return Portal(
        store=store,
        host=host,
        policy=world.policy,
        keys=world.keys,
        senders={Channel.SMS: world.box, Channel.EMAIL: world.box},
        clock=world.clock,
        base_url="https://kowhai.example/change/",
    )


def engine_of(world: World) -> Engine:
    engine: Engine = world.store.engine  # type: ignore[attr-defined]
    return engine


def hold_sessions(world: World, holder: Connection) -> None:
    """Somebody else's transaction keeps every session of the business."""
    held = text("SELECT id FROM cp_sessions WHERE tenant = :tenant FOR UPDATE")
    assert holder.execute(held, {"tenant": world.tenant}).all()


# --- locks


def test_a_lock_that_is_let_go_in_time_is_tried_for_again(ground: Ground) -> None:
    """The first try runs into the lock and gives up, another comes after it: the client is logged out."""
    world = ground.world
    token = world.sign_in(ANA).token
    store = impatient(ground)
    with engine_of(world).connect() as holder:
        hold_sessions(world, holder)

        def let_go() -> None:
            until = time.monotonic() + 20
            while store.tries < 2 and time.monotonic() < until:
                time.sleep(0.005)
            holder.rollback()

        letting = threading.Thread(target=let_go)
        letting.start()
        ended = portal_over(world, store).client(token).log_out()
        letting.join()
    assert ended.sessions == 1
    assert 2 <= store.tries <= 3
    assert world.all_stored(Session, "entry", "client:ana") == []
    store.close()


def test_a_lock_that_stays_is_busy_after_three_tries(ground: Ground) -> None:
    """... and nothing was done: the session is still open."""
    world = ground.world
    token = world.sign_in(ANA).token
    store = impatient(ground)
    with engine_of(world).connect() as holder:
        hold_sessions(world, holder)
        assert reason_of(lambda: portal_over(world, store).client(token).log_out()) is Reason.BUSY
    assert store.tries == 3
    assert len(world.all_stored(Session, "entry", "client:ana")) == 1
    store.close()


# --- deadlocks


class LedgerHost(SqlHost):
    """A platform that books every move in two ledgers of its own, first the day's, then the month's."""

    between: ClassVar[threading.Event]

    async def move(self, appointment: Any, slot: Any, fee: Any, key: str) -> HostAnswer:
        """Its own statements, on the portal's connection."""
        raw: Connection = self.face.raw
        raw.execute(text("UPDATE ledgers SET moves = moves + 1 WHERE id = 'day'"))
        type(self).between.set()
        raw.execute(text("UPDATE ledgers SET moves = moves + 1 WHERE id = 'month'"))
        return await super().move(appointment, slot, fee, key)


def test_a_deadlock_in_the_host_s_own_tables_is_tried_again(tmp_path: Path) -> None:
    """Another transaction of the platform takes the ledgers the other way round, and PostgreSQL ends the portal's: it
    is read and decided again, and moved once.
    """
    ground = make_ground("postgres", tmp_path, own=True)
    world = ground.world
    patient(world)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, created="2026-01-05 09:00")
    world.book("a1", ana, "2026-12-01 14:00")
    (slot,) = world.add_slots("2026-12-02 09:00")
    token = world.sign_in(ANA).token
    # Whoever waits this long looks for a deadlock, and is the one that is ended.
    store = impatient(ground, lock_timeout="5000", deadlock_timeout="20")
    LedgerHost.between = threading.Event()
    with engine_of(world).connect() as other:
        other.execute(text("CREATE TABLE ledgers (id TEXT PRIMARY KEY, moves INTEGER NOT NULL)"))
        other.execute(text("INSERT INTO ledgers VALUES ('day', 0), ('month', 0)"))
        other.commit()
        other.execute(text("SET deadlock_timeout = '60s'"))
        other.execute(text("UPDATE ledgers SET moves = moves + 10 WHERE id = 'month'"))

        def the_other_way() -> None:
            assert LedgerHost.between.wait(20)
            other.execute(text("UPDATE ledgers SET moves = moves + 10 WHERE id = 'day'"))
            other.commit()

        crossing = threading.Thread(target=the_other_way)
        crossing.start()
        moved = portal_over(world, store, LedgerHost).client(token).move("a1", slot)
        crossing.join()
        ledgers = other.execute(text("SELECT id, moves FROM ledgers ORDER BY id")).all()
    assert store.tries == 2
    assert moved.appointment.start == world.ask("appointment", "a1").start
    assert [tuple(row) for row in ledgers] == [("day", 11), ("month", 11)]
    store.close()
    world.close()


# --- isolation


@pytest.mark.slow
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_engine_whose_default_is_stricter(crew: Crew, ground: Ground, level: str) -> None:
    """The portal's own units say which isolation they need: eight processes race for one code over such engines, one
    session is opened, and nobody is told of a serialisation failure.
    """
    world = ground.world
    sent, code = world.get_code(ANA)
    strict = ground.with_engine(isolation_level=level)
    asked = {"handle": sent.handle.reveal(), "code": code}
    answers = crew.at_once(strict, [("type_code", asked) for _ in range(8)])
    assert [one for one in answers if one.failed] == []
    assert {one.refused for one in answers if not one.done} <= {Reason.CODE_GONE, Reason.BUSY}
    assert len([one for one in answers if one.done]) == len(world.all_stored(Session, "entry", "client:ana")) == 1


def test_a_database_whose_default_is_stricter(tmp_path: Path) -> None:
    """The same where the database says so for everybody: a unit that holds a name does so in READ COMMITTED."""
    ground = make_ground("postgres", tmp_path, own=True)
    world = ground.world
    patient(world)
    one = world.add_client("c1", "Ana Kingi", mobile=ANA, created="2026-01-05 09:00")
    other = world.add_client("c2", "Ana Kingi", mobile=ANA, created="2026-01-06 09:00")
    with engine_of(world).begin() as connection:
        name = make_url(ground.url).database
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"))
    store = SqlStore.open(ground.url)
    with store.engine.connect() as connection:
        assert connection.execute(text("SHOW transaction_isolation")).scalar() == "serializable"
    portal = portal_over(world, store)
    staff = portal.staff(world.tenant, actor="mia", permissions=["merge", "see_clients"])
    assert staff.merge(one, other).merges
    store.close()
    world.close()


def test_a_serialisation_failure_in_the_host_s_transaction_is_the_host_s_to_repeat(ground: Ground) -> None:
    """Joined to a REPEATABLE READ transaction whose snapshot is too old, a change is a ``Conflict``: the host rolls
    back, and finds in its next transaction what has happened meanwhile.
    """
    world = ground.world
    engine = create_engine(ground.url, hide_parameters=True, isolation_level="REPEATABLE READ")
    with engine.connect() as connection:
        staff = world.portal.on(connection).staff(world.tenant, actor="mia", permissions=["change_appointments"])
        connection.execute(text("SELECT count(*) FROM cp_sessions"))
        world.staff().cancel("a1")
        with pytest.raises(Conflict):
            staff.cancel("a1")
        connection.rollback()
        assert reason_of(lambda: staff.cancel("a1")) is Reason.ALREADY_OVER
        connection.rollback()
    engine.dispose()


def test_holding_a_name_in_a_snapshot_is_refused_with_what_would_be_right(ground: Ground) -> None:
    """A merge in a host's SERIALIZABLE transaction would read what is older than its lock: it says which isolation."""
    world = ground.world
    twin = world.add_client("twin", "Ana Kingi", mobile=ANA, created="2026-01-06 09:00")
    engine = create_engine(ground.url, hide_parameters=True, isolation_level="SERIALIZABLE")
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        staff = world.portal.on(connection).staff(world.tenant, actor="mia", permissions=["merge", "see_clients"])
        with pytest.raises(StoreError, match="READ COMMITTED"):
            staff.merge(twin, RecordRef.client("ana"))
    engine.dispose()
