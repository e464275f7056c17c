"""Which number does a client get, and whom does a number lead to? (TT9)

Short, assigned once, never changed, never given to anybody else. The numbers come from one counter of the business,
which only goes up. A number outlives its client: merged, it leads to the survivor; erased or deleted, it leads to
nobody, and nobody gets it again. A slip of paper with "no. 17" on it must never fetch another person's file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.outcomes.client_list import NumberFound, NumberState
from clientportal.records import ClientNumber, NumberCounter, Put, Write
from clientportal.values import RecordRef

__all__ = ["COUNTER", "MOST_NUMBER", "TypedNumber", "assign_numbers", "find_number", "next_number", "read_number"]

COUNTER = "clients"
"""The id of the one counter. It is read with a lock by whoever assigns, so that two never give out the same."""

MOST_NUMBER = 999_999_999
"""No business has so many clients, and every database has room for it."""


def assign_numbers(refs: Sequence[RecordRef], counter: NumberCounter | None) -> tuple[Write, ...]:
    """Number these records, which have no number yet, in their order; no records, no writes."""
    if not refs:
        return ()
    counter = counter or NumberCounter(id=COUNTER)
    given = (Put(ClientNumber(id=str(ref), number=number)) for number, ref in enumerate(refs, start=counter.next))
    return (*given, Put(evolve(counter, next=counter.next + len(refs))))


def next_number(counter: NumberCounter | None) -> tuple[int, Write]:
    """The number of a client who is just being made, and the counter past it: whatever becomes of that client."""
    counter = counter or NumberCounter(id=COUNTER)
    return counter.next, Put(evolve(counter, next=counter.next + 1))


@frozen
class TypedNumber:
    """A client number as staff typed it into the search. ``alone``: it can be nothing else ("no. 17")."""

    number: int
    alone: bool


_TYPED = re.compile(r"\s*(?P<sign>#|№|(?:no|nr|number)\b\.?)?\s*(?P<digits>[1-9][0-9]{0,8})\s*", re.IGNORECASE)


def read_number(search: str) -> TypedNumber | None:
    """Whether a search may mean a client number: "17", "#17", "no. 17", "Nr. 17". Bare digits may be a telephone
    number's as well, and are looked for there, too; with a zero before them they are nothing else.
    """
    found = _TYPED.fullmatch(search)
    if found is None:
        return None
    return TypedNumber(int(found["digits"]), found["sign"] is not None)


def find_number(
    number: int, given: ClientNumber | None, root: RecordRef | None, *, there: bool, erased: bool
) -> Decision[NumberFound]:
    """Whom a number leads to today. ``root`` is the record that speaks for the one that it was given to; whether the
    platform still has that one, and whether anything is left in it.
    """
    because = Because("client_numbers.find_number", (("number", str(number)),))
    if given is None:
        return refuse(Reason.NOT_FOUND, because)
    if not there:
        return grant(NumberFound(number, None, NumberState.DELETED), because)
    if erased:
        return grant(NumberFound(number, None, NumberState.ERASED), because)
    state = NumberState.CURRENT if str(root) == given.id else NumberState.MERGED
    return grant(NumberFound(number, root, state), because)
