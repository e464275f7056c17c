"""What the booking platform plugs in: small reads over its own tables, and the few writes it allows.

Two colours of one port: :class:`Host` with plain methods, :class:`AsyncHost` with ``async def``. Inside, the library
knows only the second; plain hosts are wrapped (``ports.driving.awaited_host``). A host object lives for one unit of
work and is bound to one tenant when it is opened: no method takes a tenant, and none may look beyond it.

Subclass :class:`BaseHost` (``ports.AsyncBaseHost`` for ``async def``) and implement what ``capabilities`` declares. Ids
are opaque text that the adapter makes. Times cross the port as aware UTC plus the IANA zone of the wall clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

from attrs import field, frozen

from clientportal.decisions import HostEvent
from clientportal.errors import HostError
from clientportal.ports.branches import AtBranch
from clientportal.ports.section import Section
from clientportal.values import (
    ActiveCode,
    AnswerKind,
    Appointment,
    AppointmentPage,
    Business,
    ChangeKind,
    ClientChange,
    ClientDraft,
    ClientPage,
    ClientRecord,
    ContactKey,
    Holding,
    HostAnswer,
    Money,
    Offer,
    Prefill,
    RecordRef,
    Service,
    Slot,
    When,
)
from clientportal.values.field_checks import day_or_none, one_of, text_or_none

__all__ = [
    "AnswerKind",
    "AsyncHost",
    "BaseHost",
    "Capabilities",
    "ContactPage",
    "Host",
    "HostAdapter",
    "HostAnswer",
    "RawContacts",
]


@frozen
class Capabilities:
    """What a host can do beyond the minimum. A policy that needs more than is declared is refused by ``Portal(...)``.

    * ``by_contact``: look a normalised contact up in its own tables (a miss in the contact index asks it).
    * ``create_client``, ``move``, ``cancel``, ``book``: the write of that name.
    * ``slots``: list free slots and re-read one.
    * ``client_list``: list and search all clients, for staff (TT5).
    * ``update_client``, ``delete_client``, ``erase_client``, ``delete_appointment``: the write of that name.
    * ``prefill``: what earlier bookings fill a booking form with (A14).
    * ``active_codes``: list package, gift and subscription codes (A15).
    * ``holdings``: count what a record holds besides its appointments, for the plan of a merge.
    * ``reassign``: move the rows of merged records to the survivor, and back (``merging.reassign``).
    """

    by_contact: bool = False
    create_client: bool = False
    move: bool = False
    cancel: bool = False
    book: bool = False
    slots: bool = False
    client_list: bool = False
    update_client: bool = False
    delete_client: bool = False
    erase_client: bool = False
    delete_appointment: bool = False
    prefill: bool = False
    active_codes: bool = False
    holdings: bool = False
    reassign: bool = False


@frozen
class RawContacts:
    """One record's contacts, raw, as they stand in the host's tables.

    ``name``, ``birthday`` and ``custom`` are asked for only where the policy matches by birthdays or custom fields
    (``matching.weights``); a host that leaves them out is matched by contacts alone. ``demo`` as in ``ClientRecord``.
    """

    ref: RecordRef = field(validator=one_of(RecordRef))
    mobile: str | None = field(default=None, validator=text_or_none)
    phone: str | None = field(default=None, validator=text_or_none)
    email: str | None = field(default=None, validator=text_or_none)
    name: str | None = field(default=None, validator=text_or_none, repr=False)
    birthday: date | None = field(default=None, validator=day_or_none, repr=False)
    custom: Mapping[str, str] = field(factory=dict[str, str], repr=False, hash=False)
    demo: bool = False


@frozen
class ContactPage:
    """One page of the walk over all contacts; ``next`` is the cursor of the page after it, ``None`` at the end."""

    items: tuple[RawContacts, ...]
    next: str | None = None


class Host(Protocol):
    """The host's port, plain colour. See :class:`BaseHost` for what each method promises."""

    def business(self) -> Business: ...
    def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]: ...
    def contacts(self, after: str | None, limit: int) -> ContactPage: ...
    def by_contact(self, key: ContactKey) -> Sequence[RecordRef]: ...
    def appointments(
        self, refs: Sequence[RecordRef], when: When, now: datetime, after: str | None, limit: int
    ) -> AppointmentPage: ...
    def appointment(self, id: str) -> Appointment | None: ...
    def offer(self, appointment: Appointment, change: ChangeKind) -> Offer: ...
    def service(self, id: str) -> Service | None: ...
    def slots(
        self, service_id: str, staff_id: str | None, since: datetime, until: datetime, limit: int
    ) -> Sequence[Slot]: ...
    def slot(self, id: str) -> Slot | None: ...
    def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage: ...
    def prefill(self, refs: Sequence[RecordRef]) -> Prefill: ...
    def create_client(self, draft: ClientDraft, key: str) -> HostAnswer: ...
    def create_clients(self, drafts: Sequence[tuple[ClientDraft, str]]) -> Sequence[HostAnswer]: ...
    def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer: ...
    def delete_client(self, ref: RecordRef, key: str) -> HostAnswer: ...
    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer: ...
    def move(self, appointment: Appointment, slot: Slot, fee: Money | None, key: str) -> HostAnswer: ...
    def cancel(self, appointment: Appointment, fee: Money | None, key: str) -> HostAnswer: ...
    def book(self, ref: RecordRef, slot: Slot, name: str, key: str) -> HostAnswer: ...
    def delete_appointment(self, appointment: Appointment, key: str) -> HostAnswer: ...
    def active_codes(self, refs: Sequence[RecordRef]) -> Sequence[ActiveCode]: ...
    def holdings(self, refs: Sequence[RecordRef]) -> Sequence[Holding]: ...
    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer: ...
    def restore(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer: ...
    def section(self, name: str) -> Section[Any] | None: ...
    def outcome(self, key: str) -> HostAnswer | None: ...
    def heard(self, event: HostEvent) -> None: ...


class AsyncHost(Protocol):
    """The host's port, async colour: the same methods and promises, awaited."""

    async def business(self) -> Business: ...
    async def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]: ...
    async def contacts(self, after: str | None, limit: int) -> ContactPage: ...
    async def by_contact(self, key: ContactKey) -> Sequence[RecordRef]: ...
    async def appointments(
        self, refs: Sequence[RecordRef], when: When, now: datetime, after: str | None, limit: int
    ) -> AppointmentPage: ...
    async def appointment(self, id: str) -> Appointment | None: ...
    async def offer(self, appointment: Appointment, change: ChangeKind) -> Offer: ...
    async def service(self, id: str) -> Service | None: ...
    async def slots(
        self, service_id: str, staff_id: str | None, since: datetime, until: datetime, limit: int
    ) -> Sequence[Slot]: ...
    async def slot(self, id: str) -> Slot | None: ...
    async def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage: ...
    async def prefill(self, refs: Sequence[RecordRef]) -> Prefill: ...
    async def create_client(self, draft: ClientDraft, key: str) -> HostAnswer: ...
    async def create_clients(self, drafts: Sequence[tuple[ClientDraft, str]]) -> Sequence[HostAnswer]: ...
    async def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer: ...
    async def delete_client(self, ref: RecordRef, key: str) -> HostAnswer: ...
    async def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer: ...
    async def move(self, appointment: Appointment, slot: Slot, fee: Money | None, key: str) -> HostAnswer: ...
    async def cancel(self, appointment: Appointment, fee: Money | None, key: str) -> HostAnswer: ...
    async def book(self, ref: RecordRef, slot: Slot, name: str, key: str) -> HostAnswer: ...
    async def delete_appointment(self, appointment: Appointment, key: str) -> HostAnswer: ...
    async def active_codes(self, refs: Sequence[RecordRef]) -> Sequence[ActiveCode]: ...
    async def holdings(self, refs: Sequence[RecordRef]) -> Sequence[Holding]: ...
    async def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer: ...
    async def restore(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer: ...
    def section(self, name: str) -> Section[Any] | None: ...
    async def outcome(self, key: str) -> HostAnswer | None: ...
    async def heard(self, event: HostEvent) -> None: ...


@runtime_checkable
class HostAdapter(Protocol):
    """Opens a host for one unit of work: usually the host *class* itself (see :meth:`BaseHost.open`).

    ``shares_transaction``: whether its writes go through the connection it is handed, and so commit or roll back with
    the portal's. A host that keeps its tables elsewhere says ``False``, is handed ``None``, gets an idempotency key
    with every write, and answers :meth:`BaseHost.outcome` for it after a crash.
    """

    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def shares_transaction(self) -> bool: ...
    def open(self, connection: Any, tenant: str) -> Host | AsyncHost: ...


class BaseHost(AtBranch):
    """Start of an adapter: subclass it, declare ``capabilities``, implement them and the five methods of the minimum.

    The minimum is :meth:`business`, :meth:`clients`, :meth:`contacts`, :meth:`appointments`, :meth:`appointment`.

    Concurrency: reads may be plain reads. Every write checks ``appointment.version`` (or the slot's freedom) *inside
    its own statement* and raises :class:`~clientportal.errors.Conflict` where it has changed: the whole operation is
    then read and decided again. A method may raise anything on a broken connection; nothing has happened then.
    """

    capabilities: ClassVar[Capabilities] = Capabilities()
    shares_transaction: ClassVar[bool] = True
    sections: ClassVar[tuple[type[Section[Any]], ...]] = ()
    """The sections that this platform has beyond bookings and account: subclasses of those in
    ``clientportal.sections``, and its own."""

    def __init__(self, connection: Any, tenant: str) -> None:
        self.connection = connection
        self.tenant = tenant

    @classmethod
    def open(cls, connection: Any, tenant: str) -> Any:
        """Bind one host to one unit of work and one tenant."""
        return cls(connection, tenant)

    def _missing(self, method: str) -> HostError:
        return HostError(f"{type(self).__name__}.{method} is not implemented, though something asked for it")

    def business(self) -> Business:
        """The business itself: its name, zone and branding."""
        raise self._missing("business")

    def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]:
        """The records of those refs, in any order, absent ones left out. One statement however many refs (≤ 100).

        Each carries ``last_booked_at``, the time at which its newest booking was *made*, any status (T4).
        """
        raise self._missing("clients")

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        """A page of every record's raw contacts, in an order that inserts do not disturb (by id)."""
        raise self._missing("contacts")

    def by_contact(self, key: ContactKey) -> Sequence[RecordRef]:
        """Capability ``by_contact``: who has this contact, as far as the host's own tables can tell."""
        raise self._missing("by_contact")

    def appointments(
        self, refs: Sequence[RecordRef], when: When, now: datetime, after: str | None, limit: int
    ) -> AppointmentPage:
        """A page of the union of those refs' appointments, paged by key; the adapter owns the split at ``now``.

        Upcoming: ``end > now``, earliest start first. Past: ``end <= now``, latest start first. Ties by id. Every
        status is listed. At most ``limit`` items, however many refs: there may be thousands, more than a statement
        has room for as single parameters.

        ``RecordRef.booking(id)`` names that one appointment, *whoever's row it is*: ``booking:a1`` lists a1 also where
        ``a1.ref`` is ``client:x``, so that single appointments can be shown to an account. One that is named twice,
        by itself and by its client, is listed once. A client's ref lists them after its row is gone, too.
        """
        raise self._missing("appointments")

    def appointment(self, id: str) -> Appointment | None:
        """One appointment, or ``None``: an id of another tenant, or text that is no id at all, is simply absent."""
        raise self._missing("appointment")

    def offer(self, appointment: Appointment, change: ChangeKind) -> Offer:
        """The host's own rules on that change, as facts. The stricter of host and policy wins."""
        return Offer()

    def service(self, id: str) -> Service | None:
        """The service with its settings as they are today (T9); default: unknown, so that nothing can be rebooked."""
        return None

    def slots(
        self, service_id: str, staff_id: str | None, since: datetime, until: datetime, limit: int
    ) -> Sequence[Slot]:
        """Capability ``slots``: free times of a service that start in [since, until), earliest first."""
        raise self._missing("slots")

    def slot(self, id: str) -> Slot | None:
        """Capability ``slots``: that slot where it is still free, else ``None``."""
        raise self._missing("slot")

    def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        """Capability ``client_list``: a page of every client row, of those that ``search`` finds where it is given.

        Client rows alone (``RecordRef.client``), those that nobody may log in to as well (``usable`` is false). The
        demo client first, where there is one (V12); then by last name, first name, id, without regard to case; clients
        without a last (first) name come after those with one. Paged by key: what is inserted meanwhile moves nothing.
        ``search`` has at most 100 characters; every word of it occurs somewhere in the name, the email or the numbers,
        without regard to case, and to accents where the database can. ``%`` and ``_`` are themselves.

        Both shipped hosts disregard accents, and find a number by its digits in whatever spelling:
        ``values.searching`` is theirs, and an adapter's to use.
        """
        raise self._missing("client_list")

    def prefill(self, refs: Sequence[RecordRef]) -> Prefill:
        """Capability ``prefill``: what was answered in intake forms for these clients and single bookings, and the card
        that their holder chose to store (A14). Several answers to one question: the portal takes the latest.

        Asked only for a session that sees those refs; there may be thousands of bookings among them. Of a card only
        what :class:`~clientportal.values.CardSummary` holds, never a number or a token.
        """
        raise self._missing("prefill")

    def create_client(self, draft: ClientDraft, key: str) -> HostAnswer:
        """Capability ``create_client``: a new record with these fields and nothing else; answers its ``ref``."""
        raise self._missing("create_client")

    def create_clients(self, drafts: Sequence[tuple[ClientDraft, str]]) -> Sequence[HostAnswer]:
        """Capability ``create_client``: several new records, each with its own key (≤ 1,000); an answer for each, in
        their order. Default: one after the other; an import of 100,000 rows is glad of a better one.
        """
        return [self.create_client(draft, key) for draft, key in drafts]

    def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        """Capability ``update_client``: write those fields of a client row and leave every other as it is.

        Checks ``change.version`` in the same statement; raises ``Conflict`` where it has changed. Afterwards the
        record's ``version`` is another, ``changed_at`` names the moment for each field that was written, and
        ``cleared`` those that were emptied (``ClientChange.applied_to`` is the record as it should be then).
        ``DECLINED`` where there is no such client row.
        """
        raise self._missing("update_client")

    def delete_client(self, ref: RecordRef, key: str) -> HostAnswer:
        """Capability ``delete_client``: the client row goes, its appointments stay (TT4).

        They keep their ``ref`` and ``booked_as``: :meth:`appointments` still lists them for it, :meth:`clients` leaves
        it out. ``DECLINED`` where there is no such client row, so that deleting twice is no harm.
        """
        raise self._missing("delete_client")

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        """Capability ``erase_client``: every personal datum of those rows and of their bookings is overwritten with
        nothing, for good (X7).

        Names, contacts, address, birthday, consents, notes and custom fields of a client row, which stays and is no
        longer ``usable``;
        ``booked_as`` (then empty) and the contacts that were typed at a booking. Times, services and prices stay:
        they are the business's books. A ref whose row is deleted still has bookings to be erased; a booking's ref
        names that one appointment. ``DONE`` also where there was nothing left to erase. Copies that the adapter
        keeps (its answers under their keys, its history) are erased with them.
        """
        raise self._missing("erase_client")

    def move(self, appointment: Appointment, slot: Slot, fee: Money | None, key: str) -> HostAnswer:
        """Capability ``move``: take the slot, free the old time, charge ``fee`` where given (the client has accepted
        it); ``TAKEN`` where somebody was faster.

        Checks ``appointment.version`` in the same statement; raises ``Conflict`` where it has changed.
        """
        raise self._missing("move")

    def cancel(self, appointment: Appointment, fee: Money | None, key: str) -> HostAnswer:
        """Capability ``cancel``: cancel it, charging ``fee`` where given. Checks the version as :meth:`move` does."""
        raise self._missing("cancel")

    def book(self, ref: RecordRef, slot: Slot, name: str, key: str) -> HostAnswer:
        """Capability ``book``: a new appointment in that slot, for that record, booked under ``name``."""
        raise self._missing("book")

    def delete_appointment(self, appointment: Appointment, key: str) -> HostAnswer:
        """Capability ``delete_appointment``: its row goes, for good (TT4); an open one's time is free again.

        Checks the version as :meth:`move` does; ``DECLINED`` where there is no such appointment any more. Answers
        without an ``appointment``: there is none afterwards.
        """
        raise self._missing("delete_appointment")

    def active_codes(self, refs: Sequence[RecordRef]) -> Sequence[ActiveCode]:
        """Capability ``active_codes``: every package, gift and subscription code of those records.

        In a fixed number of statements, however many refs: an account that shows single appointments has one for each.
        A client's ref names the codes that the client bought or was given; a booking's ref those that came with that
        one booking, and not its client's. Used-up and expired ones may be among them: the portal decides which are
        active, by the business's zone. A code is money: hand out none whose owner you do not know.
        """
        raise self._missing("active_codes")

    def holdings(self, refs: Sequence[RecordRef]) -> Sequence[Holding]:
        """Capability ``holdings``: what those records hold besides appointments, counted and summed in the database.

        One entry for each record, kind and currency; what is not there is left out. A few statements however many
        things there are, for at most 100 refs. A client's ref names what is the client's own row's, also after that
        row is gone. What :meth:`reassign` has moved is found by the survivor's ref, and counted for the record that it
        was moved from first where that is asked for, too: a plan says the same before and after.
        """
        raise self._missing("holdings")

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        """Capability ``reassign``: move every row of those merged records (appointments and what they hold) to ``to``.

        Set-based: one UPDATE a table, however long the history. The record that a row was moved from *first* stays
        with the row (a column ``moved_from``, say), for :meth:`restore`; a row that comes back to its first record is
        as if it had never been moved. Nothing is deleted: a row that cannot be moved (a unique index stands in the
        way) stays where it is and is named in ``left``. ``moved`` counts the others, by table. ``refs`` are whole:
        whatever had been merged into an absorbed record is among them, also after its row is gone.

        For the client nothing may change. So

        * an appointment keeps its id, its version and ``booked_as``, and from now on says in ``moved_from`` whose it
          was first, as a code does; a new row that is made of it (a move that books anew) says the same;
        * a guest's booking that is moved to a client stays a record of its own for :meth:`clients` and
          :meth:`contacts`, with the contacts that were typed at it;
        * what came with a single booking (its answers, its codes) is found by that booking's ref, and stays so;
        * a saved card is not moved: whose card may be used is for ``merging.cards`` to say.

        Where ``to`` is a single booking nothing can be moved to it: everything is ``left``.
        """
        raise self._missing("reassign")

    def restore(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        """Capability ``reassign``: every row that was first moved from one of those records goes to ``to``.

        Called at an undo, *before* the pointer goes: ``to`` is the record that stands by itself again, ``refs`` are it
        and whatever is still merged into it. A row whose first record is ``to`` itself is as if it had never been
        moved. What was booked at the survivor meanwhile stays there. Where ``to`` is a single booking, every row goes
        back to its own first record. ``DECLINED`` where the rows cannot come back: the merge is then not undone.
        """
        raise self._missing("restore")

    def section(self, name: str) -> Section[Any] | None:
        """That one of ``sections``, over this open host; ``None`` where the platform has none of that name."""
        kind = next((one for one in self.sections if one.name == name), None)
        return None if kind is None else kind(self)

    def outcome(self, key: str) -> HostAnswer | None:
        """Where ``shares_transaction`` is false: what became of the write with that key, ``None`` if it never came."""
        raise self._missing("outcome")

    def heard(self, event: HostEvent) -> None:
        """Something happened that the host may follow on its own screens; default: nothing.

        ``event.kind`` is ``merged``, ``unmerged``, ``linked``, ``unlinked``, ``account_email_changed`` or
        ``accounts_merged``; more may come.

        In the same commit; a host that keeps its tables elsewhere is told right after it, at most once.
        """
