"""The part of the host contract about what is written in sections: whole or not at all, once, and on what was read."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from attrs import evolve

from clientportal.errors import Conflict
from clientportal.operations.trusting import CheckedHost
from clientportal.testing.contracts.host_frame import Salon
from clientportal.testing.contracts.host_ground import HostGround
from clientportal.testing.contracts.host_reads import ODD
from clientportal.testing.contracts.section_writes import SECTION_WRITES, SectionWriting, Trial
from clientportal.values import AnswerKind, HostAnswer, Money, SectionWrite

__all__ = ["SectionWritingHost"]

_EVERY_WRITE = pytest.mark.parametrize("write", [*SECTION_WRITES, "own"])
_ON_ITEMS = pytest.mark.parametrize("write", [*(name for name, one in SECTION_WRITES.items() if one.on_item), "own"])


class SectionWritingHost(SectionWriting):
    """What a write of a section leaves behind: when all goes well, undone, repeated, too late, or for nothing."""

    racers: ClassVar[int] = 64

    def _set_up(
        self, ground: HostGround, write: str, key: str, *, shares: bool | None = None
    ) -> tuple[Trial, Salon, str, SectionWrite]:
        trial = self.trial(ground, write)
        if shares is not None and ground.host.shares_transaction is not shares:
            self.not_declared("the portal's transaction" if shares else "tables elsewhere")
        salon, id = self.stocked(ground, trial)
        return trial, salon, id, self.wanted(ground, write, trial, salon, id, key)

    def _declined(self, ground: HostGround, salon: Salon, before: Any, answer: HostAnswer, write: str) -> None:
        if answer.kind is AnswerKind.DECLINED:
            assert self.run(self.picture(ground, salon)) == before, f"{write} was declined and has written something"
            self.not_declared(f"{write} (it is declined)")

    @_EVERY_WRITE
    def test_section_write(self, ground: HostGround, write: str) -> None:
        """A write of a section does what it says to that item, and nothing to anybody else's; ``DECLINED``, nothing."""
        key = self.key()
        trial, salon, id, change = self._set_up(ground, write, key)
        shelves = self.run(self.picture(ground, salon))
        before = self.found(ground, trial.section, id) if trial.on_item else None
        bens = self.items(ground, trial.section, [salon.ben])
        answer = self.do(ground, lambda host: self.do_section(host, change, key))
        self._declined(ground, salon, shelves, answer, write)
        assert answer.kind in (AnswerKind.DONE, AnswerKind.WAITS)
        assert self.run(self.picture(ground, salon)) != shelves, "nothing has changed"
        if write != "preferences.set":
            assert self.items(ground, trial.section, [salon.ben]) == bens, "nobody else's"
        self.check(ground, write, salon, id, before, answer)

    @_EVERY_WRITE
    def test_section_write_rolls_back(self, ground: HostGround, write: str) -> None:
        """A write of a section in a unit that is left without commit leaves everything as it was."""
        key = self.key()
        _, salon, _, change = self._set_up(ground, write, key, shares=True)
        before = self.run(self.picture(ground, salon))

        async def leave() -> None:
            async with ground.store.begin(salon.business, ground.host, writes=True) as unit:
                await self.do_section(CheckedHost(unit.host), change, key)

        self.run(leave())
        assert self.run(self.picture(ground, salon)) == before

    @_EVERY_WRITE
    def test_section_write_same_key(self, ground: HostGround, write: str) -> None:
        """Elsewhere the same write under the same key is done once, answered alike, and known by ``outcome``."""
        key = self.key()
        trial, salon, _, change = self._set_up(ground, write, key, shares=False)
        assert self.ask(ground, lambda host: host.outcome(key)) is None
        before = self.run(self.picture(ground, salon))
        first = self.ask(ground, lambda host: self.do_section(host, change, key))  # left without commit
        self._declined(ground, salon, before, first, write)
        after = self.run(self.picture(ground, salon))
        assert after != before, f"{trial.section}: nothing has changed"
        again = [self.do(ground, lambda host: self.do_section(host, change, key)) for _ in range(2)]
        assert again == [first] * 2
        assert self.run(self.picture(ground, salon)) == after, "it was done twice"
        assert self.ask(ground, lambda host: host.outcome(key)) == first

    @_ON_ITEMS
    def test_section_write_stale(self, ground: HostGround, write: str) -> None:
        """A write that was decided on an older version of the item is a ``Conflict``, and nothing is written."""
        trial, salon, id, change = self._set_up(ground, write, self.key())
        between, old = self.wanted(ground, write, trial, salon, id, self.key()), change
        before = self.run(self.picture(ground, salon))
        self._declined(
            ground, salon, before, self.do(ground, lambda host: self.do_section(host, between, self.key())), write
        )
        after = self.run(self.picture(ground, salon))
        if self.found(ground, trial.section, id) is None:
            self._absent(ground, old)
        else:
            with pytest.raises(Conflict):
                self.do(ground, lambda host: self.do_section(host, old, self.key()))
        assert self.run(self.picture(ground, salon)) == after

    @_ON_ITEMS
    def test_section_write_race(self, ground: HostGround, write: str) -> None:
        """Of many who decided on the same version of an item at the same time, exactly one writes."""
        trial, salon, id, change = self._set_up(ground, write, self.key())
        keys = [self.key() for _ in range(self.racers)]
        changes = [self.wanted(ground, write, trial, salon, id, key) for key in keys[:1]]
        many = [evolve(changes[0], fields={**changes[0].fields, **self._own(write, key)}) for key in keys]

        async def one(at: int) -> bool:
            answer = await self.done(ground, lambda host: self.do_section(host, many[at], keys[at]))
            return answer.kind in (AnswerKind.DONE, AnswerKind.WAITS)

        before = self.run(self.picture(ground, salon))
        outcomes = self.together(*[lambda at=at: one(at) for at in range(self.racers)])
        won = self.won(outcomes)
        if won == 0 and self.run(self.picture(ground, salon)) == before:
            self.not_declared(f"{write} (it is declined)")
        assert won == 1
        self.proven(self.several(self.racers))
        assert change.item == id

    def _own(self, write: str, key: str) -> dict[str, str]:
        # Each payment is one of its own, which the provider knows by another name.
        return {"payment": f"pay-{key}", "provider_ref": f"pi-{key}"} if write == "payments.settle" else {}

    @_ON_ITEMS
    def test_section_write_absent(self, ground: HostGround, write: str) -> None:
        """A write to what is not there is ``DECLINED`` or a ``Conflict``, and nothing is written, whatever the id."""
        _, salon, id, change = self._set_up(ground, write, self.key())
        before = self.run(self.picture(ground, salon))
        for odd in (*(one for one in ODD if len(one) <= 200), f"{id}x"):
            self._absent(ground, evolve(change, item=odd))
        for version in ("", "987654321", "x", "🦊"):
            self._absent(ground, evolve(change, version=version))
        assert self.run(self.picture(ground, salon)) == before

    def _absent(self, ground: HostGround, change: SectionWrite) -> None:
        try:
            answer = self.do(ground, lambda host: self.do_section(host, change, self.key()))
        except Conflict:
            return
        assert answer.kind is AnswerKind.DECLINED, f"{change.action} of {change.item!r:.40}: {answer.kind.value}"

    def test_section_unknown_action(self, ground: HostGround) -> None:
        """An action that a section does not have is ``DECLINED``, not something else that it has."""
        salon = self.salon(ground)
        for name in self.listed_sections(ground):
            if name in {trial.section for trial in SECTION_WRITES.values()} - {"payments", "payment_methods"}:
                continue  # their ports know their own actions, and the portal asks for no other
            id = self.add_example(ground, name, f"{name}-1", salon.ana)
            item = self.found(ground, name, id)
            change = SectionWrite(
                section=name, action="no such action", ref=salon.ana, item=id,
                version="" if item is None else item.version,
            )  # fmt: skip
            before = self.run(self.picture(ground, salon))
            self._absent(ground, change)
            assert self.run(self.picture(ground, salon)) == before, name

    def test_settle_too_much(self, ground: HostGround) -> None:
        """More than is owed, another currency, and what was paid already are ``DECLINED``; to the cent it is paid."""
        key = self.key()
        _, salon, id, change = self._set_up(ground, "payments.settle", key)
        before = self.run(self.picture(ground, salon))
        owed = self.found(ground, "payments", id).due
        for amount in (Money("80.51", "NZD"), Money("30.25", "AUD")):
            self._absent(ground, evolve(change, amount=amount))
        assert self.run(self.picture(ground, salon)) == before
        exact = evolve(change, amount=owed)
        answer = self.do(ground, lambda host: self.do_section(host, exact, key))
        self._declined(ground, salon, before, answer, "payments.settle")
        paid = self.found(ground, "payments", id)
        assert (paid.due, paid.status.value) == (Money(0, "NZD"), "paid")
        assert list(self.asks(ground, "payments", "due", [salon.ana])) == []
        later = evolve(
            self.wanted(ground, "payments.settle", self.trial(ground, "payments.settle"), salon, id, "again")
        )
        self._absent(ground, later)
