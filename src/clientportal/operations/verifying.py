"""Verifying the audit: every entry is read once, in the order of the seals, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from attrs import evolve

from clientportal.errors import InvalidInput
from clientportal.operations.sealing import read_end
from clientportal.operations.setting import Setup
from clientportal.operations.vouching import entry_holds
from clientportal.outcomes.sealing import AuditBreak, AuditHead, AuditVerdict, BreakKind
from clientportal.ports import State
from clientportal.ports.observing import Happening
from clientportal.records import AuditChain, AuditEntry, AuditSeal
from clientportal.rules import sealing

__all__ = ["verify_audit"]

_PAGE = 500
_ROLLED_OUT = timedelta(days=1)
"""How long a new key may be in one process and not yet in this one."""
_SKEW = timedelta(hours=1)
_AGAIN = 3
"""How often it begins anew where the oldest part was forgotten while it was being read."""

Progress = Callable[[AuditVerdict], None]


class _Walk:
    """One walk from the oldest seal that is kept to the end of the chain, as that was when the walk began."""

    def __init__(self, setup: Setup, tenant: str, anchor: AuditHead | None) -> None:
        self.setup = setup
        self.tenant = tenant
        self.anchor = anchor
        self.chain: AuditChain | None = None
        self.verdict = AuditVerdict(None)
        self._number = 0
        """The last seal that was found to hold, and its digest."""
        self._digest = ""
        self._there: str | None = None
        """The digest of the seal that the anchor names."""
        self._seals: dict[str, AuditSeal] = {}
        self._label = ""
        self._entries: list[AuditEntry] = []

    async def run(self, progress: Progress | None) -> AuditVerdict:
        after: str | None = None
        while True:
            async with self.setup.store.begin(self.tenant, self.setup.host, writes=False) as unit:
                if after is None:
                    await self._begin(unit.state)
                page = await unit.state.page(AuditEntry, "sealing", after=after, limit=_PAGE)
                await self._read_seals(unit.state, page.items)
            for entry in page.items:
                self._take(entry)
            after = page.next
            if after is None:
                self._finish()
            if after is None or self.verdict.broken is not None:
                return self._anchored()
            if progress is not None:
                progress(self.verdict)

    async def _begin(self, state: State) -> None:
        self.chain, _, broken = await read_end(self.setup, self.tenant, state)
        if self.chain is not None:
            self._number, self._digest = self.chain.pruned, self.chain.pruned_digest
            gone, until = self.chain.pruned_entries, self.chain.pruned_until
            self.verdict = evolve(self.verdict, pruned=gone, pruned_until=until)
        if broken is not None:
            self._stop(broken)

    async def _read_seals(self, state: State, entries: Sequence[AuditEntry]) -> None:
        """The seals that these entries are in, and what comes after each: it may have lost all that it sealed."""
        numbers = {number for one in entries if (number := sealing.number_of(one.seal)) is not None}
        wanted = {n for number in (self._number, *numbers) for n in (number, number + 1) if number <= self._end}
        ids = sorted(sealing.label_of(number) for number in wanted if number)
        self._seals |= await state.get_many(AuditSeal, [id for id in ids if id not in self._seals])

    @property
    def _end(self) -> int:
        return 0 if self.chain is None else self.chain.number

    def _take(self, entry: AuditEntry) -> None:
        if self.verdict.broken is not None:
            return
        if entry.seal != self._label:
            self._judge_group()
            self._label = entry.seal
        self._entries.append(entry)

    def _judge_group(self) -> None:
        """Everything that is labelled alike has been read."""
        entries, self._entries = self._entries, []
        if not entries or self.verdict.broken is not None:
            return
        number = sealing.number_of(self._label)
        if self._label == AuditEntry.OPEN or (number is not None and number > self._end):
            self._note_open(entries)
        elif number is None or number <= self._number:
            self._stop(AuditBreak(BreakKind.INSERTED, number or 0, min(one.id for one in entries)))
        elif number > self._number + 1:
            self._judge(self._number + 1, ())
        else:
            self._judge(number, entries)

    def _note_open(self, entries: Sequence[AuditEntry]) -> None:
        """Not sealed yet, or sealed since the walk began: what a key of the ring does not vouch for is told now.

        The attack: an entry that names a key which nobody has is never sealed, and so never held against anything. It
        is told as one that waits, and after a day, in which the key would have come, as one that nobody vouches for.
        """
        now, unknown = self.setup.clock(), 0
        for entry in entries:
            holds = entry_holds(self.setup.keys, self.tenant, entry)
            unknown += holds is None
            if holds is False:
                self._stop(AuditBreak(BreakKind.FORGED, 0, entry.id))
            elif holds is None and not now - _ROLLED_OUT < entry.at < now + _SKEW:
                self._stop(AuditBreak(BreakKind.KEY_GONE, 0, entry.id))
        seen = self.verdict
        self.verdict = evolve(seen, unsealed=seen.unsealed + len(entries), waiting=seen.waiting + unknown)

    def _judge(self, number: int, entries: Sequence[AuditEntry]) -> None:
        found = self._seals.pop(sealing.label_of(number), None)
        judged = sealing.judge_seal(self.tenant, number, self._digest, found, entries)
        if judged.broken is not None or found is None:
            self._stop(judged.broken)
            return
        self._number, self._digest = number, judged.digest
        if self.anchor is not None and self.anchor.seal == number:
            self._there = judged.digest
        seen = self.verdict
        self.verdict = evolve(
            seen,
            entries=seen.entries + len(entries),
            seals=seen.seals + 1,
            upto=found.newest_at if seen.upto is None else max(seen.upto, found.newest_at),
            erased=seen.erased + judged.erased,
        )

    def _finish(self) -> None:
        self._judge_group()
        if self.verdict.broken is None and self._number < self._end:
            self._judge(self._number + 1, ())
        if self.verdict.broken is None and self.chain is not None and self._digest != self.chain.digest:
            self._stop(AuditBreak(BreakKind.SEAL_CHANGED, self._end))

    def _stop(self, broken: AuditBreak | None) -> None:
        if self.verdict.broken is None:
            self.verdict = evolve(self.verdict, broken=broken)

    def _anchored(self) -> AuditVerdict:
        """An anchor beyond the end tells more than whatever else is wrong: the newest part is not the one that was."""
        if self.anchor is None:
            return self.verdict
        said = sealing.anchor_holds(self.anchor, self.chain, self._there)
        if not isinstance(said, AuditBreak):
            return evolve(self.verdict, anchored=said)
        if self.verdict.broken is None or said.kind is BreakKind.TRUNCATED:
            return evolve(self.verdict, broken=said, anchored=False)
        return self.verdict


async def verify_audit(
    setup: Setup, tenant: str, anchor: AuditHead | None, progress: Progress | None = None
) -> AuditVerdict:
    """Hold every entry that is kept against the chain; ``anchor``, an earlier end of it, against the chain itself."""
    if anchor is not None and anchor.business != tenant:
        raise InvalidInput(f"this anchor is of the business {anchor.business!r}, not of {tenant!r}")
    walk = _Walk(setup, tenant, anchor)
    verdict = await walk.run(progress)
    for _ in range(_AGAIN):
        if verdict.broken is None or not await _forgotten_meanwhile(setup, tenant, walk.chain):
            break
        walk = _Walk(setup, tenant, anchor)
        verdict = await walk.run(progress)
    if verdict.broken is not None:
        facts: dict[str, str | int] = {"broken": verdict.broken.kind.value, "seal": verdict.broken.seal}
        setup.observing.happened(Happening.AUDIT_BROKEN, tenant, **facts)
    return verdict


async def _forgotten_meanwhile(setup: Setup, tenant: str, seen: AuditChain | None) -> bool:
    async with setup.store.begin(tenant, setup.host, writes=False) as unit:
        now = await unit.state.get(AuditChain, AuditChain.CHAIN)
    return now is not None and now.pruned != (0 if seen is None else seen.pruned)
