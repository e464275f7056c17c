"""The demo client, "you as a client" (V12): where it is left out.

That it is one is a fact of the platform's row (``ClientRecord.demo``). It logs in like others; in the contact index it
has keys of its own (``rules.matching_keys``), what is sent to it goes to the owner (``rules.whom_to_tell.to_owner``),
and it stands first in the client list because the platform lists it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from clientportal.ports import RawContacts
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ClientRecord

__all__ = ["counted", "without_demo"]

R = TypeVar("R", ClientRecord, RawContacts)


def counted(rows: Iterable[R]) -> list[R]:
    """Those that exports and reports are about."""
    return [one for one in rows if not one.demo]


def without_demo(people: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Those that a booking, or a client who is added, can belong to."""
    return tuple(one for one in people if not one.speaker.demo)
