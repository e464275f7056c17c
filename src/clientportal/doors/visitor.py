"""The door for whoever is logged out."""

from __future__ import annotations

from datetime import datetime

from clientportal.doors.assigning import VisitorAssigning
from clientportal.doors.base import as_secret
from clientportal.doors.dashboard import VisitorWelcome
from clientportal.doors.mail_links import VisitorMailLinks
from clientportal.doors.own import VisitorOwn
from clientportal.doors.papers import VisitorPapers
from clientportal.doors.passwords import VisitorPasswords
from clientportal.doors.registering import VisitorRegistering
from clientportal.operations import appointments, by_link, changing, requesting_codes, signing_in
from clientportal.operations.sessions import Nothing
from clientportal.operations.typed_codes import TypedCode
from clientportal.outcomes import BookingStart, Cancelled, CodeSent, LinkView, Moved, SignedIn
from clientportal.values import Money, Secret, Slot

__all__ = ["VisitorDoor"]


class VisitorDoor(
    VisitorRegistering,
    VisitorPasswords,
    VisitorMailLinks,
    VisitorAssigning,
    VisitorPapers,
    VisitorOwn,
    VisitorWelcome,
):
    """Ask for a code, log in, use a signed link. Made by ``portal.visitor(...)``."""

    def request_code(self, contact: str) -> CodeSent:
        """Ask for a one-time code to this phone or email, in any usual spelling.

        The answer is the same whether anybody has this contact or not; who it is for is found out when the message
        leaves (``portal.deliver``). Raises ``InvalidContact``; ``Refused`` with ``wait`` or ``too_many_codes`` and
        ``retry_at``, ``contact_not_allowed``, ``bot_suspected``, ``stopped``, ``disabled``. Source: T1, V1, ASVS V6.5,
        V2.4.1.
        """
        return self._do(requesting_codes.REQUEST_CODE, requesting_codes.AskCode(contact))

    def resend_code(self, handle: Secret | str) -> CodeSent:
        """Send a new code on the same handle; the one before is worthless then, the wrong tries stay counted.

        Raises ``Refused`` with ``wait`` and ``retry_at``, or ``code_gone``.
        """
        return self._do(requesting_codes.RESEND_CODE, requesting_codes.ResendCode(as_secret(handle)))

    def verify_code(self, handle: Secret | str, code: str, *, key: str | None = None) -> SignedIn:
        """Log in with the code that was sent. Spaces, hyphens and digits of any script are read.

        ``key`` is an idempotency key: after a crash, the same call opens the same session under a new token.
        Raises ``InvalidCode`` (no try is charged); ``Refused`` with ``code_wrong``, ``code_gone``, ``too_many_tries``,
        ``wait``, ``stopped``, ``contact_business``. Source: T1, T4, T6, V1, V2; ASVS V6.6.3.
        """
        typed = TypedCode(as_secret(handle), as_secret(code))
        return self._do(signing_in.VERIFY_CODE, typed, key)

    def start_booking(self) -> BookingStart:
        """What the booking flow begins with, logged out: no personal data, and whether login is offered (T2)."""
        return self._do(appointments.VISITOR_START_BOOKING, Nothing())

    def look_at_link(self, link: Secret | str) -> LinkView:
        """What a signed link leads to, and on what terms. Without effect, however often it is asked.

        Raises ``Refused`` with ``link_gone``: changed, expired or used links all look the same.
        """
        return self._do(by_link.LOOK_AT_LINK, by_link.ByLink(as_secret(link)))

    def link_slots(self, link: Secret | str, since: datetime, until: datetime, *, limit: int = 50) -> tuple[Slot, ...]:
        """Free times to which the link's appointment could move, ``since`` to ``until`` (aware; at most 31 days)."""
        asked = changing.ListSlots("", since, until, as_secret(link), limit)
        return self._do(by_link.LINK_SLOTS, asked)

    def cancel_by_link(self, link: Secret | str, *, accept_fee: Money | None = None) -> Cancelled:
        """Cancel the link's appointment, wherever it is by now; the link is used up.

        Raises ``Refused`` with ``link_gone`` and whatever :meth:`ClientDoor.cancel` can.
        """
        return self._do(by_link.CANCEL_BY_LINK, by_link.ByLink(as_secret(link), None, accept_fee))

    def move_by_link(self, link: Secret | str, slot_id: str, *, accept_fee: Money | None = None) -> Moved:
        """Move the link's appointment, wherever it is by now, to a free slot; the link is used up.

        Raises ``Refused`` with ``link_gone`` and whatever :meth:`ClientDoor.move` can.
        """
        return self._do(by_link.MOVE_BY_LINK, by_link.ByLink(as_secret(link), slot_id, accept_fee))
