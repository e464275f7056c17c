"""Linking accounts to records, and households: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, as_secret, describe
from clientportal.operations import claiming, linking, matching
from clientportal.operations.typed_codes import TypedCode
from clientportal.outcomes import Claimed, CodeSent, LinkLine, MailSent, Match, ProfileOption
from clientportal.values import RecordRef, Secret

__all__ = [
    "ClientClaiming",
    "AsyncClientClaiming",
    "StaffClaiming",
    "AsyncStaffClaiming",
]


class ClientClaiming(Door):
    """What a session can do of it."""

    def claim(self, contact: str) -> CodeSent:
        """Add one more record to this account (X5): a code goes to a mobile number or email that the record has.

        The answer is the same whether any record has that contact or not, and nothing leaves where none has. Then
        :meth:`finish_claim`. Raises ``Refused`` with ``proof_needed`` where the account's own email is not proved yet,
        ``disabled`` for a session without an account and where single appointments are shown, ``wait`` and
        ``too_many_codes`` with ``retry_at``, ``contact_not_allowed``, ``stopped``; ``InvalidContact``.
        """
        return self._do(claiming.CLAIM, claiming.AskClaim(contact))

    def finish_claim(self, handle: Secret | str, code: str) -> Claimed:
        """Type the code in: what the contact leads to becomes this account's, as far as the evidence goes.

        ``proof_needed`` in the answer: a record has that contact and others have it too, or it was quiet for too long
        (X6); claim another contact of that record in the same session. Raises ``InvalidCode``; ``Refused`` with
        ``code_wrong``, ``code_gone``, ``too_many_tries``, ``stopped``, and as :meth:`claim`.
        """
        return self._do(claiming.FINISH_CLAIM, TypedCode(as_secret(handle), as_secret(code)))

    def request_claim_link(self, email: str) -> MailSent:
        """The same by a link in a mail instead of a code; then :meth:`claim_by_link`. Answers and refuses alike."""
        return self._do(claiming.REQUEST_CLAIM_LINK, claiming.AskClaim(email))

    def claim_by_link(self, link: Secret | str) -> Claimed:
        """Use the link of a claim, in a session of the account that asked for it; in any other it is ``link_gone``.

        Show a page with a button first: a mail scanner opens links.
        """
        return self._do(claiming.CLAIM_BY_LINK, claiming.ClaimLink(as_secret(link)))

    def leave(self, option_id: str) -> tuple[ProfileOption, ...]:
        """Take one of :meth:`profiles` off this account; answers those that are left. It does not come back by itself.

        Raises ``Refused`` with ``not_found`` for anything that is not one's own.
        """
        return self._do(linking.LEAVE, linking.LeaveRecord(option_id))


class AsyncClientClaiming(AsyncDoor):
    """The twin of :class:`ClientClaiming`, awaited."""

    async def claim(self, contact: str) -> CodeSent:
        return await self._do(claiming.CLAIM, claiming.AskClaim(contact))

    async def finish_claim(self, handle: Secret | str, code: str) -> Claimed:
        return await self._do(claiming.FINISH_CLAIM, TypedCode(as_secret(handle), as_secret(code)))

    async def request_claim_link(self, email: str) -> MailSent:
        return await self._do(claiming.REQUEST_CLAIM_LINK, claiming.AskClaim(email))

    async def claim_by_link(self, link: Secret | str) -> Claimed:
        return await self._do(claiming.CLAIM_BY_LINK, claiming.ClaimLink(as_secret(link)))

    async def leave(self, option_id: str) -> tuple[ProfileOption, ...]:
        return await self._do(linking.LEAVE, linking.LeaveRecord(option_id))


class StaffClaiming(Door):
    """What staff can do of it."""

    def link(self, account_id: str, ref: RecordRef) -> bool:
        """Let an account see a record, also one that was taken off it before; ``False`` where it does already.

        You answer for it: no proof is asked for. Raises ``Refused`` with ``not_found``.
        """
        return self._do(linking.LINK, linking.LinkRecord(account_id, ref))

    def unlink(self, account_id: str, ref: RecordRef) -> int:
        """Take a record off an account, also where an equal email alone shows it; answers how many sessions ended.

        It stays off until staff link it again. Raises ``Refused`` with ``not_linked``, ``not_found``.
        """
        return self._do(linking.UNLINK, linking.LinkRecord(account_id, ref))

    def links(self, ref: RecordRef) -> tuple[LinkLine, ...]:
        """Which accounts see this record, or saw it: each with its evidence, by whom, when, and whether it does now."""
        return self._do(linking.LINKS, linking.LinksOf(ref))

    def explain_booking(self, name: str, *, email: str | None = None, mobile: str | None = None) -> Match:
        """Which client a booking made logged out with these belongs to, and why; see ``portal.match_booking``."""
        return self._do(matching.EXPLAIN_BOOKING, matching.BookedAs(name, email, mobile))


class AsyncStaffClaiming(AsyncDoor):
    """The twin of :class:`StaffClaiming`, awaited."""

    async def link(self, account_id: str, ref: RecordRef) -> bool:
        return await self._do(linking.LINK, linking.LinkRecord(account_id, ref))

    async def unlink(self, account_id: str, ref: RecordRef) -> int:
        return await self._do(linking.UNLINK, linking.LinkRecord(account_id, ref))

    async def links(self, ref: RecordRef) -> tuple[LinkLine, ...]:
        return await self._do(linking.LINKS, linking.LinksOf(ref))

    async def explain_booking(self, name: str, *, email: str | None = None, mobile: str | None = None) -> Match:
        return await self._do(matching.EXPLAIN_BOOKING, matching.BookedAs(name, email, mobile))


describe(AsyncClientClaiming, ClientClaiming)
describe(AsyncStaffClaiming, StaffClaiming)
