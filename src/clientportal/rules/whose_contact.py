"""Which record does this phone or email belong to?

Asked only after the contact was proved: before that, no rule may look. The host's rows are raw and not unique, so there
may be nobody, one, several, or so many that the contact identifies nobody (a switchboard, ``none@example.com``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import frozen

from clientportal.decisions import Because
from clientportal.errors import InvalidContact
from clientportal.policy import Policy, SeveralRecords
from clientportal.records import ContactHistory
from clientportal.values import (
    ClientRecord,
    ContactKey,
    ContactKind,
    RecordKind,
    RecordRef,
    email_key,
    mask,
    phone_key,
)
from clientportal.values.searching import folded

__all__ = [
    "MOST_BOOKINGS",
    "MOST_HITS",
    "Candidate",
    "Flagged",
    "Found",
    "Nobody",
    "Several",
    "TooMany",
    "Whose",
    "contact_key",
    "is_flagged",
    "keys_of",
    "may_be_recycled",
    "name_key",
    "newest_booking",
    "one_per_guest",
    "whose_contact",
]

MOST_HITS = 100
"""A contact on more records than this identifies nobody."""

MOST_BOOKINGS = 2 * MOST_HITS
"""... but a guest who books every week has as many records as bookings: so many are read, in two statements of the
host instead of one, and counted by the people that they are.
"""


@frozen
class Candidate:
    """One person who has the contact: the record that speaks for them, and all records merged into it.

    ``members`` includes the speaker. What any member knows counts for all (law 4): the newest booking of the group is
    the group's; ``usable`` is judged on the speaker alone.

    ``having`` are the records by which the contact, or a link, leads here; none named are the speaker.
    """

    speaker: ClientRecord
    members: tuple[ClientRecord, ...]
    having: tuple[RecordRef, ...] = ()

    @property
    def ref(self) -> RecordRef:
        """The record that the group is shown as."""
        return self.speaker.ref

    @property
    def refs(self) -> frozenset[RecordRef]:
        """Every record of the group, those included whose row the platform has deleted and that led here."""
        return frozenset((self.ref, *(member.ref for member in self.members), *self.having))

    @property
    def entry(self) -> RecordRef:
        """The record that a session or a link is made for: the one that has what was proved.

        The attack: staff merge Eve's record into Ana's by mistake. Eve logs in, or proves her number for her account,
        and staff undo the merge. What was made for the speaker would go on showing Ana's data to her. Made for the
        record that has the number, it shows the speaker for as long as they are merged, and Eve's own afterwards.
        """
        if not self.having or self.ref in self.having:
            return self.ref
        open_to_log_in = {member.ref for member in self.members if member.usable}
        return min(self.having, key=lambda ref: (ref not in open_to_log_in, ref))

    @property
    def last_booked_at(self) -> datetime | None:
        """When anyone in the group last made a booking, aware UTC."""
        times = [member.last_booked_at for member in self.members if member.last_booked_at is not None]
        return max(times, default=None)


@frozen
class Found:
    """Exactly this one."""

    candidate: Candidate
    because: Because


@frozen
class Several:
    """All of these; the client must choose (after the proof)."""

    candidates: tuple[Candidate, ...]
    because: Because


@frozen
class Nobody:
    """No usable record has it."""

    because: Because


@frozen
class TooMany:
    """On so many records that it identifies nobody."""

    because: Because


@frozen
class Flagged:
    """Staff have said that it is nobody's (X4)."""

    because: Because


Whose = Found | Several | Nobody | TooMany | Flagged


def is_flagged(history: ContactHistory | None) -> bool:
    """Whether staff have said that this contact is nobody's (X4).

    The attack: clients without an email were given none@none.com. Whoever owns that mailbox can prove it, and is none
    of them.
    """
    return history is not None and history.placeholder


def whose_contact(
    key: ContactKey, candidates: Sequence[Candidate], hits: int, policy: Policy, *, flagged: bool
) -> Whose:
    """Decide whose a proved contact is. ``hits`` is how many records the index named, before any was left out;
    ``flagged``, that staff have said it is nobody's (:func:`is_flagged`), counts before everything else.

    Timely's help page answers "What happens if two clients have the same number?" with the one who most recently made a
    booking (T4); elsewhere the client chooses.
    """
    contact = ("contact", mask(key.value))
    if flagged:
        return Flagged(Because("whose_contact.whose_contact", (contact, ("flagged as nobody's", "by staff"))))
    if hits > MOST_HITS:
        counted = (("records that the index names", str(hits)), ("at most", str(MOST_HITS)))
        return TooMany(Because("whose_contact.whose_contact", (contact, *counted)))
    usable = [candidate for candidate in candidates if candidate.speaker.usable]
    because = Because(
        "whose_contact.whose_contact",
        (contact, ("records that have it", str(len(usable)))),
        (("login.several", policy.login.several.value),),
    )
    if not usable:
        return Nobody(because)
    if len(usable) == 1:
        return Found(usable[0], because)
    if policy.login.several is SeveralRecords.NEWEST_BOOKING:
        return Found(newest_booking(usable), because)
    return Several(tuple(sorted(usable, key=lambda candidate: candidate.ref)), because)


def newest_booking(candidates: Sequence[Candidate]) -> Candidate:
    """The one who most recently **made** a booking (T4): by when it was made, not when it starts; any status counts.

    Ties, and nobody ever booked: the newest record, then the greatest id by code points. A total order, so the answer
    does not depend on the order in which a database returned the rows.
    """

    def rank(candidate: Candidate) -> tuple[bool, float, float, str, str]:
        booked = candidate.last_booked_at
        return (
            booked is not None,
            booked.timestamp() if booked is not None else 0.0,
            candidate.speaker.created_at.timestamp(),
            candidate.ref.id,
            candidate.ref.kind.value,
        )

    return max(candidates, key=rank)


def name_key(name: str | None) -> str:
    """A name as it is compared: without case, accents and superfluous spaces. Nothing is guessed: Liz is not Beth."""
    return " ".join(folded(name or "").split())


def one_per_guest(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Make one person of the guest's bookings that have one name, among those that have the proved contact.

    The newest booking speaks for them, so that T4 chooses among people what it would have chosen among bookings. Two
    names on one contact stay two people (X5); no name is no evidence; what nobody may log in to speaks for nobody; and
    a booking that was merged into a client row is that client.
    """
    guests: dict[str, list[Candidate]] = {}
    others: list[Candidate] = []
    for candidate in candidates:
        name = name_key(candidate.speaker.name)
        if candidate.ref.kind is RecordKind.BOOKING and candidate.speaker.usable and name:
            guests.setdefault(name, []).append(candidate)
        else:
            others.append(candidate)
    for same in guests.values():
        speaker = newest_booking(same).speaker
        every = {member.ref: member for each in same for member in each.members}
        rest = (every[ref] for ref in sorted(every) if ref != speaker.ref)
        having = {ref for each in same for ref in each.having or (each.ref,)}
        others.append(Candidate(speaker, (speaker, *rest), tuple(sorted(having))))
    return tuple(sorted(others, key=lambda candidate: candidate.ref))


def contact_key(kind: ContactKind, text: str, region: str) -> ContactKey | None:
    """What a contact in that field means, whatever its spelling; ``None`` where it cannot be read."""
    try:
        return email_key(text) if kind is ContactKind.EMAIL else phone_key(text, region=region, kind=kind)
    except InvalidContact:
        return None


def keys_of(record: ClientRecord, region: str) -> frozenset[ContactKey]:
    """The record's contacts, normalised; what cannot be read is no contact.

    The field matters: a number in the plain phone field is not the mobile (T11).
    """
    texts = {ContactKind.MOBILE: record.mobile, ContactKind.PHONE: record.phone, ContactKind.EMAIL: record.email}
    keys = (contact_key(kind, text, region) for kind, text in texts.items() if text)
    return frozenset(key for key in keys if key is not None)


def may_be_recycled(
    candidates: Sequence[Candidate], proved_at: datetime | None, age: timedelta | None, now: datetime
) -> bool:
    """Whether the contact was quiet for so long that somebody else may have it by now (X6).

    Quiet: not proved, and no booking made by a record that has it, for longer than ``age``. Providers hand a number
    to the next customer after as little as 45 days; the new owner's proof is real, but of the wrong person.
    """
    if age is None or not candidates:
        return False
    seen = [candidate.last_booked_at or candidate.speaker.created_at for candidate in candidates]
    if proved_at is not None:
        seen.append(proved_at)
    return now - max(seen) > age
