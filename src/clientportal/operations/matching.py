"""Which client row a booking belongs to that was made while logged out. Rule: ``rules/whose_booking.py``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import field, frozen

from clientportal.decisions import Decision, grant
from clientportal.errors import InvalidInput
from clientportal.operations.demo_client import without_demo
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.people import load_candidates
from clientportal.outcomes.claiming import Match
from clientportal.policy import Policy
from clientportal.records import (
    ContactHistory,
)
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.whose_booking import HasContact, LoggedOutBooking, match_logged_out
from clientportal.rules.whose_contact import is_flagged
from clientportal.values import ContactKey, ContactKind, parse_email, parse_phone

__all__ = [
    "EXPLAIN_BOOKING",
    "MATCH_BOOKING",
    "BookedAs",
    "load_logged_out",
]


@frozen
class BookedAs:
    """What was typed at a booking."""

    name: str
    email: str | None = field(default=None, repr=False)
    mobile: str | None = field(default=None, repr=False)


async def load_logged_out(reading: Reading, name: str, contacts: Sequence[ContactKey]) -> LoggedOutBooking:
    """Who has each typed contact: what :func:`~clientportal.rules.whose_booking.match_logged_out` is given."""
    found: list[HasContact] = []
    for key in contacts:
        history = await reading.state.get(ContactHistory, str(key))
        people, hits = await load_candidates(reading, key, history)
        people = without_demo(people)
        found.append(HasContact(key, people, hits, is_flagged(history)))
    return LoggedOutBooking(name, tuple(found))


async def _load_match(reading: Reading, asked: BookedAs) -> LoggedOutBooking:
    contacts: list[ContactKey] = []
    if asked.email:
        contacts.append(parse_email(asked.email).key())
    if asked.mobile:
        contacts.append(parse_phone(asked.mobile, region=reading.policy.contacts.region).key(ContactKind.MOBILE))
    if not contacts:
        raise InvalidInput("a booking is matched by email=… or mobile=…; neither was given")
    return await load_logged_out(reading, asked.name, contacts)


def _decide_match(seen: LoggedOutBooking, _asked: BookedAs, policy: Policy, _now: datetime) -> Decision[Match]:
    match = match_logged_out(seen, policy)
    return grant(match, match.because)


MATCH_BOOKING = Operation[BookedAs, LoggedOutBooking, Match](
    name="match_booking", load=_load_match, decide=_decide_match, writes=False
)
EXPLAIN_BOOKING = Operation[BookedAs, LoggedOutBooking, Match](
    name="explain_booking", load=_load_match, decide=_decide_match, writes=False, permission=Permission.EXPLAIN
)
