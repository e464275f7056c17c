"""What the client list gives back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from attrs import field, frozen

from clientportal.decisions import Reason
from clientportal.outcomes.assigning import Assignments
from clientportal.outcomes.claiming import LinkLine
from clientportal.outcomes.merging import ConsentChoice, FieldChoice
from clientportal.values import RecordRef

__all__ = [
    "Added",
    "AppointmentDeleted",
    "ClientChanged",
    "ClientLine",
    "ClientLines",
    "CustomField",
    "Deleted",
    "DeletedRow",
    "EndedRow",
    "FormField",
    "NumberFound",
    "NumberState",
    "StaffProfile",
]


@frozen
class ClientLine:
    """One line of the client list. ``ref`` leads to the profile: ``staff.client(line.ref)``.

    ``merged_into`` is set where a search has found a record that was merged into another: what is shown is what was
    found, and that record is whom it leads to. ``usable`` says whether anybody may log in to it. ``demo``: the
    business's own trial client, which stands first and has no number (V12).
    """

    ref: RecordRef
    number: int | None
    name: str
    email: str | None
    mobile: str | None
    usable: bool
    merged_into: RecordRef | None = None
    demo: bool = False


@frozen
class ClientLines:
    """One page of the client list; ``next`` is the cursor of the page after it, ``None`` at the end.

    ``numbered`` is the client whose number was searched for (TT9), besides whatever else the search has found.
    """

    lines: tuple[ClientLine, ...]
    next: str | None = None
    numbered: ClientLine | None = None


class NumberState(StrEnum):
    """What has become of the client with a number."""

    CURRENT = "current"
    MERGED = "merged"
    """Merged into another, who is whom the number leads to."""
    DELETED = "deleted"
    ERASED = "erased"


@frozen
class NumberFound:
    """Whom a client number leads to today: for ever the same client, so nobody (``ref`` is ``None``) once deleted."""

    number: int
    ref: RecordRef | None
    state: NumberState


@frozen
class FormField:
    """One field of the quick-add form, in the order of the form. A custom one's ``name`` begins with ``custom.``."""

    name: str
    label: str
    required: bool


@frozen
class CustomField:
    """One custom field as the profile shows it; ``value`` is ``None`` where it was never filled in."""

    name: str
    label: str
    value: str | None


@frozen(kw_only=True)
class StaffProfile:
    """What staff see of one client: the shown values with where each comes from, and the records behind it.

    * ``fields``, ``notes``, ``birthday`` and ``custom`` follow the field definitions: what is not visible there is not
      here. ``labels`` says what each field is called.
    * ``internal``: the same values of birthday, notes and custom fields with where each comes from; ``consents``: what
      the client has agreed to, the strictest answer of all records.
    * ``number``: the client number (TT9); ``None`` only in a preview of the first look, and of the ``demo`` client.
    * ``versions``: of each record that is a client row, what :meth:`StaffDoor.change_client` asks for.
    * ``upcoming``, ``past``: the first page of each, with whose account each appointment is (A13).
    * ``accounts``: the accounts that are, or were, linked, their addresses masked: ``links()`` shows them whole.
    """

    root: RecordRef
    members: tuple[RecordRef, ...]
    fields: tuple[FieldChoice, ...]
    notes: str | None = field(default=None, repr=False)
    birthday: date | None = field(default=None, repr=False)
    number: int | None = None
    custom: tuple[CustomField, ...] = field(default=(), repr=False)
    labels: Mapping[str, str] = field(factory=dict[str, str])
    versions: Mapping[RecordRef, str] = field(factory=dict[RecordRef, str])
    upcoming: Assignments
    past: Assignments
    accounts: tuple[LinkLine, ...] = ()
    internal: tuple[FieldChoice, ...] = field(default=(), repr=False)
    consents: tuple[ConsentChoice, ...] = ()
    demo: bool = False


@frozen
class Added:
    """A client was added. ``alike`` are the clients who had one of the contacts before: look whether it is one of them.

    ``ref`` is ``None`` in a preview, for the platform has not made it yet.
    """

    ref: RecordRef | None
    number: int
    alike: tuple[RecordRef, ...] = ()


@frozen
class ClientChanged:
    """One client row was written; ``fields`` are the names of those that were, custom ones as ``custom.<name>``."""

    ref: RecordRef
    fields: tuple[str, ...]


@frozen
class Deleted:
    """One client is deleted, with every record that was merged into it.

    ``cancelled`` are the appointments that were cancelled with it; all others stay as they are (TT4). ``sessions`` says
    how many open sessions were ended, ``links`` how many links to accounts.
    """

    ref: RecordRef
    refs: tuple[RecordRef, ...]
    cancelled: tuple[str, ...] = ()
    sessions: int = 0
    links: int = 0


@frozen
class DeletedRow:
    """What became of one client of several. ``reason`` and ``text`` say why it was not deleted."""

    ref: RecordRef
    deleted: Deleted | None
    reason: Reason | None = None
    text: str = ""


@frozen
class EndedRow:
    """How many sessions of one client of several were ended."""

    ref: RecordRef
    sessions: int
    reason: Reason | None = None
    text: str = ""


@frozen
class AppointmentDeleted:
    """One appointment is deleted for good. ``account`` is the account that it was assigned to, if any."""

    appointment_id: str
    account: str | None = None
