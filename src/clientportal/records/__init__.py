"""What the portal itself stores, with the keys that each is found by.

Every record is a frozen value with an ``id`` and a ``version``. A store keeps one table per record type, with the
declared keys as columns; everything starts with the tenant, which the unit of work adds and no record can name. The
version is the store's: 0 means *not stored yet*, and a write names the version that it saw.

Keys: a *shared* key may be held by many records. Uniqueness is promised for ``id`` alone, so whatever must be unique
is made the id (a pair of dismissed records, a contact in a record).
"""

from __future__ import annotations

from clientportal.records.accounts import (
    Account,
    AccountLink,
    AccountOrigin,
    Assignment,
    Consent,
    Credential,
    Identifier,
    LinkEvidence,
    MailedLink,
    MailPurpose,
    SecondFactor,
)
from clientportal.records.appointments import Snapshot, Trail
from clientportal.records.details import ContactChange
from clientportal.records.importing import ImportedClient
from clientportal.records.leaving import MessageKind, MessageState, OutboxMessage
from clientportal.records.notices import Notice, NoticeKind
from clientportal.records.papers import DocumentsSeen
from clientportal.records.payments import Payment, PaymentStage, PaymentState
from clientportal.records.people import (
    ClientNumber,
    ContactEntry,
    ContactHistory,
    Dismissal,
    Merge,
    NumberCounter,
    Pointer,
    WalkMark,
)
from clientportal.records.proving import Allowance, Challenge, GuessCounter, Purpose, Session, SpentLink, Stage
from clientportal.records.referring import Referral
from clientportal.records.remembering import AuditEntry, HostWrite, Intent, Receipt
from clientportal.records.sealing import AuditChain, AuditSeal, SealedEntry
from clientportal.records.stored import RECORD_TYPES, Put, Remove, Stored, Write

__all__ = [
    "Account",
    "AccountLink",
    "AccountOrigin",
    "Assignment",
    "Consent",
    "Credential",
    "LinkEvidence",
    "Identifier",
    "MailedLink",
    "MailPurpose",
    "SecondFactor",
    "Allowance",
    "AuditChain",
    "AuditEntry",
    "AuditSeal",
    "Challenge",
    "ClientNumber",
    "ContactChange",
    "ContactEntry",
    "ContactHistory",
    "Dismissal",
    "DocumentsSeen",
    "GuessCounter",
    "HostWrite",
    "ImportedClient",
    "Intent",
    "Merge",
    "MessageKind",
    "MessageState",
    "Notice",
    "NoticeKind",
    "NumberCounter",
    "OutboxMessage",
    "Payment",
    "PaymentStage",
    "PaymentState",
    "Pointer",
    "Purpose",
    "Put",
    "RECORD_TYPES",
    "Receipt",
    "Referral",
    "Remove",
    "SealedEntry",
    "Session",
    "Snapshot",
    "SpentLink",
    "Stage",
    "Stored",
    "Trail",
    "WalkMark",
    "Write",
]
