"""A platform to try a host adapter on: two businesses, and a way to put things into the platform's own tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import timedelta
from typing import Any, ClassVar, TypeAlias, TypeVar

from clientportal.errors import InvalidInput
from clientportal.ports.host import HostAdapter, RawContacts
from clientportal.ports.state import Store
from clientportal.testing.contracts.section_examples import Example
from clientportal.values import (
    ActiveCode,
    Appointment,
    ClientRecord,
    HeldThing,
    Money,
    Prefill,
    RecordRef,
    SectionItem,
    Service,
    Slot,
)

__all__ = ["LACKS", "HostGround", "NotOnThisPlatform", "Said"]

T = TypeVar("T")
Said: TypeAlias = T | Awaitable[T]
"""What a method answers, at once or awaited."""

LACKS: Mapping[str, str] = {
    "guests": "bookings that carry their contacts themselves, without a client row",
    "guest_email": "an email address at a booking without a client row",
    "mobile": "a mobile number",
    "client_mobile": "a mobile number in a client's own row, though bookings have one",
    "phone": "a second number next to the mobile",
    "email": "an email address",
    "address": "an address",
    "notes": "notes of staff",
    "custom": "custom fields",
    "birthday": "birthdays",
    "consents": "consents",
    "changed_at": "the time at which each field of a client was changed, and which were emptied",
    "booked_as": "the name that was given at a booking",
    "completed": "appointments that are marked as done",
    "cancelled": "appointments that are cancelled and still there",
    "staff": "members of staff, at appointments and at free times",
    "price": "prices at appointments",
    "services": "services in a table of their own",
    "zones": "appointments in other zones than the business's own",
    "second_hour": "times in the hour that comes twice when clocks go back",
    "demo": "a demo client, that nobody is",
    "franchises": "several businesses of a franchise under one tenant",
    "booking_items": "things in sections that came with a single booking",
    "sealed_cursors": "cursors that tell when they were cut, or made for another list or business",
}
"""What a platform may have no place for, and what that is."""


class NotOnThisPlatform(Exception):
    """A ground has no way to do this.

    Raise it in :meth:`HostGround.caller` and :meth:`HostGround.owed`: what they would show is then listed as not
    declared. In a method that puts rows into the tables it is a failure: the adapter declares what nobody could try.
    What the platform has no place for is said by :attr:`HostGround.lacks` instead.
    """


class HostGround(ABC):
    """A fresh, empty platform with two businesses in it, and its adapter next to the portal's store.

    The values that are handed in say what the row should be; ids are the platform's to make. Whoever makes them
    from a sequence ignores the id in the value and answers with the new one. Each method commits by itself, as the
    platform's own screens would, and may be ``async def``::

        class SalonGround(HostGround):
            lacks = frozenset({"guests", "custom"})

            def add_client(self, business, client):
                with engine.begin() as connection:
                    made = connection.execute(INSERT_PERSON, {"salon": business, "cell": client.mobile})
                return RecordRef.client(str(made.inserted_primary_key[0]))

    Two methods are needed for the minimum. The others are asked for where the adapter declares the capability.
    """

    businesses: ClassVar[tuple[str, str]] = ("kowhai", "rata")
    """The tenants. Both exist when a test begins, under different names."""

    zone: ClassVar[str] = "Pacific/Auckland"
    """The zone of both businesses."""

    precision: ClassVar[timedelta] = timedelta(microseconds=1)
    """The smallest step between two times that the platform keeps."""

    currency: ClassVar[str] = "NZD"
    """What prices and fees of appointments are in. What is held and what stands in sections is in NZD, and some of it
    in AUD: sums of two currencies are never mixed."""

    lacks: ClassVar[frozenset[str]] = frozenset()
    """What the platform has no place for: words of :data:`LACKS`. The report lists it as not declared."""

    examples: ClassVar[Mapping[str, Example]] = {}
    """For each section of the platform's own: how an item of it is made, of an id, a ref and a place in the list (the
    greater the place, the earlier it is listed)."""

    acts: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """For each action of the platform's own sections, ``"<section>.<action>"``: the fields to try it with. Each has to
    change the item."""

    def __init__(self, store: Store, host: HostAdapter) -> None:
        if unknown := sorted(self.lacks - LACKS.keys()):
            raise InvalidInput(f"{type(self).__name__}.lacks knows no {unknown[0]!r}; there are {', '.join(LACKS)}")
        self.store = store
        self.host = host

    def open(self) -> Said[None]:
        """Called once before each test: where both businesses are added, unless the constructor has done it."""
        return None

    @abstractmethod
    def add_client(self, business: str, client: ClientRecord) -> Said[RecordRef]:
        """A client row; answers its ref. ``last_booked_at`` and ``version`` are the platform's own."""

    @abstractmethod
    def add_appointment(self, business: str, appointment: Appointment, contacts: RawContacts | None) -> Said[str]:
        """An appointment row; answers its id.

        ``contacts`` stand on it where it belongs to no client row: its ``ref`` is then ``RecordRef.booking`` of its own
        id, whatever that becomes.
        """

    def add_service(self, business: str, service: Service) -> Said[str]:
        """A service; answers its id. Default: any text is a service (``lacks`` has ``services`` then)."""
        return service.id

    def add_slot(self, business: str, slot: Slot) -> Said[str]:
        """Capability ``slots``, ``move`` or ``book``: a free time; answers its id."""
        raise NotOnThisPlatform("add_slot")

    def add_code(self, business: str, code: ActiveCode) -> Said[None]:
        """Capability ``active_codes``: a code of that client or booking."""
        raise NotOnThisPlatform("add_code")

    def add_prefill(self, business: str, ref: RecordRef, prefill: Prefill) -> Said[None]:
        """Capability ``prefill``: answers of an intake form, and a card that was stored."""
        raise NotOnThisPlatform("add_prefill")

    def add_holding(self, business: str, thing: HeldThing) -> Said[None]:
        """Capability ``holdings``: one thing that a client has: a document, a membership, a balance, an invoice."""
        raise NotOnThisPlatform("add_holding")

    def add_item(self, business: str, item: SectionItem, content: bytes) -> Said[str]:
        """Where the adapter has sections: an item of one of them, which its type says; answers its id.

        ``content`` is what is in it, where it is a document. ``version`` is the platform's own.
        """
        raise NotOnThisPlatform("add_item")

    def owed(self, business: str, id: str) -> Said[Money | None]:
        """What the latest change of that appointment was charged, or is noted to be owed for it; None is nothing.

        ``id`` is that of the appointment which the change was answered with, else of the one that was changed. Default:
        nobody can tell, and the report lists fees as not declared.
        """
        raise NotOnThisPlatform("owed")

    def caller(self, business: str) -> AbstractContextManager[Any] | AbstractAsyncContextManager[Any]:
        """A transaction of the platform's own code, for the portal to join; an exception rolls it back.

        Default: what the shipped stores offer for it.
        """
        store: Any = self.store
        if hasattr(store, "transaction"):
            return store.transaction(business)  # type: ignore[no-any-return]
        if hasattr(store, "needs_loop"):
            return (store.async_engine if store.needs_loop else store.engine).begin()  # type: ignore[no-any-return]
        raise NotOnThisPlatform("caller")
