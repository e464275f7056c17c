"""What was done: the audit, the answers under idempotency keys, the host writes that are under way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from attrs import evolve, field, frozen

from clientportal.records.accounts import Assignment
from clientportal.records.appointments import Trail
from clientportal.records.proving import Session
from clientportal.records.stored import stored
from clientportal.values import (
    Appointment,
    ClientChange,
    ClientDraft,
    ContactKey,
    Money,
    RecordRef,
    SectionWrite,
    Slot,
)

__all__ = ["AuditEntry", "HostWrite", "Intent", "Receipt"]


@stored("audit", time=("at",), subject=("subject", "at"), sealing=("seal", "at"))
@frozen(kw_only=True)
class AuditEntry:
    """Who did what, on whom, why, and how it ended. Contacts are masked; nothing secret is ever in it.

    ``mark`` vouches, by the key ``key_id`` of the ring, for what was inserted; ``seal`` is the batch that it was sealed
    in, ``OPEN`` until then. The ``salt`` makes the digest over its words (``because``, ``reason``) tell nothing once
    they are erased: ``words``, that digest, is then all that is left of them.
    """

    OPEN: ClassVar[str] = "open"

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    at: datetime
    actor: str
    action: str
    subject: str
    outcome: str
    because: str = ""
    reason: str = ""
    salt: str = field(default="", repr=False)
    words: str = field(default="", repr=False)
    key_id: str = ""
    mark: str = field(default="", repr=False)
    seal: str = OPEN

    def doubted(self) -> AuditEntry:
        """The entry as one that nobody vouches for. A store that finds it by something else than it says calls this.

        The attack: who can write to the database changes what an entry is *found* by, such as its subject's column,
        and leaves the entry as it was sealed. It would hold, and nobody would find it.
        """
        return evolve(self, mark="")


@stored("receipts", expiry=("forget_at",))
@frozen(kw_only=True)
class Receipt:
    """What an idempotency key ended in; ``id`` is the keyed digest of operation, caller and key.

    ``fingerprint`` is the keyed digest of the parameters: other parameters under that key are refused (I2).
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    fingerprint: str
    at: datetime
    forget_at: datetime
    result: Mapping[str, str] = field(factory=dict[str, str])


class HostWrite(StrEnum):
    """The writes that a host may allow."""

    CREATE_CLIENT = "create_client"
    MOVE = "move"
    CANCEL = "cancel"
    BOOK = "book"
    UPDATE_CLIENT = "update_client"
    DELETE_CLIENT = "delete_client"
    ERASE_CLIENT = "erase_client"
    DELETE_APPOINTMENT = "delete_appointment"
    REASSIGN = "reassign"
    RESTORE = "restore"
    SECTION = "section"
    """One of a section's own writes: ``Intent.section`` says which."""
    SETTLE = "settle"
    """A confirmed payment goes into the books: ``Intent.section`` says of which invoice."""


@stored("intents", state=("state", "due_at"))
@frozen(kw_only=True)
class Intent:
    """One host write that a decision asks for, with all that is needed to finish it after a crash.

    Where the host shares the transaction it lives for one commit; where it does not, it is stored before the host is
    called, and the pump finishes it. ``id`` is the idempotency key that the host gets. ``receipt`` holds what the
    caller's key will remember; ``link`` is the signed link that it uses up, given back where the host says no.
    ``for_ref`` is also the client row that is updated (with ``change``) or deleted, ``refs`` are those to be erased, or
    the merged ones that are deleted with it, and ``cancels`` the appointments that are cancelled then. ``number`` is
    the client number of the row that is created, and ``entries`` its contacts, or those that the rows have which are
    deleted or erased: nobody else knows them afterwards. ``proposing`` are the other keys of the contact index.
    ``account`` is whose session books (A8a). ``assignment`` is whose the appointment is that a move makes anew, as it
    stands when the host has answered; ``account`` then says whose the new one is already. ``merges`` are the journal
    entries of the merge or undo whose rows (of ``refs``) are moved to ``for_ref``. ``section`` is what a section's
    client has done in it.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    write: HostWrite
    actor: str
    asked_at: datetime
    due_at: datetime
    state: str = "open"
    appointment: Appointment | None = None
    slot: Slot | None = None
    draft: ClientDraft | None = None
    change: ClientChange | None = None
    refs: tuple[RecordRef, ...] = ()
    cancels: tuple[Appointment, ...] = ()
    number: int | None = None
    for_ref: RecordRef | None = None
    trail: Trail | None = None
    fee: Money | None = None
    session: Session | None = None
    entries: tuple[ContactKey, ...] = ()
    proposing: tuple[str, ...] = ()
    because: str = ""
    receipt: Receipt | None = None
    link: str | None = None
    account: str | None = None
    assignment: Assignment | None = None
    merges: tuple[str, ...] = ()
    section: SectionWrite | None = None

    @property
    def trail_id(self) -> str | None:
        """Which trail a move goes on with, made or not."""
        if self.write is not HostWrite.MOVE or self.appointment is None:
            return None
        return self.appointment.id if self.trail is None else self.trail.id

    def put_off(self, until: timedelta, now: datetime) -> Intent:
        """The same intent, looked at again after ``until``."""
        return evolve(self, due_at=now + until)
