"""Accounts: who has one, how they log in, what they agreed to, which records and appointments are theirs.

An account is not a client record. It belongs to a person who registered; records and single appointments are linked to
it, each link with its evidence. An email names at most one account, and only through an :class:`Identifier`: whoever
merely *typed* it when registering has an account that does not own the email yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from attrs import field, frozen

from clientportal.records.stored import stored
from clientportal.values import ContactKey, RecordRef, Secret

__all__ = [
    "Account",
    "AccountLink",
    "AccountOrigin",
    "Assignment",
    "Consent",
    "Credential",
    "LinkEvidence",
    "Identifier",
    "MailPurpose",
    "MailedLink",
    "SecondFactor",
]


class AccountOrigin(StrEnum):
    """How an account came to be."""

    REGISTERED = "registered"
    RESET = "reset"
    """A client who had none set a first password by email (TT3)."""
    INVITED = "invited"
    STAFF = "staff"
    IMPORTED = "imported"
    """Brought along from the platform's past: its email is *not* proved to this library, whatever the platform says."""


@stored("accounts", email=("email", "created_at"), time=("created_at",), waiting=("waiting", "created_at"))
@frozen(kw_only=True)
class Account:
    """One client account. ``email`` is the normalised key as text, ``address`` the email as it was typed.

    ``proved_at`` is when somebody proved the email to this library; ``None`` is *not yet*: the account then shows only
    what was booked with its own session (A16), and the first proof by somebody else takes everything from it.
    ``waiting`` is ``"proof"`` for a registration that is forgotten where nobody proves its email in time.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    email: str
    address: str = field(repr=False)
    created_at: datetime
    proved_at: datetime | None = None
    origin: AccountOrigin = AccountOrigin.REGISTERED
    waiting: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = field(default=None, repr=False)

    @property
    def identity(self) -> ContactKey:
        """The email as what it means."""
        return ContactKey.parse(self.email)


@stored("identifiers", account=("account",))
@frozen(kw_only=True)
class Identifier:
    """This email (``id``, a contact key as text) logs in to that account. Being the id, it is unique in a business.

    ``proved_at`` is ``None`` for accounts that the platform brought along and nobody has proved yet.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    account: str
    proved_at: datetime | None = None


@stored("credentials")
@frozen(kw_only=True)
class Credential:
    """The password hash of one account (``id``). ``set_by`` says who set it: the client, staff, an import."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    hash: Secret
    set_at: datetime
    set_by: str


@stored("second_factors", key=("key_id",))
@frozen(kw_only=True)
class SecondFactor:
    """The authenticator app of one account (``id``). Its secret is derived from the key ring, never stored.

    ``nonce`` makes the derivation this enrolment's own; ``last_step`` is the last time step that was used (RFC 6238:
    one step, one login); ``recovery`` are digests of the recovery codes that are left. ``next_key_id`` and
    ``next_nonce`` are an app that is to take the place of this one, once a code of it was typed: until then this one is
    asked for.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    key_id: str
    nonce: str
    begun_at: datetime
    confirmed_at: datetime | None = None
    last_step: int | None = None
    recovery: tuple[str, ...] = ()
    next_key_id: str | None = None
    next_nonce: str | None = None


class MailPurpose(StrEnum):
    """What a link in a mail is good for; a link for one purpose is worthless for another."""

    VERIFY = "verify"
    """Prove the email of a registration."""
    RESET = "reset"
    SIGN_IN = "sign_in"
    CHANGE_EMAIL = "change_email"
    """Prove the new address of an account."""
    REVERT_EMAIL = "revert_email"
    """Take a changed address back, from the old one."""
    CLAIM = "claim"
    """Prove a contact of one more record."""
    INVITATION = "invitation"


@stored("mailed_links", identity=("identity", "purpose"), account=("account",), expiry=("expires_at",))
@frozen(kw_only=True)
class MailedLink:
    """One link that a mail carries; the text of it is derived from the key ring when it leaves, never stored.

    ``identity`` is the contact that following it proves; ``account`` the account that it is about, where one is known
    when it is asked for. It acts once; looking at it has no effect.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    purpose: MailPurpose
    identity: str
    address: str = field(default="", repr=False)
    account: str | None = None
    key_id: str
    created_at: datetime
    expires_at: datetime
    last_mark: datetime
    spent: bool = False
    facts: Mapping[str, str] = field(factory=dict[str, str], repr=False)

    def open_at(self, now: datetime) -> bool:
        """Whether it may still act: not used, and before ``expires_at`` by the later clock."""
        return not self.spent and max(now, self.last_mark) < self.expires_at


@stored("consents", account=("account",))
@frozen(kw_only=True)
class Consent:
    """One account agreed to one edition of one document; ``id`` is made of the three."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    account: str
    document: str
    edition: str
    at: datetime

    @staticmethod
    def id_of(account: str, document: str, edition: str) -> str:
        """The id: agreeing twice to one edition is one fact."""
        return f"{account}|{len(document)}:{document}|{edition}"


class LinkEvidence(StrEnum):
    """Why an account is linked to a record."""

    PROVED_EMAIL = "proved_email"
    """The account proved an email that the record has."""
    PROVED_CONTACT = "proved_contact"
    """A code or link to another contact of the record was used."""
    STAFF = "staff"
    HOST = "host"
    """The platform said so when it brought the account along."""


@stored("account_links", account=("account",), ref=("ref",))
@frozen(kw_only=True)
class AccountLink:
    """One account may see one record; ``id`` is ``account|ref``. A household has several links of one account (X5).

    A revoked link stays, so that the same evidence does not make it again by itself.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    account: str
    ref: str
    evidence: LinkEvidence
    made_at: datetime
    actor: str
    because: str = ""
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    @staticmethod
    def id_of(account: str, ref: RecordRef) -> str:
        """The id: an account is linked to a record once."""
        return f"{account}|{ref}"

    @property
    def record_ref(self) -> RecordRef:
        """The record."""
        return RecordRef.parse(self.ref)


@stored("assignments", account=("account", "at"), ref=("ref",))
@frozen(kw_only=True)
class Assignment:
    """One appointment (``id``) is one account's (A7). ``ref`` is the record it stood under when it was assigned.

    ``own_booking`` says that the account's own session booked it: that is all that an account shows before its email is
    proved (A16).
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    account: str
    ref: str
    at: datetime
    actor: str
    because: str = ""
    own_booking: bool = False
