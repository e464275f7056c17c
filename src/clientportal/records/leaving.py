"""Messages on their way out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from attrs import field, frozen

from clientportal.records.stored import stored

__all__ = ["MessageKind", "MessageState", "OutboxMessage"]


class MessageKind(StrEnum):
    """What a message says; each has a template per channel."""

    LOGIN_CODE = "login_code"
    SECOND_PROOF_CODE = "second_proof_code"
    GUESSES_WARNING = "guesses_warning"
    APPOINTMENT_LINK = "appointment_link"
    VERIFY_EMAIL = "verify_email"
    VERIFY_EMAIL_CODE = "verify_email_code"
    ALREADY_REGISTERED = "already_registered"
    """Somebody registers with an email that has an account: its owner is told, and nobody else (V6.3.8)."""
    RESET_PASSWORD = "reset_password"  # noqa: S105
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    SIGN_IN_LINK = "sign_in_link"
    CHANGE_EMAIL = "change_email"
    EMAIL_CHANGED = "email_changed"
    """To the old address, with a link that takes the change back."""
    EMAIL_CONFIRMED = "email_confirmed"
    """To the new one, in the same commit."""
    EMAIL_TAKEN_BACK = "email_taken_back"
    ACCOUNTS_MERGED = "accounts_merged"
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    INVITATION = "invitation"
    CLAIM_CODE = "claim_code"
    CLAIM_LINK = "claim_link"
    VIEWED_BY_STAFF = "viewed_by_staff"
    CHANGE_CONTACT_CODE = "change_contact_code"
    CONTACT_CHANGED = "contact_changed"
    """To the earlier contact of a record, with a link that puts it back."""
    NOTICE = "notice"
    """What the portal lists under notifications, by email as well (V13); ``facts`` names the notice."""


class MessageState(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENT = "sent"
    """A provider has taken it."""
    DELIVERED = "delivered"
    """A provider's receipt says that it has arrived."""
    DROPPED = "dropped"
    """Not to be sent: nobody there, expired, or over the destination's budget; ``note`` says which."""
    ABANDONED = "abandoned"
    """Tried as often as the policy says, refused for good, or reported as not arrived; staff see it."""


@stored(
    "outbox",
    due=("state", "due_at"),
    time=("created_at",),
    contact=("to",),
    record=("ref",),
    account=("account",),
)
@frozen(kw_only=True)
class OutboxMessage:
    """A message that was committed and must leave at least once.

    No secret is here: codes and links are derived when it is sent, from ``challenge_id`` and ``send_number``, from
    ``mailed_link_id``, or from ``facts``. ``to`` is a contact as typed and normalised, ``ref`` a record and
    ``account`` an account whose contact is looked up when it leaves.
    ``due_at`` is also the lease: a pump that takes a message moves it ahead, so that two pumps take it once.
    ``by`` is the channel that it was last taken for, ``failed`` are those that it cannot go by, and ``other`` is the
    keyed digest of the address that it may go to instead, as that was when it was first taken. ``bounced`` are the
    provider's own ids of sendings that it has reported as not arrived.
    ``language`` is what whoever asked for it was reading, empty where they had chosen none; ``branch`` the business of
    a franchise that speaks.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    kind: MessageKind
    to: str | None = None
    ref: str | None = None
    challenge_id: str | None = None
    account: str | None = None
    mailed_link_id: str | None = None
    send_number: int = 0
    facts: Mapping[str, str] = field(factory=dict[str, str])
    state: MessageState = MessageState.QUEUED
    tries: int = 0
    created_at: datetime
    due_at: datetime
    expires_at: datetime
    note: str = ""
    sent_to: str | None = None
    by: str = ""
    failed: tuple[str, ...] = ()
    other: str = ""
    bounced: tuple[str, ...] = ()
    language: str = ""
    branch: str = ""
