"""What the portal does only once a host elsewhere has done its part: after its answer, re-read at that moment.

Deleting and erasing take something away from somebody. Had the portal's part been committed with the wish, a host that
says no would leave a client who is still there without sessions, contacts and assignments. So the wish is committed
alone; whoever records the answer, the one who asked or the pump, comes here, and what stands by then is what goes: a
session that was opened meanwhile ends with the others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from attrs import frozen

from clientportal.decisions import HostEvent
from clientportal.operations.assignments import line_of
from clientportal.operations.erasing import load_erased
from clientportal.operations.frame import Reading
from clientportal.operations.leaving import keep_logins_out, load_leftovers
from clientportal.operations.people import group_of, records_of
from clientportal.records import AccountLink, ContactEntry, HostWrite, Intent, Remove, Write
from clientportal.rules.deleting_clients import forget_client
from clientportal.rules.erasing import erased
from clientportal.values import RecordKind, RecordRef

__all__ = ["FOLLOWING", "Following"]

_MOST = 10_000


@frozen
class Following:
    """What is committed with the answer, and what the host is told once it is."""

    changes: tuple[Write, ...] = ()
    events: tuple[HostEvent, ...] = ()


async def _after_deleting(reading: Reading, intent: Intent) -> Following:
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


async def _after_deleting_appointment(reading: Reading, intent: Intent) -> Following:
    if intent.appointment is None:
        return Following()
    line = await line_of(reading, intent.appointment.id)
    return Following(tuple(Remove(one) for one in line.held))


async def _after_erasing(reading: Reading, intent: Intent) -> Following:
    links = await reading.state.find_any(AccountLink, "ref", sorted(map(str, intent.refs)), limit=_MOST)
    await keep_logins_out(reading, intent.entries, links)
    return Following(erased(await load_erased(reading, intent)))


FOLLOWING: Mapping[HostWrite, Callable[[Reading, Intent], Awaitable[Following]]] = {
    HostWrite.DELETE_CLIENT: _after_deleting,
    HostWrite.DELETE_APPOINTMENT: _after_deleting_appointment,
    HostWrite.ERASE_CLIENT: _after_erasing,
}
"""By the write that the host was asked for. A write that is not here takes nothing away: what the portal adds to it (a
challenge that is spent, a number that is given out) is committed with the wish."""
