"""Databases that fail under the portal: a session is terminated, the wire is cut at COMMIT, a lock is held, a disk is
full. Nothing is half done, who asked is told what is known, and who asks again under the same key gets one outcome.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from clientportal import Reason
from clientportal.errors import StoreError
from clientportal.records import AuditEntry, Receipt, Snapshot, Trail
from clientportal.stores.sql import SqlHost, SqlStore
from clientportal.testing.stepping import Stepper
from crashes.cutting import Wire
from servers import drop_database, fresh_database
from steps.dumps import broken
from steps.scenes import logged_in
from steps.stages import Scene, SteppedWorld
from watching import reason_of

pytestmark = pytest.mark.slow

_QUICK = "?options=-c%20lock_timeout%3D150"


def salon(url: str) -> Scene:
    """Ana is logged in, with an appointment and a free time."""
    store = SqlStore.open(url)
    store.upgrade()
    world = SteppedWorld(store, SqlHost)
    scene = Scene(world, {}, Stepper())
    logged_in(scene)
    return scene


def over(scene: Scene, store: SqlStore) -> Any:
    """Ana's door, over another way to the same database."""
    return scene.world.make_portal(store=store).client(scene["session"])


def moves(scene: Scene) -> tuple[int, int, int, int]:
    """What a move leaves: where the appointment is, its trail, its picture of before, its entry in the audit."""
    held = scene.held()
    at_slot = sum(one.id == "a1" and one.moves == 1 for one in held.appointments)
    told = sum(one.action == "move" and one.outcome == "done" for one in held.of(AuditEntry))
    assert broken(held) == []
    assert len(held.of(Trail)) == len(held.of(Snapshot))
    return at_slot, len(held.of(Snapshot)), sum("appointment" in one.result for one in held.of(Receipt)), told


@pytest.fixture
def postgres() -> Iterator[str]:
    """A database of its own."""
    url = fresh_database()
    yield url
    drop_database(url)


@pytest.mark.parametrize("how", ["before", "after"])
def test_the_wire_is_cut_at_commit(postgres: str, how: str) -> None:
    """The client hears that nobody knows; the server has committed, or has not. The same call with its key gives the
    one outcome either way."""
    scene = salon(postgres)
    with Wire(postgres) as wire:
        store = SqlStore.open(wire.url)
        door = over(scene, store)
        door.profile()
        wire.cut = how
        with pytest.raises(StoreError) as caught:
            door.move("a1", scene["slot"], key="k")
        assert wire.cuts == 1
        assert caught.value.committed is None
        assert moves(scene) == ((1, 1, 1, 1) if how == "after" else (0, 0, 0, 0))
        moved = door.move("a1", scene["slot"], key="k")
        assert moved.appointment.id == "a1"
        assert moves(scene)[:3] == (1, 1, 1)
        store.close()
    scene.world.store.close()


class _Terminating:
    """A store whose server ends the session just before the commit is asked for."""

    def __init__(self, inner: SqlStore, url: str) -> None:
        self.inner, self._url, self.times = inner, url, 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def begin(self, *args: Any, **kwargs: Any) -> Any:
        begun = self.inner.begin(*args, **kwargs)
        return _TerminatedUnit(begun, self) if kwargs["writes"] else begun

    def terminate(self, connection: Any) -> None:
        if self.times:
            self.times -= 1
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with psycopg.connect(self._url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


class _TerminatedUnit:
    def __init__(self, begun: Any, store: _Terminating) -> None:
        self._begun, self._store = begun, store

    async def __aenter__(self) -> Any:
        unit = await self._begun.__aenter__()
        commit = unit.commit

        async def cut_short(writes: Any) -> None:
            self._store.terminate(unit.connection)
            await commit(writes)

        unit.commit = cut_short
        return unit

    async def __aexit__(self, *ended: Any) -> Any:
        return await self._begun.__aexit__(*ended)


def test_a_session_is_terminated_while_a_unit_is_open(postgres: str) -> None:
    """An operator, or a failover, ends it with everything read and nothing written: an error, nothing half done, and
    the next call works, on a connection of its own."""
    scene = salon(postgres)
    store = _Terminating(SqlStore.open(postgres), postgres)
    door = over(scene, store)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        door.move("a1", scene["slot"], key="k")
    assert moves(scene) == (0, 0, 0, 0)
    door.move("a1", scene["slot"], key="k")
    assert moves(scene) == (1, 1, 1, 1)
    for one in (store, scene.world.store):
        one.close()


def test_somebody_else_holds_the_lock(postgres: str) -> None:
    """A report that locks the appointment's row keeps a move waiting, and then it is told to try again: nothing of it
    is there; when the lock is gone, it works."""
    scene = salon(postgres)
    store = SqlStore.open(postgres + _QUICK)
    door = over(scene, store)
    with psycopg.connect(postgres) as other:
        other.execute("SELECT * FROM cp_host_appointments FOR UPDATE")
        assert reason_of(lambda: door.move("a1", scene["slot"], key="k")) is Reason.BUSY
        other.rollback()
    assert moves(scene) == (0, 0, 0, 0)
    door.move("a1", scene["slot"], key="k")
    assert moves(scene) == (1, 1, 1, 1)
    for one in (store, scene.world.store):
        one.close()


def test_a_statement_takes_too_long(postgres: str) -> None:
    """A server that gives statements so much time ends the unit: an error that says what was not written."""
    scene = salon(postgres)
    store = SqlStore.open(postgres + "?options=-c%20statement_timeout%3D150")
    door = over(scene, store)
    with psycopg.connect(postgres) as other:
        other.execute("SELECT * FROM cp_host_appointments FOR UPDATE")
        with pytest.raises(StoreError) as caught:
            door.move("a1", scene["slot"], key="k")
        assert caught.value.committed is False
        other.rollback()
    assert moves(scene) == (0, 0, 0, 0)
    door.move("a1", scene["slot"], key="k")
    assert moves(scene) == (1, 1, 1, 1)
    for one in (store, scene.world.store):
        one.close()


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _with(path: Path, setting: str) -> SqlStore:
    """A store on that file whose connections say something more."""
    store = SqlStore.open(f"sqlite:///{path}")

    def say(connection: Any, _record: object) -> None:
        connection.execute(setting)

    event.listen(store.engine, "connect", say)
    return store


def test_another_process_writes_the_whole_time(tmp_path: Path) -> None:
    """A backup that holds the only write lock: told to try again, nothing half done; reading goes on."""
    path = tmp_path / "portal.db"
    scene = salon(f"sqlite:///{path}")
    store = _with(path, "PRAGMA busy_timeout = 30")
    door = over(scene, store)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert reason_of(lambda: door.move("a1", scene["slot"], key="k")) is Reason.BUSY
    assert door.appointment("a1").moves == 0
    other.execute("ROLLBACK")
    door.move("a1", scene["slot"], key="k")
    assert moves(scene) == (1, 1, 1, 1)
    other.close()
    for one in (store, scene.world.store):
        one.close()


def test_the_disk_is_full(tmp_path: Path) -> None:
    """No page more: an error, and the commit is absent as a whole; with room again, the same call works."""
    path = tmp_path / "portal.db"
    scene = salon(f"sqlite:///{path}")
    with sqlite3.connect(path) as plain:
        (pages,) = plain.execute("PRAGMA page_count").fetchone()
    store = _with(path, f"PRAGMA max_page_count = {pages}")
    door = over(scene, store)
    failed = 0
    for number in range(200):
        try:
            scene.world.make_portal(store=store).staff(
                scene.world.tenant, actor="mia", permissions=["add_clients"]
            ).add_client({"first_name": f"Client {number}", "notes": "x" * 5000}, key=f"k{number}")
        except StoreError:
            failed += 1
            break
    assert failed == 1
    before = moves(scene)
    try:
        door.move("a1", scene["slot"], key="k")
    except StoreError:
        assert moves(scene) == before == (0, 0, 0, 0)
    over(scene, scene.world.store).move("a1", scene["slot"], key="k")
    assert moves(scene)[:3] == (1, 1, 1)
    for one in (store, scene.world.store):
        one.close()


def test_the_file_can_only_be_read(tmp_path: Path) -> None:
    """A volume that was mounted read-only after a fault: what reads works, what writes is an error, and says so."""
    path = tmp_path / "portal.db"
    scene = salon(f"sqlite:///{path}")
    over(scene, scene.world.store).profile()  # that the session is used is noted, for five minutes
    store = _with(path, "PRAGMA query_only = ON")
    door = over(scene, store)
    assert door.appointment("a1").moves == 0
    with pytest.raises(StoreError):
        door.move("a1", scene["slot"], key="k")
    assert moves(scene) == (0, 0, 0, 0)
    for one in (store, scene.world.store):
        one.close()


def test_the_file_was_replaced_by_an_older_one(tmp_path: Path) -> None:
    """A backup put in its place while nobody had it open: what was ended since is open again, and nothing can tell. So
    a backup is restored with the keys changed; then no code and no link of before works."""
    path, backup = tmp_path / "portal.db", tmp_path / "backup.db"
    scene = salon(f"sqlite:///{path}")
    with sqlite3.connect(path) as plain, sqlite3.connect(backup) as copy:
        plain.backup(copy)
    over(scene, scene.world.store).log_out()
    scene.world.store.close()
    for name in ("", "-wal", "-shm"):
        Path(f"{path}{name}").unlink(missing_ok=True)
    path.write_bytes(backup.read_bytes())
    store = SqlStore.open(f"sqlite:///{path}")
    assert over(scene, store).appointment("a1").id == "a1"
    store.close()
