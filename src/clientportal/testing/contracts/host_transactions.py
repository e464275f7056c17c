"""The part of the host contract about transactions: the portal's, or keys for tables elsewhere; and versions."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from attrs import evolve

from clientportal.errors import Conflict
from clientportal.operations.trusting import CheckedHost
from clientportal.records import AuditEntry, Put
from clientportal.testing.contracts.host_frame import Salon
from clientportal.testing.contracts.host_ground import HostGround, NotOnThisPlatform
from clientportal.testing.contracts.host_writes import VERSIONED, WRITES, WritingHost
from clientportal.testing.contracts.state_ground import audit
from clientportal.values import AnswerKind, ChangeKind, HostAnswer

__all__ = ["TransactedHost"]

_EVERY_WRITE = pytest.mark.parametrize("write", list(WRITES))
_EVERY_VERSIONED = pytest.mark.parametrize("write", VERSIONED)


class _Undone(Exception):
    """Makes a unit of work, or a caller, roll back."""


class TransactedHost(WritingHost):
    """What a write leaves behind when all goes well, when it is undone, when it is repeated, when it is too late."""

    racers: ClassVar[int] = 64
    """How many try the same thing at the same time."""

    def set_up(self, ground: HostGround, write: str, *, shares: bool | None = None) -> Salon:
        """A salon in which that write can be tried, if the adapter has it."""
        self.needs(ground, *WRITES[write])
        if shares is not None and ground.host.shares_transaction is not shares:
            self.not_declared("the portal's transaction" if shares else "tables elsewhere")
        salon = self.salon(ground)
        self.run(self.prepare(ground, salon, write))
        return salon

    @_EVERY_WRITE
    def test_commits(self, ground: HostGround, write: str) -> None:
        """What was written is there after the commit, for whoever looks next."""
        salon = self.set_up(ground, write)
        before = self.run(self.picture(ground, salon))
        answer = self.do(ground, lambda host: self.write(host, salon, write, self.key()))
        assert answer.kind in (AnswerKind.DONE, AnswerKind.WAITS)
        assert self.run(self.picture(ground, salon)) != before, "nothing has changed"

    # --- in the portal's transaction

    @_EVERY_WRITE
    def test_rolls_back(self, ground: HostGround, write: str) -> None:
        """A unit that is left without commit, quietly or by an exception, leaves everything as it was."""
        salon = self.set_up(ground, write, shares=True)
        before = self.run(self.picture(ground, salon))

        async def leave(error: type[Exception] | None) -> None:
            async with ground.store.begin(salon.business, ground.host, writes=True) as unit:
                await self.write(CheckedHost(unit.host), salon, write, self.key())
                if error is not None:
                    raise error

        self.run(leave(None))
        assert self.run(self.picture(ground, salon)) == before
        with pytest.raises(_Undone):
            self.run(leave(_Undone))
        assert self.run(self.picture(ground, salon)) == before

    @_EVERY_WRITE
    def test_with_the_portal(self, ground: HostGround, write: str) -> None:
        """The platform's rows and the portal's records are written together, or neither of them."""
        salon = self.set_up(ground, write, shares=True)
        before = self.run(self.picture(ground, salon))
        stale = evolve(audit("not there"), version=7)
        with pytest.raises(Conflict):
            self.run(self._both(ground, salon, write, stale))
        assert self.run(self.picture(ground, salon)) == before
        self.run(self._both(ground, salon, write, audit("there")))
        assert self.run(self.picture(ground, salon)) != before

    async def _both(self, ground: HostGround, salon: Salon, write: str, record: AuditEntry) -> None:
        await self.done(ground, lambda host: self.write(host, salon, write, self.key()), writes=[Put(record)])

    @pytest.mark.parametrize("end", ["commit", "rollback"])
    def test_joins_the_callers_transaction(self, ground: HostGround, end: str) -> None:
        """In a transaction of the platform's own code a write is committed, or rolled back, with the caller's."""
        if not ground.host.shares_transaction:
            self.not_declared("the portal's transaction")
        write = self.first_write(ground)
        salon = self.set_up(ground, write)
        before = self.run(self.picture(ground, salon))
        try:
            caller: Any = ground.caller(salon.business)
        except NotOnThisPlatform:
            self.not_declared("transactions of the platform's own code")

        async def join(connection: Any) -> None:
            async with ground.store.begin(salon.business, ground.host, writes=True, connection=connection) as unit:
                await self.write(CheckedHost(unit.host), salon, write, self.key())
                await unit.commit([])
            if end == "rollback":
                raise _Undone

        async def call() -> None:
            if hasattr(caller, "__aenter__"):
                async with caller as connection:
                    await join(connection)
            else:
                with caller as connection:
                    await join(connection)

        if end == "rollback":
            with pytest.raises(_Undone):
                self.run(call())
        else:
            self.run(call())
        assert (self.run(self.picture(ground, salon)) == before) is (end == "rollback")

    # --- tables elsewhere

    @_EVERY_WRITE
    def test_same_key(self, ground: HostGround, write: str) -> None:
        """Elsewhere the same key gives the first answer again and writes nothing, though the portal never committed."""
        salon = self.set_up(ground, write, shares=False)
        key = self.key()
        seen: Any = self.run(self.seen(ground, salon, write)) if write in VERSIONED else None

        async def again(host: CheckedHost) -> HostAnswer:
            if write == "move" and answers:
                return await host.move(seen, slot, None, key)
            if write in VERSIONED:
                return await self.versioned(host, salon, write, seen, key)
            if write == "book":
                return await host.book(salon.ben, slot, "Ben", key)
            return await self.write(host, salon, write, key)

        answers: list[HostAnswer] = []
        slot: Any = self.ask(ground, lambda host: host.slot(salon.slots[0])) if salon.slots else None
        answers.append(self.ask(ground, again))  # this unit is left without commit
        after = self.run(self.picture(ground, salon))
        answers += [self.do(ground, again), self.do(ground, again)]
        assert answers[1:] == answers[:1] * 2
        assert self.run(self.picture(ground, salon)) == after

    @_EVERY_WRITE
    def test_outcome(self, ground: HostGround, write: str) -> None:
        """Elsewhere ``outcome(key)`` tells what became of a write whose answer got lost; None if it never came."""
        salon = self.set_up(ground, write, shares=False)
        key = self.key()
        assert self.ask(ground, lambda host: host.outcome(key)) is None
        answer = self.ask(ground, lambda host: self.write(host, salon, write, key))
        assert self.ask(ground, lambda host: host.outcome(key)) == answer
        for never in (f"{key}x", key[:-1], "", "🦊"):
            assert self.read(ground, "outcome", never) is None

    # --- versions

    @_EVERY_VERSIONED
    def test_stale(self, ground: HostGround, write: str) -> None:
        """A write that was decided on an older version is a ``Conflict``, and nothing is written."""
        salon = self.set_up(ground, write)
        old = self.run(self.seen(ground, salon, write))
        between = write if write != "delete_appointment" else next(
            (one for one in ("cancel", "move") if self.declared(ground, one)), write
        )  # fmt: skip
        self.do(ground, lambda host: self.write(host, salon, between, self.key()))
        after = self.run(self.picture(ground, salon))
        slot = salon.slots[-1] if salon.slots else None

        async def too_late(host: CheckedHost) -> HostAnswer:
            return await self.versioned(host, salon, write, old, self.key(), slot)

        if write == "delete_appointment" and self.ask(ground, lambda host: host.appointment(old.id)) is None:
            # Whatever came between has taken the row away: deleting finds nothing, and that is no harm.
            assert self.do(ground, too_late).kind is AnswerKind.DECLINED
        else:
            with pytest.raises(Conflict):
                self.do(ground, too_late)
        assert self.run(self.picture(ground, salon)) == after

    @_EVERY_VERSIONED
    def test_race_for_a_version(self, ground: HostGround, write: str) -> None:
        """Of many who decided on the same version at the same time, exactly one writes."""
        salon = self.set_up(ground, write)
        old = self.run(self.seen(ground, salon, write))
        slot: Any = self.ask(ground, lambda host: host.slot(salon.slots[0])) if write == "move" else None

        async def one(at: int) -> bool:
            async def work(host: CheckedHost) -> HostAnswer:
                if write == "move":
                    return await host.move(old, slot, None, f"{key}-{at}")
                return await self.versioned(host, salon, write, old, f"{key}-{at}")

            return (await self.done(ground, work)).kind in (AnswerKind.DONE, AnswerKind.WAITS)

        key = self.key()
        outcomes = self.together(*[lambda at=at: one(at) for at in range(self.racers)])
        assert self.won(outcomes) == 1
        self.proven(self.several(self.racers))

    @pytest.mark.parametrize("write", ["book", "move"])
    def test_race_for_a_slot(self, ground: HostGround, write: str) -> None:
        """Of many who want the same free time at the same time, exactly one gets it."""
        salon = self.set_up(ground, write)
        slot: Any = self.ask(ground, lambda host: host.slot(salon.slots[0]))
        ids = [salon.next, salon.bens]
        rows = [self.read(ground, "appointment", id) for id in ids]
        many = self.racers if write == "book" else len(rows)

        async def one(at: int) -> bool:
            async def work(host: CheckedHost) -> HostAnswer:
                if write == "book":
                    return await host.book(salon.ana if at % 2 else salon.ben, slot, "", f"{key}-{at}")
                return await host.move(rows[at], slot, None, f"{key}-{at}")

            return (await self.done(ground, work)).kind is AnswerKind.DONE

        key = self.key()
        waiting = self.ask(ground, lambda host: host.offer(rows[0], ChangeKind.MOVE))
        if waiting.needs_approval:
            self.not_declared("changes without the business's approval")
        outcomes = self.together(*[lambda at=at: one(at) for at in range(many)])
        assert self.won(outcomes) == 1
        self.proven(self.several(many))
