"""Which number does a client get? Short, assigned once, never changed, never given to anybody else (TT9).

The numbers come from one counter of the business, which only goes up. A number outlives its client: erased or deleted,
it leads to nobody, and nobody gets it again.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from clientportal.records import ClientNumber, NumberCounter, Put, Write
from clientportal.values import RecordRef

__all__ = ["COUNTER", "assign_numbers"]

COUNTER = "clients"
"""The id of the one counter. It is read with a lock by whoever assigns, so that two never give out the same."""


def assign_numbers(refs: Sequence[RecordRef], counter: NumberCounter | None) -> tuple[Write, ...]:
    """Number these records, which have no number yet, in their order; no records, no writes."""
    if not refs:
        return ()
    counter = counter or NumberCounter(id=COUNTER)
    given = (Put(ClientNumber(id=str(ref), number=number)) for number, ref in enumerate(refs, start=counter.next))
    return (*given, Put(evolve(counter, next=counter.next + len(refs))))
