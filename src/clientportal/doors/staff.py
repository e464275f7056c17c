"""The door for the business: duplicates, merging, explaining, lifting blocks."""

from __future__ import annotations

from collections.abc import Iterator

from clientportal.doors.assigning import StaffAssigning
from clientportal.doors.claiming import StaffClaiming
from clientportal.doors.client_files import StaffClientFiles
from clientportal.doors.client_list import StaffClientList
from clientportal.doors.duplicates import StaffDuplicates
from clientportal.doors.mail_links import StaffMailLinks
from clientportal.doors.notices import StaffNotices
from clientportal.doors.papers import StaffPapers
from clientportal.doors.passwords import StaffPasswords
from clientportal.doors.paying import StaffPaying
from clientportal.doors.registering import StaffRegistering
from clientportal.doors.viewing import StaffViewing
from clientportal.operations import changing, ending_sessions, housekeeping, staff, what_if
from clientportal.operations.setting import Staff
from clientportal.outcomes import (
    AuditLine,
    Cancelled,
    ChangeExplained,
    ContactExplained,
    Difference,
    Ended,
    Moved,
    OutboxLine,
    SessionLine,
)
from clientportal.policy import Policy
from clientportal.ports import Page, step
from clientportal.records import MessageState
from clientportal.rules.who_may_change import Change
from clientportal.values import RecordRef, Secret

__all__ = ["StaffDoor"]


class StaffDoor(
    StaffRegistering,
    StaffPasswords,
    StaffMailLinks,
    StaffAssigning,
    StaffClaiming,
    StaffClientList,
    StaffClientFiles,
    StaffViewing,
    StaffDuplicates,
    StaffPaying,
    StaffNotices,
    StaffPapers,
):
    """One member of staff. Made by ``portal.staff(business, actor=…, permissions=…)``.

    Every action is audited, and so is every look and every refusal, with the actor and the reason that were given; a
    look is in the audit before it is answered. What is not among the permissions is refused as ``permission``. Policy
    windows, caps and fees do not bind staff (X1).
    """

    @property
    def preview(self) -> StaffDoor:
        """The same door, without effect (X8)."""
        return StaffDoor(self._setup, self._caller, preview=True)

    # --- clients

    def sessions(self, ref: RecordRef) -> tuple[SessionLine, ...]:
        """One client's open sessions, each with why it shows this record."""
        return self._do(ending_sessions.LIST_SESSIONS_OF, ending_sessions.SessionsOf(ref))

    def end_sessions(self, ref: RecordRef) -> Ended:
        """End every session of one client, at once and everywhere."""
        return self._do(ending_sessions.END_SESSIONS_OF, ending_sessions.SessionsOf(ref))

    def unblock(self, contact: str) -> bool:
        """Let codes for this contact be tried again, in every lane, after too many wrong ones (ASVS V6.6.3)."""
        return self._do(staff.UNBLOCK, staff.AboutContact(contact))

    def reattach(self, contact: str, ref: RecordRef) -> bool:
        """Give a contact back to a record from which "this is not me" took it."""
        return self._do(staff.REATTACH, staff.Reattach(contact, ref))

    # --- appointments

    def move(self, appointment_id: str, slot_id: str, *, key: str | None = None) -> Moved:
        """Move any appointment of the business to a free slot."""
        return self._do(changing.STAFF_MOVE, Change(appointment_id, slot_id, None), key)

    def cancel(self, appointment_id: str, *, key: str | None = None) -> Cancelled:
        """Cancel any appointment of the business; what the client would have to pay is not charged."""
        return self._do(changing.STAFF_CANCEL, Change(appointment_id), key)

    def appointment_link(self, appointment_id: str, *, send: bool = False) -> Secret:
        """A signed change/cancel link for one appointment; ``send`` also puts it in the outbox for the client."""
        return self._do(staff.APPOINTMENT_LINK_FOR, staff.LinkFor(appointment_id, send))

    # --- explaining

    def explain_change(self, appointment_id: str) -> ChangeExplained:
        """What the client may do with an appointment right now, with the rule, facts and settings behind it."""
        return self._do(staff.EXPLAIN_CHANGE, staff.AboutAppointment(appointment_id))

    def explain_contact(self, contact: str) -> ContactExplained:
        """Which record a number or address finds, and why."""
        return self._do(staff.EXPLAIN_CONTACT, staff.AboutContact(contact))

    def replay(self, other: Policy) -> Iterator[Difference]:
        """What clients would gain or lose under another policy, over today's records, before it is switched on (X8)."""
        assert isinstance(self._caller, Staff)
        differences = what_if.replay(self._setup, self._caller, other)
        while True:
            try:
                yield step(anext(differences))  # type: ignore[arg-type]
            except StopAsyncIteration:
                return

    # --- watching

    def audit(self, *, subject: str | None = None, after: str | None = None, limit: int = 50) -> Page[AuditLine]:
        """Who did what, on whom, why and how it ended; newest first."""
        return self._do(staff.AUDIT, staff.ListAudit(subject, after, limit))

    def outbox(self, state: MessageState | str = MessageState.ABANDONED, *, limit: int = 50) -> tuple[OutboxLine, ...]:
        """Messages in one state: by default those that could not be delivered."""
        return self._do(housekeeping.OUTBOX, housekeeping.ListOutbox(state, limit))
