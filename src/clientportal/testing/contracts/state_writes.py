"""The part of the store contract about writing: versions, all or nothing, and what happens at the same time."""

from __future__ import annotations

import threading

import pytest
from attrs import evolve

from clientportal.errors import Conflict
from clientportal.ports.state import Store
from clientportal.records import AuditEntry, ContactEntry, GuessCounter, Put, Remove, Session, Write
from clientportal.testing.contracts.state_ground import Ground, audit, contact, counter, session

__all__ = ["WritingContract"]


class WritingContract(Ground):
    """Commit, conflicts, locks and what is left without commit."""

    def conflicts(self, store: Store, *writes: Write) -> None:
        """Those writes are refused as a conflict."""
        with pytest.raises(Conflict):
            self.run(self.write(store, *writes))

    def test_stale_writes(self, store: Store) -> None:
        """A write that names another version than the stored one is a conflict."""
        self.conflicts(store, Put(evolve(counter("a"), version=1)))
        self.conflicts(store, Remove(counter("a")))
        self.put(store, counter("a"))
        self.put(store, evolve(counter("a", 1), version=1))
        for version in (0, 1, 3):
            self.conflicts(store, Put(evolve(counter("a", 9), version=version)))
            self.conflicts(store, Remove(evolve(counter("a"), version=version)))
        assert self.get(store, GuessCounter, "a") == evolve(counter("a", 1), version=2)
        self.drop(store, evolve(counter("a"), version=2))
        assert self.get(store, GuessCounter, "a") is None

    def test_all_or_nothing(self, store: Store) -> None:
        """One conflict among the writes, wherever it stands, and none of them is written."""
        self.put(store, counter("taken"), audit("kept"))
        good: list[Write] = [Put(counter("new")), Put(audit("new")), Remove(evolve(audit("kept"), version=1))]
        for at in range(len(good) + 1):
            self.conflicts(store, *good[:at], Put(counter("taken")), *good[at:])
        assert self.get(store, GuessCounter, "new") is None
        assert self.walk(store, AuditEntry, "time") == ["kept"]

    def test_left_without_commit(self, store: Store) -> None:
        """A unit that is left, quietly or by an exception, has written nothing and keeps nobody out."""

        async def leave(error: type[BaseException] | None) -> None:
            async with self.unit(store) as unit:
                await unit.state.hold("name")
                await unit.state.get(GuessCounter, "a", lock=True)
                if error is not None:
                    raise error

        self.put(store, counter("a"))
        self.run(leave(None))
        for error in (RuntimeError, GeneratorExit):
            with pytest.raises(error):
                self.run(leave(error))
        self.put(store, evolve(counter("a", 1), version=1))
        assert self.get(store, GuessCounter, "a") == evolve(counter("a", 1), version=2)

    def test_empty_commit(self, store: Store) -> None:
        """Committing nothing is allowed; committing a second time is not."""

        async def twice() -> None:
            async with self.unit(store) as unit:
                await unit.commit([])
                await unit.commit([Put(counter("a"))])

        self.run(self.write(store))
        with pytest.raises(Exception):  # noqa: B017, PT011 - a programming error; each store may say it its own way
            self.run(twice())
        assert self.get(store, GuessCounter, "a") is None

    # --- at the same time

    def test_no_lost_update(self, store: Store) -> None:
        """Two units read one record and both write it: one of them conflicts, or they come one after the other."""
        self.put(store, counter("a"))
        done = threading.Event()

        async def add() -> bool:
            async with self.unit(store) as unit:
                seen = await unit.state.get(GuessCounter, "a")
                assert seen is not None
                await self.until(done)
                await unit.commit([Put(evolve(seen, day_count=seen.day_count + 1))])
            done.set()
            return True

        won = self.won(self.together(add, add))
        self.proven(self.several(2))
        stored = self.get(store, GuessCounter, "a")
        assert stored is not None
        assert stored.day_count == won >= 1

    @pytest.mark.parametrize(
        "look", ["get", "get_many", "get_with", "linked", "find", "find_any", "page", "collisions"]
    )
    def test_reads_are_checked(self, store: Store, look: str) -> None:
        """A decision that rests on a record fails where that record has changed by the commit, however it was read."""
        self.put(store, contact("client:1", "k"), contact("client:2", "k"), session("s", "client:1|k"))
        begun, changed = threading.Event(), threading.Event()

        async def decide() -> bool:
            async with self.unit(store) as unit:
                state, id = unit.state, "client:1|k"
                match look:
                    case "get":
                        await state.get(ContactEntry, id)
                    case "get_many":
                        await state.get_many(ContactEntry, [id])
                    case "get_with":
                        await state.get_with(ContactEntry, id, {"ref": GuessCounter})
                    case "linked":
                        await state.get_with(Session, "s", {"entry": ContactEntry})
                    case "find":
                        await state.find(ContactEntry, "ref", ["client:1"])
                    case "find_any":
                        await state.find_any(ContactEntry, "key", ["x", "k"])
                    case "page":
                        await state.page(ContactEntry, "key", ["k"])
                    case _:
                        await state.collisions(ContactEntry, "key")
                begun.set()
                await self.until(changed)
                removed_first = changed.is_set()
                await unit.commit([Put(counter("decided", int(removed_first)))])
            return True

        async def change() -> bool:
            await self.until(begun)
            await self.write(store, Remove(evolve(contact("client:1", "k"), version=1)))
            changed.set()
            return True

        self.won(self.together(decide, change))
        decided = self.get(store, GuessCounter, "decided")
        assert decided is None or decided.day_count == 0, "it committed on a record that was gone"

    @pytest.mark.parametrize("look", ["get", "linked"])
    def test_absence_is_checked(self, store: Store, look: str) -> None:
        """Two units each see that the other's record is absent and write their own: not both can commit."""
        self.put(store, session("s0", "claim0"), session("s1", "claim1"))
        read = [threading.Event(), threading.Event()]

        async def claim(own: int) -> bool:
            async with self.unit(store) as unit:
                if look == "get":
                    absent = await unit.state.get(GuessCounter, f"claim{1 - own}") is None
                else:
                    absent = not (await unit.state.get_with(Session, f"s{1 - own}", {"entry": GuessCounter}))[1]
                read[own].set()
                await self.until(read[1 - own])
                if not absent:
                    return False
                await unit.commit([Put(counter(f"claim{own}"))])
            return True

        assert self.won(self.together(lambda: claim(0), lambda: claim(1))) <= 1

    def test_locked_reads_count_exactly(self, store: Store) -> None:
        """Locked reads wait for one another and see what the one before wrote: nothing is lost, nobody conflicts."""
        self.put(store, counter("a"))

        async def add() -> bool:
            for _ in range(5):
                async with self.unit(store) as unit:
                    seen = await unit.state.get(GuessCounter, "a", lock=True)
                    assert seen is not None
                    await self.rest(0.002)
                    await unit.commit([Put(evolve(seen, day_count=seen.day_count + 1))])
            return True

        assert self.together(*[add] * 4) == [True] * 4
        self.proven(self.several(4))
        stored = self.get(store, GuessCounter, "a")
        assert stored is not None
        assert stored.day_count == 20

    def test_locked_find(self, store: Store) -> None:
        """``find`` and ``get_many`` lock what they give: the others wait, see that it is gone, and nobody conflicts."""
        self.put(store, contact("client:1", "k"), contact("client:2", "k"))

        async def take(many: bool) -> bool:
            async with self.unit(store) as unit:
                if many:
                    ids = ["client:2|k", "client:1|k"]
                    found = list((await unit.state.get_many(ContactEntry, ids, lock=True)).values())
                else:
                    found = list(await unit.state.find(ContactEntry, "key", ["k"], lock=True))
                await self.rest(0.01)
                await unit.commit([Remove(entry) for entry in found])
                return len(found) == 2

        outcomes = self.together(lambda: take(True), lambda: take(False), lambda: take(True))
        assert sorted(map(str, outcomes)) == ["False", "False", "True"]
        assert self.find(store, ContactEntry, "key", "k") == []

    def test_hold(self, store: Store) -> None:
        """``hold`` makes a decision on the absence of a shared key safe: exactly one writes, nobody conflicts."""

        async def claim(own: int) -> bool:
            async with self.unit(store) as unit:
                await unit.state.hold("contact k")
                if await unit.state.find(ContactEntry, "key", ["k"]):
                    return False
                await self.rest(0.01)
                await unit.commit([Put(contact(f"client:{own}", "k"))])
            return True

        outcomes = self.together(*[lambda own=own: claim(own) for own in range(5)])
        assert sorted(map(str, outcomes)) == ["False"] * 4 + ["True"]
        self.proven(self.several(5))

    def test_deadlock_ends(self, store: Store) -> None:
        """Two units that lock two records crosswise do not wait for ever: at least one succeeds."""
        self.put(store, counter("a"), counter("b"))
        first = [threading.Event(), threading.Event()]

        async def cross(own: int) -> bool:
            async with self.unit(store) as unit:
                mine = await unit.state.get(GuessCounter, "ab"[own], lock=True)
                first[own].set()
                await self.until(first[1 - own])
                await unit.state.get(GuessCounter, "ab"[1 - own], lock=True)
                assert mine is not None
                await unit.commit([Put(mine)])
            return True

        assert self.won(self.together(lambda: cross(0), lambda: cross(1))) >= 1

    @pytest.mark.parametrize("lock", [True, False], ids=["locked", "optimistic"])
    def test_consumed_once(self, store: Store, lock: bool) -> None:
        """Consuming is atomic: of many at the same time exactly one consumes a record."""
        self.put(store, counter("once"))
        readers: list[object] = []
        two = threading.Event()

        async def consume() -> bool:
            async with self.unit(store) as unit:
                seen = await unit.state.get(GuessCounter, "once", lock=lock)
                if seen is None or seen.stopped:
                    return False
                readers.append(seen)
                if len(readers) > 1:
                    two.set()
                # Where reads keep each other out, nobody else comes, and the first goes on after a moment.
                await self.until(two, 0.05)
                await unit.commit([Put(evolve(seen, stopped=True))])
            return True

        assert self.won(self.together(*[consume] * 64)) == 1
        self.proven(self.several(64))
        stored = self.get(store, GuessCounter, "once")
        assert stored is not None
        assert (stored.stopped, stored.version) == (True, 2)
