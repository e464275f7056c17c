"""Whose account is this appointment assigned to, by itself and by staff?

Assigned by itself is only what leaves no doubt: :func:`whose_appointment` has one clause for each way in which a
booking comes about. What staff assign, they answer for (A11, A12).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.outcomes.assigning import AllAssigned, BookedFor, MayAssignAll
from clientportal.policy import Policy, StaffBooking
from clientportal.records import Account, Assignment, HostWrite, Intent, Put, Remove, Write
from clientportal.values import Appointment, RecordRef

__all__ = [
    "AllOfClient",
    "Booking",
    "ByStaff",
    "How",
    "Prover",
    "Standing",
    "TOLD_WITHIN",
    "Whose",
    "assign",
    "assign_all",
    "assigned_at_first_proof",
    "booked",
    "carried_over",
    "clear",
    "may_assign_all",
    "whose_appointment",
]

TOLD_WITHIN = timedelta(hours=1)
"""† How old a booking may be when the platform says that a session has made it. It says so in the transaction that
makes it, or right after; an hour forgives a queue that is behind."""


class How(StrEnum):
    """What the portal is told, or finds out, of how an appointment was booked."""

    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    BY_STAFF = "by_staff"
    BEFORE_PROOF = "before_proof"
    """However it was booked: its record has an email that an account is proving for the first time right now."""


@frozen
class Prover:
    """An account that has proved (is proving) an email of the booking's record. Never proved: it owns nothing of it."""

    account: str
    created_at: datetime
    proved_at: datetime | None


@frozen(kw_only=True)
class Booking:
    """Everything read about one booking.

    ``appointment`` and ``ref`` are what it is called today, ``made_at`` when it was *first* made, whatever has been
    moved since. ``held_by`` is the account that it is assigned to already. ``logged_in`` is the account of the session
    that booked it. ``of_email`` are the accounts that the email's other appointments are assigned to, ``provers``
    those that own the email; ``linked`` those that are linked to the booking's record.
    """

    appointment: str
    ref: RecordRef
    how: How
    made_at: datetime
    held_by: str | None = None
    logged_in: str | None = None
    provers: tuple[Prover, ...] = ()
    of_email: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()


@frozen
class Whose:
    """An account or none, and why."""

    account: str | None
    because: Because


def whose_appointment(seen: Booking, policy: Policy) -> Whose:
    """Decide whose a booking is.

    What is assigned already stays where it is: only staff change that (A11). An equal email alone is never enough
    (A7): an attacker may type it into a booking form as well as into a registration.
    """
    if seen.held_by is not None:
        facts = (("how", seen.how.value), ("assigned already to", seen.held_by))
        return Whose(seen.held_by, Because("whose_appointment.whose_appointment", facts))
    match seen.how:
        case How.LOGGED_IN:
            return _booked_logged_in(seen)
        case How.LOGGED_OUT:
            return _booked_logged_out(seen)
        case How.BEFORE_PROOF:
            return _booked_before_proof(seen)
        case _:
            chosen = policy.bookings.by_staff is StaffBooking.CHOSEN_CLIENT
    return _for_chosen_client(seen, policy) if chosen else _unless_ambiguous(seen, policy)


def _booked_logged_in(seen: Booking) -> Whose:
    """A8a: what is booked while logged in is that account's, whatever email was typed; proved or not (A16).

    A session that is for a record and has no account assigns nothing: there the record decides what is seen.
    """
    facts = (("how", seen.how.value), ("session of", seen.logged_in or "a record"))
    return Whose(seen.logged_in, Because("whose_appointment.booked_logged_in", facts))


def _booked_logged_out(seen: Booking) -> Whose:
    """A9: what is booked logged out is nobody's by itself, whoever owns the email by then, proved or not.

    Made before the account was created, it waits for the first proof (A8b); made afterwards, for staff.
    """
    return Whose(None, Because("whose_appointment.booked_logged_out", (("how", seen.how.value),)))


def _booked_before_proof(seen: Booking) -> Whose:
    """A8b: made *before* the account was created, with the email that it proves now: the account's. Else A9.

    At the very moment of its creation is not before it. Somebody who registers with a stranger's email gets nothing:
    this is asked when the mailbox has answered.
    """
    made = ("made", seen.made_at.isoformat())
    owners = {one.account: one for one in seen.provers if one.proved_at is not None and seen.made_at < one.created_at}
    facts = (made, *(("account created", one.created_at.isoformat()) for one in seen.provers))
    return Whose(_only(owners), Because("whose_appointment.booked_before_proof", facts))


def _unless_ambiguous(seen: Booking, policy: Policy) -> Whose:
    """A8c, A10: booked by staff. The one account that the email's appointments are assigned to, even where its own
    email is another. None yet: the account that has proved the email, or none. Several: none, staff decide.

    The attack: somebody registers with a stranger's email, books once with it, and waits for the desk to book for the
    stranger. So what comes this way is shown only once the account's email is proved (A16), and a first proof by the
    email's owner takes it away again.
    """
    owners = {one.account for one in seen.provers if one.proved_at is not None}
    facts = (
        ("accounts of the email's appointments", _names(seen.of_email)),
        ("proved the email", _names(owners)),
    )
    because = Because("whose_appointment.unless_ambiguous", facts, _by_staff(policy))
    return Whose(_only(seen.of_email) if seen.of_email else _only(owners), because)


def _for_chosen_client(seen: Booking, policy: Policy) -> Whose:
    """Where staff choose the client, that record decides: the one account that is linked to it. Several (a household,
    X5): none, for it is the record that they share.
    """
    facts = (("linked to the record", _names(seen.linked)),)
    return Whose(_only(seen.linked), Because("whose_appointment.for_chosen_client", facts, _by_staff(policy)))


def _by_staff(policy: Policy) -> tuple[tuple[str, str], ...]:
    return (("bookings.by_staff", policy.bookings.by_staff.value),)


def _only(accounts: Sequence[str] | set[str] | Mapping[str, object]) -> str | None:
    found = set(accounts)
    return found.pop() if len(found) == 1 else None


def _names(accounts: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(set(accounts))) or "none"


# --- what follows from it ------------------------------------------------------------------------------------------


def _assigned(booking: Booking, whose: Whose, actor: str, now: datetime) -> tuple[Write, ...]:
    if whose.account is None or booking.held_by is not None:
        return ()
    made = Assignment(
        id=booking.appointment,
        account=whose.account,
        ref=str(booking.ref),
        at=now,
        actor=actor,
        because=str(whose.because),
        own_booking=booking.how is How.LOGGED_IN,
    )
    return (Put(made),)


def assigned_at_first_proof(
    bookings: Sequence[Booking], policy: Policy, actor: str, now: datetime
) -> tuple[Write, ...]:
    """The assignments that follow from a first proof (A8b), one by one."""
    return tuple(write for one in bookings for write in _assigned(one, whose_appointment(one, policy), actor, now))


def booked(
    booking: Booking | None, policy: Policy, now: datetime, *, actor: str, session_opened: datetime | None = None
) -> Decision[BookedFor]:
    """The platform tells of a booking: assign it, if a clause says to whom.

    The attack: whoever can make the platform say "this session has booked a17" takes a17, and with it another client's
    name, times and place. So a session gets only what it may have booked itself: an appointment that nobody has, first
    made since the session was opened, and within :data:`TOLD_WITHIN`: else a session that is kept open for a month
    would be offered whatever anybody books logged out in that month. An older one, and one of another account, are
    refused as ``not_found``, just like one that does not exist. What is the session's own account's already stays so:
    telling twice is no harm, however late.
    """
    because = Because("whose_appointment.booked", (("session opened", str(session_opened or "–")),))
    if booking is None:
        return refuse(Reason.NOT_FOUND, because)
    if booking.how is How.LOGGED_IN:
        foreign = booking.held_by is not None and booking.held_by != booking.logged_in
        before = session_opened is not None and booking.made_at < session_opened
        older = booking.held_by is None and (before or now - booking.made_at > TOLD_WITHIN)
        if foreign or older:
            return refuse(Reason.NOT_FOUND, because)
    whose = whose_appointment(booking, policy)
    return grant(BookedFor(booking.appointment, whose.account), whose.because, _assigned(booking, whose, actor, now))


def carried_over(intent: Intent, after: Appointment | None) -> tuple[Write, ...]:
    """What a host's answer does to assignments: a booking by an account's session is that account's in the same commit
    (A8a); where the host makes a new appointment of a moved one, the assignment goes along, and stands there alone:
    one booking is never two accounts'. Who has been given the new one by then, keeps it.
    """
    if after is None:
        return ()
    if intent.write is HostWrite.BOOK and intent.account is not None:
        booking = Booking(
            appointment=after.id,
            ref=after.ref,
            how=How.LOGGED_IN,
            made_at=after.made_at,
            logged_in=intent.account,
        )
        return _assigned(booking, _booked_logged_in(booking), intent.actor, intent.asked_at)
    held = intent.assignment
    if intent.write is HostWrite.MOVE and held is not None and held.id != after.id:
        if intent.account is not None:
            return (Remove(held),)
        return Remove(held), Put(evolve(held, id=after.id, version=0, ref=str(after.ref)))
    return ()


# --- staff ---------------------------------------------------------------------------------------------------------


@frozen
class Standing:
    """One booking as staff find it: the appointment as it is today, and its assignments under all ids it has had."""

    appointment: Appointment
    held: tuple[Assignment, ...] = ()

    @property
    def account(self) -> str | None:
        """Whose it is."""
        return self.held[-1].account if self.held else None


@frozen
class ByStaff:
    """Who assigns, and why, in their own words."""

    actor: str
    reason: str = ""


def assign(
    seen: Standing, account: Account, by: ByStaff, now: datetime
) -> tuple[Assignment, Because, tuple[Write, ...]]:
    """Any appointment to any account of the business (A11), also from one account to another: staff answer for it.

    Afterwards it stands under the appointment's present id alone.
    """
    facts = (("to", account.id), ("before", seen.account or "nobody"), ("reason", by.reason or "–"))
    because = Because("whose_appointment.assign", facts)
    current = next((one for one in seen.held if one.id == seen.appointment.id), None)
    stale = tuple(Remove(one) for one in seen.held if one is not current)
    if current is not None and current.account == account.id:
        return current, because, stale
    made = Assignment(
        id=seen.appointment.id,
        version=current.version if current is not None else 0,
        account=account.id,
        ref=str(seen.appointment.ref),
        at=now,
        actor=by.actor,
        because=str(because),
    )
    return made, because, (*stale, Put(made))


def clear(held: Sequence[Assignment], by: ByStaff) -> Decision[bool]:
    """Nobody's again (A11): as if it had never been assigned, under any id that it has had."""
    before = held[-1].account if held else "nobody"
    because = Because("whose_appointment.clear", (("before", before), ("reason", by.reason or "–")))
    return grant(bool(held), because, tuple(Remove(one) for one in held))


@frozen
class AllOfClient:
    """Every booking of one client, and the account that they are linked to where there is exactly one."""

    standings: tuple[Standing, ...]
    accounts: Mapping[str, Account] = field(factory=dict[str, Account])


def may_assign_all(seen: AllOfClient) -> tuple[MayAssignAll, Because]:
    """A12: offered only where at least one is assigned, and all that are belong to one account."""
    held = _accounts_of(seen)
    no = _why_not_all(held)
    because = Because(
        "whose_appointment.may_assign_all",
        (("assigned", str(len(held))), ("of", str(len(seen.standings))), ("accounts", _names(held))),
    )
    offer = MayAssignAll(
        allowed=no is None,
        reason=no,
        account=held[0] if no is None else None,
        assigned=len(held),
        unassigned=len(seen.standings) - len(held),
    )
    return offer, because


def _accounts_of(seen: AllOfClient) -> list[str]:
    return [one.account for one in seen.standings if one.account is not None]


def _why_not_all(held: Sequence[str]) -> Reason | None:
    if not held:
        return Reason.NOTHING_ASSIGNED
    return Reason.SEVERAL_ACCOUNTS if len(set(held)) > 1 else None


def assign_all(seen: AllOfClient, by: ByStaff, now: datetime) -> Decision[AllAssigned]:
    """Give every appointment of the client to the one account that some of them belong to (A12)."""
    offer, because = may_assign_all(seen)
    held = _accounts_of(seen)
    no = _why_not_all(held)
    if no is not None:
        return refuse(no, because)
    account = seen.accounts.get(held[0])
    if account is None:
        return refuse(Reason.NOT_FOUND, because)
    changes = [write for one in seen.standings for write in assign(one, account, by, now)[2]]
    return grant(AllAssigned(account.id, newly=offer.unassigned, already=offer.assigned), because, tuple(changes))
