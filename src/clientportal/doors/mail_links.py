"""Links in mails: sign-in links, changing the email, joining accounts, and the codes of a client (A15): one topic of
the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, as_secret, describe
from clientportal.operations import active_codes, changing_email, finding_accounts, merging_accounts, sign_in_links
from clientportal.operations.merging_accounts import TwoAccounts
from clientportal.operations.sessions import Nothing
from clientportal.operations.sign_in_links import AskLink, UseLink
from clientportal.outcomes import AccountLine, AccountsMerged, Codes, EmailTakenBack, MailedLinkView, MailSent, SignedIn
from clientportal.values import Secret

__all__ = [
    "VisitorMailLinks",
    "AsyncVisitorMailLinks",
    "ClientMailLinks",
    "AsyncClientMailLinks",
    "StaffMailLinks",
    "AsyncStaffMailLinks",
]


class VisitorMailLinks(Door):
    """What a visitor can do of it."""

    def request_sign_in_link(self, email: str) -> MailSent:
        """Ask for a link that logs in, to an account's email.

        The answer is the same whether the email has an account or not; nothing is mailed where it has none. Raises
        ``InvalidContact``; ``Refused`` with ``disabled`` (``accounts.sign_in_links``), ``wait`` with ``retry_at``,
        ``bot_suspected``.
        """
        return self._do(sign_in_links.REQUEST_SIGN_IN_LINK, AskLink(email))

    def look_at_sign_in_link(self, link: Secret | str) -> MailedLinkView:
        """What a sign-in link is about, for the page with the button "log in". Without effect: mail scanners look too.

        Raises ``Refused`` with ``link_gone``: changed, used and expired links, and those for something else, look the
        same.
        """
        return self._do(sign_in_links.LOOK_AT_SIGN_IN_LINK, UseLink(as_secret(link)))

    def sign_in_by_link(self, link: Secret | str, *, key: str | None = None) -> SignedIn:
        """Log in with a link; it is used up by that. A second factor is asked for still, and what changes the account
        itself still asks for the password (``step_up_first``).

        Where nobody had proved the email before (accounts that your platform brought along), this is its first proof:
        the password that came along, and every session, ends. ``key`` is an idempotency key: after a crash, the same
        call opens the same session under a new token. Raises ``Refused`` with ``link_gone``, ``disabled``.
        """
        return self._do(sign_in_links.SIGN_IN_BY_LINK, UseLink(as_secret(link)), key)

    def look_at_email_link(self, link: Secret | str) -> MailedLinkView:
        """What a link about a changed email is about: the address that it proves or brings back, masked. No effect.

        Whoever comes by a link to a new address must be logged in to confirm it
        (:meth:`ClientMailLinks.confirm_email_change`). Raises ``Refused`` with ``link_gone``.
        """
        return self._do(changing_email.LOOK_AT_EMAIL_LINK, UseLink(as_secret(link)))

    def revert_email_change(self, link: Secret | str) -> EmailTakenBack:
        """Take a changed email back, by the link that the earlier address got (N4.6). Nobody is logged in by that.

        All that a thief may have ends: sessions, the password, links under way, a second factor that was set up since.
        A new password is set by email. Raises ``Refused`` with ``link_gone``, ``disabled``.
        """
        return self._do(changing_email.REVERT_EMAIL_CHANGE, UseLink(as_secret(link)))


class AsyncVisitorMailLinks(AsyncDoor):
    """The twin of :class:`VisitorMailLinks`, awaited."""

    async def request_sign_in_link(self, email: str) -> MailSent:
        return await self._do(sign_in_links.REQUEST_SIGN_IN_LINK, AskLink(email))

    async def look_at_sign_in_link(self, link: Secret | str) -> MailedLinkView:
        return await self._do(sign_in_links.LOOK_AT_SIGN_IN_LINK, UseLink(as_secret(link)))

    async def sign_in_by_link(self, link: Secret | str, *, key: str | None = None) -> SignedIn:
        return await self._do(sign_in_links.SIGN_IN_BY_LINK, UseLink(as_secret(link)), key)

    async def look_at_email_link(self, link: Secret | str) -> MailedLinkView:
        return await self._do(changing_email.LOOK_AT_EMAIL_LINK, UseLink(as_secret(link)))

    async def revert_email_change(self, link: Secret | str) -> EmailTakenBack:
        return await self._do(changing_email.REVERT_EMAIL_CHANGE, UseLink(as_secret(link)))


class ClientMailLinks(Door):
    """What a session can do of it."""

    def change_email(self, new_email: str) -> MailSent:
        """Begin to change the email of this session's account: a link goes to the new address; nothing changes yet.

        The answer is the same whether the new address has an account or not; where it has one, its owner is told and
        nothing else happens. Raises ``InvalidContact``; ``Refused`` with ``step_up_first`` where the password was not
        shown lately, ``wait`` with ``retry_at``, ``not_found`` for a session without an account.
        """
        return self._do(changing_email.CHANGE_EMAIL, AskLink(new_email))

    def confirm_email_change(self, link: Secret | str, *, key: str | None = None) -> SignedIn:
        """Use the link that the new address got, in a session of the account that asked for it (V7.5.1, N4.6).

        The account has the new email at once; its other sessions end and this one gets a new token; both addresses are
        told, and the earlier one can take it back for seven days. Your own record keeps its email: your host hears
        ``account_email_changed``. Raises ``Refused`` with ``link_gone``, also in another account's session.
        """
        return self._do(changing_email.CONFIRM_EMAIL_CHANGE, UseLink(as_secret(link)), key)

    def codes(self) -> Codes:
        """The client's active package, gift and subscription codes (A15).

        Where single appointments are shown (A7): those of assigned appointments and of records that the account is
        linked to. Empty, with ``offered`` false, where your platform keeps none. ``code.reveal()`` shows one: it is
        money, so it is in no log.
        """
        return self._do(active_codes.CODES, Nothing())


class AsyncClientMailLinks(AsyncDoor):
    """The twin of :class:`ClientMailLinks`, awaited."""

    async def change_email(self, new_email: str) -> MailSent:
        return await self._do(changing_email.CHANGE_EMAIL, AskLink(new_email))

    async def confirm_email_change(self, link: Secret | str, *, key: str | None = None) -> SignedIn:
        return await self._do(changing_email.CONFIRM_EMAIL_CHANGE, UseLink(as_secret(link)), key)

    async def codes(self) -> Codes:
        return await self._do(active_codes.CODES, Nothing())


class StaffMailLinks(Door):
    """What staff can do of it."""

    def find_accounts(self, email: str) -> tuple[AccountLine, ...]:
        """The accounts with an email, in any spelling: first the one that it logs in to, then registrations that have
        only typed it. Their ids are what :meth:`assign`, :meth:`link` and :meth:`reset_password` take.
        """
        return self._do(finding_accounts.FIND_ACCOUNTS, finding_accounts.AccountsWith(email))

    def merge_accounts(self, survivor_id: str, absorbed_id: str) -> AccountsMerged:
        """Make one of two accounts with logins: what the absorbed one saw, the survivor sees (X3).

        Say why: ``portal.staff(..., reason="…")``; without a reason it is ``InvalidInput``. The absorbed account ends,
        with its password, second factor and sessions; an email that it had proved logs in to the survivor. Both are
        told. **It is not undone**: take single records and appointments off again by ``unlink`` and ``assign``. Raises
        ``Refused`` with ``not_found``, ``same_record``, ``proof_needed`` (nobody has proved the survivor's email),
        ``wait`` with ``retry_at`` (the absorbed account's email was changed, and that can still be taken back).
        """
        return self._do(merging_accounts.MERGE_ACCOUNTS, TwoAccounts(survivor_id, absorbed_id))


class AsyncStaffMailLinks(AsyncDoor):
    """The twin of :class:`StaffMailLinks`, awaited."""

    async def find_accounts(self, email: str) -> tuple[AccountLine, ...]:
        return await self._do(finding_accounts.FIND_ACCOUNTS, finding_accounts.AccountsWith(email))

    async def merge_accounts(self, survivor_id: str, absorbed_id: str) -> AccountsMerged:
        return await self._do(merging_accounts.MERGE_ACCOUNTS, TwoAccounts(survivor_id, absorbed_id))


describe(AsyncVisitorMailLinks, VisitorMailLinks)
describe(AsyncClientMailLinks, ClientMailLinks)
describe(AsyncStaffMailLinks, StaffMailLinks)
