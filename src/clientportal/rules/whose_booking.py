"""Which client does a booking belong to that was made while logged out?

The attack: a booking form takes any name and any email. So nothing that is typed there shows anybody anything: the
answer goes to the platform, which files the booking under the right client instead of making a duplicate, and never to
the visitor. Where single appointments are shown (A9) it is not even filed: an account claims it by a proof, or nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from clientportal.decisions import Because
from clientportal.outcomes.claiming import Match
from clientportal.policy import LoggedOutMatch, Policy
from clientportal.rules.whose_contact import MOST_HITS, Candidate, name_key
from clientportal.values import ContactKey, ContactKind, RecordKind, RecordRef, mask

__all__ = ["HasContact", "LoggedOutBooking", "match_logged_out"]


@frozen
class HasContact:
    """Who has one of the contacts that were typed.

    ``people`` are without those from whom "this is not me" took it (X6); ``hits`` are the records that the index named,
    ``flagged`` says that staff called the contact nobody's (X4).
    """

    key: ContactKey
    people: tuple[Candidate, ...]
    hits: int = 0
    flagged: bool = False

    @property
    def usable(self) -> bool:
        """Whether it says anything of anybody."""
        return not self.flagged and self.hits <= MOST_HITS


@frozen
class LoggedOutBooking:
    """What was typed: the name as one text, and who has each contact."""

    name: str
    contacts: tuple[HasContact, ...]


def match_logged_out(seen: LoggedOutBooking, policy: Policy) -> Match:
    """Decide which existing client row a logged-out booking belongs to, by ``bookings.logged_out``; or none, and why.

    * ``name_and_contact`` (Timely): the whole name and one contact, mobile or email, agree.
    * ``first_name_and_email`` (MyTime): the first name and the email agree.
    * ``email`` (TimeTap, vcita): the email agrees, whatever name was typed.
    * ``claim_only`` (Acuity): never.

    Names agree when they are equal but for case, accents and spaces. Two clients whom it may be are a tie, and a tie is
    nobody: a wrong guess would show one client's appointment to another, a new row is found by the duplicate report.
    Guests' bookings are no client rows: a booking is filed under none of them.

    Pure, and for whoever tells of a booking: ``operations.claiming.load_logged_out`` reads what it is given.
    """
    by = policy.bookings.logged_out
    found: set[RecordRef] = set()
    for contact in seen.contacts:
        if contact.usable and (contact.key.kind is ContactKind.EMAIL or by is LoggedOutMatch.NAME_AND_CONTACT):
            found.update(one.ref for one in contact.people if _may_be(one, seen.name, by))
    facts = (
        *(("contact", mask(contact.key.value)) for contact in seen.contacts),
        *((_why_nobodys(contact), mask(contact.key.value)) for contact in seen.contacts if not contact.usable),
        ("clients that agree", ", ".join(map(str, sorted(found))) or "none"),
    )
    because = Because("whose_booking.match_logged_out", facts, (("bookings.logged_out", by.value),))
    return Match(found.pop() if len(found) == 1 else None, because)


def _why_nobodys(contact: HasContact) -> str:
    return "flagged as nobody's by staff" if contact.flagged else "on too many records"


def _may_be(person: Candidate, name: str, by: LoggedOutMatch) -> bool:
    if not person.speaker.usable or person.ref.kind is not RecordKind.CLIENT:
        return False
    if by is LoggedOutMatch.NAME_AND_CONTACT:
        typed = name_key(name)
        return bool(typed) and typed in {name_key(member.name) for member in person.members}
    if by is LoggedOutMatch.FIRST_NAME_AND_EMAIL:
        return _begins_with(name, [member.first_name for member in person.members])
    return by is LoggedOutMatch.EMAIL


def _begins_with(name: str, first_names: Sequence[str | None]) -> bool:
    """Whether the typed name begins with one of these first names, word by word: "Mary Jane Lee" with "Mary Jane"."""
    typed = name_key(name).split()
    firsts = (name_key(one).split() for one in first_names)
    return any(first and typed[: len(first)] == first for first in firsts)
