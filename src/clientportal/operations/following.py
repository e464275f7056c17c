"""What the portal does only once a host elsewhere has done its part: after its answer, re-read at that moment.

Deleting and erasing take something away from somebody. Had the portal's part been committed with the wish, a host that
says no would leave a client who is still there without sessions, contacts and assignments. So the wish is committed
alone; whoever records the answer, the one who asked or the pump, comes here, and what stands by then is what goes: a
session that was opened meanwhile ends with the others.

An undo is such a wish where the merge has moved rows: they come back first. A merge is not. It stands whatever becomes
of its rows, so it is committed with the wish, and what the platform answers is noted in its journal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from attrs import evolve, frozen

from clientportal.decisions import HostEvent, Refusal
from clientportal.operations.assignments import line_of
from clientportal.operations.erasing import load_erased
from clientportal.operations.frame import Reading
from clientportal.operations.leaving import keep_logins_out, load_leftovers
from clientportal.operations.merging import UndoMerge, load_undo
from clientportal.operations.people import group_of, records_of
from clientportal.records import AccountLink, ContactEntry, HostWrite, Intent, Merge, Payment, Put, Remove, Write
from clientportal.rules.deleting_clients import forget_client
from clientportal.rules.erasing import erased
from clientportal.rules.paying import settled_payment
from clientportal.rules.reassigning import as_told, in_journal, noted
from clientportal.rules.undoing import undo
from clientportal.values import HostAnswer, RecordKind, RecordRef

__all__ = ["FOLLOWING", "STANDING", "Following"]

_MOST = 10_000


@frozen
class Following:
    """What is committed with the answer, and what the host is told once it is; or why nothing can follow any more."""

    changes: tuple[Write, ...] = ()
    events: tuple[HostEvent, ...] = ()
    refused: Refusal | None = None


async def _after_deleting(reading: Reading, intent: Intent, _answer: HostAnswer) -> Following:
    if intent.for_ref is None:
        return Following()
    gone = await _gone(reading, intent, intent.for_ref)
    entries = await reading.state.find_any(ContactEntry, "ref", sorted(map(str, gone)), limit=_MOST)
    keys = {*intent.entries, *(key for entry in entries if (key := entry.contact) is not None)}
    left = await load_leftovers(reading, gone, sorted(keys), intent.actor)
    return Following(*forget_client(left, reading.now))


async def _gone(reading: Reading, intent: Intent, root: RecordRef) -> frozenset[RecordRef]:
    """Every record of the client. One that was merged into them meanwhile, and whose row the host was not asked to
    delete, is not among them; nor is a guest's booking, where they were merged into somebody else meanwhile."""
    asked = frozenset((root, *intent.refs))
    group = await group_of(reading, root)
    if group.root != root:
        return asked
    rows = await records_of(reading, group.refs)
    return asked | {ref for ref in group.refs if ref.kind is not RecordKind.CLIENT or ref not in rows}


async def _after_deleting_appointment(reading: Reading, intent: Intent, _answer: HostAnswer) -> Following:
    if intent.appointment is None:
        return Following()
    line = await line_of(reading, intent.appointment.id)
    return Following(tuple(Remove(one) for one in line.held))


async def _after_erasing(reading: Reading, intent: Intent, _answer: HostAnswer) -> Following:
    links = await reading.state.find_any(AccountLink, "ref", sorted(map(str, intent.refs)), limit=_MOST)
    await keep_logins_out(reading, intent.entries, links)
    return Following(erased(await load_erased(reading, intent)))


async def _after_moving(reading: Reading, intent: Intent, answer: HostAnswer) -> Following:
    entries = (await reading.state.get_many(Merge, intent.merges)).values()
    return Following(
        tuple(Put(in_journal(entry, intent, answer)) for entry in entries),
        tuple(as_told(entry) for entry in entries),
    )


async def _after_settling(reading: Reading, intent: Intent, _answer: HostAnswer) -> Following:
    if intent.section is None:
        return Following()
    payment = await reading.state.get(Payment, intent.section.fields["payment"], lock=True)
    if payment is None:
        return Following()
    after = settled_payment(payment, reading.now)
    return Following(() if after == payment else (Put(after),))


async def _after_restoring(reading: Reading, intent: Intent, answer: HostAnswer) -> Following:
    found = await load_undo(reading, UndoMerge(intent.merges[0]), finishing=intent.id)
    # Judged as of when it was asked for: that the platform took its time is no reason to keep the merge.
    decision = undo(evolve(found.seen, actor=intent.actor), reading.policy, intent.asked_at)
    if isinstance(decision.outcome, Refusal):
        return Following(refused=decision.outcome)
    decision = noted(decision, intent, answer)
    return Following(decision.changes, decision.events)


FOLLOWING: Mapping[HostWrite, Callable[[Reading, Intent, HostAnswer], Awaitable[Following]]] = {
    HostWrite.DELETE_CLIENT: _after_deleting,
    HostWrite.DELETE_APPOINTMENT: _after_deleting_appointment,
    HostWrite.ERASE_CLIENT: _after_erasing,
    HostWrite.REASSIGN: _after_moving,
    HostWrite.RESTORE: _after_restoring,
    HostWrite.SETTLE: _after_settling,
}
"""By the write that the host was asked for. A write that is not here takes nothing away: what the portal adds to it (a
challenge that is spent, a number that is given out) is committed with the wish."""

STANDING = frozenset({HostWrite.REASSIGN})
"""The writes of which that is true although something is done after them: what was decided is committed with the wish,
and stands whatever the platform answers."""
