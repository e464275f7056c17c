"""Registering, proving the email of a registration, resetting, inviting: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from clientportal.doors.base import AsyncDoor, Door, as_secret, describe
from clientportal.operations import inviting, proving, registering, resetting
from clientportal.operations.sessions import Nothing
from clientportal.operations.setting import Visitor
from clientportal.operations.typed_codes import TypedCode
from clientportal.outcomes import CodeSent, MailedLinkView, MailSent, Registered, ResetDone, SignedIn
from clientportal.ports import step
from clientportal.records import MailPurpose
from clientportal.values import RecordRef, Secret

__all__ = [
    "VisitorRegistering",
    "AsyncVisitorRegistering",
    "ClientRegistering",
    "AsyncClientRegistering",
    "StaffRegistering",
    "AsyncStaffRegistering",
]


def _registration(
    email: str,
    first_name: str | None,
    last_name: str | None,
    phone: str | None,
    consents: Mapping[str, str] | None,
    came_from: Secret | str | None,
    key: str | None,
) -> registering.Registration:
    return registering.Registration(
        email=email,
        first_name=first_name,
        last_name=last_name,
        phone=phone,
        agreed=registering.agreed_to(consents),
        came_from=None if came_from is None else as_secret(came_from),
        once=key,
    )


def _chosen(
    purpose: MailPurpose, link: Secret | str, consents: Mapping[str, str] | None, key: str | None
) -> resetting.SetPassword:
    return resetting.SetPassword(as_secret(link), purpose, registering.agreed_to(consents), once=key)


class VisitorRegistering(Door):
    """What a visitor can do of it."""

    def register(
        self,
        email: str,
        password: Secret | str,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        phone: str | None = None,
        consents: Mapping[str, str] | None = None,
        came_from: Secret | str | None = None,
        key: str | None = None,
    ) -> Registered:
        """Make an account and open its session at once (A1, A16); a mail asks for the proof of the address.

        The answer is the same whether the address has an account or not. ``consents``: document -> the edition that was
        agreed to. ``came_from``: where only clients who have booked may register, ``portal.confirmation(...)`` of the
        booking, or the signed link to it (A2). ``key``: after a crash, the same call opens the same session under a new
        token. Raises ``InvalidContact``, ``InvalidInput``; ``Refused`` with ``disabled``, ``consent_missing``,
        ``password_too_short``, ``password_too_common``, ``password_breached``, ``wait``, ``bot_suspected``, ``busy``.
        """
        asked = _registration(email, first_name, last_name, phone, consents, came_from, key)
        return step(registering.register_client(self._setup, self._visitor, asked, as_secret(password)))

    def look_at_verification(self, link: Secret | str) -> MailedLinkView:
        """What the link of a registration's mail is about. Without effect, however often a mail scanner looks."""
        return self._do(resetting.LOOK_AT_MAILED, resetting.LookAtMailed(as_secret(link), MailPurpose.VERIFY))

    def verify_email(self, link: Secret | str, password: Secret | str, *, key: str | None = None) -> SignedIn:
        """Prove the email of a registration without its session, by the password that was chosen in it, and log in.

        All of the registration is kept (A16). Raises ``Refused`` with ``login_failed``, ``link_gone``,
        ``too_many_tries``, ``stopped``, ``busy``, ``disabled``.
        """
        return step(proving.verify_with_password(self._setup, self._visitor, as_secret(link), as_secret(password), key))

    def claim_email(
        self,
        link: Secret | str,
        new_password: Secret | str,
        *,
        consents: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> ResetDone:
        """ "It is my address, but I did not register": the same link makes a new account with this password.

        Everything that was put on the address before goes; nobody is logged in by it. Raises ``Refused`` with
        ``link_gone``, ``consent_missing`` (the link is not used up), ``password_…``, ``busy``, ``disabled``.
        """
        asked = _chosen(MailPurpose.VERIFY, link, consents, key)
        return step(
            resetting.set_by_link(self._setup, self._visitor, resetting.CLAIM_EMAIL, asked, as_secret(new_password))
        )

    def request_reset(self, email: str, *, key: str | None = None) -> MailSent:
        """Ask for a mail with a link that sets a new password (A3), or a first one (TT3).

        The answer is the same whether anybody has this address or not. Raises ``InvalidContact``; ``Refused`` with
        ``wait`` and ``retry_at``, ``bot_suspected``, ``disabled``.
        """
        return self._do(resetting.REQUEST_RESET, resetting.AskReset(email), key)

    def look_at_reset(self, link: Secret | str) -> MailedLinkView:
        """What the link of such a mail is about. Without effect. Raises ``Refused`` with ``link_gone``."""
        return self._do(resetting.LOOK_AT_MAILED, resetting.LookAtMailed(as_secret(link), MailPurpose.RESET))

    def reset_password(
        self,
        link: Secret | str,
        new_password: Secret | str,
        *,
        consents: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> ResetDone:
        """Set a new password by that link. Nobody is logged in by it (ASVS V6.4.3), and everybody is logged out.

        Every session, code, other link and change under way of the account ends; a second factor stays where the
        address was proved before. ``consents`` are needed where this makes the account (TT3). Raises ``Refused`` with
        ``link_gone``, ``consent_missing`` (the link is not used up), ``password_…``, ``busy``, ``disabled``.
        """
        asked = _chosen(MailPurpose.RESET, link, consents, key)
        return step(
            resetting.set_by_link(self._setup, self._visitor, resetting.RESET_PASSWORD, asked, as_secret(new_password))
        )

    def look_at_invitation(self, link: Secret | str) -> MailedLinkView:
        """What the link of an invitation is about. Without effect. Raises ``Refused`` with ``link_gone``."""
        return self._do(resetting.LOOK_AT_MAILED, resetting.LookAtMailed(as_secret(link), MailPurpose.INVITATION))

    def accept_invitation(
        self,
        link: Secret | str,
        password: Secret | str,
        *,
        consents: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> SignedIn:
        """Choose a password for the account that staff have prepared, and log in.

        Raises ``Refused`` with ``link_gone`` (also where the client's email is another by now, or has an account),
        ``consent_missing`` (the link is not used up), ``password_…``, ``busy``, ``disabled``.
        """
        asked = _chosen(MailPurpose.INVITATION, link, consents, key)
        return step(
            resetting.set_by_link(self._setup, self._visitor, inviting.ACCEPT_INVITATION, asked, as_secret(password))
        )

    @property
    def _visitor(self) -> Visitor:
        return cast("Visitor", self._caller)


class AsyncVisitorRegistering(AsyncDoor):
    """The twin of :class:`VisitorRegistering`, awaited."""

    async def register(
        self,
        email: str,
        password: Secret | str,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        phone: str | None = None,
        consents: Mapping[str, str] | None = None,
        came_from: Secret | str | None = None,
        key: str | None = None,
    ) -> Registered:
        asked = _registration(email, first_name, last_name, phone, consents, came_from, key)
        return await registering.register_client(self._setup, self._visitor, asked, as_secret(password))

    async def look_at_verification(self, link: Secret | str) -> MailedLinkView:
        asked = resetting.LookAtMailed(as_secret(link), MailPurpose.VERIFY)
        return await self._do(resetting.LOOK_AT_MAILED, asked)

    async def verify_email(self, link: Secret | str, password: Secret | str, *, key: str | None = None) -> SignedIn:
        return await proving.verify_with_password(self._setup, self._visitor, as_secret(link), as_secret(password), key)

    async def claim_email(
        self,
        link: Secret | str,
        new_password: Secret | str,
        *,
        consents: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> ResetDone:
        asked = _chosen(MailPurpose.VERIFY, link, consents, key)
        return await resetting.set_by_link(
            self._setup, self._visitor, resetting.CLAIM_EMAIL, asked, as_secret(new_password)
        )

    async def request_reset(self, email: str, *, key: str | None = None) -> MailSent:
        return await self._do(resetting.REQUEST_RESET, resetting.AskReset(email), key)

    async def look_at_reset(self, link: Secret | str) -> MailedLinkView:
        asked = resetting.LookAtMailed(as_secret(link), MailPurpose.RESET)
        return await self._do(resetting.LOOK_AT_MAILED, asked)

    async def reset_password(
        self,
        link: Secret | str,
        new_password: Secret | str,
        *,
        consents: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> ResetDone:
        asked = _chosen(MailPurpose.RESET, link, consents, key)
        return await resetting.set_by_link(
            self._setup, self._visitor, resetting.RESET_PASSWORD, asked, as_secret(new_password)
        )

    async def look_at_invitation(self, link: Secret | str) -> MailedLinkView:
        asked = resetting.LookAtMailed(as_secret(link), MailPurpose.INVITATION)
        return await self._do(resetting.LOOK_AT_MAILED, asked)

    async def accept_invitation(
        self,
        link: Secret | str,
        password: Secret | str,
        *,
        consents: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> SignedIn:
        asked = _chosen(MailPurpose.INVITATION, link, consents, key)
        return await resetting.set_by_link(
            self._setup, self._visitor, inviting.ACCEPT_INVITATION, asked, as_secret(password)
        )

    @property
    def _visitor(self) -> Visitor:
        return cast("Visitor", self._caller)


class ClientRegistering(Door):
    """What a session can do of it."""

    def verify_email(self, link: Secret | str, *, key: str | None = None) -> SignedIn:
        """Prove the email of this session's registration by the link in its mail (A16). The token changes (V7.2.4).

        Password and sessions stay; what was booked before with the address is shown from now on (A8, TT11). Raises
        ``Refused`` with ``link_gone``, also where the address has become another account's.
        """
        return self._do(proving.VERIFY_EMAIL, proving.FollowLink(as_secret(link)), key)

    def request_email_code(self) -> CodeSent:
        """Have a code mailed to the address of this session's registration, instead of a link.

        Raises ``Refused`` with ``wait`` and ``retry_at``, ``too_many_codes``, ``already_registered`` (proved already).
        """
        return self._do(proving.REQUEST_EMAIL_CODE, Nothing())

    def verify_email_code(self, handle: Secret | str, code: str, *, key: str | None = None) -> SignedIn:
        """Prove the email by that code, as :meth:`verify_email` does by the link.

        Raises ``InvalidCode`` (no try is charged); ``Refused`` with ``code_wrong``, ``code_gone``, ``too_many_tries``,
        ``stopped``.
        """
        typed = TypedCode(as_secret(handle), as_secret(code))
        return self._do(proving.VERIFY_EMAIL_CODE, typed, key)

    def resend_verification(self, *, key: str | None = None) -> MailSent:
        """Have the mail with the link sent once more.

        Raises ``Refused`` with ``wait`` and ``retry_at``, ``already_registered`` (proved already).
        """
        return self._do(proving.RESEND_VERIFICATION, Nothing(), key)


class AsyncClientRegistering(AsyncDoor):
    """The twin of :class:`ClientRegistering`, awaited."""

    async def verify_email(self, link: Secret | str, *, key: str | None = None) -> SignedIn:
        return await self._do(proving.VERIFY_EMAIL, proving.FollowLink(as_secret(link)), key)

    async def request_email_code(self) -> CodeSent:
        return await self._do(proving.REQUEST_EMAIL_CODE, Nothing())

    async def verify_email_code(self, handle: Secret | str, code: str, *, key: str | None = None) -> SignedIn:
        typed = TypedCode(as_secret(handle), as_secret(code))
        return await self._do(proving.VERIFY_EMAIL_CODE, typed, key)

    async def resend_verification(self, *, key: str | None = None) -> MailSent:
        return await self._do(proving.RESEND_VERIFICATION, Nothing(), key)


class StaffRegistering(Door):
    """What staff can do of it."""

    def invite(self, ref: RecordRef, *, key: str | None = None) -> MailSent:
        """Mail a client an invitation: whoever follows it chooses a password, and has an account for this record.

        It goes to the email of the record, and works as long as the record has it. Raises ``Refused`` with
        ``disabled`` (A2: nobody registers on a client's behalf), ``not_found``, ``contact_not_allowed`` (no email that
        can be used), ``already_registered``, ``wait``.
        """
        return self._do(inviting.INVITE, inviting.Invite(ref), key)


class AsyncStaffRegistering(AsyncDoor):
    """The twin of :class:`StaffRegistering`, awaited."""

    async def invite(self, ref: RecordRef, *, key: str | None = None) -> MailSent:
        return await self._do(inviting.INVITE, inviting.Invite(ref), key)


describe(AsyncVisitorRegistering, VisitorRegistering)
describe(AsyncClientRegistering, ClientRegistering)
describe(AsyncStaffRegistering, StaffRegistering)
