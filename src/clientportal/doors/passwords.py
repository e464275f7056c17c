"""Passwords, second factors, and logging in with them: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from clientportal.doors.base import AsyncDoor, Door, as_secret, describe
from clientportal.doors.checks import check_tenant
from clientportal.operations import second_factor
from clientportal.operations.account_staff import (
    RESET_PASSWORD,
    STAFF_REMOVE_SECOND_FACTOR,
    Whose,
    import_accounts,
    reset_passwords,
    set_password,
)
from clientportal.operations.asserting import ASSERT_ACCOUNT, ASSERT_CLIENT, AssertAccount, AssertClient
from clientportal.operations.logging_in import log_in_with_password
from clientportal.operations.own_password import change_own_password, confirm_own_password
from clientportal.operations.performing import perform
from clientportal.operations.second_factor import FactorCode
from clientportal.operations.sessions import Nothing
from clientportal.operations.setting import Client, Setup, Staff, System, Visitor
from clientportal.outcomes import (
    AccountImport,
    AccountRow,
    Ended,
    Enrolment,
    ImportedAccount,
    PasswordReset,
    RecoveryCodes,
    ResetRow,
    SignedIn,
)
from clientportal.ports import step
from clientportal.values import RecordRef, Secret

__all__ = [
    "AsyncClientPasswords",
    "AsyncPortalPasswords",
    "AsyncStaffPasswords",
    "AsyncVisitorPasswords",
    "ClientPasswords",
    "PortalPasswords",
    "StaffPasswords",
    "VisitorPasswords",
]


class VisitorPasswords(Door):
    """What a visitor can do of it."""

    def log_in(self, email: str, password: Secret | str, *, key: str | None = None) -> SignedIn:
        """Log in with email and password; ``stage`` says whether a second factor or a choice is still to come.

        An unknown email, a wrong password and a blank one are refused alike, ``login_failed``: offer the reset there
        (A3). ``key`` is an idempotency key: after a crash the same call, its password proved again, opens the same
        session under a new token. Raises ``InvalidInput`` for what cannot be an email or a password (over-long, half of
        a surrogate pair: no try is charged); ``Refused`` with ``login_failed``; ``wait``, ``too_many_tries`` and
        ``stopped``, whoever has the email; ``busy``, where too many are logging in just now (not charged);
        ``disabled`` (A6, TT2). Source: A3; ASVS V6.3.8, V6.6.3.
        """
        caller = cast("Visitor", self._caller)
        return step(log_in_with_password(self._setup, caller, email, as_secret(password), key=key))


class AsyncVisitorPasswords(AsyncDoor):
    """The twin of :class:`VisitorPasswords`, awaited."""

    async def log_in(self, email: str, password: Secret | str, *, key: str | None = None) -> SignedIn:
        caller = cast("Visitor", self._caller)
        return await log_in_with_password(self._setup, caller, email, as_secret(password), key=key)


class ClientPasswords(Door):
    """What a session can do of it."""

    def confirm_password(self, password: Secret | str) -> SignedIn:
        """Show the password once more (step-up): for ``accounts.step_up_for`` the account itself may be changed.

        The token is rotated: the old one is worthless at once. A wrong password is a guess, and counts as one. Raises
        ``Refused`` with ``login_failed``, ``wait``, ``too_many_tries``, ``stopped``, ``busy``, ``no_password``. Source:
        ASVS V7.5.1.
        """
        caller = cast("Client", self._caller)
        return step(confirm_own_password(self._setup, caller, as_secret(password), preview=self._preview))

    def change_password(self, new: Secret | str, *, old: Secret | str | None = None) -> SignedIn:
        """Set a new password: with the old one, or shortly after :meth:`confirm_password`.

        Every other session ends, and so do codes, reset and sign-in links, and an email change under way; the client is
        told by mail; this session goes on under a new token. Raises ``Refused`` with ``password_too_short``,
        ``password_too_common``, ``password_breached``, ``step_up_first``, and whatever :meth:`confirm_password` can.

        So a thief who has a session *and* the password can void the reset and sign-in links that the owner asks for,
        again and again, unless the owner follows one first. A reset by staff ends that: it takes session and password
        away before it mails its link.
        """
        caller, shown = cast("Client", self._caller), None if old is None else as_secret(old)
        return step(change_own_password(self._setup, caller, as_secret(new), shown, preview=self._preview))

    def second_factor(self, code: Secret | str, *, key: str | None = None) -> SignedIn:
        """Go on with the code of the authenticator app, or with one of the recovery codes (each works once).

        Raises ``InvalidCode`` for what can be neither (no try is charged); ``Refused`` with ``second_factor_wrong``,
        also for a code that was used already; ``too_many_tries``, ``stopped``; ``not_found`` where none is waited for.
        Source: RFC 6238; ASVS V6.5.1.
        """
        return self._do(second_factor.SECOND_FACTOR, FactorCode(as_secret(code)), key)

    def begin_second_factor(self) -> Enrolment:
        """A new authenticator app: its secret, as text and as what a QR code holds. It is not asked for yet.

        Raises ``Refused`` with ``step_up_first``, ``disabled``.
        """
        return self._do(second_factor.BEGIN_SECOND_FACTOR, Nothing())

    def confirm_second_factor(self, code: Secret | str) -> RecoveryCodes:
        """Type a code of the new app: it is asked for at every login from now on.

        Answers recovery codes, shown this once, and the session under a new token. Raises ``InvalidCode``; ``Refused``
        with ``second_factor_wrong``, ``too_many_tries``, ``stopped``, ``not_found`` (nothing was begun), ``disabled``.
        """
        return self._do(second_factor.CONFIRM_SECOND_FACTOR, FactorCode(as_secret(code)))

    def new_recovery_codes(self) -> RecoveryCodes:
        """New recovery codes; those that were left are worthless. Raises ``Refused`` with ``step_up_first``,
        ``not_found``, ``disabled``."""
        return self._do(second_factor.NEW_RECOVERY_CODES, Nothing())

    def remove_second_factor(self) -> Ended:
        """Take the authenticator app off. Raises ``Refused`` with ``step_up_first``; ``disabled``, also where the
        business requires one; ``not_found``."""
        return self._do(second_factor.REMOVE_SECOND_FACTOR, Nothing())


class AsyncClientPasswords(AsyncDoor):
    """The twin of :class:`ClientPasswords`, awaited."""

    async def confirm_password(self, password: Secret | str) -> SignedIn:
        caller = cast("Client", self._caller)
        return await confirm_own_password(self._setup, caller, as_secret(password), preview=self._preview)

    async def change_password(self, new: Secret | str, *, old: Secret | str | None = None) -> SignedIn:
        caller, shown = cast("Client", self._caller), None if old is None else as_secret(old)
        return await change_own_password(self._setup, caller, as_secret(new), shown, preview=self._preview)

    async def second_factor(self, code: Secret | str, *, key: str | None = None) -> SignedIn:
        return await self._do(second_factor.SECOND_FACTOR, FactorCode(as_secret(code)), key)

    async def begin_second_factor(self) -> Enrolment:
        return await self._do(second_factor.BEGIN_SECOND_FACTOR, Nothing())

    async def confirm_second_factor(self, code: Secret | str) -> RecoveryCodes:
        return await self._do(second_factor.CONFIRM_SECOND_FACTOR, FactorCode(as_secret(code)))

    async def new_recovery_codes(self) -> RecoveryCodes:
        return await self._do(second_factor.NEW_RECOVERY_CODES, Nothing())

    async def remove_second_factor(self) -> Ended:
        return await self._do(second_factor.REMOVE_SECOND_FACTOR, Nothing())


class StaffPasswords(Door):
    """What staff can do of it."""

    def reset_password(self, who: RecordRef | str) -> PasswordReset:
        """Take a client's password away, end every session, and mail the client a link to set a new one (TT3).

        ``who`` is the account's id, or the client's record. Staff see neither password. Raises ``Refused`` with
        ``disabled`` (A4: ``registration.staff_reset``), ``not_found``, ``several_accounts``, ``permission``.
        """
        return self._do(RESET_PASSWORD, Whose(who))

    def reset_passwords(self, who: Iterable[RecordRef | str]) -> tuple[ResetRow, ...]:
        """:meth:`reset_password` for many, each for itself: a row that is refused says why. Raises ``Refused`` with
        ``disabled`` where the business has chosen single resets, or none, and ``permission``, before any row is read;
        ``InvalidInput`` for one id in place of a list."""
        return step(reset_passwords(self._setup, cast("Staff", self._caller), who, preview=self._preview))

    def set_password(self, who: RecordRef | str, password: Secret | str) -> PasswordReset:
        """Set a password for a client who is there in person (TT3). It must be as good as one of the client's own.

        It is never shown again, the client is told by mail, and every session ends. Prefer :meth:`reset_password`, of
        which nobody but the client learns the password. Raises ``Refused`` as that does, and with
        ``password_too_short``, ``password_too_common``, ``password_breached``, ``busy``.
        """
        caller = cast("Staff", self._caller)
        return step(set_password(self._setup, caller, who, as_secret(password), preview=self._preview))

    def remove_second_factor(self, who: RecordRef | str) -> Ended:
        """Take a lost authenticator app off; the password is asked for all the same, and the client is told by mail.

        Where the business requires an app, the next login begins with a new one. Raises ``Refused`` with ``not_found``,
        ``several_accounts``, ``permission``.
        """
        return self._do(STAFF_REMOVE_SECOND_FACTOR, Whose(who))


class AsyncStaffPasswords(AsyncDoor):
    """The twin of :class:`StaffPasswords`, awaited."""

    async def reset_password(self, who: RecordRef | str) -> PasswordReset:
        return await self._do(RESET_PASSWORD, Whose(who))

    async def reset_passwords(self, who: Iterable[RecordRef | str]) -> tuple[ResetRow, ...]:
        return await reset_passwords(self._setup, cast("Staff", self._caller), who, preview=self._preview)

    async def set_password(self, who: RecordRef | str, password: Secret | str) -> PasswordReset:
        caller = cast("Staff", self._caller)
        return await set_password(self._setup, caller, who, as_secret(password), preview=self._preview)

    async def remove_second_factor(self, who: RecordRef | str) -> Ended:
        return await self._do(STAFF_REMOVE_SECOND_FACTOR, Whose(who))


class PortalPasswords:
    """What the platform itself can do of it."""

    _setup: Setup

    def import_accounts(
        self,
        business: str,
        rows: Iterable[ImportedAccount],
        *,
        progress: Callable[[AccountRow], None] | None = None,
    ) -> AccountImport:
        """Bring the accounts of your platform's past along, with the hashes of their passwords.

        Row by row, each whole or not at all, as they come: ``rows`` may be a generator, ``progress`` is told each one.
        Run again after a crash, or with more rows, it adds nobody twice. A hash is replaced by argon2id when its owner
        first logs in; one of a kind that the portal was not given (``past_hashes``) is refused.

        **No email is proved by it, whatever your table says**: see :class:`~clientportal.outcomes.ImportedAccount`.
        """
        caller = System(check_tenant(business))
        return step(import_accounts(self._setup, caller, rows, progress))

    def assert_client(self, business: str, ref: RecordRef, *, how: str) -> SignedIn:
        """Let a client in whom *you* have authenticated; ``how`` you know is kept in the audit (``"SAML, Okta"``).

        Only where ``registration.host_assertions`` says so (A4: ``disabled``). It proves no contact (X6), and no
        password can be changed with it. Raises ``Refused`` with ``disabled``; ``not_found``, also for a record that is
        not usable; ``second_factor_first`` where an authenticator app guards the record: vouch for the account then.
        """
        caller = System(check_tenant(business))
        return step(perform(self._setup, caller, ASSERT_CLIENT, AssertClient(ref, how)))

    def assert_account(self, business: str, account_id: str, *, how: str) -> SignedIn:
        """Let the owner of an account in whom *you* have authenticated: in place of the password, and of nothing else.

        A second factor is still asked for. Raises ``Refused`` with ``disabled``, ``not_found``.
        """
        caller = System(check_tenant(business))
        return step(perform(self._setup, caller, ASSERT_ACCOUNT, AssertAccount(account_id, how)))


class AsyncPortalPasswords:
    """The twin of :class:`PortalPasswords`, awaited."""

    _setup: Setup

    async def import_accounts(
        self,
        business: str,
        rows: Iterable[ImportedAccount],
        *,
        progress: Callable[[AccountRow], None] | None = None,
    ) -> AccountImport:
        return await import_accounts(self._setup, System(check_tenant(business)), rows, progress)

    async def assert_client(self, business: str, ref: RecordRef, *, how: str) -> SignedIn:
        return await perform(self._setup, System(check_tenant(business)), ASSERT_CLIENT, AssertClient(ref, how))

    async def assert_account(self, business: str, account_id: str, *, how: str) -> SignedIn:
        asked = AssertAccount(account_id, how)
        return await perform(self._setup, System(check_tenant(business)), ASSERT_ACCOUNT, asked)


describe(AsyncVisitorPasswords, VisitorPasswords)
describe(AsyncClientPasswords, ClientPasswords)
describe(AsyncStaffPasswords, StaffPasswords)
describe(AsyncPortalPasswords, PortalPasswords)
