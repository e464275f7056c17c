"""What staff look at, and what they are refused, in the audit: neither writes anything else.

An entry stands before its answer is handed out: where it cannot be written, nothing is shown. It has a unit of its own,
so that a look over many records is not checked again for changes that nobody cares about. Inside the host's transaction
it is a savepoint of that transaction and commits with it: a second connection would wait for the first, for ever.
"""

from __future__ import annotations

from typing import Any

from clientportal.decisions import Because, Decision, Refusal
from clientportal.errors import Conflict, StoreError
from clientportal.operations.frame import TRIES, Reading, audit_entry
from clientportal.operations.setting import Setup, Staff
from clientportal.operations.vouching import vouched
from clientportal.records import Put

__all__ = ["note_action", "note_look", "note_refusal"]


async def note_look(
    reading: Reading, action: str, subject: str, decision: Decision[Any], *, previewed: bool = False
) -> None:
    """A look that has just been decided. ``previewed``: what was looked at is what an operation would have done."""
    outcome = "previewed" if previewed else "done"
    if isinstance(decision.outcome, Refusal):
        outcome = decision.outcome.reason.value
    setup = reading.setup
    entry = audit_entry(reading, action, subject, outcome, str(decision.because))
    # After a conflict the caller decides again, and comes back here.
    async with setup.store.begin(reading.tenant, setup.host, writes=True, connection=setup.connection) as unit:
        await unit.commit((Put(vouched(setup, reading.tenant, entry)),))


async def note_action(setup: Setup, staff: Staff, action: str, because: Because) -> None:
    """Something that staff begin and that is no single operation, such as a replay over all records."""
    await _note(setup, staff, action, "", "done", because)


async def note_refusal(setup: Setup, caller: Staff, action: str, subject: str, no: Refusal) -> None:
    """Somebody asked for what they may not. Inside the host's transaction it must not be this that breaks it: where the
    entry cannot be written there (it only reads, it has failed already), the refusal itself is all that is told.
    """
    try:
        await _note(setup, caller, action, subject, no.reason.value, no.because)
    except (Conflict, StoreError):
        if setup.connection is None:
            raise


async def _note(setup: Setup, staff: Staff, action: str, subject: str, outcome: str, because: Because) -> None:
    for attempt in range(TRIES):
        try:
            async with setup.store.begin(staff.tenant, setup.host, writes=True, connection=setup.connection) as unit:
                entry = audit_entry(Reading(setup, unit, staff, setup.clock()), action, subject, outcome, str(because))
                await unit.commit((Put(vouched(setup, staff.tenant, entry)),))
                return
        except Conflict:
            if setup.connection is not None or attempt == TRIES - 1:
                raise
