"""The door for a client's session: exactly what this client may see and do."""

from __future__ import annotations

from datetime import datetime

from clientportal.doors.assigning import ClientAssigning
from clientportal.doors.claiming import ClientClaiming
from clientportal.doors.dashboard import ClientDashboard
from clientportal.doors.held import ClientHeld
from clientportal.doors.mail_links import ClientMailLinks
from clientportal.doors.notices import ClientNotices
from clientportal.doors.own import ClientOwn
from clientportal.doors.papers import ClientPapers
from clientportal.doors.passwords import ClientPasswords
from clientportal.doors.paying import ClientPaying
from clientportal.doors.registering import ClientRegistering
from clientportal.doors.sections import ClientSections
from clientportal.operations import appointments, changing, ending_sessions, requesting_codes, sessions
from clientportal.operations.sessions import Nothing
from clientportal.outcomes import (
    Appointments,
    Booked,
    BookingStart,
    Cancelled,
    ChangeTerms,
    CodeSent,
    CurrentSession,
    Detached,
    Ended,
    Moved,
    PastChange,
    Profile,
    ProfileOption,
    SessionLine,
    SignedIn,
)
from clientportal.rules.who_may_change import Change
from clientportal.values import Appointment, Money, Slot, When

__all__ = ["ClientDoor"]


class ClientDoor(
    ClientRegistering,
    ClientPasswords,
    ClientMailLinks,
    ClientAssigning,
    ClientClaiming,
    ClientSections,
    ClientDashboard,
    ClientPaying,
    ClientNotices,
    ClientHeld,
    ClientPapers,
    ClientOwn,
):
    """One session. Made by ``portal.client(token)``, which reads nothing: every call checks the session itself.

    No call takes "whose": the session alone says. Something of somebody else's is refused as ``not_found``, just like
    something that does not exist. Every call may raise ``Refused`` with ``session_ended``, ``choose_first``,
    ``second_proof_first`` or ``disabled``.
    """

    @property
    def preview(self) -> ClientDoor:
        """The same door, without effect: what would happen, on what terms, or why not (X8)."""
        return ClientDoor(self._setup, self._caller, preview=True)

    # --- seeing

    def profile(self) -> Profile:
        """The client's own contact details, as far as the policy shows them (T8)."""
        return self._do(appointments.PROFILE, Nothing())

    def appointments(
        self, when: When | str = When.UPCOMING, *, after: str | None = None, limit: int = 20
    ) -> Appointments:
        """A page of upcoming (earliest first) or past (latest first) appointments; ``after`` is the last page's
        ``next``.
        """
        return self._do(appointments.LIST_APPOINTMENTS, appointments.ListAppointments(when, after, limit))

    def appointment(self, id: str) -> Appointment:
        """One of the client's own appointments. A moved one is found under its earlier ids as well."""
        return self._do(changing.GET_APPOINTMENT, changing.AppointmentById(id))

    def past_changes(self, *, limit: int = 20) -> tuple[PastChange, ...]:
        """What was moved or cancelled through the portal, latest first, each with the appointment as it was before."""
        return self._do(appointments.PAST_CHANGES, appointments.ListChanges(limit))

    def start_booking(self) -> BookingStart:
        """What the booking flow begins with: contact details and history, where login is offered there (T2)."""
        return self._do(appointments.START_BOOKING, Nothing())

    # --- changing

    def change_terms(self, id: str) -> ChangeTerms:
        """What may be done with an appointment right now: until when, for what fee, or why not (X1)."""
        return self._do(changing.CHANGE_TERMS, changing.AppointmentById(id))

    def slots(self, appointment_id: str, since: datetime, until: datetime, *, limit: int = 50) -> tuple[Slot, ...]:
        """Free times of the appointment's service that start in [since, until) (aware; at most 31 days), earliest
        first.
        """
        return self._do(changing.FREE_SLOTS, changing.ListSlots(appointment_id, since, until, None, limit))

    def move(
        self, appointment_id: str, slot_id: str, *, accept_fee: Money | None = None, key: str | None = None
    ) -> Moved:
        """Move an appointment to a free slot.

        Raises ``Refused`` with ``disabled`` (T7), ``too_late``, ``too_many_moves``, ``fee_not_accepted`` (with
        ``refusal.fee``: show it, then send it back as ``accept_fee``), ``slot_taken``, ``same_slot``, ``already_over``,
        ``not_changeable``, ``not_found``. Of two clients who want one slot, one gets it (X2).
        """
        return self._do(changing.MOVE, Change(appointment_id, slot_id, accept_fee), key)

    def cancel(self, appointment_id: str, *, accept_fee: Money | None = None, key: str | None = None) -> Cancelled:
        """Cancel an appointment. Raises ``Refused`` as :meth:`move` does."""
        return self._do(changing.CANCEL, Change(appointment_id, None, accept_fee), key)

    def rebook(self, appointment_id: str, slot_id: str, *, key: str | None = None) -> Booked:
        """Book the same service again. Raises ``Refused`` with ``contact_business`` where it cannot be booked online
        today (T9), ``slot_taken``, ``not_found``, ``disabled``."""
        return self._do(changing.REBOOK, Change(appointment_id, slot_id, None), key)

    # --- which profile

    def profiles(self) -> tuple[ProfileOption, ...]:
        """The records that this session may be for: after a proof that several share, choose one."""
        return self._do(sessions.LIST_PROFILES, Nothing())

    def switch(self, option_id: str, *, key: str | None = None) -> SignedIn:
        """Choose one of :meth:`profiles`. The token changes: the old one is worthless at once (ASVS V7.2.4)."""
        return self._do(sessions.SWITCH, sessions.SwitchTo(option_id), key)

    def request_second_proof(self, contact: str) -> CodeSent:
        """A number that was quiet for long needs a second proof (X6): a code to another contact of the same record.

        The answer is the same whether the record has that contact or not.
        """
        return self._do(requesting_codes.REQUEST_SECOND_PROOF, requesting_codes.AskSecondProof(contact))

    def not_me(self) -> Detached:
        """ "This is not me": take the proved number off the records it led to, and end its sessions for them (X6)."""
        return self._do(sessions.NOT_ME, Nothing())

    # --- sessions

    def current_session(self) -> CurrentSession:
        """Who is behind this request: one select, and nothing of your platform is read.

        For a middleware that asks at every request. Raises ``Refused`` with ``session_ended``.
        """
        return self._do(sessions.CURRENT_SESSION, Nothing())

    def sessions(self) -> tuple[SessionLine, ...]:
        """The client's open sessions, newest first."""
        return self._do(ending_sessions.LIST_SESSIONS, Nothing())

    def end_session(self, id: str) -> Ended:
        """End one of them, at once and everywhere. Raises ``Refused`` with ``not_found``."""
        return self._do(ending_sessions.END_SESSION, ending_sessions.EndSession(id))

    def log_out(self) -> Ended:
        """End this session."""
        return self._do(ending_sessions.LOG_OUT, Nothing())

    def log_out_everywhere(self) -> Ended:
        """End all of the client's sessions, this one included."""
        return self._do(ending_sessions.LOG_OUT_EVERYWHERE, Nothing())
